"""Which torch device to use, what it is called, and how PyTorch computes there."""

from __future__ import annotations

import os
import platform
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch.nn import functional as F

NUMBERED = ("cuda", "xpu")
"""Kinds of which there may be several, cuda:0, cuda:1, …, in the order in which they are taken."""
_EXACT = threading.RLock()


def best_device() -> torch.device:
    """CUDA, else Intel's XPU, else Apple's MPS, else the CPU; of several GPUs the freest."""
    for kind in NUMBERED:
        if torch.get_device_module(kind).is_available():
            return _freest(kind)
    return torch.device("mps" if torch.backends.mps.is_available() else "cpu")


def find_device(name: str | None) -> torch.device:
    """The device called `name` (cpu, cuda, cuda:1, xpu, mps), or the best.

    Of several GPUs a name without a number means the freest, as no name does; where several
    processes share a machine each takes its own. ValueError if no such device computes here.
    """
    if name is not None:
        return _named(name)
    best = best_device()
    return _freest(best.type) if best.index is None and best.type in NUMBERED else best


def _named(name: str) -> torch.device:
    try:
        device = torch.device(name)
        if device.index is None and device.type in NUMBERED:
            device = _freest(device.type)
        torch.ones(1, device=device).add(1).item()  # "meta" has shapes, and no numbers
    except (RuntimeError, AssertionError, ImportError) as error:
        others = [found for found in _devices() if found != "cpu"]
        here = f", and here {', '.join(others)}" if others else ""
        raise ValueError(
            f"device {name!r} is not available on this machine; cpu always is{here}"
        ) from error
    return device


def _devices() -> list[str]:
    """What could have been named."""
    found = ["cpu"]
    for kind in NUMBERED:
        if (module := torch.get_device_module(kind)).is_available():
            found += [f"{kind}:{i}" for i in range(module.device_count())]
    return [*found, "mps"] if torch.backends.mps.is_available() else found


def _freest(kind: str) -> torch.device:
    """The one with the most free memory, the first of equals; each process's own, if several."""
    module = torch.get_device_module(kind)
    if (rank := os.environ.get("LOCAL_RANK", "")).isdecimal():
        return torch.device(kind, int(rank) % max(1, module.device_count()))  # as accelerate
    if module.device_count() < 2:
        return torch.device(kind)

    def free(index: int) -> int:
        try:
            return int(module.mem_get_info(index)[0])
        except RuntimeError:  # it is another's alone, or its driver cannot tell
            return -1

    return torch.device(kind, max(range(module.device_count()), key=free))


def memory_format(device: torch.device | str) -> torch.memory_format:
    """How pictures and convolutions' weights lie on the device: channels last, which is faster.

    Not on MPS: with channels last the backward passes of BatchNorm and of pooling crash or give
    wrong gradients there in some of the versions of PyTorch that are allowed.
    """
    mps = torch.device(device).type == "mps"
    return torch.contiguous_format if mps else torch.channels_last


@contextmanager
def exact_float32() -> Iterator[None]:
    """Within, NVIDIA GPUs multiply float32 as it is: PyTorch rounds convolutions to TF32 there.

    Threads take turns, for the setting is the whole process's: hold it for one call of a network.
    """
    # set by the newer names alone: PyTorch refuses to read the older, allow_tf32, once both were
    # used, and what is set back here leaves them in agreement
    places = (torch.backends.cuda.matmul, torch.backends.cudnn.conv)  # type: ignore[attr-defined]
    with _EXACT:
        before = [place.fp32_precision for place in places]
        try:
            for place in places:
                place.fp32_precision = "ieee"
            yield
        finally:
            for place, precision in zip(places, before, strict=True):
                place.fp32_precision = precision


@contextmanager
def cudnn_measuring() -> Iterator[None]:
    """Within, cuDNN measures which algorithm is the fastest for each shape that it meets.

    For work whose shapes stay the same, and only while it runs: others' shapes may change.
    """
    before = torch.backends.cudnn.benchmark
    torch.backends.cudnn.benchmark = True
    try:
        yield
    finally:
        torch.backends.cudnn.benchmark = before


def cores() -> int:
    """How many CPU cores this process may use."""
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity else os.cpu_count() or 1


def hardware(device: torch.device) -> str:
    """What the device is called, for badges and checkpoint headers."""
    if device.type in NUMBERED:
        return str(torch.get_device_module(device).get_device_name(device))
    if device.type == "mps":
        return f"Apple GPU ({platform.machine()})"
    return f"CPU, {cores()} cores" if cores() != 1 else "CPU, 1 core"


def choose_threads(spare: int = 0) -> int:
    """Let PyTorch use the number of threads that is fastest now, at most the cores less `spare`.

    Measured once, for a fifth of a second a candidate: threads that wait for a busy core cost
    more than they give. OMP_NUM_THREADS, where set, is the user's word.
    """
    if "OMP_NUM_THREADS" in os.environ:
        return torch.get_num_threads()
    most = max(1, cores() - spare)
    candidates = sorted({most, *(2**i for i in range(most.bit_length()))})
    if len(candidates) > 1:
        x = torch.ones(16, 64, 16, 16).contiguous(memory_format=memory_format("cpu"))
        w = torch.ones(64, 64, 3, 3).contiguous(memory_format=memory_format("cpu"))
        most = min(candidates, key=lambda threads: _seconds(threads, x, w))
    torch.set_num_threads(most)
    return most


@torch.no_grad()
def _seconds(threads: int, x: torch.Tensor, w: torch.Tensor, budget: float = 0.2) -> float:
    """The median time of a convolution with so many threads."""
    torch.set_num_threads(threads)
    times: list[float] = []
    end = time.perf_counter() + budget
    while len(times) < 5 or time.perf_counter() < end:
        begun = time.perf_counter()
        F.silu(F.conv2d(x, w, padding=1))
        times.append(time.perf_counter() - begun)
    return sorted(times)[len(times) // 2]
