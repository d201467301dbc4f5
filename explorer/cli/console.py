"""How the command line speaks, and what it checks before it works."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path


class Stopped(Exception):
    """The user (Ctrl-C) or the system (SIGTERM) asked to stop."""


def first_process() -> bool:
    """Whether this is the first of several processes, or the only one."""
    return os.environ.get("RANK", "0") == "0"


def complain(sentence: str, *, always: bool = False) -> None:
    """On stderr; of several processes only the first speaks, unless it must be said."""
    if always or first_process():
        print(f"explorer: {sentence}", file=sys.stderr)


def check_writable(out: Path) -> None:
    """ValueError before the work is done, not after it, if `out` cannot be written."""
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=out.parent):
            pass
    except OSError as error:
        raise ValueError(f"--out {out}: cannot be written ({error.strerror})") from error
    if out.is_dir():
        raise ValueError(f"--out {out}: there is a folder of this name")
