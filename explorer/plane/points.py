"""Distributions that one can see: points in the plane with mean 0 and variance 1."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import torch
from torch import Generator, Tensor

from explorer.plane.roles import role_generator

OWN = "your own"
"""The name of points that somebody drew."""
MOST_OWN, RANGE = 500, 3.0
"""Of drawn points: at most so many, with coordinates within ±RANGE."""
SPREAD = 0.12
"""The standard deviation of each of the eight Gaussians."""


def moons(n: int, generator: Generator) -> Tensor:
    """Two interleaved half circles with a little noise."""
    angle = math.pi * torch.rand(n, generator=generator)
    lower = torch.rand(n, generator=generator) < 0.5
    across = torch.where(lower, 1 - angle.cos(), angle.cos())
    up = torch.where(lower, 0.5 - angle.sin(), angle.sin())
    x = torch.stack([across - 0.5, up - 0.25], 1)
    variance = (0.75 + 0.625 - 1 / math.pi - 1 / 16) / 2  # the mean of both coordinates'
    return _blurred(x / math.sqrt(variance), 0.07, generator)


def spiral(n: int, generator: Generator) -> Tensor:
    """One arm, r ~ √u, two turns: as many points on each piece of its area."""
    r, turns = torch.rand(n, generator=generator).sqrt(), 4 * math.pi
    centre = torch.tensor([4 / turns**2, -2 / turns])
    x = torch.stack([r * (turns * r).cos(), r * (turns * r).sin()], 1) - centre
    variance = (0.5 - centre.square().sum().item()) / 2
    return _blurred(x / math.sqrt(variance), 0.05, generator)


def eight_gaussians(n: int, generator: Generator) -> Tensor:
    """Equal draws from N(μ_k, s² I) with the μ_k of `gaussian_means` and s = SPREAD."""
    chosen = torch.randint(8, (n,), generator=generator)
    return gaussian_means()[chosen] + SPREAD * torch.randn(n, 2, generator=generator)


def checkerboard(n: int, generator: Generator) -> Tensor:
    """Uniform on every second square of 4 × 4."""
    square = torch.randint(8, (n,), generator=generator)
    row = square // 2
    corner = torch.stack([2 * (square % 2) + row % 2, row], 1) - 2
    return (corner + torch.rand(n, 2, generator=generator)) * (math.sqrt(3) / 2)


def gaussian_means() -> Tensor:
    """The centres of the eight Gaussians, on a circle; (8, 2)."""
    angle = torch.arange(8) * (math.pi / 4)
    radius = math.sqrt(2 * (1 - SPREAD**2))
    return radius * torch.stack([angle.cos(), angle.sin()], 1)


def _blurred(x: Tensor, std: float, generator: Generator) -> Tensor:
    """Noise added and the variance brought back to 1."""
    return (x + std * torch.randn(x.shape, generator=generator)) / math.sqrt(1 + std**2)


POINTS: Mapping[str, Callable[[int, Generator], Tensor]] = MappingProxyType(
    {
        "eight Gaussians": eight_gaussians,
        "moons": moons,
        "spiral": spiral,
        "checkerboard": checkerboard,
    }
)
"""Name -> function (n, generator) -> (n, 2), float32: in about [−2, 2]², mean 0, mean square 1."""


def make_points(name: str, n: int, seed: int, role: str = "training points") -> Tensor:
    """n points of the distribution called `name`, drawn for one of `ROLES`.

    ValueError if there is no such distribution or role, or n < 1.
    """
    if name not in POINTS:
        raise ValueError(f"no distribution {name!r}; there are: {', '.join(POINTS)}")
    if n < 1:
        raise ValueError(f"n = {n!r} is not allowed: at least one point")
    return POINTS[name](n, role_generator(seed, role))


def own_points(values: Any) -> Tensor:
    """Points that somebody drew, [[x, y], …], as (n, 2); kept where they were drawn.

    ValueError unless there are 2…MOST_OWN pairs of finite numbers within ±RANGE.
    """
    if not isinstance(values, list | tuple):
        raise ValueError("points come as a list of pairs of numbers")
    if not 2 <= len(values) <= MOST_OWN:
        raise ValueError(f"{len(values)} points are not allowed here; draw 2 to {MOST_OWN}")
    for pair in values:
        fits = isinstance(pair, list | tuple) and len(pair) == 2
        if not fits or any(isinstance(v, bool) or not isinstance(v, int | float) for v in pair):
            raise ValueError("points come as pairs of numbers")
        if not all(abs(v) <= RANGE for v in pair):  # so is NaN kept out
            raise ValueError(f"a point at {tuple(pair)} lies outside; stay within ±{RANGE:g}")
    return torch.tensor(values, dtype=torch.float32)
