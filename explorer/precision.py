"""In which numbers networks are trained, sampled and evaluated, chosen for each device."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from functools import cache
from types import MappingProxyType

import torch
from torch.nn import functional as F

from explorer.devices import memory_format
from explorer.settings.names import AUTO

PRECISIONS: Mapping[str, torch.dtype] = MappingProxyType(
    {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}
)
"""Name -> what convolutions and matrix products are computed in; weights stay float32."""
GAIN = 1.15
"""How much faster than float32 a CPU must be with bfloat16 for it to be chosen."""
AMPERE, VOLTA = (8, 0), (7, 0)
"""NVIDIA's first generations whose tensor cores multiply bfloat16, and float16."""
ROUNDS = 7


def choose_precision(name: str, device: torch.device) -> str:
    """What `name` means on the device: itself, or for "auto" what is fast there and natively so.

    NVIDIA since Ampere: bfloat16. Volta and Turing (a T4): float16, for bfloat16 is emulated
    there, whatever `torch.cuda.is_bf16_supported` says. Intel GPUs with matrix engines: bfloat16.
    CPUs: bfloat16 where it is measured to be `GAIN` times as fast as float32. Else float32.

    ValueError for another name, and for float16 where nothing is gained by it.
    """
    if name not in (AUTO, *PRECISIONS):
        raise ValueError(f"no precision {name!r}; there are: {', '.join((AUTO, *PRECISIONS))}")
    if name == "float16" and device.type not in ("cuda", "xpu"):
        raise ValueError(
            f"float16 is not for the device {device.type}, where nothing is gained by it: choose "
            "auto, bfloat16 or float32"
        )
    if name != AUTO:
        return name
    if device.type == "cuda":
        capability = torch.cuda.get_device_capability(device)
        if torch.version.hip is None and capability < AMPERE:
            return "float16" if capability >= VOLTA else "float32"
        return "bfloat16"
    if device.type == "xpu":
        about = torch.xpu.get_device_properties(device)
        engines = getattr(about, "has_subgroup_matrix_multiply_accumulate", False)
        return "bfloat16" if engines else "float32"
    if device.type == "cpu":
        return "bfloat16" if cpu_gain(torch.get_num_threads()) >= GAIN else "float32"
    return "float32"


def autocast(device: torch.device, precision: str) -> AbstractContextManager[object]:
    """Within, what gains by it is computed in `precision`, the rest in float32.

    Casts of weights are not kept: weights change, and a CUDA graph cannot own such a cast.
    """
    dtype = PRECISIONS[precision]
    return torch.autocast(
        device.type,
        dtype if precision != "float32" else None,
        enabled=precision != "float32",
        cache_enabled=False,
    )


@cache
def cpu_gain(threads: int) -> float:
    """How many times as fast as in float32 this CPU trains a convolution in bfloat16.

    Measured once in a process for each number of threads, in about a quarter of a second: one
    after the other in turns, the best of each, for others use the cores meanwhile.
    """
    with torch.inference_mode(False), torch.enable_grad():
        x = torch.ones(32, 64, 14, 14).contiguous(memory_format=memory_format("cpu"))
        w = torch.ones(64, 64, 3, 3).contiguous(memory_format=memory_format("cpu"))
        x.requires_grad_()
        w.requires_grad_()

        def step(precision: str) -> None:
            with autocast(torch.device("cpu"), precision):
                F.conv2d(x, w, padding=1).sum().backward()

        contestants = ("float32", "bfloat16")
        best = dict.fromkeys(contestants, float("inf"))
        for turn in range(1 + ROUNDS):
            for name in contestants:
                seconds = _seconds(lambda name=name: step(name))  # type: ignore[misc]
                if turn:  # the first builds its kernels
                    best[name] = min(best[name], seconds)
    return best["float32"] / best["bfloat16"]


def _seconds(work: Callable[[], None]) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun
