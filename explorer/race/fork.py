"""When is a picture decided? Continuations from one x_t, and how far they spread."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import torch
import torch.nn.functional as F
from torch import Tensor

from explorer.diffusion import Denoiser
from explorer.race.lanes import Lane
from explorer.race.run import Race, race

BRANCHES = 4
FIRST = 1_000_000
"""Index of the first continuation's generator: the race's own pictures count from 0."""


def from_here(lane: Lane, t: int) -> Lane:
    """The lane from t on: t, and what it has below. ValueError if nothing is left to do."""
    if not 0 < t <= lane.times[0]:
        raise ValueError(f"t = {t} is not allowed: a way on begins in 1…{lane.times[0]}")
    return replace(lane, times=(t, *(s for s in lane.times if s < t)))


def fork(
    denoiser: Denoiser,
    lanes: Sequence[Lane],
    x_t: Tensor,
    t: int,
    *,
    seed: int,
    label: int | None = None,
    branches: int = BRANCHES,
    device: str | torch.device = "cpu",
) -> tuple[list[Lane], Race]:
    """Each lane continued from x_t, (C, H, W), so many times with different noise.

    Returns the shortened lanes and their race. A lane without noise (η = 0) has only one way on.
    """
    left = [from_here(lane, t) for lane in lanes]
    return left, race(
        denoiser,
        left,
        tuple(x_t.shape),
        seed=seed,
        n=branches,
        labels=None if label is None else [label] * branches,
        first=FIRST,
        start=x_t.expand(branches, *x_t.shape),
        device=device,
    )


def spread(x: Tensor) -> float:
    """Mean over all pairs i < j of the root mean square of x_i − x_j; x is (n, C, H, W).

    In units of the pictures: 0 if all are equal, at most 2.
    """
    distances = torch.pdist(x.flatten(1).double()) / x[0].numel() ** 0.5
    return float(distances.mean())


def by_scale(x: Tensor, side: int = 4) -> tuple[Tensor, Tensor]:
    """Means over squares of side × side pixels, as pictures, and what is finer: x is their sum.

    The two are orthogonal, so that the squared spreads of a pair add up to that of x. x is
    (n, C, H, W); at the edges squares may be cut.
    """
    means = F.avg_pool2d(x, side, ceil_mode=True, count_include_pad=False)
    coarse = means.repeat_interleave(side, 2).repeat_interleave(side, 3)
    coarse = coarse[..., : x.shape[2], : x.shape[3]]
    return coarse, x - coarse


@dataclass(frozen=True, eq=False)
class Fanned:
    """Where the continuations of several moments stand."""

    share: float
    """Of the work, 0…1."""
    x0: tuple[Tensor, ...]
    """For each moment that has been reached x̂_0 of its continuations, (branches, C, H, W); at
    share 1 these are the pictures that came out."""

    @property
    def spreads(self) -> list[float]:
        """The `spread` of each of these."""
        return [spread(pictures.cpu()) for pictures in self.x0]


def spreads(
    denoiser: Denoiser,
    lane: Lane,
    x: Tensor,
    times: Sequence[int],
    *,
    seed: int,
    label: int | None = None,
    branches: int = BRANCHES,
    first: int = FIRST,
    device: str | torch.device = "cpu",
) -> Iterator[Fanned]:
    """How far continuations from each of these moments spread, all walked down together.

    x : (m, C, H, W), the states of one trajectory at `times`, which decrease.
    first : the index of the first continuation's generator; another one for another trajectory.
    By default the pictures that `fork` makes moment by moment. ValueError, at once, if the times
    do not decrease or lie outside the lane's way.
    """
    if len(x) != len(times) or any(s >= t for t, s in zip(times, times[1:], strict=False)):
        raise ValueError(f"{len(x)} states need as many times that decrease, not {list(times)}")
    lanes = [from_here(lane, t) for t in times]
    ways = race(
        denoiser,
        lanes,
        tuple(x.shape[1:]),
        seed=seed,
        n=branches,
        labels=None if label is None else [label] * branches,
        first=first,
        start=x[:, None].expand(len(x), branches, *x.shape[1:]),
        device=device,
    )
    return _fanned(ways, sum(lane.evaluations for lane in lanes))


def _fanned(ways: Race, todo: int) -> Iterator[Fanned]:
    """What the continuations stand at, after each moment of the clock."""
    beliefs: dict[int, Tensor] = {}
    done: dict[int, int] = {}
    t = None
    for entry in ways:
        if entry.frame.t != t and beliefs and entry.frame.t:
            yield Fanned(sum(done.values()) / todo, tuple(beliefs.values()))
        t = entry.frame.t
        beliefs[entry.lane], done[entry.lane] = entry.frame.x0, entry.evaluations
    yield Fanned(1.0, tuple(beliefs.values()))
