"""Which torch device to use, and what it is called."""

from __future__ import annotations

import os
import platform
import time

import torch
from torch.nn import functional as F


def best_device() -> torch.device:
    """CUDA, else Apple's MPS, else the CPU."""
    if torch.cuda.is_available():
        return torch.device("cuda")
    return torch.device("mps" if torch.backends.mps.is_available() else "cpu")


def find_device(name: str | None) -> torch.device:
    """The device called `name` (cpu, cuda, cuda:1, mps), or the best; ValueError if absent."""
    if name is None:
        best = best_device()
        rank = os.environ.get("LOCAL_RANK")  # set where several processes share a machine
        return torch.device("cuda", int(rank)) if rank and best.type == "cuda" else best
    try:
        device = torch.device(name)
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as error:
        raise ValueError(f"device {name!r} is not on this machine; cpu always is") from error
    return device


def cores() -> int:
    """How many CPU cores this process may use."""
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity else os.cpu_count() or 1


def hardware(device: torch.device) -> str:
    """What the device is called, for badges and checkpoint headers."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
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
        x = torch.ones(16, 64, 16, 16).contiguous(memory_format=torch.channels_last)
        w = torch.ones(64, 64, 3, 3).contiguous(memory_format=torch.channels_last)
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
