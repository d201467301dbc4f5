"""Where the probability flow ends, without a sampler: its differential equation, solved."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch
from scipy.integrate import solve_ivp
from scipy.special import softmax
from torch import Tensor

from explorer.diffusion import GaussianMixture

LAST = 1e-6
"""σ at which the integration ends: there x̂_0 is where the flow ends."""


def exact_flow(law: GaussianMixture, x_T: Tensor) -> Tensor:
    """x̃(0) of dx̃/dσ = (x̃ − x̂_0(x̃; σ))/σ from x̃(σ_T) = x_T/√ᾱ_T: Karras et al. 2022, eq. 3.

    x̃ = x/√ᾱ and σ = √(1 − ᾱ)/√ᾱ, so that of the law's schedule only ᾱ_T counts, none of its
    times. Integrated in ln σ by DOP853 to a relative error of about 1e-10; (n, D), float64.
    """
    means, weights, variance = law.means.cpu().numpy(), law.weights.cpu().numpy(), law.std**2

    def belief(x: Any, sigma: float) -> Any:
        """E[x_0 | x̃] of the mixture whose components have the variance s² + σ²."""
        total = variance + sigma**2
        apart = ((x[:, None] - means) ** 2).sum(-1)  # (n, K)
        mean = softmax(np.log(weights) - apart / (2 * total), axis=1) @ means
        return (variance * x + sigma**2 * mean) / total

    def slope(log_sigma: float, flat: Any) -> Any:
        x = flat.reshape(shape)
        return (x - belief(x, math.exp(log_sigma))).ravel()

    shape, alpha_bar = tuple(x_T.shape), law.schedule.values[-1]
    start = x_T.double().cpu().numpy().ravel() / math.sqrt(alpha_bar)
    span = (math.log(1 / alpha_bar - 1) / 2, math.log(LAST))
    found = solve_ivp(slope, span, start, method="DOP853", rtol=1e-10, atol=1e-12)
    return torch.from_numpy(belief(found.y[:, -1].reshape(shape), LAST))
