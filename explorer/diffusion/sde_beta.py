"""β(s) of a schedule: the forward process in real time, s = t/T for 0 ≤ s ≤ 1.

It is dx = −½β(s)x ds + √β(s) dW (Song et al. 2021, "Score-based generative modeling through SDEs",
eq. 11 and section 3.4).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from explorer.diffusion.schedule import Schedule


@dataclass(frozen=True, eq=False)
class Beta:
    """β(s) for 0 ≤ s ≤ 1 (`rate`, of a float) and ∫_0^s β (`integral`, of a tensor)."""

    rate: Callable[[float], float]
    integral: Callable[[Tensor], Tensor]

    def alpha_bar(self, s: Tensor) -> Tensor:
        """ᾱ(s) = exp(−∫_0^s β): Song et al. 2021, eq. 29, where its root multiplies x(0)."""
        return torch.exp(-self.integral(s))


def beta_of(schedule: Schedule) -> Beta:
    """β(s) = −T ln(1 − β_t) for (t − 1)/T ≤ s < t/T: −ln ᾱ interpolated linearly in s = t/T.

    So ᾱ(t/T) is the schedule's ᾱ_t at every t, and from one t to the next the SDE does exactly
    what `forward_step` does. β(s) = Tβ_t to first order, as in Song et al. 2021, section 3.4.
    """
    T = schedule.T
    table = -schedule.alpha_bar.log()
    rates = (T * table.diff()).tolist()

    def integral(s: Tensor) -> Tensor:
        place = (s * T).clamp(0, T)
        below = place.floor().long().clamp(max=T - 1)
        return table[below].lerp(table[below + 1], place - below)

    return Beta(lambda s: rates[min(T - 1, max(0, math.floor(s * T + 1e-9)))], integral)


def smooth_beta_of(schedule: Schedule) -> Beta:
    """β(s) without jumps: −ln ᾱ interpolated in s = t/T by monotone cubics (Fritsch & Butland
    1984), so that ᾱ(t/T) is again the schedule's ᾱ_t at every t.

    Euler's steps have an order only where the drift has no jumps between them.
    """
    T, table = schedule.T, -schedule.alpha_bar.log()
    chord: Tensor = T * table.diff()
    slope = torch.cat([chord[:1], 2 / (1 / chord[1:] + 1 / chord[:-1]), chord[-1:]])
    if T > 1:  # at both ends a parabola's, but never below 0
        slope[0] = ((3 * chord[0] - chord[1]) / 2).clamp(min=0)  # at most 3/2 of the chord's
        slope[-1] = ((3 * chord[-1] - chord[-2]) / 2).clamp(min=0)
    chords: list[float] = chord.tolist()
    slopes: list[float] = slope.tolist()

    def rate(s: float) -> float:
        place = min(max(s * T, 0.0), float(T))
        k = min(T - 1, math.floor(place))
        u, before, after = place - k, slopes[k], slopes[k + 1]
        return (
            6 * u * (1 - u) * chords[k] + (1 - u) * (1 - 3 * u) * before + u * (3 * u - 2) * after
        )

    def integral(s: Tensor) -> Tensor:
        place = (s * T).clamp(0, T)
        k = place.floor().long().clamp(max=T - 1)
        u = place - k
        parts = u**2 * (3 - 2 * u) * chord[k] + u * (1 - u) ** 2 * slope[k]
        return table[k] + (parts - u**2 * (1 - u) * slope[k + 1]) / T

    return Beta(rate, integral)


STEEPEST = 100.0
"""β(s) beyond which no step that is offered is small: β dt is 0.1 with dt = 1/1000."""


def steep_from(schedule: Schedule) -> float:
    """The t/T from which on β(s) = −T ln(1 − β_t) is above `STEEPEST`; 1 where it never is.

    The cosine schedule's β(s) is about 2/(1 − s) near s = 1, so that Euler's last step has
    β dt ≈ 2 however small dt is (and 6.9 at dt = 1/1000, where β_t is capped at 0.999). ValueError
    if it is above from the beginning.
    """
    steep = (-schedule.T * torch.log1p(-schedule.betas) > STEEPEST).tolist()
    end = steep.index(True) if True in steep else schedule.T
    if not end:
        raise ValueError(
            f"schedule '{schedule.name}' begins with β(t) above {STEEPEST:g}; give more steps or "
            "smaller betas"
        )
    return end / schedule.T
