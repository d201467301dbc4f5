"""Picture files of any size -> one tensor of squares, with progress."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image
from torch import Tensor

from explorer.data.limits import OwnLimits
from explorer.data.pixels import Pixels
from explorer.data.progress import DataError, Loading
from explorer.data.skipped import Skip, Skipped, clean
from explorer.data.uploads import HEIC, PictureError, dark_scan, read_picture, square

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
    """What was read: images uint8 (N, C, size, size) and which of the files they were."""

    images: Tensor
    kept: list[int]
    dark: list[int]
    """Those of `kept` that use little of their 16 bits, see `dark_scan`."""

    @property
    def grey(self) -> bool:
        """Whether red, green and blue are equal everywhere: then C is 1, else 3."""
        return self.images.shape[1] == 1


def read_squares(
    files: Sequence[PictureFile],
    size: int,
    skipped: Skipped,
    *,
    fit: str = "crop",
    scratch: Path | None = None,
    colour: bool = False,
) -> Generator[Loading, None, Squares]:
    """The `square` of every picture, in the files' order; what is none goes to `skipped`.

    scratch : the folder for the temporary file that many pictures need, see `Pixels`.
    colour : three channels even if all are grey.

    DataError if the pictures have more pixels in all than `skipped.limits` allows.
    """
    total, limits = len(files), skipped.limits
    gathered = Pixels((3 if colour else 1, size, size), total, scratch)
    kept: list[int] = []
    dark: list[int] = []
    pixels = 0
    for number, file in enumerate(files):
        if number % max(1, total // 100) == 0:
            yield Loading(f"reading {total:,} images", number, total)
        try:
            picture = _read(file, size, limits)
        except Skip as skip:
            skipped.add(skip.kind, file.name)
            continue
        pixels += picture.width * picture.height
        if pixels > limits.total_pixels:
            raise DataError(
                f"these images have more than {limits.total_pixels / 1e6:,.0f} megapixels in "
                f"all (reached at {clean(file.name)!r}); take fewer, or save them smaller first"
            )
        made = np.asarray(square(picture, size, fit)).transpose(2, 0, 1)  # (3, size, size)
        if gathered.shape[0] == 1 and (made != made[:1]).any():
            gathered = gathered.in_colour()
        gathered.add(made[: gathered.shape[0]])
        kept.append(number)
        dark += [number] if dark_scan(picture) else []
    return Squares(gathered.tensor(), kept, dark)


def _read(file: PictureFile, size: int, limits: OwnLimits) -> Image.Image:
    """The picture, larger than its square; `Skip` if it is none."""
    source = file.source()
    try:
        return read_picture(
            source,
            max_bytes=limits.file_bytes,
            max_pixels=limits.pixels,
            side=OVERSAMPLE * size,
        )
    except PictureError as error:
        heic = error.kind == "unknown" and file.name.lower().endswith(HEIC)
        raise Skip("heic" if heic else error.kind) from error
