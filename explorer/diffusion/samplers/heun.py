"""Heun's method: the noise that the network sees, averaged over both ends of a step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from explorer.diffusion.process import noise_in, reverse
from explorer.diffusion.samplers.base import GRID, Correction, Denoise, Frame, Sampler, Terms
from explorer.diffusion.samplers.ddim import step_of_ddim
from explorer.diffusion.schedule import Schedule
from explorer.diffusion.style import Style

if TYPE_CHECKING:
    from torch import Tensor


def terms(schedule: Schedule, t: int, s: int, before: int | None) -> Terms:
    """x̃_s = x̃_t + (σ̃_s − σ̃_t)(ε̂_t + ε̂_s)/2: Karras et al. 2022, algorithm 1, S_churn = 0.

    x̃ = x/√ᾱ and σ̃ = √(1 − ᾱ)/√ᾱ, in which dx̃/dσ̃ = ε̂ is the probability flow; ε̂_s is seen where
    DDIM's step (Euler's) ends. That is DDIM's step, and √ᾱ_s (σ̃_s − σ̃_t)/2 times the change of
    the noise. The step to s = 0 is Euler's, as in the paper.
    """
    signal, direction, _, _ = step_of_ddim(schedule, t, s, before)
    if s == 0:
        return Terms(signal, direction)
    sigma_s, sigma_t = ((1 / schedule.values[u] - 1) ** 0.5 for u in (s, t))
    return Terms(signal, direction, change=signal * (sigma_s - sigma_t) / 2)


def change(
    schedule: Schedule, frame: Frame, s: int, earlier: Sequence[Frame], denoise: Denoise
) -> Tensor:
    """ε̂ at s, where the DDIM step ends, − ε̂ at t."""
    x_s = reverse(schedule, frame.x0, frame.x, frame.t, s, eta=0).mean
    there = noise_in(schedule, denoise(x_s, s), x_s, s)
    return there - noise_in(schedule, frame.x0, frame.x, frame.t)


SPACING = replace(GRID["spacing"], default="karras")
"""Evenly spaced in t its first steps would be too large in σ̃."""

HEUN = Sampler(
    name="heun",
    title="Heun",
    source="Karras et al. 2022",
    style=Style("#B91C1C", "#F98080", "longdash"),
    options={**GRID, "spacing": SPACING},
    terms=terms,
    correction=Correction("ε̂ at s − ε̂", "the change of the predicted noise", change, asks=1),
)
