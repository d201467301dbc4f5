"""When is a picture decided? Continuations from moments of its way, and how far they spread."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from explorer.checkpoints import Spec
from explorer.diffusion import Denoiser
from explorer.diffusion.samplers import DDIM, DDPM
from explorer.evaluation.weights import weights_of
from explorer.gui.reverse.spread.view import MOMENTS, LaneSpread, SpreadView, decided, sheet_of
from explorer.inference import shared
from explorer.race import race
from explorer.race.fork import BRANCHES, FIRST, by_scale, from_here, spread, spreads
from explorer.race.lanes import Lane, ddim

SEED = 5
"""What the panel opens with."""
WAYS, MOST_WAYS = 16, 64
"""Trajectories, each from an x_T of its own."""
NO_CLASS = "none given"


def spread_lanes(T: int) -> dict[str, Lane]:
    """DDPM's noise (η = 1) on a grid of 50 steps, for speed, and DDIM's 20 without any."""
    return {DDPM.title: ddim(T, min(50, T), eta=1.0), DDIM.title: ddim(T, min(20, T))}


def moments(lane: Lane) -> list[int]:
    """The times of a lane next to T, 9T/10, …, T/10; fewer on a very short way."""

    def nearest(wanted: float) -> int:
        return min(lane.times[:-1], key=lambda t: abs(t - wanted))

    found = {nearest(lane.times[0] * k / MOMENTS) for k in range(1, MOMENTS + 1)}
    return sorted(found, reverse=True)


@dataclass
class Forks:
    """What is known of one lane while it is walked."""

    lane: Lane
    end: Tensor | None = None
    """Of the first trajectory, (1, C, H, W)."""
    pictures: tuple[Tensor, ...] = ()
    """Of the first trajectory's forks."""
    ways: list[tuple[float, ...]] = field(default_factory=list)
    """The spreads of each trajectory that has ended."""
    scales: list[tuple[float | None, float | None]] = field(default_factory=list)
    """Where its coarse and its fine spread are at half."""

    @property
    def cost(self) -> int:
        """Evaluations of the network for one trajectory and its forks."""
        on = sum(from_here(self.lane, t).evaluations for t in moments(self.lane))
        return self.lane.evaluations + BRANCHES * on


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
    """`view.wanted` x_T denoised by DDPM, and every moment of each way continued four times.

    A lane without noise walks from the first x_T only: its forks are all alike. Yields every so
    many seconds and at the end; the first trajectory's pictures are shown, until it has ended as
    beliefs x̂_0. What has ended by a stop stays.
    """
    forks, due = {name: Forks(lane) for name, lane in spread_lanes(view.T).items()}, 0.0
    for share in _walk(denoiser, forks, shape, view, label, device):
        if share < 1 and time.perf_counter() < due:
            continue
        lanes = tuple(lane_spread(name, each) for name, each in forks.items())
        running = share < 1 and not stopped()
        view = replace(view, lanes=lanes, share=share, running=running)
        yield view
        if not running:
            return
        due = time.perf_counter() + every


def _walk(
    denoiser: Denoiser,
    forks: Mapping[str, Forks],
    shape: tuple[int, int, int],
    view: SpreadView,
    label: int | None,
    device: str | torch.device,
) -> Iterator[float]:
    """The share of the work that is done, again and again; `forks` is what is known by then."""
    walks = [
        (way, each)
        for way in range(view.wanted)
        for each in forks.values()
        if not way or each.lane.stochastic
    ]
    done, todo = 0.0, sum(each.cost for _, each in walks)
    for way, each in walks:
        for share in _fork(denoiser, each, shape, view.seed, way, label, device):
            yield min((done + share * each.cost) / todo, 0.9999)
        done += each.cost
    yield 1.0


def _fork(
    denoiser: Denoiser,
    forks: Forks,
    shape: tuple[int, int, int],
    seed: int,
    way: int,
    label: int | None,
    device: str | torch.device,
) -> Iterator[float]:
    """The share of one trajectory's work; every trajectory and fork has noise of its own."""
    lane, at = forks.lane, moments(forks.lane)
    labels, states = None if label is None else [label], []
    alone = lane.evaluations / forks.cost
    for entry in race(
        denoiser, [lane], shape, seed=seed, n=1, labels=labels, first=way, device=device
    ):
        if not way:
            forks.end = entry.frame.x0.cpu()
        if entry.frame.t in at:
            states.append(entry.frame.x)
        yield alone * entry.evaluations / lane.evaluations
    first = FIRST + way * BRANCHES
    x = torch.cat(states)
    for fanned in spreads(
        denoiser, lane, x, at, seed=seed, label=label, first=first, device=device
    ):
        if not way:
            forks.pictures = tuple(pictures.cpu() for pictures in fanned.x0)
        if fanned.share == 1:
            forks.ways.append(tuple(round(value, 4) for value in fanned.spreads))
            scales = zip(*(by_scale(pictures.cpu()) for pictures in fanned.x0), strict=True)
            coarse, fine = (decided(at, [spread(x) for x in each]) for each in scales)
            forks.scales.append((coarse, fine))
        yield alone + (1 - alone) * fanned.share


def lane_spread(name: str, forks: Forks) -> LaneSpread:
    """One sampler's curves so far, and the first trajectory's pictures."""
    lane = forks.lane
    times, rows = tuple(moments(lane)), BRANCHES if lane.stochastic else 1
    columns = {} if forks.end is None else {0: forks.end.expand(rows, *forks.end.shape[1:])}
    for t, pictures in zip(times, forks.pictures, strict=False):
        columns[round(MOMENTS * t / lane.times[0])] = pictures[:rows]
    values = tuple(round(spread(pictures), 4) for pictures in forks.pictures)
    title = f"{name}, η = {lane.options['eta']:g}, {lane.evaluations} steps"
    return LaneSpread(
        name, title, times, rows, values, tuple(forks.ways), tuple(forks.scales), sheet_of(columns)
    )


def choose_label(spec: Spec, label: Any) -> int | None:
    """The index of a class, None for none; ValueError if the model has no such class."""
    if label == NO_CLASS:
        return None
    if label not in spec.classes:
        raise ValueError(
            f"Class: {label!r} is not a class of this model; choose one from the menu"
        )
    return spec.classes.index(label)


def classes_of(spec: Spec | None) -> list[str]:
    """For the menu."""
    return [NO_CLASS, *(spec.classes if spec else ())]


def run_spread(
    path: Path,
    label: Any,
    seed: int,
    ways: int,
    device: torch.device,
    stopped: Callable[[], bool],
) -> Iterator[SpreadView]:
    """Load the model and fork its ways from so many x_T at ten moments."""
    denoiser, spec = shared(path, device)
    index = choose_label(spec, label)
    view = SpreadView(
        spec.name,
        spec.T,
        seed,
        None if index is None else label,
        ways,
        weights_of(denoiser, spec),
        datetime.now(UTC).date().isoformat(),
    )
    shape = (spec.channels, spec.size, spec.size)
    yield from fork_at_moments(denoiser, shape, view, label=index, device=device, stopped=stopped)
