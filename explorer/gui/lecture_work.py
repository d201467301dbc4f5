"""A visitor's own model of a lecture's network, sampled as the lecture does."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
from PIL import Image
from torch import Tensor

from explorer.checkpoints import Spec, load
from explorer.data import load as load_data
from explorer.data import to_tensor
from explorer.diffusion import Denoiser
from explorer.figures.pictures import grid
from explorer.gui.context import Context
from explorer.gui.jobs import patient
from explorer.lecture_sampling import one_shot
from explorer.lectures import LECTURES, Lecture
from explorer.networks import CHOICES
from explorer.race import race

COUNT, COLUMNS, SEED = 9, 3, 0
SHOW_EVERY = 0.5
"""Seconds between two looks."""
Sheet = tuple[Image.Image | None, str]


@dataclass(frozen=True)
class Sampled:
    """How far it is."""

    status: str
    sheets: tuple[Sheet, ...]
    """One for each of the lecture's samplers, or one of its one-shot looks."""


def own_model(context: Context, lecture: Lecture, visitor: str) -> tuple[Path, Spec]:
    """The visitor's newest model of this lecture's network; ValueError if there is none."""
    kind, _ = CHOICES[lecture.network]
    for path, spec in context.models(visitor).values():
        if spec.network == kind:
            return path, spec
    raise ValueError(
        "No model of this lecture's network is here yet: press “Set it in Train”, train it "
        "there, and come back."
    )


def room(lecture: Lecture) -> tuple[Sheet, ...]:
    """What stands there before anything was sampled."""
    names = [lane.title for lane in lecture.make_lanes(lecture.make_schedule())]
    return tuple((None, f"Your model: {name}") for name in names or ["one shot"])


def sample_as(
    path: Path,
    name: str,
    device: torch.device,
    stopped: Callable[[], bool],
    seconds: float | None = None,
) -> Iterator[Sampled]:
    """By all samplers of the lecture from one noise, or its one-shot looks; a growing view.

    seconds : after so many it ends as if it were stopped.
    """
    lecture, stop = LECTURES[name], patient(stopped, seconds)
    denoiser, spec = load(path, device)
    if lecture.looks:
        sheet = looks_of(lecture, [denoiser], real_pictures(spec).to(device))
        yield Sampled(f"{spec.name}, seed {SEED}", ((sheet[0], f"Your model: {sheet[1]}"),))
        return
    lanes = lecture.make_lanes(denoiser.schedule)
    shape = (spec.channels, spec.size, spec.size)
    frames: dict[int, tuple[int, Tensor]] = {}

    def look(ended: str = "") -> Sampled:
        sheets = [
            (sheet_of(x), f"Your model: {lanes[i].title}" + (f", t = {t}" if t else ""))
            for i, (t, x) in sorted(frames.items())
        ]
        at = max(t for t, _ in frames.values())
        return Sampled(f"{spec.name}, seed {SEED}, " + (ended or f"t = {at}"), tuple(sheets))

    shown = time.monotonic()
    for entry in race(denoiser, lanes, shape, seed=SEED, n=COUNT, device=device):
        frames[entry.lane] = (entry.frame.t, entry.frame.x)
        if stop():
            yield look("stopped")
            return
        if len(frames) == len(lanes) and time.monotonic() - shown > SHOW_EVERY:
            yield look()
            shown = time.monotonic()
    yield look("done")


def looks_of(
    lecture: Lecture, denoisers: list[Denoiser], x0: Tensor, seed: int = SEED
) -> tuple[Image.Image, str]:
    """For each picture a row of x_t and one of x̂_0 by each model; a column for each time."""
    T = denoisers[0].schedule.T
    times = tuple(dict.fromkeys(min(look, T - 1) for look in lecture.looks))
    ways = [list(one_shot(each, x0, times, seed=seed)) for each in denoisers]
    rows = [[look.x for look in ways[0]], *([look.x0 for look in way] for way in ways)]
    tiles = [part[i] for i in range(len(x0)) for row in rows for part in row]
    return (
        sheet_of(torch.stack(tiles), len(times)),
        f"for each picture x_t, below it x̂₀ in one shot, at t = {', '.join(map(str, times))}",
    )


def real_pictures(spec: Spec, n: int = 3) -> Tensor:
    """Pictures of the model's channels and size that everybody has."""
    data = load_data("mnist-5k" if spec.channels == 1 else "emoji", size=spec.size)
    step = max(1, len(data) // n)
    return to_tensor(data.images[::step][:n])


def sheet_of(x: Tensor, columns: int = COLUMNS) -> Image.Image:
    """Pictures side by side, what leaves the range cut off."""
    return grid(x.cpu().clamp(-1, 1), columns=columns, gap=1, gap_color=None)
