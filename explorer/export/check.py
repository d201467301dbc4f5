"""A race as JSON that anyone may have written: every field is checked before it is believed."""

from __future__ import annotations

from typing import Any

from explorer.checkpoints import MAX_T
from explorer.data.images import SIZES
from explorer.export.fields import choice, each, listed, real, table, text, whole
from explorer.export.script import MAX_LANES, MAX_PICTURES, check_settings
from explorer.race.view import LaneView, RaceView

RACE = ("T", "pictures", "size", "channels", "lanes", "title", "settings")
LANE = (
    *("name", "kind", "evaluations", "stochastic", "times", "steps", "coefficients"),
    *("evaluated", "seconds", "counts"),
)
OPTIONAL = ("wide",)
"""What is said of a lane only if it is so: older versions know nothing of it."""
MAX_FRAMES = 256
"""Of a lane; a race keeps about 120."""
MAX_NAME, MAX_TITLE = 200, 400


def told(view: RaceView) -> dict[str, Any]:
    """What the checks below accept again; not its sheets, nor its id, which is a visit's own."""
    lanes = [
        {key: getattr(lane, key) for key in LANE}
        | {key: True for key in OPTIONAL if getattr(lane, key)}
        for lane in view.lanes
    ]
    return {key: getattr(view, key) for key in RACE} | {"lanes": lanes}


def race_from(stored: Any) -> RaceView:
    """The race that `told` described, without sheets; ValueError says which field is wrong."""
    table(stored, RACE, "the race")
    T = whole(stored["T"], 1, MAX_T, "T")
    n = whole(stored["pictures"], 1, MAX_PICTURES, "pictures")
    size = whole(stored["size"], SIZES[0], SIZES[-1], "size")
    if type(stored["channels"]) is not int or stored["channels"] not in (1, 3):
        raise ValueError("channels are neither 1 (grey) nor 3 (colours)")
    title = text(stored["title"], MAX_TITLE, "title")
    if stored["settings"] != {}:
        check_settings(stored["settings"], T)
        if stored["settings"]["pictures"] != n:
            raise ValueError("its settings speak of another number of pictures")
    lanes = [_lane(lane, T) for lane in listed(stored["lanes"], 1, MAX_LANES, "lanes")]
    if not any(lane.times for lane in lanes):
        raise ValueError("it has no frames")
    return RaceView(
        T, n, size, stored["channels"], lanes, title=title, settings=stored["settings"]
    )


def _lane(stored: Any, T: int) -> LaneView:
    table(stored, LANE, "a lane", OPTIONAL)
    lane = LaneView(**stored)
    text(lane.name, MAX_NAME, "a lane's name")
    choice(lane.kind, ("ddpm", "ddim"), "a lane's kind")
    whole(lane.evaluations, 0, MAX_T, "evaluations")
    for key in ("stochastic", *OPTIONAL):
        if type(getattr(lane, key)) is not bool:
            raise ValueError(f"{key} is neither true nor false")
    each(listed(lane.times, 0, MAX_FRAMES, "times"), whole, 0, T, "a time")
    if any(s >= t for t, s in zip(lane.times, lane.times[1:], strict=False)):
        raise ValueError("the times of a lane do not decrease strictly")
    frames = len(lane.times)
    for step in listed(lane.steps, frames, frames, "steps"):
        each(listed(step, 2, 2, "a step"), whole, 0, T, "a step's time")
    for row in listed(lane.coefficients, frames, frames, "coefficients"):
        each(listed(row, 5, 5, "a step's coefficients"), real, -1e6, 1e6, "a coefficient")
    each(listed(lane.evaluated, frames, frames, "evaluated"), whole, 0, MAX_T, "evaluated")
    each(listed(lane.seconds, frames, frames, "seconds"), real, 0, 1e9, "seconds")
    each(listed(lane.counts, 0, frames, "counts"), whole, 1, frames, "a count")
    if sum(lane.counts) != frames:
        raise ValueError(f"a lane's sheets count {sum(lane.counts)} frames, but it has {frames}")
    return lane
