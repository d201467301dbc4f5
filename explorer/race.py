"""The race: several samplers from the same noise with the same model, on one clock."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from explorer.diffusion import Denoiser, Frame, picture_generators, randn, strided_times
from explorer.diffusion.process import Variance
from explorer.diffusion.sampler import advance, checked_times


@dataclass(frozen=True)
class Lane:
    """One sampler of a race."""

    name: str
    times: tuple[int, ...]
    """From T to 0."""
    eta: float
    variance: Variance = "posterior"

    @property
    def options(self) -> dict[str, Any]:
        """How it steps, for `advance`."""
        return {"eta": self.eta, "variance": self.variance}

    @property
    def evaluations(self) -> int:
        """How often the network is asked."""
        return len(self.times) - 1


def ddpm(T: int, *, variance: Variance = "posterior") -> Lane:
    """All T steps of Ho et al. 2020, σ² = β̃_t ("posterior") or β_t ("beta")."""
    return Lane("DDPM", tuple(range(T, -1, -1)), 1.0, variance)


def ddim(T: int, steps: int, *, eta: float = 0.0, spacing: str = "uniform") -> Lane:
    """`steps` steps of Song et al. 2021; eta = 0 adds no noise, 1 as much as DDPM."""
    return Lane("DDIM", tuple(strided_times(T, steps, spacing)), eta)


@dataclass(frozen=True, eq=False)
class LaneFrame:
    """A frame of one lane, and what it has cost so far."""

    lane: int
    frame: Frame
    evaluations: int
    seconds: float


def race(
    denoiser: Denoiser,
    lanes: Sequence[Lane],
    shape: tuple[int, int, int],
    *,
    seed: int,
    labels: Sequence[int] | None = None,
    n: int | None = None,
    first: int = 0,
    device: str | torch.device = "cpu",
) -> Iterator[LaneFrame]:
    """The frames of all lanes in the order of the true t, from T to 0.

    Lanes at the same t share one call of the network, and its cost. Every lane starts from the
    same x_T, and picture i of a seed draws its noise from a generator of its own: it does not
    change with the other lanes or with the number of pictures.

    shape : (C, H, W) of a picture.
    labels : a class for each picture, or None; then `n` says how many pictures.
    first : the index of the first picture, to make many pictures in parts.
    """
    n = len(labels) if labels is not None else n
    if not n or n < 1:
        raise ValueError(f"n = {n!r} is not allowed: a race needs at least one picture")
    label = None if labels is None else torch.tensor(list(labels), device=device)
    racers = []
    for index, lane in enumerate(lanes):
        generators = picture_generators(seed, n, first=first)
        noise = randn(torch.empty(n, *shape, device=device), generators)
        noise = noise.contiguous(memory_format=torch.channels_last)
        path = checked_times(denoiser.schedule, lane.times)
        advance(denoiser.schedule, Frame(path[0], noise[:0], noise[:0]), path[1], **lane.options)
        racers.append(Racer(index, lane, path, noise, generators))
    return _run(denoiser, racers, label)


@dataclass(eq=False)
class Racer:
    """A lane on its way."""

    index: int
    lane: Lane
    times: list[int]
    """Still to be visited, the present first."""
    x: Tensor
    generators: list[torch.Generator]
    evaluations: int = 0
    seconds: float = 0.0


@torch.inference_mode()
def _run(denoiser: Denoiser, racers: Sequence[Racer], label: Tensor | None) -> Iterator[LaneFrame]:
    """Always the lanes of the largest t; those that stand at the same t share one call."""
    schedule = denoiser.schedule
    while racers := [racer for racer in racers if racer.times]:
        t = max(racer.times[0] for racer in racers)
        here = [racer for racer in racers if racer.times[0] == t]
        started = time.perf_counter()
        x = torch.cat([racer.x for racer in here]) if len(here) > 1 else here[0].x
        labels = None if label is None else label.repeat(len(here))
        x0 = denoiser(x, t, labels) if t else x
        if x.is_cuda:  # kernels run behind; the clock must not
            torch.cuda.synchronize(x.device)
        shared = (time.perf_counter() - started) / len(here)
        frames = [
            Frame(t, racer.x, part) for racer, part in zip(here, x0.chunk(len(here)), strict=True)
        ]
        for racer, frame in zip(here, frames, strict=True):
            racer.seconds += shared
            racer.evaluations += t > 0
            yield LaneFrame(racer.index, frame, racer.evaluations, racer.seconds)
            started = time.perf_counter()
            racer.times.pop(0)
            if racer.times:
                racer.x = advance(
                    schedule,
                    frame,
                    racer.times[0],
                    generator=racer.generators,
                    **racer.lane.options,
                )
            racer.seconds += time.perf_counter() - started


def pictures(
    denoiser: Denoiser,
    lane: Lane,
    shape: tuple[int, int, int],
    *,
    seed: int,
    labels: Sequence[int] | None = None,
    n: int | None = None,
    device: str | torch.device = "cpu",
    batch: int = 64,
) -> Tensor:
    """Only the last frame of one lane: (n, C, H, W) in [−1, 1], made `batch` at a time."""
    n = len(labels) if labels is not None else n or 0
    parts = []
    for first in range(0, max(n, 1), batch):  # without pictures `race` says so
        count = min(batch, n - first)
        chosen = None if labels is None else labels[first : first + count]
        entries = race(
            denoiser, [lane], shape, seed=seed, labels=chosen, n=count, first=first, device=device
        )
        for entry in entries:
            last = entry.frame.x
        parts.append(last)
    return torch.cat(parts)


def choose_labels(classes: Sequence[str], n: int, label: str | None = None) -> list[int] | None:
    """A class for each of n pictures: the one asked for by name or number, or all in turn.

    None for a model without classes. ValueError if there is no such class.
    """
    if not classes:
        if label is not None:
            raise ValueError(f"label {label!r}: this model was trained without classes")
        return None
    if label is None:
        return [i % len(classes) for i in range(n)]
    if label in classes:
        return [classes.index(label)] * n
    if label.isdecimal() and int(label) < len(classes):
        return [int(label)] * n
    raise ValueError(f"label {label!r}: no such class; there are: {', '.join(classes)}")
