"""Euler–Maruyama for dx = a(x, t) dt + b(x, t) dW, and how wrong its steps are."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from statistics import NormalDist
from typing import NamedTuple

import torch
from torch import Tensor

from explorer.diffusion.options import is_number, is_whole
from explorer.diffusion.randomness import Generators, randn

MOST_STEPS = 1_000_000


@dataclass(frozen=True, eq=False)
class SDE:
    """dx = a(x, t) dt + b(x, t) dW from x(0) = start, with W a standard Brownian motion.

    `drift` is a and `diffusion` is b; both take x of any shape and a float t, and b may be a
    number. `mean` and `std` are those of x(t), exactly, for a float64 tensor of times.

    `step(x, t, h, dW, z)` is x(t + h) exactly, on the same Brownian path: dW ~ N(0, h) is the
    path's increment, which `euler_step` sees too, and z ~ N(0, 1) is what the increment does not
    tell of the path within the step. `end` is the last time to which steps may lead.

    A step is small where `speed(t)` dt is far below 1: |∂a/∂x| and (∂b/∂x)² are not above
    `speed`, nor is what b adds to a variance of 1. `skewed(p, t)` is x(t)'s p-quantile where x(t)
    is not Gaussian.
    """

    name: str
    drift: Callable[[Tensor, float], Tensor]
    diffusion: Callable[[Tensor, float], Tensor | float]
    mean: Callable[[Tensor], Tensor]
    std: Callable[[Tensor], Tensor]
    step: Callable[[Tensor, float, float, Tensor, Tensor], Tensor]
    start: float
    end: float = math.inf
    speed: Callable[[float], float] = lambda t: 0.0
    skewed: Callable[[float, Tensor], Tensor] | None = None

    def quantile(self, p: float, t: Tensor) -> Tensor:
        """The x with P(x(t) ≤ x) = p, exactly."""
        if self.skewed:
            return self.skewed(p, t)
        return self.mean(t) + normal_quantile(p) * self.std(t)


def normal_quantile(p: float) -> float:
    """x with P(N(0, 1) ≤ x) = p."""
    return NormalDist().inv_cdf(p)


def euler_step(sde: SDE, x: Tensor, t: float, dt: float, dW: Tensor) -> Tensor:
    """x(t + dt) ≈ x + a(x, t) dt + b(x, t) dW: Euler–Maruyama (Kloeden & Platen 1992, 10.2.4)."""
    return x + sde.drift(x, t) * dt + sde.diffusion(x, t) * dW


def euler_maruyama(
    sde: SDE,
    x0: Tensor,
    dt: float,
    steps: int,
    generator: Generators = None,
    *,
    increments: Iterable[Tensor] | None = None,
) -> Iterator[Tensor]:
    """x_0, x_1, … x_steps of `euler_step` with t_n = n dt; float64, all paths at once.

    x0 is (paths, …). The Brownian increments √dt z are drawn with `generator` (see `randn`) or
    taken from `increments`, `steps` of them shaped like x0. ValueError at once if dt is not above
    0, if x0 is empty or not finite, or if there are too many steps or they lead beyond the SDE's
    end; later, if there are too few increments or they have another shape.
    """
    dt = _positive("dt", dt)
    if not is_whole(steps) or not 1 <= steps <= MOST_STEPS:
        raise ValueError(f"steps = {steps!r} is not allowed: give 1 to {MOST_STEPS:,}")
    if x0.numel() == 0 or x0.is_complex() or not x0.isfinite().all():
        raise ValueError("x0 is not finite: give a real number for each of one or more paths")
    if steps * dt > sde.end * (1 + 1e-9):
        raise ValueError(
            f"{steps} steps of dt = {dt:g} end at t = {steps * dt:g}; {sde.name} ends at {sde.end}"
        )
    return _walk(sde, x0.double(), dt, steps, generator, increments)


def _walk(
    sde: SDE,
    x: Tensor,
    dt: float,
    steps: int,
    generator: Generators,
    increments: Iterable[Tensor] | None,
) -> Iterator[Tensor]:
    if increments is None:
        increments = (math.sqrt(dt) * randn(x, generator) for _ in range(steps))
    n, shape = 0, x.shape
    yield x
    for n, dW in enumerate(islice(increments, steps), 1):
        if dW.shape != shape:
            raise ValueError(f"increments are shaped like x0, {tuple(shape)}, not {dW.shape}")
        x = euler_step(sde, x, (n - 1) * dt, dt, dW)
        yield x
    if n < steps:
        raise ValueError(f"{n} increments for {steps} steps: give one for each")


def without_noise(sde: SDE, x0: Tensor, dt: float, steps: int) -> Iterator[Tensor]:
    """The same steps with dW = 0: dx = a(x, t) dt by Euler.

    Where a is affine in x, as in all of `SDES`, this is also the mean of the noisy steps.
    """
    nothing = torch.zeros_like(x0, dtype=torch.float64)
    return euler_maruyama(sde, x0, dt, steps, increments=(nothing for _ in range(steps)))


# ---- how wrong --------------------------------------------------------------------------------


class Errors(NamedTuple):
    """Euler–Maruyama at time T against the exact x(T) on the same Brownian paths.

    Float64, an entry for each dt. `se` are standard errors over the paths.
    """

    dt: Tensor
    strong: Tensor
    """E|x(T) − x_T^dt|."""
    strong_se: Tensor
    strong_cov: Tensor
    """Of the mean |x(T) − x_T^dt|, between any two dt: they are of the same paths."""
    weak: Tensor
    """|E x(T) − E x_T^dt| without sampling: of `SDE.mean` and of the steps without noise."""
    difference: Tensor
    """E(x_T^dt − x(T)) over the same paths: its size estimates `weak`."""
    reach: Tensor
    """The largest `SDE.speed` · dt of the steps."""
    horizon: float
    """T."""
    paths: int


def errors(
    sde: SDE,
    horizon: float,
    generator: torch.Generator | None = None,
    *,
    finest: int = 1024,
    levels: int = 6,
    paths: int = 1000,
    batch: int = 250,
) -> Iterator[Errors]:
    """The errors at T = horizon for dt = horizon/finest, twice that, … `levels` of them.

    Yields what is known after every `batch` paths. The exact solution follows `SDE.step` on the
    finest grid; the coarser Euler paths take sums of the same increments. ValueError, at once, as
    in `euler_maruyama`, and if finest is not a multiple of 2^(levels − 1).
    """
    horizon = _positive("horizon", horizon)
    for name, value, low in (
        ("finest", finest, 1), ("levels", levels, 1), ("paths", paths, 2), ("batch", batch, 2)
    ):  # fmt: skip
        if not is_whole(value) or value < low:
            raise ValueError(f"{name} = {value!r} is not allowed: it is a whole number from {low}")
    if finest % 2 ** (levels - 1):
        raise ValueError(
            f"finest = {finest} must be a multiple of {2 ** (levels - 1)} for {levels} levels"
        )
    counts = [finest // 2**level for level in range(levels)]
    start = torch.tensor([sde.start], dtype=torch.float64)
    without_noise(sde, start, horizon / finest, finest)  # refuses at once what it would refuse
    return _gather(sde, horizon, counts, start, generator, paths, batch)


def _gather(
    sde: SDE,
    horizon: float,
    counts: list[int],
    start: Tensor,
    generator: torch.Generator | None,
    paths: int,
    batch: int,
) -> Iterator[Errors]:
    dt = torch.tensor([horizon / count for count in counts], dtype=torch.float64)
    ends = torch.stack([_last(without_noise(sde, start, horizon / n, n)) for n in counts])[:, 0]
    weak = (ends - sde.mean(torch.tensor(horizon, dtype=torch.float64))).abs()
    reach = torch.tensor([
        max(sde.speed(n * horizon / count) for n in range(count)) * horizon / count
        for count in counts
    ], dtype=torch.float64)  # fmt: skip
    sums = torch.zeros(2, len(counts), dtype=torch.float64)  # of |d| and d
    squares = torch.zeros(len(counts), len(counts), dtype=torch.float64)  # of |d| |d'|
    done = 0
    while done < paths:
        size = min(batch, paths - done)
        d = _differences(sde, horizon, counts, size, generator)  # (levels, size)
        done += size
        sums += torch.stack([d.abs().sum(1), d.sum(1)])
        squares += d.abs() @ d.abs().T
        strong, mean = sums / done
        covariance = (squares / done - strong.outer(strong)) / (done - 1)
        se = covariance.diagonal().clamp(min=0).sqrt()
        yield Errors(dt, strong, se, covariance, weak, mean, reach, horizon, done)


def _differences(
    sde: SDE, horizon: float, counts: list[int], size: int, generator: torch.Generator | None
) -> Tensor:
    finest, h = counts[0], horizon / counts[0]
    draw = randn(torch.empty(2, finest, size, dtype=torch.float64), generator)
    dW, z = math.sqrt(h) * draw[0], draw[1]
    x0 = torch.full((size,), sde.start, dtype=torch.float64)
    exact = x0
    for n in range(finest):
        exact = sde.step(exact, n * h, h, dW[n], z[n])
    ends = []
    for count in counts:
        increments = dW.reshape(count, finest // count, size).sum(1)
        steps = euler_maruyama(sde, x0, horizon / count, count, increments=increments.unbind())
        ends.append(_last(steps))
    return torch.stack(ends) - exact


def order(dt: Tensor, error: Tensor) -> float:
    """The p of error ≈ C dt^p: the slope of ln error against ln dt by least squares.

    NaN where nothing can be fitted: an error is not finite, or is rounding alone (below 1e-12).
    """
    if len(dt) < 2 or not error.isfinite().all() or not (error > 1e-12).all():
        return math.nan
    x, y = dt.log(), error.log()
    x = x - x.mean()
    return ((x * (y - y.mean())).sum() / (x**2).sum()).item()


class Orders(NamedTuple):
    """The orders that `Errors` show; NaN where none can be fitted."""

    strong: float
    strong_se: float
    """One standard error, over the paths."""
    weak: float
    used: Tensor
    """Which dt the fit looks at: those whose steps are small, `Errors.reach` at most 1."""


FEWEST = 3
"""So many dt at least make an order."""


def orders(found: Errors) -> Orders:
    """The slopes of the errors over the dt with small steps, see `order`; where larger ones are
    unstable, or overflow, their errors follow no power of dt."""
    used = found.reach <= 1
    if used.sum() < FEWEST:
        return Orders(math.nan, math.nan, math.nan, used)
    dt, strong = found.dt[used], found.strong[used]
    x = dt.log() - dt.log().mean()
    by_error = x / (x**2).sum() / strong  # dp/d(error)
    variance = by_error @ found.strong_cov[used][:, used] @ by_error
    slope = order(dt, strong)
    error = variance.clamp(min=0).sqrt().item() if math.isfinite(slope) else math.nan
    return Orders(slope, error, order(dt, found.weak[used]), used)


def _last(states: Iterator[Tensor]) -> Tensor:
    *_, last = states
    return last


def _positive(name: str, value: float) -> float:
    if not is_number(value) or not 0 < value < math.inf:
        raise ValueError(f"{name} = {value!r} is not allowed: give a finite number above 0")
    return float(value)
