"""DDIM: fewer steps, and as much noise as one likes."""

from __future__ import annotations

from typing import Any

from explorer.diffusion.options import Option
from explorer.diffusion.process import Variance, reverse_step
from explorer.diffusion.samplers.base import GRID, Sampler, Terms
from explorer.diffusion.schedule import Schedule
from explorer.diffusion.style import Style

ETA: Option[Any] = Option(0.0, lower=0, upper=1, label="η, share of DDPM's noise", mark="η = {:g}")
VARIANCE: Option[Any] = Option(
    "posterior",
    choices=("posterior", "beta"),
    titles=("β̃ (posterior)", "β"),
    label="σ² of a step",
    mark="σ̂",
)


def step_of_ddim(
    schedule: Schedule,
    t: int,
    s: int,
    before: int | None,
    *,
    eta: float = 0.0,
    variance: Variance = "posterior",
) -> Terms:
    """√ᾱ_s x̂_0 + √(1 − ᾱ_s − η²β̃) ε̂ + σ z: Song et al. 2021, eq. 12 and 16.

    The step to s = 0 ends on the mean: the picture carries no noise of its own.
    """
    signal, direction, std = map(float, reverse_step(schedule, t, s, eta=eta, variance=variance))
    return Terms(signal, direction, z=std if s else 0.0)


DDIM = Sampler(
    name="ddim",
    title="DDIM",
    source="Song et al. 2021",
    style=Style("#CC79A7", "#E8A6CB", "dash"),
    options={"steps": GRID["steps"], "eta": ETA, "spacing": GRID["spacing"], "variance": VARIANCE},
    terms=step_of_ddim,
    stochastic=lambda eta=0.0, **options: eta > 0,
)
