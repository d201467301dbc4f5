"""What the tabs show before anything is computed: a finished run and a finished race, labelled.

`python -m tools.make_stored` makes both with the same code that runs when a visitor asks.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from explorer.figures.race_view import RaceView, read

FOLDER = Path(__file__).parent / "stored"


@dataclass(frozen=True)
class StoredRun:
    """A finished training run."""

    status: str
    steps: list[int]
    losses: list[float]
    smooth: list[float]
    samples: tuple[Image.Image, str]


def stored_run() -> StoredRun:
    """A run of the first preset."""
    values = json.loads((FOLDER / "run" / "run.json").read_text(encoding="utf-8"))
    with Image.open(FOLDER / "run" / "samples.png") as picture:
        samples = picture.convert("RGB"), values.pop("caption")
    return StoredRun(samples=samples, **values)


def stored_race() -> RaceView:
    """A race of the shipped checkpoint."""
    return read(FOLDER / "race")
