"""The finished runs that Train shows before anything is computed; `make.py` makes them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from explorer.gui.train import growth
from explorer.gui.train.growth import Growth
from explorer.training import History

FOLDER = Path(__file__).parent / "stored"
RUNS = ("cosine", "linear")
"""The first preset with these schedules; the first is what the Train tab opens with."""


@dataclass(frozen=True)
class StoredRun:
    """A finished training run."""

    status: str
    T: int
    history: History
    samples: tuple[Image.Image, str]
    neighbours: tuple[Image.Image, str]
    film: Growth


def stored_run(name: str = RUNS[0]) -> StoredRun:
    """One of `RUNS`."""
    folder = FOLDER / name
    values = json.loads((folder / "run.json").read_text(encoding="utf-8"))

    def picture(file: str) -> tuple[Image.Image, str]:
        with Image.open(folder / f"{file}.png") as stored:
            return stored.convert("RGBA"), values[file]

    return StoredRun(
        values["status"],
        values["T"],
        History.from_json(values["history"]),
        picture("samples"),
        picture("neighbours"),
        growth.read(folder / "film"),
    )
