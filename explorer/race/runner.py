"""One lane on its way: where it stands, and the step that it takes."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from explorer.devices import memory_format
from explorer.diffusion import Denoiser, Frame, picture_generators, randn
from explorer.diffusion.sampler import Advance, Memory, advance
from explorer.race.lanes import Lane


@dataclass(frozen=True, eq=False)
class Racer:
    """How far a lane is: all it takes to go on, on any device or in another process."""

    at: int
    """The index of its next frame in the lane's times."""
    x: Tensor
    generators: tuple[Tensor, ...]
    """The state of each picture's generator."""
    evaluations: int = 0
    seconds: float = 0.0
    memory: Memory = ()
    """The earlier frames that its sampler looks back at."""
    output: Tensor | None = None
    """What the network said of x, if it was asked already, together with another lane."""


def at_start(shape: tuple[int, ...], n: int, seed: int, first: int, start: Tensor | None) -> Racer:
    """The noise is drawn even where it is not needed: no step's z shall be the first numbers."""
    generators = picture_generators(seed, n, first=first)
    noise = randn(torch.empty(n, *shape), generators)
    states = tuple(generator.get_state() for generator in generators)
    return Racer(0, noise if start is None else start, states)


class Runner:
    """A lane on its way."""

    def __init__(
        self,
        lane: Lane,
        denoiser: Denoiser,
        racer: Racer,
        label: Tensor | None,
        device: str | torch.device,
    ) -> None:
        self.lane, self.at, self.label = lane, racer.at, label
        schedule = lane.schedule or denoiser.schedule
        self.denoiser = replace(denoiser, clip=lane.clip, schedule=schedule)
        self.x = racer.x.to(device).contiguous(memory_format=memory_format(device))
        self.memory = tuple(_moved(frame, device) for frame in racer.memory)
        self.output = None if racer.output is None else racer.output.to(device)
        self.generators = [torch.Generator() for _ in racer.generators]
        for generator, state in zip(self.generators, racer.generators, strict=True):
            generator.set_state(state)
        self.evaluations, self.seconds = racer.evaluations, racer.seconds

    @property
    def t(self) -> int:
        """Where it is on the clock; −1 when it has ended."""
        return self.lane.times[self.at] if self.at < len(self.lane.times) else -1

    @property
    def asks(self) -> bool:
        """Whether the network has to be asked before it goes on from here."""
        return self.output is None and bool(self.t or self.lane.finish)

    @property
    def racer(self) -> Racer:
        states = tuple(generator.get_state() for generator in self.generators)
        memory = tuple(_moved(frame, "cpu") for frame in self.memory)
        output = None if self.output is None else self.output.cpu()
        return Racer(self.at, self.x.cpu(), states, self.evaluations, self.seconds, memory, output)

    def go(self) -> tuple[Frame, Advance, Tensor]:
        """The frame here, the step that is taken from it, and x̂_0 before it is clipped.

        Once `output` is there.
        """
        lane, (t, s), output = self.lane, self.lane.steps[self.at], self.output
        assert output is not None
        unclipped = self.denoiser.unclipped(self.x, t, output)
        frame = Frame(self.t, self.x, self.denoiser.clipped(unclipped))
        schedule = self.denoiser.schedule
        before = self.memory[-1].t if self.memory else None
        step = advance(
            schedule,
            lane.way,
            Frame(t, frame.x, frame.x0),
            s,
            options=lane.options,
            denoise=self._denoise,
            memory=self.memory,
            generator=self.generators,
            terms=lane.terms(schedule, (t, s), before),
        )
        self.x, self.memory = self._kept(step.x), step.memory
        self.output = None
        self.at += 1
        self.evaluations += 1
        return frame, step, unclipped

    def end(self) -> Frame:
        """The last frame; where the lane does something more at t = 0, once `output` is there."""
        if self.lane.finish:
            assert self.output is not None
            self.x = self._kept(self.lane.finish(self.denoiser, self.x, self.output))
            self.output = None
            self.evaluations += 1
        self.at += 1
        return Frame(0, self.x, self.x)

    def _kept(self, x: Tensor) -> Tensor:
        return x.clamp(-1, 1) if self.lane.clamp else x

    def _denoise(self, x: Tensor, t: int) -> Tensor:
        """x̂_0 where a correction asks for it."""
        self.evaluations += 1
        told = max(0, t - self.lane.behind)
        return self.denoiser.read(x, t, self.denoiser.ask(x, told, self.label))


def _moved(frame: Frame, device: str | torch.device) -> Frame:
    return Frame(frame.t, frame.x.to(device), frame.x0.to(device))
