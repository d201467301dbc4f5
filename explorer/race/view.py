"""A race as the player shows it, growing while it runs or stored."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from explorer.diffusion import Schedule
from explorer.race.lanes import Lane
from explorer.race.run import LaneFrame
from explorer.race.sheets import LaneFrames, LaneView, RaceView, Sheet, decode, encode

__all__ = ["LaneFrames", "LaneView", "RaceView", "Sheet", "decode", "encode", "gather", "kept",
           "read", "view_of", "write"]  # fmt: skip

FRAMES = 120
"""At most about so many frames of a lane reach the browser, even in t."""
LANE_BYTES = 15 * 2**20
"""Of a lane before compression: of many large pictures fewer frames are kept."""


def view_of(lanes: Sequence[Lane], T: int, n: int, shape: Sequence[int], **told: Any) -> RaceView:
    """An empty view of a race of n pictures (C, H, W); `told` is its title and settings."""
    views = [
        LaneView(
            lane.title,
            lane.sampler,
            lane.evaluations,
            lane.stochastic,
            wide=not lane.clip or lane.way.correction is not None or lane.rule is not None,
            corrected=lane.way.correction is not None,
            clipped=lane.clip,
        )
        for lane in lanes
    ]
    return RaceView(T, n, shape[-1], shape[0], views, **told)


def kept(lane: Lane, most: int = FRAMES) -> set[int]:
    """The times whose frames are shown: all, or about `most` even in t, with first and last."""
    times = np.array(lane.times[::-1])  # rising
    if len(times) <= most + 1:
        return set(lane.times)
    wanted = np.linspace(times[0], times[-1], most + 1)
    above = np.searchsorted(times, wanted).clip(1, len(times) - 1)
    nearer = wanted - times[above - 1] <= times[above] - wanted
    return {int(t) for t in np.where(nearer, times[above - 1], times[above])}


def gather(
    entries: Iterable[LaneFrame],
    lanes: Sequence[Lane],
    schedule: Schedule,
    view: RaceView,
    *,
    every: float = 0.35,
    stopped: Callable[[], bool] = lambda: False,
) -> Iterator[RaceView]:
    """Gather a running race into `view`; yields it every so many seconds and at the end.

    `stopped` is asked as often: what has been computed by then stays.
    """
    wanted = [
        kept(lane, max(1, min(FRAMES, LANE_BYTES // shown.frame_bytes(view.values))))
        for lane, shown in zip(lanes, view.lanes, strict=True)
    ]
    waiting: list[list[LaneFrame]] = [[] for _ in lanes]
    due = time.perf_counter() + (0.1 if every < math.inf else every)  # first frames soon
    view.running = True
    for entry in entries:
        if entry.frame.t in wanted[entry.lane]:
            waiting[entry.lane].append(entry)
        if time.perf_counter() < due:
            continue
        _flush(view, waiting, lanes, schedule)
        yield view
        due = time.perf_counter() + every
        if stopped():
            break
    view.running = False
    _flush(view, waiting, lanes, schedule)
    yield view


def _flush(
    view: RaceView,
    waiting: Sequence[list[LaneFrame]],
    lanes: Sequence[Lane],
    schedule: Schedule,
) -> None:
    for shown, lane, entries in zip(view.lanes, lanes, waiting, strict=True):
        if not entries:
            continue
        for entry in entries:
            shown.times.append(entry.frame.t)
            shown.steps.append(list(entry.step or (0, 0)))
            shown.coefficients.append(_coefficients(entry, lane, schedule))
            shown.evaluated.append(entry.evaluations)
            shown.seconds.append(round(entry.seconds, 3))
        shown.counts.append(len(entries))
        shown.sheets.append(Sheet(encode(entries, shown)))
        entries.clear()


def _coefficients(entry: LaneFrame, lane: Lane, schedule: Schedule) -> list[float]:
    t = entry.step[0] if entry.step else 0
    alpha_bar = (lane.schedule or schedule).values[t]
    terms = entry.terms if lane.way.correction else entry.terms[:-1]
    return [alpha_bar**0.5, (1 - alpha_bar) ** 0.5, *terms]


def write(view: RaceView, folder: Path) -> None:
    """Store a finished race: `race.json` and its sheets."""
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.bin"):
        old.unlink()
    stored = asdict(view)
    for i, lane in enumerate(view.lanes):
        names = [f"{i}-{k}.bin" for k in range(len(lane.sheets))]
        for name, part in zip(names, lane.sheets, strict=True):
            (folder / name).write_bytes(part.data)
        stored["lanes"][i]["sheets"] = names
    (folder / "race.json").write_text(json.dumps(stored) + "\n", encoding="utf-8")


def read(folder: Path) -> RaceView:
    """A race that `write` stored; its sheets are read where they lie."""
    stored = json.loads((folder / "race.json").read_text(encoding="utf-8"))
    lanes = [
        LaneView(**lane | {"sheets": [Sheet(path=str(folder / name)) for name in lane["sheets"]]})
        for lane in stored["lanes"]
    ]
    return RaceView(**stored | {"lanes": lanes})
