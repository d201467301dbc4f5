"""The race: several samplers from the same noise with the same model, on one clock."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from explorer.diffusion import Denoiser, Frame
from explorer.diffusion.samplers import Terms
from explorer.race.lanes import Lane
from explorer.race.runner import Racer, Runner, at_start

PATIENCE = 0.02
"""Seconds between two waits for a GPU, whose kernels run behind: the lanes' clocks are right to
about that, and Python and the GPU work at the same time in between."""


@dataclass(frozen=True, eq=False)
class LaneFrame:
    """A frame of one lane, the step taken from it, and what it has cost so far."""

    lane: int
    frame: Frame
    evaluations: int
    seconds: float
    step: tuple[int, int] | None = None
    """(t, s) of the step; None at the end."""
    terms: Terms = Terms(1.0, 0.0)
    """The weights of what the step is the sum of."""
    z: Tensor | None = None
    """The noise that the step added, like x; None if it added none."""
    change: Tensor | None = None
    """The sampler's correction, like x; None if the step had none."""
    unclipped: Tensor | None = None
    """x̂_0 before it was clipped, like x; None at the end, where the network is not asked."""


def race(
    denoiser: Denoiser,
    lanes: Sequence[Lane],
    shape: tuple[int, ...],
    *,
    seed: int,
    labels: Sequence[int] | None = None,
    n: int | None = None,
    first: int = 0,
    start: Tensor | None = None,
    resume: Sequence[Racer] | None = None,
    device: str | torch.device = "cpu",
) -> Race:
    """The frames of all lanes in the order of the true t, from T to 0.

    Lanes at the same t share one call of the network, and its cost. Every lane starts from the
    same x_T, and picture i of a seed draws its noise from a generator of its own: it does not
    change with the other lanes or with the number of pictures.

    shape : (C, H, W) of a picture.
    labels : a class for each picture, −1 for none, or None; then `n` says how many pictures.
    first : the index of the first picture, to make many pictures in parts.
    start : (n, C, H, W) to start from instead of noise, at the lanes' first t; or one for each
        lane, (lanes, n, C, H, W).
    resume : `Race.racers` of a race that was stopped; it goes on to the same end.

    ValueError, at once, if the arguments do not fit.
    """
    n = len(labels) if labels is not None else n
    if not lanes:
        raise ValueError("a race needs at least one lane")
    if not n or n < 1:
        raise ValueError(f"n = {n!r} is not allowed: a race needs at least one image")
    if start is not None and start.shape not in ((n, *shape), (len(lanes), n, *shape)):
        raise ValueError(f"start is {tuple(start.shape)}; for these images it is {(n, *shape)}")
    starts = [None] * len(lanes) if start is None else start.expand(len(lanes), n, *shape)
    if resume is not None:
        found = [tuple(racer.x.shape) for racer in resume]
        if found != [(n, *shape)] * len(lanes) or any(
            racer.at > len(lane.times) for racer, lane in zip(resume, lanes, strict=True)
        ):
            raise ValueError("this is not where a race of these lanes and images stopped")
    label = None if labels is None else torch.tensor(list(labels), device=device)
    return Race(
        denoiser,
        [
            Runner(
                lane.checked(denoiser.schedule),
                denoiser,
                resume[i] if resume is not None else at_start(shape, n, seed, first, starts[i]),
                label,
                device,
            )
            for i, lane in enumerate(lanes)
        ],
        label,
    )


class Race(Iterator[LaneFrame]):
    """The frames as they come. To stop, stop pulling; `racers` then says how to go on."""

    def __init__(
        self, denoiser: Denoiser, runners: Sequence[Runner], label: Tensor | None
    ) -> None:
        self.denoiser, self.label = denoiser, label
        self._runners = runners
        self._frames = self._run()
        self._waited = 0.0

    @property
    def racers(self) -> tuple[Racer, ...]:
        """Where each lane stands after the frames that were pulled."""
        return tuple(runner.racer for runner in self._runners)

    @property
    def finished(self) -> bool:
        """Whether all lanes have ended."""
        return all(runner.t < 0 for runner in self._runners)

    def __next__(self) -> LaneFrame:
        return next(self._frames)

    @torch.inference_mode()
    def _run(self) -> Iterator[LaneFrame]:
        """Always the lanes of the largest t; those that stand at the same t share one call."""
        while (t := max(runner.t for runner in self._runners)) >= 0:
            here = [i for i, runner in enumerate(self._runners) if runner.t == t]
            new = [self._runners[i] for i in here if self._runners[i].asks]
            if new:
                self._ask(new)
            for i in here:
                yield self._entry(i)

    def _ask(self, here: Sequence[Runner]) -> None:
        """The network's output for lanes that stand at the same place on the clock."""
        started = time.perf_counter()
        told = [runner.lane.told(runner.at) for runner in here]
        x = torch.cat([runner.x for runner in here]) if len(here) > 1 else here[0].x
        t = torch.tensor(told).repeat_interleave(len(here[0].x)) if len(set(told)) > 1 else told[0]
        labels = self.label
        if labels is not None and len(here) > 1:
            labels = labels.repeat(len(here))
        output = self.denoiser.ask(x, t, labels)
        if x.is_cuda and time.perf_counter() - self._waited > PATIENCE:
            torch.cuda.synchronize(x.device)
            self._waited = time.perf_counter()
        for runner, own in zip(here, output.chunk(len(here)), strict=True):
            runner.output = own
            runner.seconds += (time.perf_counter() - started) / len(here)

    def _entry(self, i: int) -> LaneFrame:
        """Goes on with a lane and says what it was like before."""
        runner = self._runners[i]
        started = time.perf_counter()
        if runner.t == 0:
            end = runner.end()
            runner.seconds += time.perf_counter() - started
            return LaneFrame(i, end, runner.evaluations, runner.seconds)
        times = runner.lane.steps[runner.at]
        frame, step, unclipped = runner.go()
        runner.seconds += time.perf_counter() - started
        return LaneFrame(
            i,
            frame,
            runner.evaluations,
            runner.seconds,
            times,
            step.terms,
            step.z,
            step.change,
            unclipped,
        )


def pictures(
    denoiser: Denoiser,
    lane: Lane,
    shape: tuple[int, ...],
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
        for entry in race(
            denoiser, [lane], shape, seed=seed, labels=chosen, n=count, first=first, device=device
        ):
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
    if isinstance(label, str) and label.isdecimal() and int(label) < len(classes):
        return [int(label)] * n
    raise ValueError(f"label {label!r}: no such class; there are: {', '.join(classes)}")
