"""The finished race that Reverse shows before anything is computed; `make.py` makes it."""

from __future__ import annotations

from pathlib import Path

from explorer.race.view import RaceView, read

FOLDER = Path(__file__).with_name("stored")


def stored_race() -> RaceView:
    """A race of the shipped checkpoint."""
    return read(FOLDER)
