"""Where a step is recorded as a CUDA graph, and that it computes the same."""

from __future__ import annotations

import pytest
import torch

from explorer.data import ImageSet
from explorer.training import Run, fit, graph, loop
from explorer.training.graph import GraphedStep, in_graph
from explorer.training.loop import train_step
from tests.training.helpers import advance, begin

needs_cuda = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA GPU")


def test_on_the_cpu_the_step_is_taken_as_it_is(
    small_digits: ImageSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = begin(small_digits)
    assert in_graph(run, train_step) is train_step
    monkeypatch.setattr(graph, "GraphedStep", None)  # whoever calls it fails
    assert len(list(fit(run))) == 8


def test_several_processes_take_the_step_as_it_is(small_digits: ImageSet) -> None:
    run = begin(small_digits)
    run.device, run.processes = torch.device("cuda"), 2
    assert in_graph(run, train_step) is train_step


def cuda_run(data: ImageSet, device: str = "cuda", **changes: object) -> Run:
    settings = {"size": 16, "steps": 75, "batch": 32, "network_options": {"width": 32}}
    return Run(begin(data).config.__class__(**settings | changes), data, device)


@needs_cuda
def test_graph_and_eager_steps_lose_the_same(
    small_digits: ImageSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    graphed = cuda_run(small_digits)
    assert isinstance(in_graph(graphed, train_step), GraphedStep)
    list(fit(graphed))
    monkeypatch.setattr(loop, "in_graph", lambda run, step: step)
    eager = cuda_run(small_digits)
    list(fit(eager))
    assert graphed.step == eager.step == 75
    assert len(graphed.history.losses) == 75
    assert graphed.history.losses == pytest.approx(eager.history.losses, rel=0.05)
    assert graphed.history.losses[0] == pytest.approx(eager.history.losses[0], rel=1e-3)
    assert graphed.probe().loss == pytest.approx(eager.probe().loss, rel=0.05)


@needs_cuda
def test_a_graph_is_recorded_and_a_bad_step_in_it_changes_no_weights(
    small_digits: ImageSet,
) -> None:
    run = cuda_run(small_digits)
    step = GraphedStep(train_step)
    run.rate.fill_(1e-3)
    run.decay.fill_(0.5)
    for _ in range(graph.WARM_UP + 2):
        assert step(run).isfinite().all()
    assert step.works and step.recorded is not None and step.recorded.graph is not None
    run.weights.fill_(float("nan"))
    before = [weight.clone() for weight in run.network.parameters()]
    assert not step(run).isfinite().any()
    after = list(run.network.parameters())
    assert all(torch.equal(a, b) for a, b in zip(before, after, strict=True))


@needs_cuda
def test_on_cuda_losses_are_fetched_every_so_many_steps(small_digits: ImageSet) -> None:
    run = cuda_run(small_digits, steps=60)
    assert [step.step for step in fit(run)] == [25, 50, 60]
    again = advance(cuda_run(small_digits, steps=60), 1)
    assert again.step == 25 and len(again.history.steps) == 25


@needs_cuda
def test_when_a_capture_fails_training_and_the_devices_own_generator_go_on(
    small_digits: ImageSet,
) -> None:
    run, begun = cuda_run(small_digits), torch.cuda.current_stream()
    run.rate.fill_(1e-3)

    def looking(run: Run) -> torch.Tensor:
        if torch.cuda.is_current_stream_capturing():
            run.draw()
            run.rate.item()
        return train_step(run)

    step = GraphedStep(looking)
    for _ in range(graph.WARM_UP + 3):
        assert step(run).isfinite().all()
    assert not step.works and torch.cuda.current_stream() == begun
    assert torch.rand(2, device="cuda").isfinite().all()


@pytest.mark.skipif(torch.cuda.device_count() < 2, reason="needs two CUDA GPUs")
def test_a_graph_is_recorded_on_the_second_gpu(small_digits: ImageSet) -> None:
    run = cuda_run(small_digits, "cuda:1")
    assert torch.cuda.current_device() == 0
    step = GraphedStep(train_step)
    run.rate.fill_(1e-3)
    before = [weight.clone() for weight in run.network.parameters()]
    for _ in range(graph.WARM_UP + 2):
        step(run)
    assert step.works and step.recorded is not None and step.recorded.graph is not None
    learnt = zip(before, run.network.parameters(), strict=True)
    assert any(not torch.equal(a, b) for a, b in learnt)
