"""In which numbers a device computes: what is native there, on CPUs what is measured."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
import torch

from explorer import precision
from explorer.precision import autocast, choose_precision

CPU, CUDA = torch.device("cpu"), torch.device("cuda", 0)


@pytest.mark.parametrize(
    ("capability", "expected"),
    [
        *[((3, 7), "float32"), ((6, 1), "float32")],
        *[((7, 0), "float16"), ((7, 5), "float16")],
        *[((8, 0), "bfloat16"), ((8, 9), "bfloat16"), ((9, 0), "bfloat16"), ((12, 0), "bfloat16")],
    ],
)
def test_nvidia_takes_what_its_cores_multiply_and_not_what_is_emulated(
    capability: tuple[int, int], expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[torch.device] = []
    monkeypatch.setattr(torch.version, "hip", None)
    monkeypatch.setattr(
        torch.cuda, "get_device_capability", lambda device: asked.append(device) or capability
    )
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda: True)  # emulation counts there
    assert choose_precision("auto", CUDA) == expected and asked == [CUDA]


@pytest.mark.parametrize(("engines", "expected"), [(True, "bfloat16"), (False, "float32")])
def test_intel_takes_bfloat16_with_matrix_engines(
    engines: bool, expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    about = SimpleNamespace(has_subgroup_matrix_multiply_accumulate=engines)
    monkeypatch.setattr(torch.xpu, "get_device_properties", lambda device: about)
    assert choose_precision("auto", torch.device("xpu")) == expected


@pytest.mark.parametrize(("gain", "expected"), [(1.14, "float32"), (1.15, "bfloat16")])
def test_a_cpu_takes_bfloat16_where_it_is_measured_to_gain(
    gain: float, expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(precision, "cpu_gain", lambda threads: gain)
    assert choose_precision("auto", CPU) == expected


def test_the_gain_is_the_ratio_of_the_best_times_after_the_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    times = iter([9.0, 1.0, 6.0, 4.0, 3.0, 2.0, *[7.0] * 20])  # float32 first, in turns
    monkeypatch.setattr(precision, "_seconds", lambda work: next(times))
    precision.cpu_gain.cache_clear()
    try:
        assert precision.cpu_gain(1) == 1.5
        assert precision.cpu_gain(1) == 1.5  # measured once
    finally:
        precision.cpu_gain.cache_clear()


def test_what_is_asked_for_is_taken_or_refused_in_a_sentence() -> None:
    assert choose_precision("float32", CUDA) == "float32"
    assert choose_precision("float16", CUDA) == "float16"
    assert choose_precision("bfloat16", CPU) == "bfloat16"
    assert choose_precision("auto", torch.device("mps")) == "float32"
    with pytest.raises(ValueError, match="no precision 'half'; there are: auto, float32"):
        choose_precision("half", CPU)
    for kind in ("cpu", "mps"):
        with pytest.raises(ValueError, match=f"float16 is not for the device {kind}"):
            choose_precision("float16", torch.device(kind))


@pytest.mark.parametrize(
    ("name", "dtype"), [("float32", torch.float32), ("bfloat16", torch.bfloat16)]
)
def test_within_products_are_of_this_kind(name: str, dtype: torch.dtype) -> None:
    x = torch.ones(2, 2)
    with autocast(CPU, name):
        assert (x @ x).dtype == dtype
    assert (x @ x).dtype == torch.float32
