"""A temporary folder that is this account's alone."""

from __future__ import annotations

import getpass
import os
import stat
import tempfile
from functools import cache
from pathlib import Path

VARIABLE = "GRADIO_TEMP_DIR"
"""Names the folder of uploads and of what browsers fetch. Gradio's own default belongs to whoever
started the first such app on the machine."""


@cache
def user_folder() -> Path:
    """diffusion-explorer-NAME in the system's temporary folder, open to its owner alone.

    Another name, a new one with every start, where somebody else has taken that one.
    """
    folder = Path(tempfile.gettempdir()) / f"diffusion-explorer-{_account()}"
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        found = folder.lstat()
        if stat.S_ISDIR(found.st_mode) and found.st_uid == getattr(os, "getuid", lambda: 0)():
            folder.chmod(0o700)
            return folder
    except OSError:  # a file bears the name
        pass
    return Path(tempfile.mkdtemp(prefix="diffusion-explorer-"))


def use_own_folder() -> None:
    """Let Gradio use a folder below `user_folder`, unless the environment names one.

    Before gradio is imported.
    """
    if not os.environ.get(VARIABLE):
        os.environ[VARIABLE] = str(user_folder() / "pages")


def _account() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user may have a number only
        return str(getattr(os, "getuid", lambda: "user")())
