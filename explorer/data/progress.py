"""What reading a data set says on its way, and how it fails."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import NamedTuple

from torch import Tensor

from explorer.data.images import ImageSet


class DataError(ValueError):
    """A data set cannot be had; the message says why and what to do."""


@dataclass(frozen=True, eq=False)
class Loading:
    """How far the reading of a data set is; the last one of a reading carries the set."""

    what: str
    """What is being done: "downloading cifar10", "reading 8,189 pictures"."""
    done: int
    total: int
    """Bytes of a download, else pictures; `done` is at most `total`."""
    data: ImageSet | None = None
    note: str = ""
    """With `data`: what was read, and what was skipped and why; empty if all is as published."""


class Parts(NamedTuple):
    """A data set without its name: images uint8 (N, C, H, W), labels int64 (N,) or None."""

    images: Tensor
    labels: Tensor | None
    classes: tuple[str, ...]
    note: str = ""


Reading = Generator[Loading, None, Parts]
"""Yields how far it is and returns the parts."""
