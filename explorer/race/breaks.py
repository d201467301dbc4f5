"""What a lane can do wrong on purpose: common mistakes, and slips of five lectures."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

from explorer.diffusion import Schedule, make_schedule
from explorer.diffusion.samplers import DDIM, DDPM, find_sampler
from explorer.race.lanes import Lane, lane_of
from explorer.race.slips import (
    alpha_ahead,
    alpha_for_bar,
    feed_back,
    finish_once_more,
    finish_with_alpha,
)


@dataclass(frozen=True)
class Break:
    """One thing that can be done wrong: what it is by construction, not what is seen then.

    What is seen depends on the model, and is measured: `explorer.gui.reverse.mistakes`.
    """

    title: str
    sentence: str
    apply: Callable[[Lane, Schedule], Lane]
    lecture: str = ""
    """Whose code does it, one of `explorer.lectures.LECTURES`; "" for a mistake of everybody."""
    mark: str = ""
    """How the title of a lane says it; its name by default."""


def _start_late(lane: Lane, schedule: Schedule) -> Lane:
    late = 0.8 * lane.times[0]
    times = tuple(t for t in lane.times if t <= late)
    return replace(lane, times=times if len(times) > 1 else (max(1, int(late)), 0))


def _foreign_schedule(lane: Lane, schedule: Schedule) -> Lane:
    name = "linear" if schedule.name != "linear" else "cosine"
    return replace(lane, schedule=make_schedule(name, schedule.T))


MISTAKES: Mapping[str, Break] = MappingProxyType(
    {
        "no clipping": Break(
            "no clipping of x̂₀",
            "x̂₀ is used unclipped, also outside [−1, 1]: an error of a network that predicts "
            "ε is √(1 − ᾱₜ)/√ᾱₜ times as large in x̂₀, without bound as ᾱₜ goes to 0; one of v or "
            "of x₀ itself is never enlarged.",
            lambda lane, schedule: replace(lane, clip=False),
        ),
        "late start": Break(
            "a grid that starts below T",
            "The steps begin at 0.8 T at most, but with pure noise: the network is told that xₜ "
            "holds √ᾱₜ x₀, but it contains no image at all.",
            _start_late,
        ),
        "no noise": Break(
            "no noise z in DDPM",
            "σ·z is left out and nothing replaces it: every step goes to the mean of its "
            "Gaussian instead of drawing from it (DDIM with η = 0 has σ = 0, and gives ε̂ more "
            "weight for it).",
            lambda lane, schedule: replace(lane, noisy=not lane.stochastic),
        ),
        "wrong order": Break(
            "t in the wrong order",
            "The loop runs from the smallest t up to T: the network is told “almost clean” while "
            "it sees pure noise, and xₛ of the step from T is taken as the image.",
            lambda lane, schedule: replace(lane, mirrored=True),
        ),
        "wrong schedule": Break(
            "another schedule's coefficients",
            "x̂₀ and the steps are computed with ᾱₜ of the linear schedule (for a linear model, "
            "of cosine): at the same t this means another amount of noise than the "
            "network was trained with.",
            _foreign_schedule,
        ),
    }
)
"""Name -> a mistake that anybody may make; each is measured in Reverse."""


def _fed_back(lane: Lane, schedule: Schedule) -> Lane:
    return replace(lane, rule=feed_back, noisy=False)


def _alpha_for_bar(lane: Lane, schedule: Schedule) -> Lane:
    """On the grid range(0, T, T // S), taken backwards: it ends with a step at t = 0 itself."""
    steps = len(lane.times) - 1
    if lane.sampler != DDIM.name or lane.rule or steps < 2:
        return lane
    stride = schedule.T // steps
    times = tuple(stride * i for i in reversed(range(steps)))
    return replace(lane, times=times, rule=alpha_for_bar, noisy=False, finish=finish_with_alpha)


def _alpha_ahead(lane: Lane, schedule: Schedule) -> Lane:
    """From T − 1 on: at T there is no α ahead."""
    times = tuple(t for t in lane.times if t < schedule.T)
    if lane.sampler != DDPM.name or lane.rule or len(times) < 2:
        return lane
    return replace(lane, times=times, rule=alpha_ahead)


def _noise_to_the_end(lane: Lane, schedule: Schedule) -> Lane:
    return replace(lane, noisy_end=True) if lane.stochastic else lane


def _one_step_more(lane: Lane, schedule: Schedule) -> Lane:
    """Its code leaves out z at index 0 only: the step to 0, no longer the last, adds it."""
    return _noise_to_the_end(replace(lane, finish=lane.finish or finish_once_more), schedule)


SLIPS: Mapping[str, Break] = MappingProxyType(
    {
        "x0 fed back": Break(
            "x̂₀ fed back un-noised",
            "x̂₀ itself is taken as xₛ, without the noise of time s: a network told s looks "
            "for that noise in an image which holds none.",
            _fed_back,
            "sutd",
            "x̂₀ fed back",
        ),
        "alpha for alpha-bar": Break(
            "α for ᾱ in DDIM",
            "A step of DDIM goes to √αₜ x̂₀ + √(1 − αₜ) ε̂ instead of √ᾱₛ x̂₀ + √(1 − ᾱₛ) ε̂, on "
            "the grid T − T/S, …, T/S, 0, and at t = 0 it takes the last entry of α, α[−1].",
            _alpha_for_bar,
            "jax",
            "α for ᾱ",
        ),
        "alpha ahead": Break(
            "α and β one ahead of ᾱ",
            "The table of ᾱ was shifted by one and those of α and β were not: a step of DDPM from "
            "t has the α and β of t + 1, and begins at T − 1, since T + 1 has none.",
            _alpha_ahead,
            "jax",
            "α, β ahead",
        ),
        "z in every step": Break(
            "z in every step",
            "The last step adds σ·z too, with σ² = β: what comes out is a draw around the image, "
            "not the mean (a lane without noise has none to add).",
            _noise_to_the_end,
            "jax",
        ),
        "x_s clamped": Break(
            "xₛ clamped",
            "xₛ itself is clamped to [−1, 1] after every step: its noise loses all that reaches "
            "further, so that it is not the xₛ that the network was trained on.",
            lambda lane, schedule: replace(lane, clamp=True),
            "cars",
        ),
        "one step more": Break(
            "T + 1 steps",
            "The loop also runs for index 0, where nothing is left to do: z is added in the step "
            "to 0, and the network, never trained at t = 0, removes noise of the first β once "
            "more.",
            _one_step_more,
            "scinet",
            "T + 1 steps",
        ),
        "t from 0": Break(
            "t counted from 0",
            "The loop tells the network t − 1 while the steps are those of t: no mistake in a "
            "lecture that trains with that count, but one for a network trained on t = 1…T.",
            lambda lane, schedule: replace(lane, behind=1),
            "oslo",
        ),
    }
)
"""Name -> what the code of a lecture does."""


def break_word(name: str) -> str:
    """A name as the command line says it."""
    return name.replace(" ", "-")


BREAKS: Mapping[str, Break] = MappingProxyType({**MISTAKES, **SLIPS})
"""Name -> what can be broken on purpose."""


BREAK_WORDS: Mapping[str, str] = MappingProxyType({break_word(name): name for name in BREAKS})
"""What the command line calls each of them -> its name."""


FORMER = {"foreign schedule": "wrong schedule"}
"""What capsules and scripts of earlier versions call one of `BREAKS`."""


def current_name(mistake: str) -> str:
    """The name of today for one of `FORMER`; any other as it is."""
    return FORMER.get(mistake, mistake)


def broken(lane: Lane, schedule: Schedule, *names: str) -> Lane:
    """The lane with these of `BREAKS`, for a model of this schedule; ValueError for another.

    Its title names those that change it: one without noise does not change by "no noise".
    """
    for name in map(current_name, names):
        if name not in BREAKS:
            raise ValueError(f"no mistake {name!r}; there are: {', '.join(BREAKS)}")
        wrong = BREAKS[name].apply(lane, schedule)
        if wrong != lane:
            lane = replace(wrong, details=(*lane.details, BREAKS[name].mark or name))
    return lane


def repaired(settings: Mapping[str, Any]) -> dict[str, Any]:
    """The settings of a lane without the lectures' `SLIPS`; its `MISTAKES` stay."""
    left = {name: value for name, value in settings.items() if name not in ("breaks", "clamp")}
    kept = [name for name in settings.get("breaks", []) if current_name(name) not in SLIPS]
    return left | ({"breaks": kept} if kept else {})


def lane_from(settings: Mapping[str, Any], schedule: Schedule) -> Lane:
    """The lane that these settings describe, for a model of this schedule.

    {"sampler": one of `SAMPLERS`, …its options…}, and "breaks", a list of names of `BREAKS`; what
    is left out has the registry's defaults. "clamp": true is how earlier versions say "x_s
    clamped". ValueError if they do not fit.
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
    lane = lane_of(sampler, schedule, **values).checked(schedule)
    return broken(lane, schedule, *(["x_s clamped"] if clamp else []), *breaks)
