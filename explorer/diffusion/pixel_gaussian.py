"""Gaussian data with independent pixels: every step back of the diffusion is known exactly."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from explorer.diffusion.options import is_number, is_whole
from explorer.diffusion.process import Gaussian
from explorer.diffusion.randomness import randn
from explorer.diffusion.schedule import Schedule

LEVEL = 2 / 255
"""Width of one of the 256 grey values of x in [−1, 1]."""


@dataclass(frozen=True, eq=False)
class PixelGaussian:
    """p(x_0) = Π_i N(μ_i, s_i²), a pixel with s_i = 0 being always μ_i.

    q(x_t | x_0) makes N(√ᾱ_t μ_i, v_t) of it, v_t = ᾱ_t s_i² + 1 − ᾱ_t, so that both
    q(x_{t−1} | x_t) and every term of the variational bound are known in closed form
    (`bound_forms`). One width for all pixels is a `GaussianMixture` of one component.

    mean, std : (D,), D ≥ 1, finite, std ≥ 0; kept in float64. ValueError if they do not fit.
    """

    mean: Tensor
    std: Tensor

    def __post_init__(self) -> None:
        for name, values in (("mean", self.mean), ("std", self.std)):
            if values.dim() != 1 or len(values) == 0 or not values.dtype.is_floating_point:
                raise ValueError(
                    f"{name} must be a floating point tensor (D,) with D >= 1, not "
                    f"{values.dtype} of shape {tuple(values.shape)}"
                )
            if not values.isfinite().all():
                raise ValueError(f"{name} must be finite: some of it is NaN or infinite")
            object.__setattr__(self, name, values.detach().cpu().double())
        if self.mean.shape != self.std.shape:
            raise ValueError(f"{len(self.mean)} means and {len(self.std)} stds: give as many")
        if (self.std < 0).any():
            raise ValueError("std must not be negative")

    @property
    def dims(self) -> int:
        """D."""
        return len(self.mean)

    def variances(self, schedule: Schedule) -> Tensor:
        """v_t = ᾱ_t s² + 1 − ᾱ_t of each pixel for t = 0…T: (T + 1, D)."""
        return self._variance(schedule.alpha_bar[:, None])

    def _variance(self, alpha_bar: float | Tensor) -> Tensor:
        return alpha_bar * self.std**2 + (1 - alpha_bar)

    def sample(self, n: int, generator: torch.Generator | None = None) -> Tensor:
        """n ≥ 1 draws of x_0: (n, D), float64."""
        if not is_whole(n) or n < 1:
            raise ValueError(f"n = {n!r} is not allowed: it is a whole number from 1")
        return self.mean + self.std * randn(self.mean.expand(n, -1), generator)

    def reverse(self, schedule: Schedule, x_t: Tensor, t: int) -> Gaussian:
        """q(x_{t−1} | x_t), the exact step back, which knows the data and no x_0.

        N(√ᾱ_{t−1} μ + √α_t v_{t−1}/v_t (x_t − √ᾱ_t μ), β_t v_{t−1}/v_t) by Bayes' rule, for x_t
        (B, D) and t in 1…T; ValueError for others. At t = 1 this is q(x_0 | x_1), without width
        where s = 0.
        """
        if x_t.dim() != 2 or x_t.shape[1] != self.dims:
            raise ValueError(f"x_t is (B, {self.dims}), not {tuple(x_t.shape)}")
        if not is_whole(t) or not 1 <= t <= schedule.T:
            raise ValueError(f"t = {t!r} is not allowed: it lies in 1…{schedule.T}")
        before, here = schedule.values[t - 1], schedule.values[t]
        share = self._variance(before) / self._variance(here)
        slope = schedule.alphas[t - 1].sqrt() * share
        mean = before**0.5 * self.mean + slope * (x_t.double() - here**0.5 * self.mean)
        return Gaussian(mean, (schedule.betas[t - 1] * share).sqrt()[None])

    def sample_back(
        self, schedule: Schedule, n: int, generator: torch.Generator | None = None
    ) -> Tensor:
        """n images by the exact steps back from x_T ~ N(0, I): (n, D), float64.

        Their distribution is the data's, as far as x_T is noise (`prior_term`).
        """
        x = randn(self.mean.expand(n, -1), generator)
        for t in range(schedule.T, 0, -1):
            x = self.reverse(schedule, x, t).sample(generator)
        return x

    def log_level(self, p: Gaussian, x0: Tensor) -> Tensor:
        """ln of the probability that p gives the grey value at x_0: its density times 2/255.

        The sum over the pixels that vary, in nats, (B,); those that are constant are certain and
        cost nothing. p is q(x_0 | x_1) of `reverse`.
        """
        varies = self.std > 0
        inside = Gaussian(p.mean[:, varies], p.std[:, varies])
        return log_density(inside, x0[:, varies]) + int(varies.sum()) * math.log(LEVEL)


def log_density(p: Gaussian, x: Tensor) -> Tensor:
    """ln p(x) = −Σ (½ ((x − μ)/σ)² + ln σ + ½ ln 2π) in nats; (B,), float64."""
    terms = ((x - p.mean) / p.std) ** 2 / 2 + p.std.log() + 0.5 * math.log(2 * math.pi)
    return terms.flatten(1).sum(1).neg()


def framed(varying: int = 500, std: float = 1.0, dims: int = 784) -> PixelGaussian:
    """An image in a black frame: `varying` pixels N(0, std²), the other dims − varying always −1.

    Like handwritten digits, most of whose outer pixels never change. ValueError if a number does
    not fit: 1 ≤ varying ≤ dims, std > 0.
    """
    if not is_whole(varying) or not is_whole(dims) or not 1 <= varying <= dims:
        raise ValueError(f"{varying!r} of {dims!r} pixels vary: at least 1, and at most all")
    if not is_number(std) or not 0 < std < math.inf:
        raise ValueError(f"std = {std!r} is not allowed: it is above 0")
    inside = torch.arange(dims) < varying
    zero = torch.zeros(dims, dtype=torch.float64)
    return PixelGaussian(zero.masked_fill(~inside, -1), zero.masked_fill(inside, std))
