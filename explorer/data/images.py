"""The record that every data set is read into, and the range that networks see."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import torch
from torch import Tensor
from torch.nn import functional as F

from explorer.settings.names import FITS as FITS

SIZES = range(8, 129)
"""The sides, in pixels, that data sets may be resized to."""
BLOCK = 2**22
"""Values that `resize` works on at a time."""


@dataclass(frozen=True, eq=False)
class ImageSet:
    """A set of square pictures. ValueError if the parts do not fit together."""

    images: Tensor
    """uint8, (N, C, H, W), C = 1 (grey) or 3 (RGB)."""
    labels: Tensor | None
    """int64, (N,), indices into `classes`; None if the pictures have no classes."""
    classes: tuple[str, ...]
    name: str
    licence: str
    source: str

    def __post_init__(self) -> None:
        images, labels = self.images, self.labels
        if images.dtype != torch.uint8 or images.dim() != 4 or images.shape[1] not in (1, 3):
            raise ValueError(
                f"data set '{self.name}': images must be uint8 (N, 1 or 3, H, W), not "
                f"{images.dtype} {tuple(images.shape)}"
            )
        if images.shape[2] != images.shape[3]:
            raise ValueError(
                f"data set '{self.name}': images must be square, not {tuple(images.shape[2:])}"
            )
        if len(images) == 0:
            raise ValueError(f"data set '{self.name}' holds no images")
        if labels is None:
            return
        if labels.shape != images.shape[:1] or labels.dtype != torch.int64:
            raise ValueError(f"data set '{self.name}': labels must be int64 ({len(images)},)")
        if int(labels.min()) < 0 or int(labels.max()) >= len(self.classes):
            raise ValueError(
                f"data set '{self.name}': labels must lie in 0…{len(self.classes) - 1}"
            )

    def __len__(self) -> int:
        return len(self.images)

    @property
    def channels(self) -> int:
        return self.images.shape[1]

    @property
    def size(self) -> int:
        return self.images.shape[-1]

    def resized(self, size: int) -> ImageSet:
        """The same set at size × size pixels; ValueError if size is not in `SIZES`."""
        check_size(size)
        return self if size == self.size else replace(self, images=resize(self.images, size))


def check_size(size: int) -> None:
    """ValueError if size is not one of `SIZES`."""
    if isinstance(size, bool) or not isinstance(size, int) or size not in SIZES:
        raise ValueError(
            f"size = {size!r} is not allowed: images are {SIZES[0]} to {SIZES[-1]} pixels"
        )


def check_fit(fit: str) -> None:
    """ValueError if fit is not one of `FITS`."""
    if fit not in FITS:
        raise ValueError(f"fit = {fit!r} is not allowed: one of {', '.join(FITS)}")


def resize(images: Tensor, size: int | tuple[int, int]) -> Tensor:
    """uint8 (N, C, H, W) -> (N, C, size, size), bilinear, antialiased when shrinking.

    size : the side, or height and width.
    """
    height, width = (size, size) if isinstance(size, int) else size
    made = images.new_empty((*images.shape[:2], height, width))
    n = max(1, BLOCK // max(1, math.prod(images.shape[1:]), math.prod(made.shape[1:])))
    for part, place in zip(images.split(n), made.split(n), strict=True):
        x = F.interpolate(part.float(), (height, width), mode="bilinear", antialias=True)
        place.copy_(x.round_().clamp_(0, 255))
    return made


def to_tensor(images: Tensor) -> Tensor:
    """0…255 (uint8) -> [−1, 1] (float32): x = 2u/255 − 1."""
    return images.float() / 127.5 - 1


def from_tensor(x: Tensor) -> Tensor:
    """[−1, 1] -> 0…255 (uint8), rounded; what lies outside is shown as the nearest end."""
    return ((x.float() + 1) * 127.5).round().clamp(0, 255).byte()
