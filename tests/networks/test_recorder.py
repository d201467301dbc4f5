"""Recording, with a stand-in for CUDA; `test_inference` and `test_graph` do it on a real GPU."""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import contextmanager
from typing import Any

import pytest
import torch
from torch import Tensor

from explorer.data import load
from explorer.networks.recorder import Recorded, RecordingFailed
from explorer.training.graph import WARM_UP, GraphedStep
from explorer.training.loop import train_step
from tests.training.helpers import begin

CPU = torch.device("cpu")


class FakeCuda:
    """Notes what is asked of it. A replay computes what was recorded, into the same place."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.again: Callable[[], Tensor] | None = None
        self.recorded: Recorded | None = None

    def current_stream(self, device: torch.device) -> FakeCuda:
        return self

    def Stream(self, device: torch.device) -> FakeCuda:
        return self

    def wait_stream(self, other: object) -> None:
        self.asked.append("wait")

    @contextmanager
    def stream(self, other: object) -> Any:
        yield

    device = stream

    def CUDAGraph(self) -> FakeCuda:
        return self

    def register_generator_state(self, generator: torch.Generator) -> None:
        self.asked.append("generator")

    @contextmanager
    def graph(self, graph: object, **options: Any) -> Any:
        self.asked.append("record")
        yield

    def replay(self) -> None:
        self.asked.append("replay")
        made = self.recorded
        made.output.copy_(made.work(*made.arguments))

    def set_stream(self, stream: object) -> None:
        self.asked.append("back")

    def synchronize(self, device: torch.device) -> None:
        self.asked.append("synchronize")


@pytest.fixture
def cuda(monkeypatch: pytest.MonkeyPatch) -> FakeCuda:
    fake = FakeCuda()
    for name in (
        *("current_stream", "Stream", "stream", "device", "CUDAGraph", "graph", "set_stream"),
        "synchronize",
    ):
        monkeypatch.setattr(torch.cuda, name, getattr(fake, name))
    monkeypatch.setattr(Tensor, "record_stream", lambda tensor, stream: None)
    return fake


def test_some_calls_as_they_are_then_one_graph(cuda: FakeCuda) -> None:
    calls: list[tuple[Tensor, ...]] = []

    def add(*pair: Tensor) -> Tensor:
        calls.append(pair)
        return pair[0] + pair[1]

    cuda.recorded = recorded = Recorded(add, CPU, 2, torch.Generator())
    one, found = torch.ones(2), []
    for i in range(5):
        found.append(recorded(one, torch.full((2,), float(i))))
    assert [each.tolist() for each in found] == [[1.0 + i] * 2 for i in range(5)]
    assert cuda.asked == ["wait"] * 4 + ["generator", "record"] + ["replay"] * 3
    assert [pair[0] is one for pair in calls] == [True, True] + [False] * 4
    assert found[-1] is not recorded.output, "an output belongs to whoever asked"


def test_what_cannot_be_recorded_says_so_in_a_line(cuda: FakeCuda) -> None:
    def look() -> Tensor:
        if "record" in cuda.asked:
            raise RuntimeError("it looked\nat a value")
        return torch.zeros(1)

    recorded = Recorded(look, CPU, 1)
    recorded()
    with pytest.raises(RecordingFailed, match="^it looked$"):
        recorded()
    assert cuda.asked[-2:] == ["back", "synchronize"] and recorded.graph is None


def test_training_goes_on_without_a_graph_and_says_so_once(
    cuda: FakeCuda, caplog: pytest.LogCaptureFixture
) -> None:
    run, steps = begin(load("mnist-5k", size=8)), 0

    def counted(run: Any) -> Tensor:
        nonlocal steps
        if cuda.asked[-1:] == ["record"]:
            raise RuntimeError("no reason")
        steps += 1
        return train_step(run)

    step = GraphedStep(counted)
    with caplog.at_level(logging.WARNING):
        for _ in range(WARM_UP + 3):
            assert step(run).isfinite().all()
    assert steps == WARM_UP + 3 and not step.works
    assert [record.getMessage() for record in caplog.records] == [
        "no CUDA graph, steps are slower: no reason"
    ]
