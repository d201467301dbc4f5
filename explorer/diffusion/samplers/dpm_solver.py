"""DPM-Solver++(2M): the DDIM step with the belief extrapolated in log-SNR."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from explorer.diffusion.samplers.base import GRID, Correction, Denoise, Frame, Sampler, Terms
from explorer.diffusion.samplers.ddim import step_of_ddim
from explorer.diffusion.schedule import Schedule
from explorer.diffusion.style import Style

if TYPE_CHECKING:
    from torch import Tensor


def half_log_snr(schedule: Schedule, t: int) -> float:
    """λ_t = ln(√ᾱ_t/√(1 − ᾱ_t)) for t in 1…T."""
    alpha_bar = schedule.values[t]
    return (math.log(alpha_bar) - math.log1p(-alpha_bar)) / 2


def terms(schedule: Schedule, t: int, s: int, before: int | None) -> Terms:
    """x_s = (σ_s/σ_t) x_t − √ᾱ_s (e^{−h} − 1) D: Lu et al. 2022 (DPM-Solver++), algorithm 2.

    D = x̂_0 + (x̂_0 − x̂_0 of the step before)/(2r), r = h_before/h, h = λ_s − λ_t, σ = √(1 − ᾱ):
    DDIM's step, and √ᾱ_s (1 − e^{−h})/(2r) times the change of the belief. The first step, and
    the last one to s = 0, where h = ∞, are of first order: DDIM's own.
    """
    signal, direction, _, _ = step_of_ddim(schedule, t, s, before)
    if before is None or s == 0:
        return Terms(signal, direction)
    here = half_log_snr(schedule, t)
    h, h_before = half_log_snr(schedule, s) - here, here - half_log_snr(schedule, before)
    return Terms(signal, direction, change=-signal * math.expm1(-h) * h / (2 * h_before))


def change(
    schedule: Schedule, frame: Frame, s: int, earlier: Sequence[Frame], denoise: Denoise
) -> Tensor:
    """x̂_0 − x̂_0 of the step before."""
    return frame.x0 - earlier[-1].x0


DPM_SOLVER = Sampler(
    name="dpm-solver",
    title="DPM-Solver++(2M)",
    source="Lu et al. 2022",
    style=Style("#4338CA", "#A5A0FF", "dashdot"),
    options=GRID,
    terms=terms,
    correction=Correction("x̂₀ − x̂₀ before", "the change of x̂₀", change, keeps=1),
)
