"""Where runs go: where it was asked, beside the shipped models, or to a folder of the user's."""

from __future__ import annotations

import errno
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from explorer.account import expanded, user_folder
from explorer.gui.command_line import RUNS as VARIABLE

NAME = "diffusion-explorer"
WHY = {
    errno.EROFS: "it is on a read-only disk",
    errno.EACCES: "this account may not write there",
    errno.EPERM: "this account may not write there",
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "the disk quota is used up",
    errno.ENOTDIR: "a file is in its way",
    errno.EEXIST: "a file is in its way",
}
"""errno -> why nothing can be written to a folder, a clause."""


def runs_folder(checkpoints: Path, asked: str | Path | None = None) -> tuple[Path, str]:
    """The folder that runs are written to, made if need be, and a sentence if it is another one
    than `checkpoints`/runs without anybody's asking; else "".

    asked : by --runs; None takes EXPLORER_RUNS. ValueError, a sentence, if that cannot be written.
    """
    asked = asked or os.environ.get(VARIABLE)
    if asked:
        folder = Path(os.path.abspath(expanded(asked)))
        if why := why_not(folder):
            raise ValueError(
                f"{folder} cannot hold runs: {why}; choose another folder with --runs or "
                f"{VARIABLE}"
            )
        return folder, ""
    usual = checkpoints / "runs"
    why = why_not(usual)
    if not why:
        return usual, ""
    for folder in _of_the_user():
        if not why_not(folder):
            return folder, (
                f"Nothing can be written to {usual} ({why}): models and runs are kept in "
                f"{folder}; choose another folder with --runs or {VARIABLE}."
            )
    return usual, f"Nothing can be written to {usual} ({why}), nor to a folder of this account's."


def why_not(folder: Path) -> str:
    """Why no file can be written to a folder, which is made if it is not there; "" if one can."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return ""
    except (OSError, ValueError) as error:
        number = error.errno if isinstance(error, OSError) else None
        return WHY.get(number or 0, "it cannot be written")


def _of_the_user() -> Iterator[Path]:
    """Folders of this account's, those that last first; a nameless account has no home."""
    system = {"win32": "LOCALAPPDATA"}.get(sys.platform, "XDG_DATA_HOME")
    if given := os.environ.get(system):
        yield Path(given) / NAME / "runs"
    home = os.path.expanduser("~")
    if home != "~":
        yield Path(home) / ".local" / "share" / NAME / "runs"
    yield user_folder() / "runs"
