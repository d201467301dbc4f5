"""A race as the player shows it: sheets of frames, growing while it runs or stored."""

from __future__ import annotations

import io
import json
import math
import secrets
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import torch
from PIL import Image
from torch import Tensor

from explorer.data import from_tensor
from explorer.race import Lane, LaneFrame

FRAMES = 120
"""At most about this many frames of a lane reach the browser, spread evenly over its steps."""


@dataclass
class Sheet:
    """Some frames of a lane as one lossless PNG: a row a frame, x_t left, x̂_0 right of it."""

    png: bytes = b""
    path: str | None = None
    """Where it can be fetched, once it is published."""


@dataclass
class LaneView:
    """What the player knows of a lane."""

    name: str
    evaluations: int
    """Network evaluations of the whole lane."""
    times: list[int] = field(default_factory=list)
    """t of each frame so far, decreasing."""
    evaluated: list[int] = field(default_factory=list)
    """Evaluations spent when each frame was there."""
    seconds: list[float] = field(default_factory=list)
    """Seconds spent when each frame was there."""
    counts: list[int] = field(default_factory=list)
    """Frames in each sheet."""
    sheets: list[Sheet] = field(default_factory=list)


@dataclass
class RaceView:
    """What the player shows; pictures are size × size, all of a frame in one row of a sheet."""

    T: int
    pictures: int
    size: int
    lanes: list[LaneView]
    title: str = ""
    running: bool = False
    id: str = field(default_factory=lambda: secrets.token_hex(8))
    """Tells one race from the next."""


def kept(lane: Lane) -> set[int]:
    """The times whose frames are shown: all, or about `FRAMES` with the first and the last."""
    last = len(lane.times) - 1
    count = min(last, FRAMES)
    return {lane.times[round(i * last / count)] for i in range(count + 1)}


def follow(
    entries: Iterable[LaneFrame],
    lanes: Sequence[Lane],
    view: RaceView,
    *,
    every: float = 0.35,
    stopped: Callable[[], bool] = lambda: False,
) -> Iterator[RaceView]:
    """Gather a running race into `view`; yields it every so many seconds and at the end.

    `stopped` is asked as often: what has been computed by then stays.
    """
    wanted = [kept(lane) for lane in lanes]
    waiting: list[list[LaneFrame]] = [[] for _ in lanes]
    due = time.perf_counter() + (0.1 if every < math.inf else every)  # first frames soon
    view.running = True
    for entry in entries:
        if entry.frame.t in wanted[entry.lane]:
            waiting[entry.lane].append(entry)
        if time.perf_counter() < due:
            continue
        _flush(view, waiting)
        yield view
        due = time.perf_counter() + every
        if stopped():
            break
    view.running = False
    _flush(view, waiting)
    yield view


def _flush(view: RaceView, waiting: list[list[LaneFrame]]) -> None:
    for lane, entries in zip(view.lanes, waiting, strict=True):
        if not entries:
            continue
        lane.times += [entry.frame.t for entry in entries]
        lane.evaluated += [entry.evaluations for entry in entries]
        lane.seconds += [round(entry.seconds, 3) for entry in entries]
        lane.counts.append(len(entries))
        rows = [torch.cat([entry.frame.x, entry.frame.x0]) for entry in entries]
        lane.sheets.append(Sheet(encode(rows)))
        entries.clear()


def encode(rows: Sequence[Tensor]) -> bytes:
    """Rows of pictures (n, C, H, W) in [−1, 1] -> one PNG, grey or RGB, without gaps."""
    strips = [from_tensor(row).permute(2, 0, 3, 1).flatten(1, 2) for row in rows]  # (H, n·W, C)
    pixels = torch.cat(strips).cpu().numpy()
    picture = Image.fromarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels)
    buffer = io.BytesIO()
    picture.save(buffer, "PNG", compress_level=3)
    return buffer.getvalue()


def write(view: RaceView, folder: Path) -> None:
    """Store a finished race: `race.json` and its sheets."""
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.png"):
        old.unlink()
    stored = asdict(view)
    for i, lane in enumerate(view.lanes):
        names = [f"{i}-{k}.png" for k in range(len(lane.sheets))]
        for name, part in zip(names, lane.sheets, strict=True):
            (folder / name).write_bytes(part.png)
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
