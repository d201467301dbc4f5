"""What real pictures are worth: the best that a model's can be told to be with as many."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from explorer.evaluation.frechet import Frechet
from explorer.evaluation.kernel import KernelDistance
from explorer.evaluation.records import FloorKind

DRAWS = 20
"""Of real pictures: their standard deviation is then known to about a fifth."""


class Spread(NamedTuple):
    """A quantity over draws of n real pictures."""

    mean: float
    deviation: float | None
    """The standard deviation of one draw; None where there is only one."""


@dataclass(frozen=True)
class Floor:
    """Draws of n real pictures, measured like a model's."""

    n: int
    """Pictures of each draw."""
    draws: int
    pool: int
    """Out of so many pictures."""
    kind: FloorKind
    """ "test": of pictures that are kept apart from the reference, each draw against all of it.
    "splits": where none are, all pictures are divided anew into a draw and a reference."""
    frechet: Spread
    kid: Spread
    accuracy: Spread | None
    """None if the classifier does not know the classes."""


class Known(NamedTuple):
    """Pictures as the classifier sees them."""

    features: Tensor
    """(m, 64)."""
    right: Tensor | None
    """(m,), whether it reads them rightly; None if it does not know their classes."""

    def and_also(self, more: Known) -> Known:
        """These and more pictures of the same data."""
        features = torch.cat([self.features, more.features])
        if self.right is None or more.right is None:
            return Known(features, None)
        return Known(features, torch.cat([self.right, more.right]))


def floor_of_tests(reference: Tensor, tests: Known, n: int) -> Floor:
    """20 draws of n test pictures against the reference, always the same.

    They have no picture in common where there are 20 n. Else each is drawn without repetition, and
    the deviation of such draws is divided by √(1 − n/N), which they are too near to each other
    by: Cochran 1977, eq. 2.8.
    """
    N = len(tests.features)
    n = min(n, N)
    apart = n * DRAWS <= N
    nearness = 1.0 if apart else math.sqrt(1 - n / N)
    g = torch.Generator().manual_seed(0)
    order = torch.randperm(N, generator=g)
    if n == N:
        drawn = [order]
    elif apart:
        drawn = list(order[: n * DRAWS].split(n))
    else:
        drawn = [torch.randperm(N, generator=g)[:n] for _ in range(DRAWS)]
    frechet, kernel = Frechet(reference), KernelDistance(reference)
    return Floor(
        n,
        len(drawn),
        N,
        "test",
        _spread([frechet.of(tests.features[i]) for i in drawn], nearness),
        _spread([kernel.of(tests.features[i]) for i in drawn], nearness),
        _accuracy(tests.right, drawn, nearness),
    )


def floor_of_splits(known: Known, n: int) -> Floor:
    """20 times n of the pictures against all others, divided at random (a permutation test)."""
    N = len(known.features)
    g = torch.Generator().manual_seed(0)
    orders = [torch.randperm(N, generator=g) for _ in range(DRAWS)]
    drawn = [order[:n] for order in orders]
    pairs = [(known.features[order[:n]], known.features[order[n:]]) for order in orders]
    return Floor(
        n,
        DRAWS,
        N,
        "splits",
        _spread([Frechet(rest).of(draw) for draw, rest in pairs], 1.0),
        _spread([KernelDistance(rest).of(draw) for draw, rest in pairs], 1.0),
        _accuracy(known.right, drawn, math.sqrt(1 - n / N)),
    )


def _accuracy(right: Tensor | None, drawn: Sequence[Tensor], nearness: float) -> Spread | None:
    if right is None:
        return None
    return _spread([right[i].float().mean().item() for i in drawn], nearness)


def _spread(values: Sequence[float], nearness: float) -> Spread:
    if len(values) < 2:
        return Spread(values[0], None)
    return Spread(statistics.fmean(values), statistics.stdev(values) / nearness)
