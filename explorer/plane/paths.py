"""The ways of many points: from the noise with any sampler, and into the noise."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from explorer.diffusion import Schedule, forward_step, sample
from explorer.diffusion.samplers import HEUN, find_sampler
from explorer.plane.roles import role_generator
from explorer.race.lanes import Lane, lane_of


class Paths(NamedTuple):
    """Where n points are at some times."""

    times: list[int]
    """In the order of the walk."""
    x: Tensor
    """(times, n, 2), float32, on the CPU."""
    evaluations: int = 0
    """Of the network, for each point."""
    seconds: float = 0.0


def lane_on(schedule: Schedule, sampler: str, steps: int) -> Lane:
    """A sampler's lane of so many steps, or of all T if it does not skip any.

    The steps lie on the grid that ends nearest to the exact flow with S = 25 under the cosine
    schedule of the plane: most of them near the data, where points part, but for Heun, whose first
    steps in σ would be too long, as Karras et al. space them. ValueError for an unknown sampler.
    """
    if not find_sampler(sampler).strided:
        return lane_of(sampler, schedule)
    spacing = "karras" if sampler == HEUN.name else "quadratic"
    return lane_of(sampler, schedule, steps=steps, spacing=spacing)


def thinned(times: Sequence[int], most: int) -> list[int]:
    """About `most` + 1 of the times, evenly spaced, the first and the last among them."""
    if most < 1:
        raise ValueError(
            f"most = {most!r} is not allowed: at least 1, the first and the last time"
        )
    count = min(most, len(times) - 1)
    kept = np.linspace(0, len(times) - 1, count + 1).round().astype(int)
    return [times[i] for i in kept]


def noise(n: int, seed: int, role: str = "start") -> Tensor:
    """N(0, I) for one of `ROLES`, (n, 2): x_T, the same for every denoiser and both panels."""
    return torch.randn(n, 2, generator=role_generator(seed, role))


def sampled_paths(
    denoise: Callable[[Tensor, int], Tensor],
    schedule: Schedule,
    lane: Lane,
    x_T: Tensor,
    *,
    seed: int,
    role: str,
    keep: Sequence[int],
) -> Paths:
    """x_T's way along a lane, by `explorer.diffusion.sample`; the frames at the times in `keep`.

    The noise of the steps is drawn on the CPU for `role`, "left" or "right". ValueError if the
    lane does not come by one of these times.
    """
    wanted, started = _wanted(keep, lane.times), time.perf_counter()
    frames = sample(
        denoise,
        schedule,
        x_T,
        lane.times,
        sampler=lane.sampler,
        generator=role_generator(seed, role),
        **lane.options,
    )
    kept = [(frame.t, frame.x.float().cpu()) for frame in frames if frame.t in wanted]
    times, x = zip(*kept, strict=True)
    return Paths(list(times), torch.stack(x), lane.evaluations, time.perf_counter() - started)


def walk(schedule: Schedule, x0: Tensor, *, seed: int, keep: Sequence[int]) -> Paths:
    """x_t ~ q(x_t | x_{t−1}) from t = 0 to T, new noise in each step: Ho et al. 2020, eq. 2.

    t = 0 and the times in `keep` are kept. ValueError for one outside 0…T.
    """
    wanted = _wanted(keep, range(schedule.T + 1)) | {0}
    generator, x, kept = role_generator(seed, "walk"), x0, [x0]
    for t in range(1, schedule.T + 1):
        x = forward_step(schedule, x, t).sample(generator)
        if t in wanted:
            kept.append(x)
    return Paths(sorted(wanted), torch.stack(kept))


def _wanted(keep: Sequence[int], times: Sequence[int]) -> set[int]:
    if not keep or not set(keep) <= set(times):
        raise ValueError(f"keep = {list(keep)}: one or more of the times that are visited")
    return set(keep)


def nearest(samples: Tensor, points: Tensor) -> float:
    """The mean over the samples (n, 2) of the distance to the nearest of the points (N, 2)."""
    return torch.cdist(samples.double(), points.double()).amin(1).mean().item()
