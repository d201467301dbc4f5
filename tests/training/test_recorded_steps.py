"""Training steps as a CUDA graph, with a stand-in for CUDA: none is lost, none is taken twice."""

from __future__ import annotations

import logging
import warnings

import pytest
import torch
from torch import Tensor

from explorer.data import ImageSet
from explorer.training import Run, fit, loop
from explorer.training.graph import WARM_UP, GraphedStep
from explorer.training.loop import train_step
from tests.networks.fake_cuda import FakeCuda, FakeGraph, installed
from tests.training.helpers import begin, differing, everything

WARNING = (
    "The CUDA Graph is empty. This usually means that the graph was attempted to be captured on "
    "wrong device or stream."
)


@pytest.fixture
def cuda(monkeypatch: pytest.MonkeyPatch) -> FakeCuda:
    return installed(monkeypatch)


def without_graphs(data: ImageSet, steps: int) -> dict[str, Tensor]:
    """What a run of so many steps comes to."""
    run = begin(data)
    losses = torch.stack([train_step(run) for _ in range(steps)])
    return everything(run) | {"losses": losses}


def with_graphs(data: ImageSet, step: GraphedStep, steps: int) -> dict[str, Tensor]:
    run = begin(data)
    losses = torch.stack([step(run) for _ in range(steps)])
    return everything(run) | {"losses": losses}


def test_training_goes_on_without_a_graph_and_says_so_once(
    cuda: FakeCuda, caplog: pytest.LogCaptureFixture, small_digits: ImageSet
) -> None:
    generators: list[torch.Generator] = []

    def failing(run: Run) -> Tensor:
        generators.append(run.generator)
        if cuda.capturing:
            run.draw()  # has drawn before it fails
            raise RuntimeError("no reason")
        return train_step(run)

    step = GraphedStep(failing)
    with caplog.at_level(logging.WARNING):
        found = with_graphs(small_digits, step, WARM_UP + 3)
    assert not step.works and step.recorded is None
    assert differing(found, without_graphs(small_digits, WARM_UP + 3)) == []
    assert len({id(each) for each in generators[: WARM_UP + 1]}) == 1
    assert generators[WARM_UP + 1] is not generators[WARM_UP], "that one stays in capture mode"
    assert [record.getMessage() for record in caplog.records] == [
        "no CUDA graph, steps are slower: no reason"
    ]


@pytest.mark.parametrize("warns", [True, False])
def test_a_step_that_was_done_where_it_should_be_recorded_is_not_done_twice(
    warns: bool, cuda: FakeCuda, caplog: pytest.LogCaptureFixture, small_digits: ImageSet
) -> None:
    """Which is what gives an empty graph: a replay of it does nothing."""
    cuda.replays = lambda graph: None  # type: ignore[method-assign]
    cuda.end = lambda: warnings.warn(WARNING, stacklevel=2) if warns else None  # type: ignore
    step = GraphedStep(train_step)
    with caplog.at_level(logging.WARNING), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = with_graphs(small_digits, step, WARM_UP + 3)
    assert not step.works and cuda.here is cuda.start
    assert cuda.asked.count("replay") == (not warns)
    assert differing(found, without_graphs(small_digits, WARM_UP + 3)) == []
    assert [record.getMessage() for record in caplog.records] == [
        "no CUDA graph, steps are slower: the graph is empty"
    ]


def test_the_first_replay_is_a_step(cuda: FakeCuda, small_digits: ImageSet) -> None:
    """A real capture computes nothing: it is the replay that does the step."""

    def step_or_nothing(run: Run) -> Tensor:
        return torch.zeros(3) if cuda.capturing else train_step(run)

    step = GraphedStep(step_or_nothing)

    def replays(graph: FakeGraph) -> None:
        assert step.recorded is not None
        step.recorded.output.copy_(step.recorded.work())

    cuda.replays = replays  # type: ignore[method-assign]
    found = with_graphs(small_digits, step, WARM_UP + 3)
    assert step.works and cuda.asked.count("replay") == 3
    assert differing(found, without_graphs(small_digits, WARM_UP + 3)) == []


@pytest.mark.parametrize("at", [1, 2])
def test_a_replay_that_cannot_begin_is_a_step_without(
    at: int, cuda: FakeCuda, small_digits: ImageSet
) -> None:
    step = GraphedStep(lambda run: torch.zeros(3) if cuda.capturing else train_step(run))

    def replays(graph: FakeGraph) -> None:
        if cuda.asked.count("replay") == at:
            raise RuntimeError("Cannot prepare for replay during capturing stage.")
        assert step.recorded is not None
        step.recorded.output.copy_(step.recorded.work())

    cuda.replays = replays  # type: ignore[method-assign]
    found = with_graphs(small_digits, step, WARM_UP + 4)
    assert not step.works
    assert differing(found, without_graphs(small_digits, WARM_UP + 4)) == []


def test_cudnn_measures_while_a_run_takes_a_step_and_not_between(
    cuda: FakeCuda, small_digits: ImageSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    measuring: list[bool] = []

    def step(run: Run) -> Tensor:
        measuring.append(torch.backends.cudnn.benchmark)
        if len(measuring) == 4:
            raise RuntimeError("no reason")
        return train_step(run)

    monkeypatch.setattr(loop, "in_graph", lambda run, _: GraphedStep(step))
    steps = fit(begin(small_digits))
    for _ in range(3):
        next(steps)
        assert not torch.backends.cudnn.benchmark
    with pytest.raises(RuntimeError, match="no reason"):
        next(steps)
    assert measuring == [True] * 4 and not torch.backends.cudnn.benchmark


def test_training_has_memory_of_its_own(cuda: FakeCuda, small_digits: ImageSet) -> None:
    steps = [GraphedStep(train_step) for _ in range(2)]
    for step in steps:
        step(begin(small_digits))
    assert steps[0].recorded.pool is not steps[1].recorded.pool
