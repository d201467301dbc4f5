"""Devices by name, and how many threads are taken."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import torch

import explorer
from explorer import devices
from explorer.evaluation.classifier import as_input
from explorer.training.probe import Probe
from tests.training.helpers import begin, stripes


@pytest.fixture(autouse=True)
def threads() -> Iterator[None]:
    """What a test sets is set back."""
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


@pytest.fixture
def tried(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The candidates that were timed; the fewer threads, the faster."""
    found: list[int] = []

    def seconds(threads: int, *_: object) -> float:
        found.append(threads)
        return float(threads)

    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setattr(devices, "_seconds", seconds)
    return found


def test_omp_num_threads_is_the_users_word(
    monkeypatch: pytest.MonkeyPatch, tried: list[int]
) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    monkeypatch.setattr(devices, "cores", lambda: 64)
    assert devices.choose_threads() == torch.get_num_threads() == 1
    assert tried == []


@pytest.mark.parametrize("cores", [1, 2, 3, 4, 7, 8, 16])
@pytest.mark.parametrize("spare", [0, 1, 3])
def test_never_more_than_the_cores_that_may_be_used(
    cores: int, spare: int, monkeypatch: pytest.MonkeyPatch, tried: list[int]
) -> None:
    monkeypatch.setattr(devices, "cores", lambda: cores)
    most = max(1, cores - spare)
    assert devices.choose_threads(spare) == 1 == torch.get_num_threads()
    assert all(1 <= each <= most for each in tried)
    assert tried == [] if most == 1 else (tried[0] == 1 and tried[-1] == most)
    monkeypatch.setattr(devices, "_seconds", lambda threads, *_: -threads)
    assert devices.choose_threads(spare) == most  # where more are faster


def test_measuring_is_real(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setattr(devices, "cores", lambda: 2)
    assert devices.choose_threads() in (1, 2)


def test_devices_are_found_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    assert devices.find_device("cpu") == torch.device("cpu")
    for absent in ("gpu", "cuda:77", ""):
        with pytest.raises(ValueError, match="cpu always is"):
            devices.find_device(absent)
    monkeypatch.setattr(devices, "best_device", lambda: torch.device("cuda"))
    assert devices.find_device(None) == torch.device("cuda")
    monkeypatch.setattr(devices, "best_device", lambda: torch.device("cpu"))
    assert devices.find_device(None) == torch.device("cpu")


def test_hardware_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    assert devices.hardware(torch.device("cpu")).startswith("CPU, ")
    assert 1 <= devices.cores()
    pretend(monkeypatch, "xpu", 1, 1)
    assert devices.hardware(torch.device("xpu", 1)) == "the xpu that is number 1"


# ---- GPUs that are not there -----------------------------------------------------------------


def pretend(monkeypatch: pytest.MonkeyPatch, kind: str, *free: int | None) -> None:
    """So many GPUs with so much free memory; None: its driver does not tell."""

    def mem_get_info(index: int) -> tuple[int, int]:
        if (found := free[index]) is None:
            raise RuntimeError("all CUDA-capable devices are busy or unavailable")
        return found, 99

    module = torch.get_device_module(kind)
    monkeypatch.setattr(module, "is_available", lambda: True)
    monkeypatch.setattr(module, "device_count", lambda: len(free))
    monkeypatch.setattr(module, "mem_get_info", mem_get_info)
    monkeypatch.setattr(
        module, "get_device_name", lambda device: f"the {kind} that is number {device.index}"
    )


@pytest.mark.parametrize("kind", ["cuda", "xpu"])
@pytest.mark.parametrize(
    ("free", "taken"),
    [
        ((7,), None),
        ((3, 9, 8), 1),
        ((8, 8), 0),
        ((None, 2, 2), 1),
        ((None, None), 0),
    ],
)
def test_of_several_gpus_the_freest_is_taken(
    kind: str, free: tuple[int | None, ...], taken: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("LOCAL_RANK", raising=False)
    pretend(monkeypatch, kind, *free)
    expected = torch.device(kind) if taken is None else torch.device(kind, taken)
    assert devices.best_device() == devices.find_device(None) == expected
    tried = computes_everywhere(monkeypatch)
    assert devices.find_device(kind) == expected
    assert devices.find_device(f"{kind}:0") == torch.device(kind, 0)
    assert tried == [expected, torch.device(kind, 0)]


def computes_everywhere(monkeypatch: pytest.MonkeyPatch) -> list[torch.device]:
    """The devices on which something was computed."""
    tried: list[torch.device] = []
    ones = torch.ones

    def fake(*size: int, device: torch.device) -> torch.Tensor:
        tried.append(device)
        return ones(*size)

    monkeypatch.setattr(torch, "ones", fake)
    return tried


def test_each_of_several_processes_takes_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    pretend(monkeypatch, "cuda", None, None, None)
    monkeypatch.setenv("LOCAL_RANK", "2")
    computes_everywhere(monkeypatch)
    assert devices.find_device(None) == devices.find_device("cuda") == torch.device("cuda", 2)
    assert devices.find_device("cuda:1") == torch.device("cuda", 1)
    monkeypatch.setenv("LOCAL_RANK", "5")  # a machine may show each process its own alone
    assert devices.find_device(None) == torch.device("cuda", 2)


def test_the_best_is_cuda_then_xpu_then_mps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    assert devices.best_device() == torch.device("mps")
    pretend(monkeypatch, "xpu", 1)
    assert devices.best_device() == torch.device("xpu")
    pretend(monkeypatch, "cuda", 1)
    assert devices.best_device() == torch.device("cuda")


@pytest.mark.parametrize(
    "name", ["meta", "meta:0", "xpu", "mps", "hpu", "xla", "vulkan", "privateuseone", "lazy"]
)
def test_what_computes_nothing_here_is_refused(name: str) -> None:
    with pytest.raises(ValueError) as error:
        devices.find_device(name)
    assert str(error.value) == f"device {name!r} is not available on this machine; cpu always is"


def test_a_refusal_names_what_there_is(monkeypatch: pytest.MonkeyPatch) -> None:
    pretend(monkeypatch, "cuda", 1, 2)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    with pytest.raises(ValueError, match="cpu always is, and here cuda:0, cuda:1, mps$"):
        devices.find_device("meta")


# ---- memory formats ---------------------------------------------------------------------------


def test_apple_has_no_channels_last() -> None:
    assert devices.memory_format("mps") == torch.contiguous_format
    for kind in ("cpu", "cuda:1", "xpu"):
        assert devices.memory_format(torch.device(kind)) == torch.channels_last


def test_one_function_says_where_channels_are_last() -> None:
    folder = Path(explorer.__file__).parent
    naming = {
        path.name for path in folder.rglob("*.py") if "channels_last" in path.read_text("utf-8")
    }
    assert naming == {"devices.py"}


def test_a_run_lies_in_memory_as_its_device_wants_it(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("explorer.training.run", "explorer.training.probe"):
        monkeypatch.setattr(f"{module}.memory_format", lambda device: torch.contiguous_format)
    monkeypatch.setattr(
        "explorer.evaluation.classifier.memory_format", lambda device: torch.contiguous_format
    )
    run = begin(stripes(40))
    assert all(weight.is_contiguous() for weight in run.network.parameters())
    assert run.draw()[0].is_contiguous()
    images = torch.rand(20, 3, 8, 8).contiguous(memory_format=torch.channels_last)
    assert Probe(images, None, run.schedule, run.weights, "eps").x0.is_contiguous()
    assert as_input(images).is_contiguous()


def test_nothing_is_moved_from_pageable_memory_without_waiting(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What comes to MPS so is read before it is there."""
    run = begin(stripes(40))
    moved: list[bool] = []
    to = torch.Tensor.to

    def noted(tensor: torch.Tensor, *where: object, **options: object) -> torch.Tensor:
        moved.append(bool(options.get("non_blocking")))
        return to(tensor, *where, **options)

    monkeypatch.setattr(torch.Tensor, "to", noted)
    run.draw()
    assert moved and not any(moved)


# ---- settings of the whole process ------------------------------------------------------------


def precisions() -> tuple[str, str]:
    backends = torch.backends
    return backends.cuda.matmul.fp32_precision, backends.cudnn.conv.fp32_precision


@pytest.fixture
def tf32() -> Iterator[tuple[str, str]]:
    """As somebody may have chosen it, by the older names."""
    before = torch.backends.cudnn.allow_tf32, torch.backends.cuda.matmul.allow_tf32
    torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = True
    yield precisions()
    torch.backends.cudnn.allow_tf32, torch.backends.cuda.matmul.allow_tf32 = before


def test_float32_is_exact_for_as_long_as_asked(tf32: tuple[str, str]) -> None:
    assert tf32 == ("tf32", "tf32")
    with pytest.raises(ValueError), devices.exact_float32():
        with devices.exact_float32():
            assert precisions() == ("ieee", "ieee")
        assert precisions() == ("ieee", "ieee")
        raise ValueError
    assert precisions() == tf32
    assert torch.backends.cudnn.allow_tf32 and torch.backends.cuda.matmul.allow_tf32


def test_threads_that_ask_for_it_take_turns(tf32: tuple[str, str]) -> None:
    gate, inside, seen = threading.Barrier(4), [], []

    def hold(_: int) -> None:
        gate.wait()
        with devices.exact_float32():
            inside.append(1)
            time.sleep(0.01)
            seen.append((len(inside), precisions()))
            inside.pop()

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(hold, range(4)))
    assert seen == [(1, ("ieee", "ieee"))] * 4 and precisions() == tf32


def test_cudnn_measures_for_as_long_as_asked() -> None:
    assert not torch.backends.cudnn.benchmark
    with pytest.raises(ValueError), devices.cudnn_measuring():
        assert torch.backends.cudnn.benchmark
        raise ValueError
    assert not torch.backends.cudnn.benchmark
