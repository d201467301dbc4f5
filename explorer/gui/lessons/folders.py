"""Where a course's own lessons lie."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from explorer.gui.command_line import LESSONS as VARIABLE
from explorer.gui.command_line import read_arguments
from explorer.gui.frame.context import HOME

BESIDE = "lessons"
"""The folder beside app.py that is looked into unasked."""


def asked_folders(arguments: Sequence[str] | None = None) -> list[Path]:
    """The folder beside app.py if there is one, those in EXPLORER_LESSONS, those after --lessons.

    arguments : of the command line; None for this process's. SystemExit for unknown ones.
    """
    asked: list[Path] = read_arguments(arguments).lessons
    beside = [HOME / BESIDE] if (HOME / BESIDE).is_dir() else []
    named = [Path(path) for path in os.environ.get(VARIABLE, "").split(os.pathsep) if path]
    return [*beside, *named, *asked]
