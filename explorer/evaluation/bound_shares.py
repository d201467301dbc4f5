"""Means over images of what the bound is made of, and from which t its bits come."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from explorer.diffusion import Bound, Mean, prior_term
from explorer.diffusion.schedule import Schedule

CUTS = (0.01, 0.05, 0.2, 1.0)
"""The ranges of t whose shares are compared, as shares of T; t = 1 is apart."""


def groups_of(T: int) -> tuple[tuple[int, int], ...]:
    """t = 1, and from there to T as `CUTS` says; fewer where T is small."""
    edges = sorted({1, *(max(1, round(cut * T)) for cut in CUTS)})
    return ((1, 1), *((a + 1, b) for a, b in zip(edges, edges[1:], strict=False)))


def mean_of(values: Tensor) -> Mean:
    """The mean over pictures and its standard error, s/√n."""
    return Mean(values.mean().item(), values.std().item() / math.sqrt(len(values)))


def mean_over_t(state: Bound, parts: Sequence[Tensor]) -> Mean | None:
    """The mean over t = 1…T of a criterion, once all of its terms are there."""
    if not state.finished:
        return None
    terms = zip(state.terms, parts, strict=True)
    return mean_of(torch.stack([term.count * each for term, each in terms]).sum(0) / state.T)


def shares_of(
    state: Bound, parts: Sequence[Tensor], groups: Sequence[tuple[int, int]]
) -> tuple[Mean, ...]:
    """The shares of a criterion that lie in groups of t, with standard errors; 0 of nothing.

    parts : for each of the bound's terms a value of each picture, (B,), of every t in its range.

    A share is a ratio r = ā/b̄ of means over the same pictures: its error is that of the mean of
    a − r b, over b̄ (the delta method).
    """
    total = _within(state, parts, 1, state.T)
    if total is None or not total.mean() > 0:
        return (Mean(0.0, 0.0),) * len(groups)
    found = []
    for first, last in groups:
        part = _within(state, parts, first, last)
        assert part is not None
        share = (part.mean() / total.mean()).item()
        found.append(Mean(share, mean_of(part - share * total).error / total.mean().item()))
    return tuple(found)


def _within(state: Bound, parts: Sequence[Tensor], first: int, last: int) -> Tensor | None:
    """Σ of a criterion over t = first…last for each picture; None before there is any term."""
    sums = [
        max(0, min(last, term.last) - max(first, term.first) + 1) * each
        for term, each in zip(state.terms, parts, strict=True)
    ]
    return torch.stack(sums).sum(0) if sums else None


def noise_bits(schedule: Schedule, power: float) -> float:
    """L_T in bits for each dimension of pictures whose mean x_0² is `power`."""
    typical = torch.full((1, 1), power, dtype=torch.float64).sqrt()  # L_T is linear in x_0²
    return prior_term(schedule, typical).item() / math.log(2)
