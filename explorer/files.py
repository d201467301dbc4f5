"""Files that appear whole or not at all."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def written_whole(path: Path, *, lasting: bool = True) -> Iterator[Path]:
    """A file beside `path` to write to, which takes its place in one step at the end.

    Folders on the way are made. If writing fails, what was there before stays. `lasting` waits
    until the disk has it, so that it survives a power cut too. OSError as any writing.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
    os.close(handle)
    part = Path(name)
    try:
        yield part
        if lasting:
            with open(part, "rb") as file:
                os.fsync(file.fileno())
        os.chmod(part, 0o644)  # a temporary file is its maker's alone
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)
