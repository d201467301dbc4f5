"""What a sampler is: the terms that a step is the sum of, its options, its looks."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from explorer.diffusion.options import Option
from explorer.diffusion.schedule import Schedule
from explorer.diffusion.style import Style
from explorer.diffusion.times import strided_times

if TYPE_CHECKING:
    from torch import Tensor

Denoise: TypeAlias = "Callable[[Tensor, int], Tensor]"
"""(x_t, t) -> x̂_0."""


@dataclass(frozen=True, eq=False)
class Frame:
    """One moment of a reverse trajectory."""

    t: int
    """The time, T…0."""
    x: Tensor
    """x_t, the state at t; (B, …)."""
    x0: Tensor
    """x̂_0(x_t, t), the picture the model believes x_t came from; at t = 0 the picture itself."""


class Terms(NamedTuple):
    """The weights of a step, x_s = x0·x̂_0 + eps·ε̂ + z·z + change·Δ.

    ε̂ = (x_t − √ᾱ_t x̂_0)/√(1 − ᾱ_t) from the clipped x̂_0, z ~ N(0, I), and Δ the picture that
    the sampler's `Correction` adds. What has the weight 0 is neither drawn nor computed.
    """

    x0: float
    eps: float
    z: float = 0.0
    change: float = 0.0


class Correction(NamedTuple):
    """Δ, what a sampler of higher order adds to the DDIM step."""

    symbol: str
    """As text, for the page."""
    words: str
    """What it is, in a few words."""
    picture: Callable[[Schedule, Frame, int, Sequence[Frame], Denoise], Tensor]
    """(schedule, frame, s, earlier frames, denoise) -> Δ, like x; it may ask the network again."""
    keeps: int = 0
    """How many earlier frames it looks back at: the walk's memory."""
    asks: int = 0
    """How often it asks the network."""


@dataclass(frozen=True, kw_only=True)
class Sampler:
    """A way from noise to a picture.

    `terms(schedule, t, s, before, **options)` are the weights of the step from t to s < t;
    `before` is the time of the step before, None at the first, for a sampler whose correction
    keeps earlier frames (for others always None: they have no memory). Options that it does not
    take ("steps", "spacing") say which times are visited; a sampler without "steps" visits all.
    """

    name: str
    """In files, addresses and on the command line: letters, digits and hyphens."""
    title: str
    source: str
    """Authors and year."""
    style: Style
    options: Mapping[str, Option[Any]] = field(default_factory=dict)
    terms: Callable[..., Terms]
    correction: Correction | None = None
    stochastic: Callable[..., bool] = lambda **options: False
    """Whether its steps add noise; of the options that `terms` takes."""

    @property
    def strided(self) -> bool:
        """Whether it visits some of the times only."""
        return "steps" in self.options

    def settings(self, T: int, **given: Any) -> dict[str, Any]:
        """All options, checked; what is not given has its default, and S is at most T.

        ValueError with the option, its value and what is allowed.
        """
        for name in given:
            if name not in self.options:
                known = ", ".join(self.options) or "none"
                raise ValueError(f"{self.title} has no option {name!r}; it takes: {known}")
        values = {
            name: option.check(f"{self.title}: {name}", given.get(name, option.default))
            for name, option in self.options.items()
        }
        if self.strided and "steps" not in given:
            values["steps"] = min(values["steps"], T)
        return values

    def check_step(self, **options: Any) -> None:
        """ValueError unless these are options of its steps, as `terms` takes them."""
        for name in options:
            if name in GRID:
                raise ValueError(f"{name} says which times are visited: give the times instead")
        self.settings(1, **options)

    def times(self, schedule: int | Schedule, settings: Mapping[str, Any]) -> tuple[int, ...]:
        """The times that it visits, from T to 0, for `settings` that were checked."""
        T = schedule.T if isinstance(schedule, Schedule) else schedule
        if not self.strided:
            return tuple(range(T, -1, -1))
        return tuple(strided_times(schedule, settings["steps"], settings["spacing"]))

    def of_step(self, settings: Mapping[str, Any]) -> dict[str, Any]:
        """Those of the settings that `terms` takes."""
        return {name: value for name, value in settings.items() if name not in GRID}

    def evaluations(self, times: Sequence[int]) -> int:
        """How often the network is asked along these times; a correction's step to 0 has none."""
        extra = self.correction.asks if self.correction else 0
        return (len(times) - 1) + extra * (len(times) - 2)

    def details(self, settings: Mapping[str, Any]) -> tuple[str, ...]:
        """S, a grid that is not the uniform one, and what differs from the defaults."""
        return tuple(
            option.written(name, settings[name])
            for name, option in self.options.items()
            if name == "steps" or settings[name] != GRID.get(name, option).default
        )


STEPS: Option[Any] = Option(50, lower=1, whole=True, label="Steps S", mark="S = {}")
SPACING: Option[Any] = Option(
    "uniform", choices=("uniform", "quadratic", "karras"), label="Grid of times", mark="{}"
)
GRID: Mapping[str, Option[Any]] = {"steps": STEPS, "spacing": SPACING}
"""The options of those that visit some of the times only."""
