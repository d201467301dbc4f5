"""The losses that lectures print, to hold a run of ours against."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple


class Printed(NamedTuple):
    """Mean losses of epochs, and of single batches, as a lecture's notebook shows them."""

    images: int
    """In one epoch."""
    batch: int
    epochs: Sequence[float]
    """Of the first epoch, the second, ….: means over their batches."""
    batches: Sequence[tuple[int, float]] = ()
    """(step, loss of that batch), counted from 0."""

    @property
    def steps(self) -> int:
        """Of one epoch: the last batch may be smaller."""
        return -(-self.images // self.batch)


PRINTED: Mapping[str, Printed] = MappingProxyType(
    {
        "sutd": Printed(
            60_000,
            64,
            (
                *(0.2830, 0.2144, 0.2058, 0.2010, 0.1971, 0.1949, 0.1927, 0.1915, 0.1904, 0.1897),
                *(0.1884, 0.1879, 0.1874, 0.1868, 0.1863, 0.1862, 0.1856, 0.1856, 0.1849, 0.1850),
                *(0.1846, 0.1843, 0.1845),
            ),
        ),
        "jax": Printed(
            60_000,
            64,
            (*(0.2948, 0.1049, 0.0813, 0.0716, 0.0649), *(0.0609, 0.0575, 0.0540, 0.0520, 0.0493)),
            tuple(
                zip(
                    range(0, 1000, 100),
                    (
                        *(5.7107, 0.4428, 0.3299, 0.2298, 0.2107),
                        *(0.1960, 0.2076, 0.1526, 0.1696, 0.1299),
                    ),
                    strict=True,
                )
            ),
        ),
    }
)
"""By the names of `LECTURES`: those that print a mean over batches. SciNet 2026 prints sums over
an epoch's batches of cats, whose number it does not say; the others print no loss."""
