"""The measurement of a model's mistakes as it is kept: numbers as JSON, pictures as a sheet."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from explorer.evaluation.errors import Estimate
from explorer.evaluation.store import parse, rounded
from explorer.files import written_whole
from explorer.gui.reverse.mistakes.look import Free, Look

VERSION = 1
STORED = Path(__file__).with_name("stored")
SOUND, NO_NOISE, NO_CLIPPING, WRONG_ORDER = "", "no noise", "no clipping", "wrong order"
"""The lane that nothing is wrong with, and those of `MISTAKES` that more is said of."""
EACH, ONE, NO_CLASS = "each class", "one class", "no class"
"""What the pictures of a strip were asked for."""
COLUMNS = 10
"""Pictures of a strip."""
GREYS = 16
"""A stored sheet of grey pictures keeps so many shades."""


class Strip(NamedTuple):
    """A row of pictures."""

    eta: float
    mistake: str
    asked: str
    """`EACH`, `ONE` or `NO_CLASS`."""


@dataclass(frozen=True)
class Outcome:
    """What came out of one lane."""

    eta: float
    mistake: str
    """One of `MISTAKES`, or `SOUND`."""
    look: Look
    moved: Estimate
    """From the sound lane's picture of the same noise, in the unit of `Look.diversity`."""
    reach: Estimate
    """The largest |x̂_0| on a picture's way, mean over the pictures."""
    largest: float
    """The largest of all."""
    free: Free | None = None
    """Of as many pictures that no class was asked for, where these were made."""


@dataclass(frozen=True)
class Measured:
    """What every mistake does to one model's pictures."""

    model: str
    weights: str
    """Fingerprint of the model, see `evaluation.weights.fingerprint`."""
    target: str
    classes: tuple[str, ...]
    n: int
    """Pictures of each lane."""
    steps: int
    seed: int
    one: int
    """The class of the strips of `ONE`."""
    data: str
    real_n: int
    real: Look
    """As many real pictures."""
    outcomes: tuple[Outcome, ...]
    strips: tuple[Strip, ...]
    """What each row of the sheet shows."""
    hardware: str
    date: str
    script: str = "python -m tools.make_stored mistakes"
    version: int = VERSION

    def find(self, eta: float, mistake: str = SOUND) -> Outcome | None:
        """None for what changes nothing in such a lane, or was not measured."""
        return next((o for o in self.outcomes if (o.eta, o.mistake) == (eta, mistake)), None)


def one_class(classes: Sequence[str]) -> int:
    """The class that several pictures are asked to be: the fourth, or the last of fewer."""
    return min(3, len(classes) - 1)


def lane_settings(eta: float, steps: int) -> dict[str, Any]:
    """The sound lane, as `explorer.race.breaks.lane_from` takes it."""
    return {"sampler": "ddim", "steps": steps, "eta": eta}


def write(measured: Measured, sheet: Tensor, folder: Path = STORED) -> None:
    """MODEL.json and MODEL.png; grey pictures in `GREYS` shades.

    sheet : uint8 (rows, columns, C, H, W).
    """
    folder.mkdir(parents=True, exist_ok=True)
    picture = as_image(sheet)
    with written_whole(folder / f"{measured.model}.png") as part:
        if picture.mode == "L":
            shade = 255 // (GREYS - 1)
            picture = picture.point(lambda value: round(value / shade))
            picture.putpalette([i * shade for i in range(GREYS) for _ in "RGB"])
            picture.save(part, "PNG", optimize=True, bits=4)
        else:
            picture.save(part, "PNG", optimize=True)
    text = json.dumps(rounded(asdict(measured)), ensure_ascii=False) + "\n"
    with written_whole(folder / f"{measured.model}.json") as part:
        part.write_text(text, encoding="utf-8")


def as_image(sheet: Tensor) -> Image.Image:
    """(rows, columns, C, H, W) -> one picture without gaps."""
    values = sheet.permute(0, 3, 1, 4, 2).flatten(2, 3).flatten(0, 1).numpy()
    return Image.fromarray(values[..., 0] if values.shape[2] == 1 else values)


def read(model: str, folder: Path = STORED) -> Measured | None:
    """What was measured of a model; None if nothing was. ValueError if the file is damaged."""
    path = folder / f"{model}.json"
    if not path.is_file():
        return None
    try:
        return parse(Measured, path.read_bytes(), VERSION)
    except ValueError as error:
        raise ValueError(f"{path.name}: these numbers cannot be used ({error})") from error


def read_sheet(measured: Measured, folder: Path = STORED) -> Tensor:
    """The pictures, a row for each of its strips: uint8 (rows, columns, C, H, W)."""
    rows = len(measured.strips)
    with Image.open(folder / f"{measured.model}.png") as picture:
        values = np.array(picture.convert("RGB" if picture.mode == "RGB" else "L"))
    pixels = torch.from_numpy(values).view(*values.shape[:2], -1)
    side = pixels.shape[0] // rows
    cells = pixels.unflatten(0, (rows, side)).unflatten(2, (-1, side))
    return cells.permute(0, 2, 4, 1, 3).contiguous()
