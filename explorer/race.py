"""The race: several samplers from the same noise with the same model, on one clock."""

from __future__ import annotations

import heapq
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor

from explorer.diffusion import (
    Denoiser,
    Frame,
    picture_generators,
    randn,
    sample,
    strided_times,
)
from explorer.diffusion.process import Variance


@dataclass(frozen=True)
class Lane:
    """One sampler of a race."""

    name: str
    times: tuple[int, ...]
    """From T to 0."""
    eta: float
    variance: Variance = "posterior"

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

    Every lane starts from the same x_T, and picture i of a seed draws its noise from a generator
    of its own: it does not change with the other lanes or with the number of pictures.

    shape : (C, H, W) of a picture.
    labels : a class for each picture, or None; then `n` says how many pictures.
    first : the index of the first picture, to make many pictures in parts.
    """
    n = len(labels) if labels is not None else n
    if not n or n < 1:
        raise ValueError(f"n = {n!r} is not allowed: a race needs at least one picture")
    label = None if labels is None else torch.tensor(list(labels), device=device)
    denoise = denoiser if label is None else partial(denoiser, label=label)

    def timed(index: int, lane: Lane) -> Iterator[LaneFrame]:
        generators = picture_generators(seed, n, first=first)
        noise = randn(torch.empty(n, *shape, device=device), generators)
        noise = noise.contiguous(memory_format=torch.channels_last)
        frames = sample(
            denoise,
            denoiser.schedule,
            noise,
            lane.times,
            eta=lane.eta,
            variance=lane.variance,
            generator=generators,
        )
        seconds, started = 0.0, time.perf_counter()
        for done, frame in enumerate(frames, start=1):
            if frame.x.is_cuda:  # kernels run behind; the clock must not
                torch.cuda.synchronize(frame.x.device)
            seconds += time.perf_counter() - started
            yield LaneFrame(index, frame, min(done, lane.evaluations), seconds)
            started = time.perf_counter()

    entries = [timed(i, lane) for i, lane in enumerate(lanes)]
    return heapq.merge(*entries, key=lambda entry: -entry.frame.t)


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
