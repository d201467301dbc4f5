"""Where the account that runs this keeps its own files; it may lack a name and a home."""

from __future__ import annotations

import os
import stat
import tempfile
from functools import cache
from pathlib import Path

PREFIX = "diffusion-explorer"


@cache
def user_folder() -> Path:
    """diffusion-explorer-NUMBER in the system's temporary folder, open to its owner alone.

    NUMBER is the account's, which every account has. On Windows, where the temporary folder is
    the account's already, it is 0. Another name, a new one with every start, where somebody else
    has taken that one. OSError if there is no temporary folder.
    """
    number = getattr(os, "getuid", lambda: 0)()
    folder = Path(tempfile.gettempdir()) / f"{PREFIX}-{number}"
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        found = folder.lstat()
        if stat.S_ISDIR(found.st_mode) and found.st_uid == number:
            folder.chmod(0o700)
            return folder
    except OSError:  # a file bears the name
        pass
    return Path(tempfile.mkdtemp(prefix=f"{PREFIX}-"))


def cache_folder() -> Path:
    """~/.cache/diffusion-explorer, or a folder below `user_folder` where the account has no home
    or can write nothing there and has nothing there yet."""
    folder = Path(os.path.expanduser("~"), ".cache", PREFIX)
    if folder.is_absolute():  # without a home "~" stays as it is
        there = next(path for path in (folder, *folder.parents) if os.path.exists(path))
        if there == folder or os.access(there, os.W_OK | os.X_OK):
            return folder
    return user_folder() / "data"


def expanded(path: str | Path) -> Path:
    """The path with ~ as the home folder; ValueError where there is none that it could mean."""
    found = os.path.expanduser(path)
    if found.startswith("~") and str(path) == found:
        raise ValueError(
            f"{found}: the home folder that ~ stands for is not known here; give the whole path, "
            f"or ./{found} if that is the name of a folder"
        )
    return Path(found)
