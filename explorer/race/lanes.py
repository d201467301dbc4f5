"""A lane of a race: one sampler, sound or broken on purpose."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from explorer.diffusion import Schedule
from explorer.diffusion.process import Variance
from explorer.diffusion.samplers import DDIM, DDPM, Sampler, Terms, find_sampler
from explorer.diffusion.times import checked_times
from explorer.race.slips import Finish, Rule, last_std


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
    """Whether x_s is clamped to [−1, 1] after every step."""
    rule: Rule | None = None
    """What gives its steps' weights in place of the sampler's formula."""
    noisy_end: bool = False
    """Whether σ·z is added in the step to 0 too."""
    behind: int = 0
    """How far the network's clock is behind: at t it is told t − `behind`, at least 0."""
    finish: Finish | None = None
    """What is done once more at t = 0, after the network was asked there."""
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
        plain = len(self.times) - 1 if self.rule else self.way.evaluations(self.times)
        return plain + (self.finish is not None)

    @cached_property
    def steps(self) -> tuple[tuple[int, int], ...]:
        """(t, s) of the step that is taken at each time but the last."""
        pairs = tuple(zip(self.times, self.times[1:], strict=False))
        return pairs[::-1] if self.mirrored else pairs

    def terms(self, schedule: Schedule, step: tuple[int, int], before: int | None = None) -> Terms:
        """The weights of a step (t, s), after one from t = `before`: what x_s is the sum of.

        `schedule` is the model's; the lane may have its own.
        """
        own, (t, s) = self.schedule or schedule, step
        if self.rule:
            terms = self.rule(own, t, s, self.options)
        else:
            terms = self.way.terms(own, t, s, before, **self.options)
            if s == 0 and self.noisy_end:  # which the samplers' formulas end without
                terms = terms._replace(z=last_std(own, t, self.options))
        silent = not self.noisy or (s == 0 and not self.noisy_end)
        return terms._replace(z=0.0) if silent else terms

    def told(self, at: int) -> int:
        """The time that the network is told at the lane's frame `at`."""
        t = self.steps[at][0] if at < len(self.steps) else 0
        return max(0, t - self.behind)

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
