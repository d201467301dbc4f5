"""Devices by name, and how many threads are taken."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch

from explorer import devices


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
    monkeypatch.setenv("LOCAL_RANK", "3")
    assert devices.find_device(None) == torch.device("cuda", 3)
    monkeypatch.setattr(devices, "best_device", lambda: torch.device("cpu"))
    assert devices.find_device(None) == torch.device("cpu")


def test_hardware_is_named() -> None:
    assert devices.hardware(torch.device("cpu")).startswith("CPU, ")
    assert 1 <= devices.cores()
