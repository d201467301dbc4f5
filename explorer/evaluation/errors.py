"""Numbers with their standard errors."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Collection, Sequence
from functools import cache
from typing import NamedTuple

import torch
from torch import Tensor

from explorer.evaluation.frechet import Frechet

BLOCKS = 20
"""Of the jackknife."""
DRAWS = 100
"""Of the bootstrap: its error is then known to 7 %."""
CHANCE = 0.05
"""How often a table in which nothing differs may be said to have a difference."""


class Estimate(NamedTuple):
    """A number that was found from some pictures, and how far other pictures would move it."""

    value: float
    error: float
    """One standard error."""


def share_of(right: Tensor) -> Estimate:
    """The share of booleans that are true, see `share`."""
    return share(int(right.sum()), len(right))


def share(count: float, n: int) -> Estimate:
    """p = count/n, and √(p(1 − p)/n) with two more of each kind.

    Without these two (Agresti & Coull 1998) 150 of 150 would seem to be certain.
    """
    p = (count + 2) / (n + 4)
    return Estimate(count / n, math.sqrt(p * (1 - p) / (n + 4)))


def average_of(values: Tensor) -> Estimate:
    """The mean of n numbers, one of each picture, and s/√n; n is at least 2."""
    values = values.double()
    return Estimate(values.mean().item(), values.std().item() / math.sqrt(len(values)))


def distance_of(frechet: Frechet, features: Tensor) -> Estimate:
    """The Fréchet distance of (n, d) features, with the jackknife's error.

    For a number by itself; where numbers are compared, `resamples` gives pairs. The error tells of
    the choice of these pictures, not of the reference. ValueError as in `jackknife`.
    """
    return jackknife(lambda kept: frechet.of(features[kept]), len(features))


def jackknife(statistic: Callable[[Tensor], float], n: int) -> Estimate:
    """A statistic of n pictures, called with the mask of those that it is to look at.

    Twenty times another twentieth is left out (Efron & Stein 1981). ValueError for fewer than 40
    pictures.
    """
    if n < 2 * BLOCKS:
        raise ValueError(
            f"{n} images are too few for a standard error: at least {2 * BLOCKS} are needed"
        )
    block = torch.arange(n) % BLOCKS
    without = torch.tensor([statistic(block != k) for k in range(BLOCKS)]).double()
    error = math.sqrt((BLOCKS - 1) * without.var(correction=0).item())
    return Estimate(statistic(block >= 0), error)


def resamples(n: int, draws: int = DRAWS) -> Tensor:
    """(draws, n): each time n of n pictures with replacement, the bootstrap of Efron 1979.

    Always the same for n. What is measured of several samplers on pictures i = 0…n − 1 that
    started from the same noise is drawn alike, so that `paired_error` sees what they share.

    A draw has only about 63 % of the pictures, some several times, which raises a Fréchet
    distance: the draws' mean means nothing, and `spread` takes their standard deviation around it.
    That is the spread of independent draws where the pictures are clearly away from the
    reference. As near to it as real pictures, where the distance is of second order in the
    difference, it is up to √3 times as large (degenerate statistics, Arcones & Giné 1992): an
    error that is rather too careful. No draw is of one picture alone, which would have no pairs.
    """
    g = torch.Generator().manual_seed(0)
    chosen = torch.randint(n, (draws, n), generator=g)
    alone = (chosen == chosen[:, :1]).all(1)
    chosen[alone, 0] = (chosen[alone, 0] + 1) % n
    return chosen


def spread(draws: Sequence[float]) -> float:
    """The standard error that a bootstrap's draws show."""
    return statistics.stdev(draws)


def paired_error(first: Sequence[float], second: Sequence[float]) -> float:
    """The standard error of a difference, of draws that took the same pictures of both."""
    return spread([b - a for a, b in zip(first, second, strict=True)])


@cache
def clear_of(cells: int) -> float:
    """How many standard errors two of so many cells must be apart to be told apart.

    The farthest two of k equal cells are farther apart in one table of twenty: q/√2, where q is
    the 95th percentile of Tukey's studentized range of k means whose errors are known. 1.96 for
    two, 3.9 for forty: with 2 whatever their number, two of forty would nearly always seem to
    differ.
    """
    from scipy.stats import studentized_range  # takes a second to import

    return float(studentized_range.ppf(1 - CHANCE, max(2, cells), math.inf)) / math.sqrt(2)


def paired_shares(first: Collection[int], second: Collection[int], n: int) -> Estimate:
    """The second share less the first of n pairs, given which of each are wrong.

    b and c pairs are right in one only: (b − c)/n ± √(b + c + 1 − (b − c)²/n)/n, McNemar's, with
    half a pair more on either side (Agresti & Min 2005), or two of 512 would seem certain.
    """
    b, c = len(set(first) - set(second)), len(set(second) - set(first))
    return Estimate((b - c) / n, math.sqrt(b + c + 1 - (b - c) ** 2 / n) / n)


def mean_of(found: Sequence[Estimate]) -> Estimate:
    """The mean of numbers that do not depend on each other."""
    values, errors = zip(*found, strict=True)
    return Estimate(sum(values) / len(found), math.hypot(*errors) / len(found))


def ratio_of(a: Estimate, b: Estimate) -> Estimate:
    """a/b of two numbers that do not depend on each other."""
    ratio = a.value / b.value
    return Estimate(ratio, ratio * math.hypot(a.error / a.value, b.error / b.value))
