"""Steps as five lectures' code takes them: other weights, and what is done once more at t = 0."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from torch import Tensor

from explorer.diffusion import Denoiser, Schedule
from explorer.diffusion.denoiser import noise_seen
from explorer.diffusion.samplers import Terms

Rule: TypeAlias = Callable[[Schedule, int, int, Mapping[str, Any]], Terms]
"""(schedule, t, s, the sampler's options) -> the weights of the step from t to s."""
Finish: TypeAlias = Callable[[Denoiser, Tensor, Tensor], Tensor]
"""(denoiser, x at t = 0, what the network puts out for it) -> the picture, like x."""


def feed_back(schedule: Schedule, t: int, s: int, options: Mapping[str, Any]) -> Terms:
    """x_s = x̂_0: no noise of the time s is put back (SUTD week 12, `reverse_diffusion_step`)."""
    return Terms(1.0, 0.0)


def alpha_for_bar(schedule: Schedule, t: int, s: int, options: Mapping[str, Any]) -> Terms:
    """x_s = √α_t x̂_0 + √(1 − α_t) ε̂, where √ᾱ_s and √(1 − ᾱ_s) belong (MNIST in JAX, DDIM).

    Right is Song et al. 2021, eq. 12. Its code passes σ = 0.
    """
    alpha = schedule.values[t] / schedule.values[t - 1]
    return Terms(alpha**0.5, (1 - alpha) ** 0.5)


def alpha_ahead(schedule: Schedule, t: int, s: int, options: Mapping[str, Any]) -> Terms:
    """x_s = (x_t − β′/√(1 − ᾱ_t) ε̂)/√α′ + σ z with α′ = α_{t+1}, β′ = 1 − α′ (MNIST in JAX, DDPM).

    Its table of ᾱ begins with 1 and those of α and β do not, so that one index means t in one and
    t + 1 in the others. σ² = β′, or β′ (1 − ᾱ_s)/(1 − ᾱ_t) for variance "posterior". For s < t − 1
    α′ = ᾱ_{t+1}/ᾱ_{s+1}. There is none from t = T.
    """
    bars = schedule.values
    alpha = bars[t + 1] / bars[s + 1]
    beta = (bars[s + 1] - bars[t + 1]) / bars[s + 1]
    noise = (1 - bars[t]) ** 0.5
    posterior = options.get("variance", "posterior") == "posterior"
    share = (1 - bars[s]) / (1 - bars[t]) if posterior and s else 1.0
    return Terms(
        (bars[t] / alpha) ** 0.5, (noise - beta / noise) / alpha**0.5, (beta * share) ** 0.5
    )


def last_std(schedule: Schedule, t: int, options: Mapping[str, Any]) -> float:
    """σ of a step to 0 that adds noise: η √(1 − ᾱ_t), for t = 1 √β_1. β̃ is 0 there."""
    eta: float = options.get("eta", 1.0)
    return eta * math.sqrt(1 - schedule.values[t])


def finish_with_alpha(denoiser: Denoiser, x: Tensor, output: Tensor) -> Tensor:
    """√α_T x̂_0 + √(1 − α_T) ε̂ at t = 0: ᾱ_0 = 1 makes x̂_0 of x itself, and α[−1] is α_T.

    From ᾱ = 1 no ε̂ follows where the network predicts x_0: it is then that of t = 1.
    """
    schedule = denoiser.schedule
    alpha = schedule.values[-1] / schedule.values[-2]
    read_at = 1 if denoiser.target == "x0" else 0
    eps = noise_seen(schedule, x, read_at, output, denoiser.target)
    return math.sqrt(alpha) * denoiser.clipped(x) + math.sqrt(1 - alpha) * eps


def finish_once_more(denoiser: Denoiser, x: Tensor, output: Tensor) -> Tensor:
    """(x − √β_1 ε̂)/√(1 − β_1): a step T + 1 at index 0 with the first β, which is x̂_0(x, 1)."""
    return denoiser.read(x, 1, output)
