"""Recording, with a stand-in for CUDA; `test_inference` and `test_graph` do it on a real GPU."""

from __future__ import annotations

import gc
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import pytest
import torch
from torch import Tensor
from torch.torch_version import TorchVersion

from explorer.networks.recorder import Pool, Recorded, RecordingFailed
from tests.networks.fake_cuda import FakeCuda, FakeGraph, FakeStream, installed

CPU = torch.device("cpu")


@pytest.fixture
def cuda(monkeypatch: pytest.MonkeyPatch) -> FakeCuda:
    return installed(monkeypatch)


def of_version(monkeypatch: pytest.MonkeyPatch, version: str) -> None:
    monkeypatch.setattr(torch, "__version__", TorchVersion(version))


def test_some_calls_as_they_are_then_one_graph(
    cuda: FakeCuda, monkeypatch: pytest.MonkeyPatch
) -> None:
    of_version(monkeypatch, "2.14.0")  # whichever is installed
    calls: list[tuple[Tensor, ...]] = []

    def add(*pair: Tensor) -> Tensor:
        calls.append(pair)
        return pair[0] + pair[1]

    cuda.recorded = recorded = Recorded(add, CPU, 2, torch.Generator())
    one, found = torch.ones(2), []
    for i in range(5):
        found.append(recorded(one, torch.full((2,), float(i))))
    assert [each.tolist() for each in found] == [[1.0 + i] * 2 for i in range(5)]
    assert cuda.asked == ["wait"] * 4 + ["record", "synchronize"] + ["replay"] * 3
    assert [pair[0] is one for pair in calls] == [True, True] + [False] * 4
    assert found[-1] is not recorded.output, "an output belongs to whoever asked"


def test_all_of_it_is_on_its_device_and_the_warm_up_where_the_capture_is(cuda: FakeCuda) -> None:
    where: list[tuple[list[object], FakeStream, bool]] = []

    def work() -> Tensor:
        where.append(([*cuda.devices], cuda.here, cuda.capturing))
        return torch.zeros(1)

    second = torch.device("cuda", 1)
    recorded = Recorded(work, second, 2)
    cuda.replays = lambda graph: where.append(([*cuda.devices], cuda.here, False))  # type: ignore
    for _ in range(2):
        recorded()
    with pytest.raises(RecordingFailed):  # this replay does nothing
        recorded()
    ((stream, device),) = cuda.made
    assert device == second, "no stream of PyTorch's own, which is on the device current then"
    *calls, replay = where
    assert calls == [([second], stream, False)] * 2 + [([second], stream, True)]
    assert replay == ([second], cuda.start, False)
    (graph,) = cuda.graphs
    assert graph.options["stream"] is stream
    assert graph.options["capture_error_mode"] == "thread_local"
    assert cuda.devices == [] and cuda.here is cuda.start


@pytest.mark.parametrize(("version", "by_hand"), [("2.9.1", 1), ("2.13.1", 1), ("2.15.0", 0)])
def test_generators_are_registered_by_hand_where_that_is_needed(
    version: str, by_hand: int, cuda: FakeCuda, monkeypatch: pytest.MonkeyPatch
) -> None:
    of_version(monkeypatch, version)
    cuda.recorded = recorded = Recorded(lambda: torch.zeros(1), CPU, 0, torch.Generator())
    recorded()
    assert cuda.asked.count("generator") == by_hand


def test_what_cannot_be_recorded_says_so_in_a_line(cuda: FakeCuda) -> None:
    def look() -> Tensor:
        if cuda.capturing:
            raise RuntimeError("it looked\nat a value")
        return torch.zeros(1)

    recorded = Recorded(look, CPU, 1)
    recorded()
    with pytest.raises(RecordingFailed, match="^it looked$") as failure:
        recorded()
    assert cuda.asked[-2:] == ["back", "synchronize"] and recorded.graph is None
    assert cuda.here is cuda.start and failure.value.output is None


@pytest.mark.parametrize("failure", [RuntimeError(""), ValueError("of the network")])
def test_whatever_ends_a_capture_leaves_the_stream_and_the_generator_in_order(
    failure: Exception, cuda: FakeCuda
) -> None:
    given = torch.Generator().manual_seed(3)
    state = given.get_state()

    def work() -> Tensor:
        torch.rand(1, generator=given)
        raise failure

    recorded = Recorded(work, CPU, 0, given)
    with pytest.raises(type(failure)) as error:
        recorded()
    assert isinstance(error.value, RecordingFailed) == isinstance(failure, RuntimeError)
    assert cuda.here is cuda.start
    assert recorded.generator is not None and recorded.generator is not given
    assert torch.equal(recorded.generator.get_state(), state)


@pytest.mark.parametrize("version", ["2.9.1", "2.14.1"])
def test_the_devices_own_generator_leaves_capture_mode_too(
    version: str, cuda: FakeCuda, monkeypatch: pytest.MonkeyPatch
) -> None:
    of_version(monkeypatch, version)
    state, inside = torch.Generator().manual_seed(5).get_state(), []
    own = SimpleNamespace(
        device=CPU, get_state=lambda: state, graphsafe_set_state=lambda new: inside.append(new)
    )
    monkeypatch.setattr(torch.cuda, "default_generators", ("other", own))
    monkeypatch.setattr(torch.cuda, "current_device", lambda: 1)

    def work() -> Tensor:
        raise RuntimeError("no reason")

    with pytest.raises(RecordingFailed):
        Recorded(work, CPU, 0)()
    assert [torch.equal(new.get_state(), state) for new in inside] == [True] * (version == "2.9.1")


# ---- memory that graphs share -----------------------------------------------------------------


def test_graphs_of_one_pool_share_memory_and_a_stream_as_long_as_one_lives(
    cuda: FakeCuda,
) -> None:
    pool = Pool(CPU)

    def record() -> Recorded:
        cuda.recorded = Recorded(lambda: torch.zeros(1), CPU, 0, pool=pool)
        cuda.recorded()
        return cuda.recorded

    first, second = record(), record()
    assert [graph.options["pool"] for graph in cuda.graphs] == [None, first.graph.pool()]
    assert second.graph.pool() == first.graph.pool()
    assert len({graph.options["stream"] for graph in cuda.graphs}) == len(cuda.made) == 1
    first.graph = cuda.graphs[0] = None
    gc.collect()
    third = record()
    assert third.graph.pool() == second.graph.pool(), "any that lives will do"
    second.graph = third.graph = None
    cuda.graphs.clear()
    gc.collect()
    record()
    assert cuda.graphs[0].options["pool"] is None, "PyTorch fails at a pool whose graphs are gone"


def test_a_replay_waits_for_the_last_one_on_another_stream(cuda: FakeCuda) -> None:
    cuda.recorded = recorded = Recorded(lambda: torch.zeros(1), CPU, 0)
    recorded()
    recorded()
    assert "wait" not in cuda.asked
    cuda.here = FakeStream(cuda)
    recorded()
    assert cuda.asked[-2:] == ["wait", "replay"]


def test_threads_take_turns_at_the_graphs_of_one_pool(cuda: FakeCuda) -> None:
    pool, at_work, most = Pool(CPU), [], []
    every = [Recorded(lambda: torch.zeros(1), CPU, 0, pool=pool) for _ in range(4)]

    def replays(graph: FakeGraph) -> None:
        at_work.append(1)
        most.append(len(at_work))
        time.sleep(0.01)
        for recorded in every:
            recorded.output.zero_()
        at_work.pop()

    cuda.replays = replays  # type: ignore[method-assign]
    gate = threading.Barrier(4)

    def call(recorded: Recorded) -> None:
        gate.wait()
        recorded()
        recorded()

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(call, every))
    assert most == [1] * 8
