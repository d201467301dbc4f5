"""DDPM: every time, with all the noise."""

from __future__ import annotations

from typing import Any

from explorer.diffusion.options import Option
from explorer.diffusion.process import Variance
from explorer.diffusion.samplers.base import Sampler, Terms
from explorer.diffusion.samplers.ddim import step_of_ddim
from explorer.diffusion.schedule import Schedule
from explorer.diffusion.style import Style

VARIANCE: Option[Any] = Option(
    "posterior",
    choices=("posterior", "beta"),
    titles=("β̃ (posterior)", "β"),
    label="σ² of a step",
    mark="σ² = β",
)


def step_of_ddpm(
    schedule: Schedule, t: int, s: int, before: int | None, *, variance: Variance = "posterior"
) -> Terms:
    """Ho et al. 2020, algorithm 2, which is DDIM's step with η = 1; σ² = β̃_t or β_t."""
    return step_of_ddim(schedule, t, s, before, eta=1.0, variance=variance)


DDPM = Sampler(
    name="ddpm",
    title="DDPM",
    source="Ho et al. 2020",
    style=Style("#009E73", "#2FD3A0", "solid"),
    options={"variance": VARIANCE},
    terms=step_of_ddpm,
    stochastic=lambda **options: True,
)
