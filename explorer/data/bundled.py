"""What comes inside the package: read without a network."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

FOLDER = Path(__file__).parent / "bundled"

BUNDLED = ("mnist-5k", "emoji", "emoji-four")
"""The data sets that need no network."""

PHOTOS: dict[str, str] = {
    "cat": "Chelsea the cat, Stéfan van der Walt, CC0",
    "coffee": "Coffee cup, Rachel Michetti, CC0",
    "astronaut": "Eileen Collins, NASA, public domain",
    "rocket": "Falcon 9 with DSCOVR, SpaceX, public domain",
    "photographer": "Photographer, Lav Varshney, CC0",
    "galaxies": "Hubble eXtreme Deep Field, NASA, public domain",
    "bricks": "Brick wall, CC0Textures, CC0",
}
"""Name -> attribution of the sample photos, 256 × 256."""

EXAMPLES = {
    "mnist-5k": "mnist-5k",
    "mnist": "mnist-5k",
    "emoji": "emoji",
    "emoji-four": "emoji-four",
    "fashion-mnist": "fashion-mnist-10",
}
"""Data set -> the bundled file with pictures of its kind."""


def photo(name: str) -> Image.Image:
    """One of `PHOTOS` as an RGB picture of 256 × 256; ValueError for an unknown name."""
    if name not in PHOTOS:
        raise ValueError(f"no photo {name!r}; there are: {', '.join(PHOTOS)}")
    with Image.open(FOLDER / "photos" / f"{name}.jpg") as picture:
        return picture.convert("RGB")


def read_npz(name: str) -> tuple[Tensor, Tensor, tuple[str, ...]]:
    """images uint8 (N, C, H, W), labels int64 (N,) and the classes' names of a bundled set."""
    with np.load(FOLDER / f"{name}.npz", allow_pickle=False) as file:
        images = torch.from_numpy(file["images"])
        labels = torch.from_numpy(file["labels"].astype(np.int64))
        return images, labels, tuple(str(label) for label in file["classes"])


@lru_cache(maxsize=len(EXAMPLES))
def examples(data: str) -> Tensor | None:
    """Real pictures of a data set, uint8 (N, C, H, W), as far as some are bundled; else None.

    Shared by all who ask: not to be changed.
    """
    return read_npz(EXAMPLES[data])[0] if data in EXAMPLES else None
