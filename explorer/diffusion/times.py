"""Which times a sampler visits."""

from __future__ import annotations

import bisect
import math
from collections.abc import Callable, Mapping, Sequence
from numbers import Integral
from reprlib import repr as short
from types import MappingProxyType

from explorer.diffusion.schedule import Schedule

RHO = 7.0
"""Of the Karras spacing; Karras et al. 2022, section 3."""


def _uniform(schedule: int | Schedule, T: int, steps: int) -> list[int]:
    return [_rounded(T * i, steps) for i in range(1, steps + 1)]


def _quadratic(schedule: int | Schedule, T: int, steps: int) -> list[int]:
    return [_rounded(T * i * i, steps * steps) for i in range(1, steps + 1)]


def _karras(schedule: int | Schedule, T: int, steps: int) -> list[int]:
    if not isinstance(schedule, Schedule):
        raise ValueError("spacing 'karras' depends on the schedule: give it in place of T")
    sigmas = [math.sqrt(1 / bar - 1) for bar in schedule.values[1:]]  # of x_t / √ᾱ_t, rising in t
    low, high = sigmas[0] ** (1 / RHO), sigmas[-1] ** (1 / RHO)
    share = [i / (steps - 1) for i in range(steps)] if steps > 1 else [1.0]
    return [_nearest(sigmas, (low + u * (high - low)) ** RHO) + 1 for u in share]


SPACINGS: Mapping[str, Callable[[int | Schedule, int, int], list[int]]] = MappingProxyType(
    {"uniform": _uniform, "quadratic": _quadratic, "karras": _karras}
)
"""Name -> the times τ_1 … τ_S wished for, rising; some may coincide."""
BY_SCHEDULE = frozenset({"karras"})
"""Those that depend on the schedule, not on T alone."""


def strided_times(schedule: int | Schedule, steps: int, spacing: str = "uniform") -> list[int]:
    """τ_S = T > … > τ_1 > τ_0 = 0: the times a sampler of S = `steps` steps visits.

    "uniform" spaces them evenly, τ_i ≈ T i/S; "quadratic" crowds them near the data,
    τ_i ≈ T (i/S)² (Song et al. 2021, appendix D.2); "karras" spaces σ^(1/7) evenly from t = 1 to
    T, with σ_t = √(1 − ᾱ_t)/√ᾱ_t, the noise of x_t/√ᾱ_t (Karras et al. 2022, eq. 5), at the
    nearest times. Where two would coincide they move apart. Strictly decreasing, `steps + 1`
    entries, for every 1 ≤ steps ≤ T; else ValueError.

    schedule : T, or the schedule itself, which "karras" needs.
    """
    T = schedule.T if isinstance(schedule, Schedule) else schedule
    for name, value in (("T", T), ("steps", steps)):
        if isinstance(value, bool) or not isinstance(value, Integral) or value < 1:
            raise ValueError(f"{name} = {value!r} is not allowed: it must be a whole number >= 1")
    if steps > T:
        raise ValueError(f"steps = {steps} is not allowed: with T = {T} there are at most {T}")
    if not isinstance(spacing, str) or spacing not in SPACINGS:
        raise ValueError(f"no spacing {spacing!r}; there are: {', '.join(SPACINGS)}")
    T, steps, times = int(T), int(steps), [0]
    for i, wished in enumerate(SPACINGS[spacing](schedule, T, steps), 1):
        highest = T - (steps - i)  # leaves room for the times still to come
        times.append(min(max(wished, times[-1] + 1), highest))
    return times[::-1]


def checked_times(schedule: Schedule, times: Sequence[int]) -> list[int]:
    """`times` as ints; ValueError unless they fall strictly from at most T to 0."""
    wished: list[object] = [times]
    path: list[int] = []
    try:
        wished = list(times)
        path = [int(t) for t in times]
    except (OverflowError, TypeError, ValueError):
        path = []
    if path != wished or len(path) < 2 or path[0] > schedule.T or path[-1] != 0:
        raise ValueError(
            f"times are at least two whole numbers from at most T = {schedule.T} down to 0, not "
            f"{_shorten(wished)}"
        )
    if any(s >= t for t, s in zip(path, path[1:], strict=False)):
        raise ValueError(f"times must decrease strictly, not {_shorten(wished)}")
    return path


def _rounded(top: int, bottom: int) -> int:
    """top/bottom to the nearest whole number, halves rounded up."""
    return (2 * top + bottom) // (2 * bottom)


def _nearest(rising: Sequence[float], value: float) -> int:
    """The index of the entry that is nearest to `value`."""
    above = min(max(bisect.bisect_left(rising, value), 1), len(rising) - 1)
    return above - (value - rising[above - 1] < rising[above] - value)


def _shorten(times: Sequence[object]) -> str:
    shown = ", ".join(short(t) for t in times[:6])
    return f"[{shown}{', …' if len(times) > 6 else ''}]"
