"""Contestants that take turns, so that a noisy machine is noisy for all."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, TypeVar

import torch
from torch import Tensor

Run = Callable[[], object]
Name = TypeVar("Name")


class Watched:
    """A network, and the seconds that its calls took; of use where they are waited for."""

    def __init__(self, network: Callable[..., Tensor], clock: Callable[[], float]) -> None:
        self.network, self.clock, self.seconds = network, clock, 0.0

    def __call__(self, *arguments: Tensor) -> Tensor:
        begun = self.clock()
        output = self.network(*arguments)
        self.seconds += self.clock() - begun
        return output

    def share(self, run: Run) -> Run:
        """`run`, which then says how many times its network calls it took."""

        def watched() -> float:
            self.seconds, begun = 0.0, self.clock()
            run()
            return (self.clock() - begun) / self.seconds

        return watched


def clock_of(device: torch.device) -> Callable[[], float]:
    """What is watched: where it can be told apart, only the time that this process had."""
    alone = device.type == "cpu" and torch.get_num_threads() == 1
    return time.process_time if alone else time.perf_counter


class Times(NamedTuple):
    """Of each round."""

    seconds: list[float]
    said: list[Any]
    """What the run returned."""


def in_turns(runs: Mapping[Name, Run], rounds: int, device: torch.device) -> dict[Name, Times]:
    """Each run in each round, to the end of what the device was given to do.

    A first round, to warm up, does not count.
    """
    found = {name: Times([], []) for name in runs}
    names, clock = list(runs), clock_of(device)
    for i in range(-1, rounds):
        for name in names[i % len(names) :] + names[: i % len(names)]:
            begun = clock()
            said = runs[name]()
            if device.type == "cuda":
                torch.cuda.synchronize(device)
            if i >= 0:
                found[name].seconds.append(clock() - begun)
                found[name].said.append(said)
    return found


def ratio(a: Times, b: Times) -> float:
    """Median of the ratios within each round."""
    return statistics.median(x / y for x, y in zip(a.seconds, b.seconds, strict=True))
