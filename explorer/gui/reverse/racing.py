"""A race as the Reverse tab runs it: begun, stopped, continued, forked."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch

from explorer.checkpoints import Spec, describe
from explorer.diffusion import SAMPLERS, Denoiser
from explorer.gui.frame.agree import AtCursor
from explorer.gui.frame.call import Call
from explorer.gui.frame.device import Ended
from explorer.gui.frame.shared import plain
from explorer.gui.frame.spoken import noun_for
from explorer.guides import find_guide, guide, kind_of_pictures
from explorer.inference import prepare, shared
from explorer.race import Race, Racer, choose_labels, race
from explorer.race.breaks import lane_from
from explorer.race.fork import fork
from explorer.race.lanes import Lane
from explorer.race.view import RaceView, decode, gather, view_of

IN_TURN = "each in turn"


@dataclass(frozen=True, eq=False)
class Going:
    """A race so far."""

    view: RaceView
    racers: tuple[Racer, ...] | None = None
    """Where its lanes stand if it was stopped before its end."""
    origin: Going | None = None
    """Of a fork: the race that it continues."""


def class_choices(spec: Spec | None) -> list[str]:
    """For the dropdown; a model without classes has none to choose."""
    return [IN_TURN, *spec.classes] if spec and spec.classes else [IN_TURN]


def class_names(spec: Spec, labels: Sequence[int] | None) -> list[str]:
    """Of each picture of a race; none for a model without classes."""
    return [spec.classes[label] for label in labels or ()]


def read_settings(
    name: str,
    spec: Spec,
    n: int,
    label: Any,
    seed: int,
    lanes: list[dict[str, Any]],
    w: float = 1.0,
    scale: float = 0.0,
) -> dict[str, Any]:
    """All it takes to repeat a race, see `RaceView.settings`; ValueError if it cannot be."""
    if w != 1 and not spec.classes:
        raise ValueError(f"Guidance w = {w:g}: this model knows no classes; set it to 1")
    if scale:
        find_guide(spec)  # says why not
    return {
        "model": name,
        "seed": seed,
        "pictures": n,
        "labels": choose_labels(spec.classes, n, None if label == IN_TURN else label),
        "guidance": w,
        **({"classifier_scale": scale} if scale else {}),
        "lanes": lanes,
    }


def complete(settings: Mapping[str, Any]) -> dict[str, Any]:
    """The same settings with every option of every lane: equal for races that are the same."""
    lanes = [
        {name: option.default for name, option in SAMPLERS[lane["sampler"]].options.items()} | lane
        for lane in settings["lanes"]
    ]
    return dict(settings) | {"lanes": lanes}


def race_in_turns(
    call: Call, path: Path, settings: dict[str, Any], title: str, before: Going | None
) -> Iterator[Going]:
    """The race, as its turns at the device come.

    Hosted, each begins where the last one ended, so that it may run in another process. Between
    them the race is still running, and says where its lanes stand.
    """
    context, going, more = call.context, before, True
    seconds = context.limits.slice
    spec = describe(path)
    while more:
        left = calls_left(spec, settings, going) * settings["pictures"]
        arguments = (path, settings, title, going, seconds)
        expected = context.expected(spec, left)
        try:
            for going in call.run(run_race, *arguments, seconds=seconds or 60, expected=expected):
                more = going.racers is not None and not call.flag()
                going.view.running |= more
                yield going
        except Ended:  # in line; what was raced stays
            if going is None or going is before:
                raise
            going.view.running = more = False
            yield going


def calls_left(spec: Spec, settings: dict[str, Any], going: Going | None = None) -> int:
    """Evaluations of the network, of one picture, until all lanes are at their ends."""
    schedule = spec.make_schedule()
    lanes = [lane_from(lane, schedule).evaluations for lane in settings["lanes"]]
    done = [racer.evaluations for racer in going.racers or ()] if going else []
    guided = 2 if settings.get("guidance", 1.0) not in (0.0, 1.0) else 1
    return guided * max(0, sum(lanes) - sum(done))


def run_race(
    path: Path,
    settings: dict[str, Any],
    title: str,
    before: Going | None,
    seconds: float | None,
    device: torch.device,
    stopped: Callable[[], bool],
    *,
    every: float = 0.35,
) -> Iterator[Going]:
    """Load the model and race its lanes, `before` goes on; a growing view.

    `before` itself stays as it is: if this fails, one can go on from there again.

    settings : as `RaceView.settings`.
    seconds : after so many it ends as if it were stopped.
    every : seconds between what it yields.
    """
    denoiser, spec = model_for(path, settings, device, before.view if before else None)
    lanes = [lane_from(lane, denoiser.schedule) for lane in settings["lanes"]]
    shape, n = (spec.channels, spec.size, spec.size), settings["pictures"]
    entries = race(
        denoiser,
        lanes,
        shape,
        seed=settings["seed"],
        labels=settings["labels"],
        n=n,
        resume=before.racers if before else None,
        device=device,
    )
    classes = class_names(spec, settings["labels"])
    view = view_of(lanes, spec.T, n, shape, title=title, classes=classes)
    if before:
        view = deepcopy(before.view)
    view.settings = settings
    yield from _watch(entries, lanes, denoiser, view, stopped, seconds, every)


def run_fork(
    path: Path,
    origin: Going,
    cursor: Cursor,
    device: torch.device,
    stopped: Callable[[], bool],
) -> Iterator[Going]:
    """Four ways on from what a lane shows at the cursor, by each of the race's lanes."""
    settings = origin.view.settings
    denoiser, spec = model_for(path, settings, device, origin.view)
    lane = origin.view.lanes[cursor.lane]
    x_t = decode(origin.view)[cursor.lane].x[lane.times.index(cursor.t), cursor.picture]
    wanted = [lane_from(values, denoiser.schedule) for values in settings["lanes"]]
    labels = settings["labels"]
    lanes, entries = fork(
        denoiser,
        [lane for lane in wanted if cursor.t <= lane.times[0]],
        x_t,
        cursor.t,
        seed=settings["seed"],
        label=labels and labels[cursor.picture],
        device=device,
    )
    title = (
        f"Fork of image {cursor.picture + 1}, seed {settings['seed']}, at t = {cursor.t} of "
        f"{lane.name}: four continuations with different noise"
    )
    n = len(entries.racers[0].x)
    classes = class_names(spec, labels and [labels[cursor.picture]] * n)
    view = view_of(lanes, spec.T, n, tuple(x_t.shape), title=title, classes=classes)
    for going in _watch(entries, lanes, denoiser, view, stopped):
        yield replace(going, racers=None, origin=origin)


def _watch(
    entries: Race,
    lanes: Sequence[Lane],
    denoiser: Denoiser,
    view: RaceView,
    stopped: Callable[[], bool],
    seconds: float | None = None,
    every: float = 0.35,
) -> Iterator[Going]:
    end = math.inf if seconds is None else time.monotonic() + seconds

    def over() -> bool:
        return stopped() or time.monotonic() > end

    for grown in gather(entries, lanes, denoiser.schedule, view, every=every, stopped=over):
        left = time.monotonic()
        yield Going(grown, None if grown.running or entries.finished else entries.racers)
        end += time.monotonic() - left  # others may have had the device


def model_for(
    path: Path, settings: dict[str, Any], device: torch.device, made: RaceView | None = None
) -> tuple[Denoiser, Spec]:
    """The model of a race, with its guidance; ValueError if it cannot have `made` this one."""
    denoiser, spec = shared(path, device)
    if made and _pictures(made) != _pictures(spec):
        raise ValueError(
            f"This race has images of {_pictures(made)}; {spec.name} makes {_pictures(spec)}. "
            "Run the race again."
        )
    guided = guide(
        replace(denoiser, network=prepare(denoiser.network, device)),
        spec,
        guidance=settings.get("guidance", 1.0),
        classifier_scale=settings.get("classifier_scale", 0.0),
        device=device,
    )
    return guided, spec


def _pictures(of: RaceView | Spec) -> str:
    return f"{kind_of_pictures(of.size, of.channels)}, T = {of.T}"


@dataclass(frozen=True)
class Cursor:
    """A frame on the page: which lane and picture, and the t of the frame that it shows."""

    lane: int
    picture: int
    t: int

    @classmethod
    def read(cls, value: Any, view: RaceView) -> Cursor:
        """From what the page sent, which may be anything; ValueError if it is not in the view."""
        try:
            lane, picture, t = (int(value[name]) for name in ("lane", "picture", "frame_t"))
            fits = 0 <= lane < len(view.lanes) and 0 <= picture < view.pictures
            fits = fits and t in view.lanes[lane].times
        except (KeyError, TypeError, ValueError, OverflowError):
            fits = False
        if not fits:
            raise AtCursor("There is no frame at the cursor; run the race first.")
        if t == 0:
            raise AtCursor("At t = 0 the image is finished: move the cursor to the right.")
        return cls(lane, picture, t)


def lane_summary(view: RaceView) -> str:
    """Evaluations and seconds of each lane."""
    lanes = " · ".join(
        f"**{plain(lane.name)}** {lane.evaluated[-1]} of {lane.evaluations} "
        f"{noun_for(lane.evaluations, 'evaluation')} in {lane.seconds[-1]:.2f} s"
        for lane in view.lanes
        if lane.times
    )
    return f"running: {lanes}" if view.running else lanes
