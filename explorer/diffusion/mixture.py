"""The exact density, score and denoiser of a mixture of Gaussians at every noise level."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from explorer.diffusion.options import is_number, is_whole
from explorer.diffusion.process import Time, amplitudes
from explorer.diffusion.randomness import randn
from explorer.diffusion.schedule import Schedule


class GaussianMixture:
    """p_t(x) = Σ_k w_k N(x; √ᾱ_t μ_k, v_t I) with v_t = ᾱ_t s² + 1 − ᾱ_t.

    What q(x_t | x_0) makes of the data distribution p_0 = Σ_k w_k N(μ_k, s² I): a Gaussian stays
    one, so everything is known in closed form. With s = 0 the data are exactly the points μ_k, and
    the denoiser is that of `IdealDenoiser`. Call it as `(x_t, t) -> x̂_0`.

    Parameters
    ----------
    means : (K, D), K ≥ 1, finite, floating point; computed with in float64, on their device.
    schedule : the forward process.
    std : s ≥ 0, the same for all components and coordinates.
    weights : (K,), positive and finite, divided by their sum; None for equal ones.

    ValueError if a shape or a number does not fit.
    """

    def __init__(
        self, means: Tensor, schedule: Schedule, *, std: float = 0.0, weights: Tensor | None = None
    ) -> None:
        if means.dim() != 2 or len(means) == 0 or not means.dtype.is_floating_point:
            raise ValueError(
                "means must be a floating point tensor (K, D) with K >= 1, not "
                f"{means.dtype} of shape {tuple(means.shape)}"
            )
        if not means.isfinite().all():
            raise ValueError("means must be finite: some are NaN or infinite")
        if not is_number(std) or not 0 <= std < math.inf:
            raise ValueError(f"std = {std!r} is not allowed: it is 0 or more")
        weights = torch.ones(len(means)) if weights is None else weights
        fits = weights.shape == means.shape[:1] and ((weights > 0) & weights.isfinite()).all()
        if not fits:
            raise ValueError(f"weights must be {len(means)} positive numbers, not {weights}")
        self.means = means.detach().double()
        self.schedule = schedule
        self.std = float(std)
        self.weights = weights.to(self.means) / weights.to(self.means).sum()

    def log_density(self, x: Tensor, t: Time) -> Tensor:
        """ln p_t(x) in nats: x (B, D) at t, an int or (B,) ints in 0…T, -> (B,), float64.

        ValueError where p_t has no density: at t = 0 if s = 0.
        """
        return self._logits(x, t).logsumexp(1)

    def score(self, x: Tensor, t: Time) -> Tensor:
        """∇ ln p_t(x) = Σ_k r_k (√ᾱ_t μ_k − x) / v_t, r = p_t(k | x): (B, D), float64.

        Arguments and errors as in `log_density`.
        """
        signal, variance = self._scales(x, t)
        mean = self._logits(x, t).softmax(1) @ self.means
        return (signal * mean - x.to(mean)) / variance

    @torch.no_grad()
    def __call__(self, x_t: Tensor, t: Time, label: None = None) -> Tensor:
        """E[x_0 | x_t] = Σ_k r_k (μ_k + √ᾱ_t s²/v_t (x_t − √ᾱ_t μ_k)); of x_t's shape and dtype.

        By Tweedie's formula this is (x_t + (1 − ᾱ_t) ∇ ln p_t(x_t)) / √ᾱ_t (Efron 2011). At t = 0
        it is x_t.
        """
        if label is not None:
            raise ValueError("GaussianMixture knows no classes")
        x = x_t.to(self.means)
        signal, variance = self._scales(x, t)
        certain = variance == 0  # t = 0 and s = 0: x_t is the data
        share = signal * self.std**2 / variance.masked_fill(certain, 1)
        mean = self._logits(x, t, variance.masked_fill(certain, 1)).softmax(1) @ self.means
        x0 = torch.where(certain, x, (1 - signal * share) * mean + share * x)
        return x0.to(x_t)

    def sample(self, n: int, generator: torch.Generator | None = None) -> Tensor:
        """n ≥ 1 draws from p_0: (n, D), float64. The generator may live on another device."""
        if not is_whole(n) or n < 1:
            raise ValueError(f"n = {n!r} is not allowed: it is a whole number from 1")
        weights = self.weights.to(generator.device) if generator else self.weights
        chosen = torch.multinomial(weights, n, replacement=True, generator=generator)
        means = self.means[chosen.to(self.means.device)]
        return means + self.std * randn(means, generator)

    def _scales(self, x: Tensor, t: Time) -> tuple[Tensor, Tensor]:
        """√ᾱ_t and v_t, (B, 1) or (1, 1)."""
        if x.dim() != 2 or x.shape[1] != self.means.shape[1]:
            raise ValueError(f"x is (B, {self.means.shape[1]}), not {tuple(x.shape)}")
        signal, sigma = amplitudes(self.schedule, x.to(self.means), t)
        return signal, (signal * self.std) ** 2 + sigma**2

    def _logits(self, x: Tensor, t: Time, variance: Tensor | None = None) -> Tensor:
        """ln(w_k N(x; √ᾱ_t μ_k, v_t I)) of each component: (B, K)."""
        x, dimensions = x.to(self.means), self.means.shape[1]
        signal, exact = self._scales(x, t)
        variance = exact if variance is None else variance
        if (variance == 0).any():
            raise ValueError("at t = 0 points without a spread have no density; take t >= 1")
        distance = (
            (x**2).sum(1, keepdim=True)
            - 2 * signal * (x @ self.means.T)
            + signal**2 * (self.means**2).sum(1)
        )
        scale = dimensions / 2 * (2 * math.pi * variance).log()
        return self.weights.log() - distance / (2 * variance) - scale
