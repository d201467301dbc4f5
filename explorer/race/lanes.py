"""A lane of a race: one sampler, sound or broken on purpose."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from types import MappingProxyType
from typing import Any

from explorer.diffusion import Schedule, make_schedule, strided_times
from explorer.diffusion.process import Variance, reverse_step
from explorer.diffusion.sampler import checked_times


@dataclass(frozen=True)
class Lane:
    """One sampler of a race."""

    name: str
    times: tuple[int, ...]
    """From T to 0."""
    eta: float
    variance: Variance = "posterior"
    clip: bool = True
    """Whether x̂_0 is clamped to [−1, 1]."""
    noisy: bool = True
    """Whether σ·z is added."""
    mirrored: bool = False
    """Whether its steps come in the wrong order, those near the picture first."""
    schedule: Schedule | None = None
    """Whose coefficients it takes; None is the model's own."""
    clamp: bool = False
    """Whether x_s is clamped to [−1, 1] after every step, as one lecture does."""
    details: tuple[str, ...] = field(default=(), compare=False)
    """What tells it from others of its name, in words."""

    @property
    def title(self) -> str:
        """Name and details."""
        return ", ".join([self.name, *self.details])

    @property
    def kind(self) -> str:
        """ "ddpm" if it takes every step with all the noise, else "ddim": what colour it has."""
        return "ddpm" if self.eta == 1 and self.evaluations == self.times[0] else "ddim"

    @property
    def stochastic(self) -> bool:
        """Whether its steps add noise."""
        return self.eta > 0 and self.noisy

    @property
    def evaluations(self) -> int:
        """How often the network is asked."""
        return len(self.times) - 1

    @cached_property
    def steps(self) -> tuple[tuple[int, int], ...]:
        """(t, s) of the step that is taken at each time but the last."""
        pairs = tuple(zip(self.times, self.times[1:], strict=False))
        return pairs[::-1] if self.mirrored else pairs

    def coefficients(self, schedule: Schedule, step: tuple[int, int]) -> list[float]:
        """√ᾱ_t, √(1 − ᾱ_t), √ᾱ_s, √(1 − ᾱ_s − σ²), σ of a step (t, s) that adds noise if s > 0.

        `schedule` is the model's; the lane may have its own.
        """
        t, s = step
        own = self.schedule or schedule
        signal, direction, std = reverse_step(own, t, s, eta=self.eta, variance=self.variance)
        alpha_bar = own.values[t]
        noise = std if self.stochastic and s else 0.0
        return [alpha_bar**0.5, (1 - alpha_bar) ** 0.5, signal, direction, noise]

    def checked(self, schedule: Schedule) -> Lane:
        """Itself; ValueError if it does not fit a model of this schedule."""
        times = checked_times(schedule, self.times)
        reverse_step(schedule, times[0], times[1], eta=self.eta, variance=self.variance)
        return self


def ddpm(T: int, *, variance: Variance = "posterior") -> Lane:
    """All T steps of Ho et al. 2020, σ² = β̃_t ("posterior") or β_t ("beta")."""
    details = ("σ² = β",) if variance == "beta" else ()
    return Lane("DDPM", tuple(range(T, -1, -1)), 1.0, variance, details=details)


def ddim(
    T: int,
    steps: int,
    *,
    eta: float = 0.0,
    spacing: str = "uniform",
    variance: Variance = "posterior",
) -> Lane:
    """`steps` steps of Song et al. 2021; eta = 0 adds no noise, 1 as much as DDPM.

    With eta = 1, variance="beta" is what the paper calls σ̂.
    """
    noise = f"η = {eta:g}" + (", σ̂" if variance == "beta" else "") if eta else ""
    details = (f"S = {steps}", noise, spacing if spacing != "uniform" else "")
    times = tuple(strided_times(T, steps, spacing))
    return Lane("DDIM", times, eta, variance, details=tuple(filter(None, details)))


@dataclass(frozen=True)
class Break:
    """One thing that can be done wrong, and what that shows."""

    title: str
    sentence: str
    apply: Callable[[Lane, Schedule], Lane]


def _start_late(lane: Lane, schedule: Schedule) -> Lane:
    late = 0.8 * lane.times[0]
    times = tuple(t for t in lane.times if t <= late)
    return replace(lane, times=times if len(times) > 1 else (max(1, int(late)), 0))


def _foreign_schedule(lane: Lane, schedule: Schedule) -> Lane:
    name = "linear" if schedule.name != "linear" else "cosine"
    return replace(lane, schedule=make_schedule(name, schedule.T))


BREAKS: Mapping[str, Break] = MappingProxyType(
    {
        "no clipping": Break(
            "no clipping of x̂₀",
            "Early x̂₀ is a wild guess, blown up by 1/√ᾱₜ for networks that predict ε; clamping "
            "it to [−1, 1] keeps such errors from being carried along.",
            lambda lane, schedule: replace(lane, clip=False),
        ),
        "late start": Break(
            "a grid that starts below T",
            "The first step is told that a fifth of the way is done, but gets pure noise: what "
            "signal xₜ should hold by then is missing, and the pictures lose contrast or fail.",
            _start_late,
        ),
        "no noise": Break(
            "no noise z in DDPM",
            "The mean alone is no sample: without σ·z the variance runs dry step by step, and "
            "the pictures come out smooth and empty (DDIM adjusts its mean for this).",
            lambda lane, schedule: replace(lane, noisy=lane.eta == 0),
        ),
        "wrong order": Break(
            "t in the wrong order",
            "The loop runs from 1 up to T: the network is told “almost clean” while it sees "
            "noise, and “all noise” at the end, so that nothing is ever removed.",
            lambda lane, schedule: replace(lane, mirrored=True),
        ),
        "foreign schedule": Break(
            "another schedule's coefficients",
            "The steps use ᾱₜ of the linear schedule on a cosine model (or the other way "
            "round): each step removes another share of noise than the network was told of.",
            _foreign_schedule,
        ),
    }
)
"""Name -> what can be broken on purpose."""


def broken(lane: Lane, schedule: Schedule, *names: str) -> Lane:
    """The lane with these of `BREAKS`, for a model of this schedule; ValueError for another.

    Its title names those that change it: one without noise does not change by "no noise".
    """
    for name in names:
        if name not in BREAKS:
            raise ValueError(f"no break {name!r}; there are: {', '.join(BREAKS)}")
        wrong = BREAKS[name].apply(lane, schedule)
        if wrong != lane:
            lane = replace(wrong, details=(*lane.details, name))
    return lane


def lane_from(settings: Mapping[str, Any], schedule: Schedule) -> Lane:
    """The lane that these settings describe, for a model of this schedule.

    {"sampler": "ddpm", "variance": …} or {"sampler": "ddim", "steps": …, "eta": …, "spacing": …,
    "variance": …}, "clamp", whether x_s is clamped after every step, and "breaks", a list of
    names; what is left out has the functions' defaults.
    ValueError if they do not fit.
    """
    values = dict(settings)
    sampler, breaks = values.pop("sampler", None), values.pop("breaks", [])
    clamp = values.pop("clamp", False) is True
    if sampler not in ("ddpm", "ddim"):
        raise ValueError(f"no sampler {sampler!r}; there are: ddpm, ddim")
    try:
        lane = ddpm(schedule.T, **values) if sampler == "ddpm" else ddim(schedule.T, **values)
    except TypeError as error:
        raise ValueError(f"these settings of a lane do not fit {sampler}: {values}") from error
    if clamp:
        lane = replace(lane, clamp=True, details=(*lane.details, "x_s clamped"))
    return broken(lane.checked(schedule), schedule, *breaks)
