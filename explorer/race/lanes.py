"""A lane of a race: one sampler, sound or broken on purpose."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from types import MappingProxyType
from typing import Any

from explorer.diffusion import Schedule, make_schedule
from explorer.diffusion.process import Variance
from explorer.diffusion.samplers import DDIM, DDPM, Sampler, Terms, find_sampler
from explorer.diffusion.times import checked_times


@dataclass(frozen=True)
class Lane:
    """One sampler of a race."""

    sampler: str
    """One of `explorer.diffusion.SAMPLERS`."""
    times: tuple[int, ...]
    """From T to 0."""
    options: Mapping[str, Any] = field(default_factory=dict)
    """Those of the sampler's steps, see `Sampler.of_step`."""
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

    @cached_property
    def way(self) -> Sampler:
        """Its entry in the registry; ValueError if there is none."""
        return find_sampler(self.sampler)

    @property
    def name(self) -> str:
        """The sampler's title."""
        return self.way.title

    @property
    def title(self) -> str:
        """Name and details."""
        return ", ".join([self.name, *self.details])

    @property
    def stochastic(self) -> bool:
        """Whether its steps add noise."""
        return self.noisy and self.way.stochastic(**self.options)

    @property
    def evaluations(self) -> int:
        """How often the network is asked."""
        return self.way.evaluations(self.times)

    @cached_property
    def steps(self) -> tuple[tuple[int, int], ...]:
        """(t, s) of the step that is taken at each time but the last."""
        pairs = tuple(zip(self.times, self.times[1:], strict=False))
        return pairs[::-1] if self.mirrored else pairs

    def terms(self, schedule: Schedule, step: tuple[int, int], before: int | None = None) -> Terms:
        """The weights of a step (t, s), after one from t = `before`: what x_s is the sum of.

        `schedule` is the model's; the lane may have its own.
        """
        terms = self.way.terms(self.schedule or schedule, *step, before, **self.options)
        return terms if self.noisy else terms._replace(z=0.0)

    def coefficients(
        self, schedule: Schedule, step: tuple[int, int], before: int | None = None
    ) -> list[float]:
        """√ᾱ_t and √(1 − ᾱ_t), then the weights of x̂_0, ε̂ and z; and of a correction, if any."""
        alpha_bar = (self.schedule or schedule).values[step[0]]
        terms = self.terms(schedule, step, before)
        weights = terms if self.way.correction else terms[:-1]
        return [alpha_bar**0.5, (1 - alpha_bar) ** 0.5, *weights]

    def checked(self, schedule: Schedule) -> Lane:
        """Itself; ValueError if it does not fit a model of this schedule."""
        checked_times(schedule, self.times)
        self.way.check_step(**self.options)
        return self


def lane_of(sampler: str, schedule: int | Schedule, **settings: Any) -> Lane:
    """A sampler's lane with these of its options; what is left out has the registry's default.

    schedule : T, or the schedule itself, which the spacing "karras" needs.
    ValueError if the sampler or an option does not fit.
    """
    way = find_sampler(sampler)
    T = schedule.T if isinstance(schedule, Schedule) else schedule
    values = way.settings(T, **settings)
    times = way.times(schedule, values)
    return Lane(way.name, times, way.of_step(values), details=way.details(values))


def ddpm(T: int, *, variance: Variance = "posterior") -> Lane:
    """All T steps of Ho et al. 2020, σ² = β̃_t ("posterior") or β_t ("beta")."""
    return lane_of(DDPM.name, T, variance=variance)


def ddim(
    T: int | Schedule,
    steps: int,
    *,
    eta: float = 0.0,
    spacing: str = "uniform",
    variance: Variance = "posterior",
) -> Lane:
    """`steps` steps of Song et al. 2021; eta = 0 adds no noise, 1 as much as DDPM.

    With eta = 1, variance="beta" is what the paper calls σ̂. T may be the schedule itself, which
    the spacing "karras" needs.
    """
    return lane_of(DDIM.name, T, steps=steps, eta=eta, spacing=spacing, variance=variance)


@dataclass(frozen=True)
class Break:
    """One thing that can be done wrong: what it is by construction, not what is seen then.

    What is seen depends on the model, and is measured: `explorer.gui.reverse.mistakes`.
    """

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
            "x̂₀ is taken as it comes, also outside [−1, 1]: an error of a network that predicts "
            "ε is √(1 − ᾱₜ)/√ᾱₜ times as large in x̂₀, without bound as ᾱₜ goes to 0; one of v or "
            "of x₀ itself is never enlarged.",
            lambda lane, schedule: replace(lane, clip=False),
        ),
        "late start": Break(
            "a grid that starts below T",
            "The steps begin at 0.8 T at most, but with pure noise: the network is told that xₜ "
            "holds √ᾱₜ x₀, and there is nothing of a picture in it.",
            _start_late,
        ),
        "no noise": Break(
            "no noise z in DDPM",
            "σ·z is left out and nothing put in its place: every step goes to the mean of its "
            "Gaussian instead of drawing from it (DDIM with η = 0 has σ = 0, and gives ε̂ more "
            "weight for it).",
            lambda lane, schedule: replace(lane, noisy=not lane.stochastic),
        ),
        "wrong order": Break(
            "t in the wrong order",
            "The loop runs from the smallest t up to T: the network is told “almost clean” while "
            "it sees pure noise, and what is taken for the picture is xₛ of the step from T.",
            lambda lane, schedule: replace(lane, mirrored=True),
        ),
        "foreign schedule": Break(
            "another schedule's coefficients",
            "x̂₀ is read and the steps are made with ᾱₜ of the linear schedule (on a linear model "
            "with those of cosine): at the same t these mean another share of noise than the "
            "network was trained with.",
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

    {"sampler": one of `SAMPLERS`, …its options…}, "clamp", whether x_s is clamped after every
    step, and "breaks", a list of names; what is left out has the registry's defaults.
    ValueError if they do not fit.
    """
    values = dict(settings)
    sampler, breaks = values.pop("sampler", None), values.pop("breaks", [])
    clamp = values.pop("clamp", False)
    if not isinstance(clamp, bool) or not isinstance(breaks, list | tuple):
        raise ValueError(
            f"clamp = {clamp!r} is true or false, breaks = {breaks!r} a list of names"
        )
    if find_sampler(sampler).strided and "steps" not in values:
        raise ValueError(f"a lane of {find_sampler(sampler).title} needs its steps")
    lane = lane_of(sampler, schedule, **values)
    if clamp:
        lane = replace(lane, clamp=True, details=(*lane.details, "x_s clamped"))
    return broken(lane.checked(schedule), schedule, *breaks)
