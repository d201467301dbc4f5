"""The one door to the accelerator: one job at a time, always released."""

from __future__ import annotations

import os
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

try:  # before torch touches CUDA: on a ZeroGPU Space this hands out the GPU
    import spaces

    zero_gpu = spaces.GPU(duration=120)
except ImportError:

    def zero_gpu(function: Callable[..., Any]) -> Callable[..., Any]:
        """Elsewhere the device is simply there."""
        return function


import torch  # noqa: E402

from explorer.devices import cores, hardware  # noqa: E402

Result = TypeVar("Result")


class DeviceBusy(RuntimeError):
    """The device did not become free in time."""


@zero_gpu
def _work(job: Callable[..., Iterator[Result]], arguments: tuple) -> Iterator[Result]:
    """On ZeroGPU this runs in a forked process: what a job makes must be yielded or written."""
    yield from job(*arguments)


class StopFlag:
    """A wish to stop that a job sees, also from a forked process: a file that is there or not."""

    def __init__(self, visitor: str, kind: str) -> None:
        folder = Path(tempfile.gettempdir()) / f"diffusion-explorer-{os.getuid()}"
        folder.mkdir(mode=0o700, exist_ok=True)
        self.path = folder / f"{os.getpid()}-{visitor}-{kind}.stop"

    def set(self) -> None:
        self.path.touch()

    def clear(self) -> None:
        self.path.unlink(missing_ok=True)

    def __call__(self) -> bool:
        """Whether the job should stop."""
        return self.path.exists()


class Device:
    """A torch device behind a lock of its own (Gradio's concurrency groups do not suffice)."""

    def __init__(self, device: torch.device, *, wait: float = 600) -> None:
        self.device = device
        self.wait = wait
        self._lock = threading.Lock()

    @property
    def name(self) -> str:
        """For the badge: "CPU, 2 cores" or the GPU's name."""
        return "ZeroGPU" if "SPACES_ZERO_GPU" in os.environ else hardware(self.device)

    @property
    def busy(self) -> bool:
        return self._lock.locked()

    def run(self, job: Callable[..., Iterator[Result]], *arguments: Any) -> Iterator[Result]:
        """Yield what `job(*arguments)` yields while no other job runs.

        Closing the iterator (a stop, a closed page) ends the job at its next yield and frees the
        device. DeviceBusy if the device is not free within `wait` seconds.
        """
        if not self._lock.acquire(timeout=self.wait):
            raise DeviceBusy(
                "the device is busy with somebody else's run; please try again in a minute"
            )
        work = _work(job, arguments)
        try:
            yield from work
        finally:
            try:
                work.close()
            finally:
                self._lock.release()


def choose_threads() -> None:
    """Leave a core to the page: waiting OpenMP threads cost more than they give.

    OMP_NUM_THREADS, where set, is the user's word.
    """
    if "OMP_NUM_THREADS" in os.environ:
        return
    torch.set_num_threads(max(1, cores() - 1))
