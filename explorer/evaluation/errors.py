"""Numbers with their standard errors."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from explorer.evaluation.frechet import Frechet

BLOCKS = 20


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

    A bootstrap would draw pictures twice, and the distance depends on how many different ones
    there are. The error tells of the choice of these pictures, not of the reference. ValueError
    as in `jackknife`.
    """
    return jackknife(lambda kept: frechet.of(features[kept]), len(features))


def jackknife(statistic: Callable[[Tensor], float], n: int) -> Estimate:
    """A statistic of n pictures, called with the mask of those that it is to look at.

    Twenty times another twentieth is left out (Efron & Stein 1981). ValueError for fewer than 40
    pictures.
    """
    if n < 2 * BLOCKS:
        raise ValueError(
            f"{n} pictures are too few for a standard error: at least {2 * BLOCKS} are needed"
        )
    block = torch.arange(n) % BLOCKS
    without = torch.tensor([statistic(block != k) for k in range(BLOCKS)]).double()
    error = math.sqrt((BLOCKS - 1) * without.var(correction=0).item())
    return Estimate(statistic(block >= 0), error)


def mean_of(found: Sequence[Estimate]) -> Estimate:
    """The mean of numbers that do not depend on each other."""
    values, errors = zip(*found, strict=True)
    return Estimate(sum(values) / len(found), math.hypot(*errors) / len(found))


def ratio_of(a: Estimate, b: Estimate) -> Estimate:
    """a/b of two numbers that do not depend on each other."""
    ratio = a.value / b.value
    return Estimate(ratio, ratio * math.hypot(a.error / a.value, b.error / b.value))
