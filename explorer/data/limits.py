"""How much of other people's files is read."""

from __future__ import annotations

from dataclasses import dataclass

from explorer.data.uploads import MAX_BYTES, MAX_PIXELS

LEAST = 8
"""Fewer pictures are no data set."""
OWN_SIDE = 64
"""Of own pictures, where no size is asked for."""


@dataclass(frozen=True)
class OwnLimits:
    """Bounds for pictures that people bring, counted on what is really unpacked and decoded."""

    entries: int = 500_000
    """Files in all, pictures or not, or pictures in an array; CelebA has 202,599."""
    bytes: int = 32 * 2**30
    """What zips and arrays may unpack to in all."""
    file_bytes: int = MAX_BYTES
    """Of one file, unpacked, and of one picture in an array."""
    ratio: int = 200
    """How many times its packed size an entry of a zip may unpack to, beyond the first MB."""
    pixels: int = MAX_PIXELS
    """Of one picture; JPEGs may have four times as many, see `read_picture`."""
    total_pixels: int = 10**12
    """Decoded in all: a few bytes can stand for many flat pixels."""

    @property
    def table_bytes(self) -> int:
        """Of one table of classes: 256 for each file, at least a megabyte."""
        return min(self.file_bytes, max(2**20, 256 * self.entries))


LOCAL = OwnLimits()
HOSTED = OwnLimits(entries=2_000, bytes=128 * 2**20, file_bytes=12 * 2**20, total_pixels=10**9)
"""For strangers on a shared machine."""
