"""A .npz of pictures and labels, read in blocks: nothing is unpickled, no header is believed."""

from __future__ import annotations

import math
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import IO, NamedTuple

import numpy as np
import torch
from numpy.lib import format as npy
from torch import Tensor
from torch.nn import functional as F

from explorer.data.images import SIZES, resize
from explorer.data.limits import LEAST, OWN_SIDE, OwnLimits
from explorer.data.pixels import BLOCK, Pixels
from explorer.data.progress import DataError, Loading, Parts, Reading
from explorer.data.skipped import REASONS, Skip, clean
from explorer.data.uploads import MARGIN
from explorer.data.zips import Budget, OpenZip, refusal
from explorer.text import LONGEST_NAME

SUFFIX = ".npz"
MOST_NAMES = 1000
"""Classes are not more than these, or the pictures."""
CHANNELS = (1, 3, 4)
"""Grey, RGB and RGBA, which is laid on white."""
HELP = (
    "numpy.savez(FILE, images=…, labels=…) writes one that can be read: images uint8, (N, H, W), "
    "(N, H, W, C) or (N, C, H, W), and labels, if there are classes, whole numbers, (N,)"
)


class Array(NamedTuple):
    """An array in an open .npz, after its header."""

    file: IO[bytes]
    shape: tuple[int, ...]
    dtype: np.dtype

    def __str__(self) -> str:
        return f"{clean(str(self.dtype), 40)} {clean(str(self.shape))}"


def read_arrays(
    path: Path, *, size: int | None, fit: str, limits: OwnLimits, scratch: Path | None = None
) -> Reading:
    """The pictures `images`, their `labels` and the names of their `classes`, if there are any.

    images : uint8, 0…255, (N, H, W), (N, H, W, C) or (N, C, H, W). C is 1, 3 or 4 and is the last
        one if that may be either. Others, such as numbers from −1 to 1, are refused.
    labels : whole numbers, (N,) or (N, 1), indices into `classes`; without these, the different
        numbers are the classes. If one is −1 the pictures have none. Or the classes' names.
    size : of the squares; None leaves those that are allowed as they are, and makes others 64.

    DataError with what is wrong.
    """
    try:
        with closing(OpenZip(path, Budget(limits))) as opened:
            images, note = yield from _images(opened, size, fit, scratch)
            labels, classes, said = _classes(opened, len(images))
    except DataError as error:
        raise DataError(f"{clean(path.name)!r} cannot be read: {error}") from error
    except Skip as error:
        raise DataError(
            f"{clean(path.name)!r} is a damaged .npz file, or not one. {HELP}"
        ) from error
    return Parts(images, labels, classes, f"{note}, {said}.")


@contextmanager
def _array(opened: OpenZip, name: str) -> Iterator[Array]:
    """The array of this name. DataError if it is not there, damaged, pickled or in another order.

    Only numpy's format 1.0 is read, which bounds the header to 64 kB.
    """
    try:
        info = opened.zip.getinfo(f"{name}.npy")
    except KeyError as error:
        there = ", ".join(clean(each) for each in opened.zip.namelist()[:5]) or "nothing"
        raise DataError(f"there is no array {name!r} (it holds {there}). {HELP}") from error
    try:
        if refused := refusal(info, info.filename):
            raise DataError(f"{name} {REASONS[refused][0]}. {HELP}")
        with opened.zip.open(info) as file:
            version = npy.read_magic(file)
            if version != (1, 0):
                raise DataError(f"{name} is in numpy's format {version}, not 1.0. {HELP}")
            shape, by_columns, dtype = npy.read_array_header_1_0(file)
            if dtype.hasobject:
                raise DataError(f"{name} is pickled, which could run a program. {HELP}")
            if by_columns and len(shape) > 1:
                raise DataError(f"{name} is stored by columns: save numpy.ascontiguousarray of it")
            yield Array(file, shape, dtype)
    except (DataError, MemoryError):
        raise
    except Exception as error:  # numpy and zipfile raise anything where a file lies
        raise DataError(f"{name} is damaged or incomplete; save or download it again") from error


def _exactly(array: Array, size: int, budget: Budget) -> bytearray:
    """The next bytes; EOFError if there are fewer."""
    data = bytearray()
    while len(data) < size:
        part = array.file.read(min(2**16, size - len(data)))
        if not part:
            raise EOFError
        budget.take(len(part))
        data += part
    return data


def _whole(array: Array, budget: Budget) -> np.ndarray:
    """A small array whose shape was checked."""
    data = _exactly(array, math.prod(array.shape) * array.dtype.itemsize, budget)
    return np.frombuffer(data, array.dtype).reshape(array.shape)


def _images(
    opened: OpenZip, size: int | None, fit: str, scratch: Path | None
) -> Generator[Loading, None, tuple[Tensor, str]]:
    """The squares, and a clause on what was read."""
    with _array(opened, "images") as array:
        n, height, width, channels, last = _layout(array, opened.budget.limits)
        side = size or (height if height == width and height in SIZES else OWN_SIDE)
        made = Pixels((1 if channels == 1 else 3, side, side), n, scratch)
        shape = (height, width, channels) if last else (channels, height, width)
        for start in range(0, n, block := max(1, BLOCK // math.prod(shape))):
            yield Loading(f"reading {n:,} images", start, n)
            count = min(block, n - start)
            data = _exactly(array, count * math.prod(shape), opened.budget)
            part = torch.frombuffer(data, dtype=torch.uint8).view(count, *shape)
            part = part.permute(0, 3, 1, 2) if last else part
            made.add(_squares(part, side, fit).numpy())
        if array.file.read(1):
            raise DataError("images is longer than its header says; save it again")
    what = {"crop": "their middle squares", "pad": "squares with grey margins"}[fit]
    what = "" if height == width else f"as {what}, "
    return made.tensor(), f"Read {n:,} images from an array, {what}{side} × {side} pixels"


def _layout(array: Array, limits: OwnLimits) -> tuple[int, int, int, int, bool]:
    """N, H, W, C, and whether the channels come last; DataError if they cannot be read."""
    shape, found = array.shape, f"images is {array}"
    if array.dtype != np.uint8:
        raise DataError(f"{found}, and only uint8, 0…255, is read. {HELP}")
    last = len(shape) != 4 or shape[3] in CHANNELS
    if len(shape) == 3:
        shape = (*shape, 1)
    if len(shape) != 4 or min(shape) < 1 or not (last or shape[1] in CHANNELS):
        raise DataError(f"{found}, which is no set of grey, RGB or RGBA images. {HELP}")
    n, height, width, channels = shape if last else (shape[0], *shape[2:], shape[1])
    if n < LEAST:
        raise DataError(f"at least {LEAST} images are needed, and images has {n}")
    for value, most, what in (
        (n, limits.entries, "images"),
        (height * width * channels, limits.file_bytes, "bytes in each image"),
        (n * height * width, limits.total_pixels, "pixels in all"),
        (n * height * width * channels, limits.bytes, "bytes in all"),
    ):
        if value > most:
            many = clean(f"{value:,}", 30)
            raise DataError(f"{found}: that is {many} {what}, and at most {most:,} are read")
    return n, height, width, channels, last


def _squares(images: Tensor, size: int, fit: str) -> Tensor:
    """uint8 (N, C, H, W), C one of `CHANNELS` -> (N, 1 or 3, size, size), as `square` does."""
    if images.shape[1] == 4:
        alpha = images[:, 3:].float() / 255
        images = (images[:, :3] * alpha + 255 * (1 - alpha)).round().byte()
    height, width = images.shape[2:]
    if fit == "crop":
        side = min(height, width)
        top, left = (height - side) // 2, (width - side) // 2
        images = images[:, :, top : top + side, left : left + side]
    elif height != width:
        scale = size / max(height, width)
        height, width = max(1, round(height * scale)), max(1, round(width * scale))
        top, left = (size - height) // 2, (size - width) // 2
        around = (left, size - width - left, top, size - height - top)
        images = F.pad(resize(images, (height, width)), around, value=MARGIN)
    return images if images.shape[-1] == size else resize(images, size)


def _classes(opened: OpenZip, n: int) -> tuple[Tensor | None, tuple[str, ...], str]:
    """Labels, the classes' names, and a clause on them."""
    there = opened.zip.namelist()
    if "labels.npy" not in there:
        return None, (), "without labels"
    with _array(opened, "labels") as array:
        text = array.dtype.kind == "U" and array.dtype.itemsize <= 4 * LONGEST_NAME
        if not (text or array.dtype.kind in "iuf") or array.shape not in ((n,), (n, 1)):
            raise DataError(
                f"labels is {array}, and should be whole numbers or names, ({n},) or ({n}, 1)"
            )
        found = _whole(array, opened.budget).reshape(n)
    if text:
        called, place = np.unique([clean(str(name)) for name in found], return_inverse=True)
        return _told(tuple(map(str, called)), place)
    if found.dtype.kind == "f":
        if not np.isin(found, np.arange(-1, n)).all():
            raise DataError("labels holds numbers that are not whole, or more than the images")
        found = found.astype(np.int64)
    if (missing := int((found == -1).sum())) and found.dtype.kind == "i":
        return None, (), f"without classes: {missing:,} labels are −1"
    if "classes.npy" not in there:
        values, index = np.unique(found, return_inverse=True)
        names = tuple(map(str, values.tolist()))
    else:
        names, index = _names(opened, n), found
        if found.min() < 0 or found.max() >= len(names):
            raise DataError(
                f"labels go from {found.min()} to {found.max()}, and classes has {len(names)} "
                f"names: they should lie in 0…{len(names) - 1}"
            )
    return _told(names, index)


def _told(names: tuple[str, ...], index: np.ndarray) -> tuple[Tensor | None, tuple[str, ...], str]:
    """The labels as they are given back, with a clause on them."""
    if len(names) < 2:
        return None, (), "without classes: all have the same label"
    labels = torch.from_numpy(index.reshape(-1).astype(np.int64))
    return labels, names, f"in {len(names)} classes by its labels"


def _names(opened: OpenZip, n: int) -> tuple[str, ...]:
    """The names of the classes: text, or numbers."""
    with _array(opened, "classes") as array:
        text = array.dtype.kind == "U" and array.dtype.itemsize <= 4 * LONGEST_NAME
        if not (text or array.dtype.kind in "iu") or len(array.shape) != 1:
            raise DataError(
                f"classes is {array}, and should be a list of names of at most "
                f" {LONGEST_NAME} characters"
            )
        if not 1 <= array.shape[0] <= max(n, MOST_NAMES):
            raise DataError(f"classes has {array.shape[0]:,} names for {n:,} images")
        names = tuple(clean(str(name)) for name in _whole(array, opened.budget).tolist())
    if len(set(names)) < len(names):
        raise DataError("classes has a name twice, or two that begin alike for 60 characters")
    return names
