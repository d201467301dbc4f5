"""When is a picture decided? Continuations from moments of its way, and how far they spread."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from PIL import Image
from torch import Tensor

from explorer.checkpoints import Spec
from explorer.diffusion import Denoiser
from explorer.diffusion.samplers import DDIM, DDPM
from explorer.figures.pictures import grid
from explorer.gui.frame.shared import plain
from explorer.inference import shared
from explorer.race import race
from explorer.race.fork import BRANCHES, from_here, spread, spreads
from explorer.race.lanes import Lane, ddim

STORED = Path(__file__).with_name("stored")
SEED = 5
"""What the panel opens with."""
NO_CLASS = "none given"
MOMENTS = 10
"""Forks are at T, 9T/10, …, T/10, or the lane's nearest times."""
GAP = 2
"""Pixels of the pictures' own size between two of them."""


@dataclass(frozen=True, eq=False)
class LaneSpread:
    """One sampler's forks."""

    name: str
    """The sampler's title: its colour."""
    title: str
    times: tuple[int, ...]
    """Of the forks, decreasing."""
    rows: int
    """Continuations that the sheet shows."""
    values: tuple[float, ...] = ()
    """The spread at each of those that have begun."""
    sheet: Image.Image | None = None
    """A column for the picture itself and each moment, from t = 0 to T; a row a continuation."""


@dataclass(frozen=True, eq=False)
class SpreadView:
    """What is known so far; while it runs the values are those of what the network believes."""

    model: str
    T: int
    seed: int
    label: str | None
    lanes: tuple[LaneSpread, ...] = ()
    share: float = 0.0
    """Of the work, 0…1."""
    running: bool = False

    @property
    def finished(self) -> bool:
        return self.share >= 1


def spread_lanes(T: int) -> dict[str, Lane]:
    """DDPM's noise (η = 1) on a grid of 100 steps, for speed, and DDIM's 20 without any."""
    return {DDPM.title: ddim(T, min(100, T), eta=1.0), DDIM.title: ddim(T, min(20, T))}


def moments(lane: Lane) -> list[int]:
    """The times of a lane next to T, 9T/10, …, T/10; fewer on a very short way."""

    def nearest(wanted: float) -> int:
        return min(lane.times[:-1], key=lambda t: abs(t - wanted))

    found = {nearest(lane.times[0] * k / MOMENTS) for k in range(1, MOMENTS + 1)}
    return sorted(found, reverse=True)


def fork_at_moments(
    denoiser: Denoiser,
    shape: tuple[int, int, int],
    view: SpreadView,
    *,
    label: int | None = None,
    device: str | torch.device = "cpu",
    every: float = 0.4,
    stopped: Callable[[], bool] = lambda: False,
) -> Iterator[SpreadView]:
    """One x_T denoised by both lanes, then every moment of both ways continued four times.

    Yields every so many seconds and at the end; what is shown until then are beliefs x̂_0.
    """
    lanes, due = spread_lanes(view.T), 0.0
    for share, ends, found in _walk(denoiser, lanes, shape, view.seed, label, device):
        if share < 1 and time.perf_counter() < due:
            continue
        so_far = tuple(
            lane_spread(name, lane, ends.get(name), found.get(name, ()))
            for name, lane in lanes.items()
        )
        running = share < 1 and not stopped()
        view = replace(view, lanes=so_far, share=share, running=running)
        yield view
        if not running:
            return
        due = time.perf_counter() + every


def _walk(
    denoiser: Denoiser,
    lanes: Mapping[str, Lane],
    shape: tuple[int, int, int],
    seed: int,
    label: int | None,
    device: str | torch.device,
) -> Iterator[tuple[float, dict[str, Tensor], dict[str, tuple[Tensor, ...]]]]:
    """The share of the work that is done, and of each lane its own picture and its forks'."""
    names = list(lanes)
    at = {name: moments(lane) for name, lane in lanes.items()}
    work = {
        name: BRANCHES * sum(from_here(lane, t).evaluations for t in at[name])
        for name, lane in lanes.items()
    }
    done, todo = 0, sum(work.values()) + sum(lane.evaluations for lane in lanes.values())
    ends: dict[str, Tensor] = {}
    found: dict[str, tuple[Tensor, ...]] = {}
    states: dict[str, list[Tensor]] = {name: [] for name in names}
    labels = None if label is None else [label]
    for entry in race(
        denoiser, list(lanes.values()), shape, seed=seed, n=1, labels=labels, device=device
    ):
        name = names[entry.lane]
        ends[name] = entry.frame.x0.cpu()
        if entry.frame.t in at[name]:
            states[name].append(entry.frame.x)
        done += entry.step is not None
        yield done / todo, ends, found
    for name, lane in lanes.items():
        x = torch.cat(states[name])
        for fanned in spreads(denoiser, lane, x, at[name], seed=seed, label=label, device=device):
            found[name] = fanned.x0
            yield (done + round(fanned.share * work[name])) / todo, ends, found
        done += work[name]


def lane_spread(name: str, lane: Lane, end: Tensor | None, found: Sequence[Tensor]) -> LaneSpread:
    """One sampler's own end, its forks' pictures so far, and how far they spread."""
    times, rows = tuple(moments(lane)), BRANCHES if lane.stochastic else 1
    columns = {} if end is None else {0: end.expand(rows, *end.shape[1:])}
    for t, pictures in zip(times, found, strict=False):
        columns[round(MOMENTS * t / lane.times[0])] = pictures[:rows]
    values = tuple(round(spread(pictures.cpu()), 4) for pictures in found)
    title = f"{name}, η = {lane.options['eta']:g}, {lane.evaluations} steps"
    return LaneSpread(name, title, times, rows, values, sheet_of(columns))


def sheet_of(columns: Mapping[int, Tensor]) -> Image.Image | None:
    """Columns of pictures (n, C, H, W) at their places 0…10, transparent where there is none.

    Half a gap stands around: the middles of the columns divide the width evenly.
    """
    if not columns:
        return None
    n, _, height, width = next(iter(columns.values())).shape
    size = ((MOMENTS + 1) * (width + GAP), n * (height + GAP))
    sheet = Image.new("RGBA", size)
    for place, pictures in columns.items():
        column = grid(pictures.cpu(), columns=1, gap=GAP, gap_color=None)
        sheet.paste(column, (place * (width + GAP) + GAP // 2, GAP // 2))
    return sheet


def choose_label(spec: Spec, label: Any) -> int | None:
    """The index of a class, None for none; ValueError if the model has no such class."""
    if label == NO_CLASS:
        return None
    if label not in spec.classes:
        raise ValueError(f"Class: {label!r} is none of this model's; choose one of the menu")
    return spec.classes.index(label)


def classes_of(spec: Spec | None) -> list[str]:
    """For the menu."""
    return [NO_CLASS, *(spec.classes if spec else ())]


def run_spread(
    path: Path,
    label: Any,
    seed: int,
    device: torch.device,
    stopped: Callable[[], bool],
) -> Iterator[SpreadView]:
    """Load the model and fork its way from one x_T at ten moments."""
    denoiser, spec = shared(path, device)
    index = choose_label(spec, label)
    view = SpreadView(spec.name, spec.T, seed, None if index is None else label)
    shape = (spec.channels, spec.size, spec.size)
    yield from fork_at_moments(denoiser, shape, view, label=index, device=device, stopped=stopped)


def status(view: SpreadView) -> str:
    """The model, and how far it is."""
    if view.finished:
        forks = sum(len(lane.values) for lane in view.lanes)
        return f"{plain(view.model)}: {forks} forks, 4 ways on from each"
    return f"{'running' if view.running else 'stopped'}: {view.share:4.0%}"


def decided(lane: LaneSpread) -> float | None:
    """The t where the spread falls to half of what it is at T, between forks along a line."""
    points = [*zip(lane.times, lane.values, strict=True), (0, 0.0)]
    half = lane.values[0] / 2
    for (t, above), (s, below) in zip(points, points[1:], strict=False):
        if above > half >= below:
            return s + (t - s) * (half - below) / (above - below)
    return None


def summary(view: SpreadView) -> str:
    """What the curves say, from their numbers; nothing until they are whole."""
    if not view.finished:
        return ""
    ddpm, ddim = view.lanes
    said = f"Forked at t = {ddpm.times[0]}, DDPM's four pictures differ by {ddpm.values[0]:.2f}"
    at = decided(ddpm)
    if at is not None and ddpm.values[0] > 0:
        said += f"; by t ≈ {at:.0f} half of that is gone: about there the picture is decided"
    largest = max(ddim.values)
    said += (
        ". DDIM's differ by 0 wherever it is forked: without noise there is one way only."
        if largest < 1e-3
        else f". DDIM's differ by up to {largest:.2f}."
    )
    return said


def write(view: SpreadView, folder: Path) -> None:
    """Store a finished one: `spread.json` and a sheet for each lane."""
    folder.mkdir(parents=True, exist_ok=True)
    lanes = [{k: v for k, v in vars(lane).items() if k != "sheet"} for lane in view.lanes]
    for lane in view.lanes:
        assert lane.sheet is not None  # finished
        lane.sheet.save(folder / f"{lane.name}.png", optimize=True)
    told = json.dumps(vars(view) | {"lanes": lanes})
    (folder / "spread.json").write_text(told + "\n", encoding="utf-8")


def read(folder: Path) -> SpreadView:
    """What `write` stored."""
    told = json.loads((folder / "spread.json").read_text(encoding="utf-8"))
    lanes = []
    for lane in told["lanes"]:
        with Image.open(folder / f"{lane['name']}.png") as sheet:
            own = {"times": tuple(lane["times"]), "values": tuple(lane["values"])}
            lanes.append(LaneSpread(**lane | own | {"sheet": sheet.convert("RGBA")}))
    return SpreadView(**told | {"lanes": tuple(lanes)})
