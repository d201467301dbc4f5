"""The one door to the accelerator: one job at a time, always released."""

from __future__ import annotations

import getpass
import os
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, TypeVar

try:  # before torch touches CUDA: on a ZeroGPU Space this hands out the GPU
    import spaces

    zero_gpu = spaces.GPU(duration=lambda job, arguments, seconds: round(seconds) + 15)
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
def _work(
    job: Callable[..., Iterator[Result]], arguments: tuple, seconds: float
) -> Iterator[Result]:
    """On ZeroGPU this runs in a forked process: what a job makes must be yielded or written."""
    yield from job(*arguments)


class StopFlag:
    """A wish to stop that a job sees, also from a forked process: its file is gone."""

    def __init__(self, visitor: str, kind: str) -> None:
        folder = Path(tempfile.gettempdir()) / f"diffusion-explorer-{getpass.getuser()}"
        folder.mkdir(mode=0o700, exist_ok=True)
        self.path = folder / f"{os.getpid()}-{visitor}-{kind}.running"

    def start(self) -> None:
        """A job begins."""
        self.path.touch()

    def stop(self) -> None:
        """Ask the job to end; also when it has ended."""
        self.path.unlink(missing_ok=True)

    def __call__(self) -> bool:
        """Whether the job should stop."""
        return not self.path.exists()


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

    def run(
        self, job: Callable[..., Iterator[Result]], *arguments: Any, seconds: float = 60
    ) -> Iterator[Result]:
        """Yield what `job(*arguments)` yields while no other job runs.

        Closing the iterator (a stop, a closed page) ends the job at its next yield and frees the
        device. `seconds` is how long it may take, which ZeroGPU wants to know. DeviceBusy if the
        device is not free within `wait` seconds.
        """
        if not self._lock.acquire(timeout=self.wait):
            raise DeviceBusy(
                "the device is busy with somebody else's run; please try again in a minute"
            )
        try:
            with closing(_work(job, arguments, seconds)) as work:
                yield from work
        finally:
            self._lock.release()


def choose_threads() -> None:
    """Leave a core to the page: waiting OpenMP threads cost more than they give.

    OMP_NUM_THREADS, where set, is the user's word.
    """
    if "OMP_NUM_THREADS" in os.environ:
        return
    torch.set_num_threads(max(1, cores() - 1))
