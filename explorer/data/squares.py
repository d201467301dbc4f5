"""Picture files of any size -> one tensor of squares, with progress."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from explorer.data.limits import OwnLimits
from explorer.data.progress import DataError, Loading
from explorer.data.skipped import Skip, Skipped, clean
from explorer.data.uploads import PictureError, read_picture, square

OVERSAMPLE = 2
"""JPEGs are decoded at this many times the square's side: fast, and still filtered well."""


@dataclass(frozen=True)
class PictureFile:
    """A file that may be a picture."""

    name: str
    """Its path as people know it, with "/"; its folders may become classes."""
    source: Callable[[], Path | bytes]
    """Where it lies, or what is in it; `Skip` if it must not be read."""


class Squares(NamedTuple):
    """What was read: images uint8 (N, 3, size, size) and which of the files they were."""

    images: Tensor
    kept: list[int]
    grey: bool
    """Whether red, green and blue are equal everywhere."""


def read_squares(
    files: Sequence[PictureFile], size: int, skipped: Skipped
) -> Generator[Loading, None, Squares]:
    """The middle square of every picture, in the files' order; what is none goes to `skipped`.

    DataError if the pictures have more pixels in all than `skipped.limits` allows.
    """
    total, limits = len(files), skipped.limits
    images = np.empty((total, size, size, 3), np.uint8)
    kept: list[int] = []
    grey, pixels = True, 0
    for number, file in enumerate(files):
        if number % max(1, total // 100) == 0:
            yield Loading(f"reading {total:,} pictures", number, total)
        try:
            pixels += _read_into(images[len(kept)], file, limits)
        except Skip as skip:
            skipped.add(skip.kind, file.name)
            continue
        if pixels > limits.total_pixels:
            raise DataError(
                f"these pictures have more than {limits.total_pixels / 1e6:,.0f} megapixels in "
                f"all (reached at {clean(file.name)!r}); take fewer, or save them smaller first"
            )
        pixel = images[len(kept)]
        grey = grey and (pixel == pixel[..., :1]).all()
        kept.append(number)
    made = torch.from_numpy(images[: len(kept)]).permute(0, 3, 1, 2).contiguous()
    return Squares(made, kept, bool(grey))


def _read_into(place: np.ndarray, file: PictureFile, limits: OwnLimits) -> int:
    """Write a picture's square and return how many pixels it had; `Skip` if it is none."""
    source = file.source()
    try:
        picture = read_picture(
            source,
            max_bytes=limits.file_bytes,
            max_pixels=limits.pixels,
            side=OVERSAMPLE * len(place),
        )
    except PictureError as error:
        heic = error.kind == "unknown" and file.name.lower().endswith((".heic", ".heif"))
        raise Skip("heic" if heic else error.kind) from error
    place[:] = np.asarray(square(picture, len(place)))
    return picture.width * picture.height
