"""What is known of forks: their spreads, where these are at half, and what that says."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from PIL import Image
from torch import Tensor

from explorer.evaluation.errors import Estimate, average_of
from explorer.figures.pictures import grid
from explorer.gui.frame.shared import plain
from explorer.gui.frame.spoken import counted
from explorer.race.fork import BRANCHES

STORED = Path(__file__).with_name("stored")
MOMENTS = 10
"""Forks are at T, 9T/10, …, T/10, or the lane's nearest times."""
GAP = 2
"""Pixels of the pictures' own size between two of them."""
NOTHING = 1e-3
"""A spread below this is none: DDIM's rounding errors."""


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
    """The first trajectory's spread at each of those that have begun."""
    ways: tuple[tuple[float, ...], ...] = ()
    """Those of all trajectories that have ended, the first among them."""
    scales: tuple[tuple[float | None, float | None], ...] = ()
    """For each of them where its coarse and its fine spread are at half, see `by_scale`."""
    sheet: Image.Image | None = None
    """Of the first trajectory: a column for the picture itself and each moment, from t = 0 to T;
    a row a continuation."""


@dataclass(frozen=True, eq=False)
class SpreadView:
    """What is known so far; while it runs the values are those of what the network believes."""

    model: str
    T: int
    seed: int
    label: str | None
    wanted: int
    """Trajectories, each from an x_T of its own."""
    weights: str = ""
    """Fingerprint, see `weights.fingerprint`."""
    made: str = ""
    """The day of it."""
    lanes: tuple[LaneSpread, ...] = ()
    share: float = 0.0
    """Of the work, 0…1."""
    running: bool = False

    @property
    def finished(self) -> bool:
        return self.share >= 1


def status(view: SpreadView) -> str:
    """The model, and how far it is."""
    if view.finished:
        given = "no class" if view.label is None else f"class {plain(view.label)}"
        each = len(view.lanes[0].times) if view.lanes else 0
        return (
            f"{plain(view.model)}, {given}, seed {view.seed}: {view.wanted} × {each} forks, "
            f"{BRANCHES} continuations"
        )
    done = len(view.lanes[0].ways) if view.lanes else 0
    going = "running" if view.running else "stopped"
    ways = counted(view.wanted, "trajectory", "trajectories")
    return f"{going}: {view.share:4.0%}, {done} of {ways}"


def decided(times: Sequence[int], values: Sequence[float]) -> float | None:
    """The first t, from T on, where the spread is half of what it is at T, between forks along a
    line; at t = 0 it is 0. None if nothing spreads even from T."""
    if values[0] < NOTHING:
        return None
    points, half = [*zip(times, values, strict=True), (0, 0.0)], values[0] / 2
    for (t, above), (s, below) in zip(points, points[1:], strict=False):
        if above > half >= below:
            return s + (t - s) * (half - below) / (above - below)
    raise AssertionError("a curve that ends at 0 passes its half")


@dataclass(frozen=True)
class Halves:
    """Where the spreads of some trajectories are at half."""

    times: tuple[float, ...]
    """Of those that have one."""
    without: int
    """So many have nothing to halve."""
    late: int
    """So many are at half only after the last fork."""

    @property
    def mean(self) -> Estimate:
        """With its standard error, nan for a single one; there is at least one."""
        values = torch.tensor(self.times)
        return average_of(values) if len(values) > 1 else Estimate(self.times[0], math.nan)

    @property
    def std(self) -> float:
        """Over the trajectories, at least two."""
        return torch.tensor(self.times, dtype=torch.float64).std().item()


def halves(lane: LaneSpread) -> Halves:
    """Of the trajectories that have ended."""
    found = [decided(lane.times, values) for values in lane.ways]
    times = tuple(t for t in found if t is not None)
    late = sum(t < lane.times[-1] for t in times)
    return Halves(times, len(found) - len(times), late)


def band(lane: LaneSpread) -> list[tuple[float, float]]:
    """Mean and standard deviation over the trajectories that have ended, at each fork."""
    values = torch.tensor(lane.ways, dtype=torch.float64)  # (ways, moments)
    spread = values.std(0) if len(values) > 1 else torch.zeros(values.shape[1])
    return list(zip(values.mean(0).tolist(), spread.tolist(), strict=True))


def summary(view: SpreadView) -> str:
    """What the curves say, from their numbers; nothing until a trajectory has ended."""
    stochastic = next((lane for lane in view.lanes if lane.rows > 1), None)
    if stochastic is None or not stochastic.ways:
        return ""
    still = [lane for lane in view.lanes if lane.rows == 1 and lane.ways]
    return " ".join([_halves_text(view, stochastic), *map(_still_text, still)])


def _halves_text(view: SpreadView, lane: LaneSpread) -> str:
    found, n = halves(lane), len(lane.ways)
    begun = average_of(torch.tensor([values[0] for values in lane.ways])) if n > 1 else None
    at_T = f"{begun.value:.2f} ± {begun.error:.2f}" if begun else f"{lane.ways[0][0]:.2f}"
    given = "without a class" if view.label is None else f"given the class {view.label}"
    said = [
        f"{lane.name} {given}: forked at t = {lane.times[0]}, the {lane.rows} images differ by "
        f"{at_T}" + (f" (mean of {n} x_T ± its standard error)." if n > 1 else " (one x_T).")
    ]
    if not found.times:
        said.append("They are equal wherever it is forked: nothing is left to decide.")
        return " ".join(said)
    mean, count = found.mean, len(found.times)
    if count == 1:
        said.append(
            f"Half of that is gone at t = {mean.value:.0f}; a single trajectory cannot show "
            "how much others differ."
        )
    else:
        said.append(
            f"Half of that is gone at t = {mean.value:.0f} ± {mean.error:.0f} (mean of {count} ± "
            f"its standard error): single images at {min(found.times):.0f} to "
            f"{max(found.times):.0f}, with a standard deviation of {found.std:.0f}."
        )
        said += _scales_text(lane)
    if found.late:
        said.append(
            f"In {found.late} of them it is half only after the last fork, at "
            f"t = {lane.times[-1]}."
        )
    if found.without:
        said.append(f"In {found.without} of {n} nothing differs even from t = {lane.times[0]}.")
    return " ".join(said)


def _scales_text(lane: LaneSpread) -> list[str]:
    """Coarse against fine, of trajectories where both have a half; at least two."""
    both = torch.tensor([pair for pair in lane.scales if None not in pair])
    if len(both) < 2:
        return []
    coarse, fine = (average_of(both[:, i]) for i in (0, 1))
    apart = average_of(both[:, 0] - both[:, 1])
    said = (
        f"Coarse shapes (means of 4 × 4 pixels) are at half at t = {coarse.value:.0f} ± "
        f"{coarse.error:.0f}, what is finer at {fine.value:.0f} ± {fine.error:.0f}"
    )
    if abs(apart.value) < 2 * apart.error:
        return [f"{said}: no difference beyond two standard errors."]
    first, then = ("large", "small") if apart.value > 0 else ("small", "large")
    return [f"{said}: the {first} is decided before the {then}."]


def _still_text(lane: LaneSpread) -> str:
    largest = max(max(values) for values in lane.ways)
    if largest < NOTHING:
        return (
            f"{lane.name}'s differ by 0 wherever its trajectory is forked: without noise x_t "
            "leads to "
            "one image only, decided from the start."
        )
    return f"{lane.name}'s differ by up to {largest:.3f}."


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


def folder_of(label: str | None) -> str:
    """The name of the folder of what is stored of a class, or of none."""
    return "none" if label is None else f"class {label}"


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
            own: dict[str, Any] = {name: tuple(lane[name]) for name in ("times", "values")}
            own |= {name: tuple(map(tuple, lane[name])) for name in ("ways", "scales")}
            own |= {"sheet": sheet.convert("RGBA")}
            lanes.append(LaneSpread(**lane | own))
    return SpreadView(**told | {"lanes": tuple(lanes)})


def read_for(model: str, label: str | None, root: Path = STORED) -> SpreadView | None:
    """What is stored of a shipped model with this class, or without one; None if nothing is."""
    known = {each.name: each for each in root.iterdir()}
    folder = known.get(folder_of(label))  # never a path made of a class's name
    view = read(folder) if folder else None
    return view if view is not None and view.model == model else None
