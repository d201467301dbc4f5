"""The one door to the accelerator: one job at a time, always released."""

from __future__ import annotations

import getpass
import os
import tempfile
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterator
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

from explorer.devices import hardware  # noqa: E402

Result = TypeVar("Result")


class DeviceBusy(RuntimeError):
    """The device did not become free in time."""


@zero_gpu
def _work(
    job: Callable[..., Iterator[Result]], arguments: tuple, seconds: float
) -> Generator[Result, None, None]:
    """On ZeroGPU this runs in a forked process: what a job makes must be yielded or written."""
    yield from job(*arguments)


class StopFlag:
    """A wish to stop that a job sees, also from a forked process: its file is gone.

    While it lies there the file holds a wish for the running job, as text; empty at first.
    """

    def __init__(self, visitor: str, kind: str) -> None:
        folder = Path(tempfile.gettempdir()) / f"diffusion-explorer-{getpass.getuser()}"
        folder.mkdir(mode=0o700, exist_ok=True)
        self.path = folder / f"{os.getpid()}-{visitor}-{kind}.running"

    def start(self) -> None:
        """A job begins; what was wished of an earlier one is forgotten."""
        self.path.write_text("", encoding="utf-8")

    def stop(self) -> None:
        """Ask the job to end; also when it has ended."""
        self.path.unlink(missing_ok=True)

    def wish(self, text: str) -> None:
        """Tell the running job something; nothing if none runs."""
        if self.path.exists():
            self.path.write_text(text, encoding="utf-8")

    def read(self) -> str:
        """What was wished last, or nothing."""
        try:
            return self.path.read_text(encoding="utf-8")
        except OSError:
            return ""

    def __call__(self) -> bool:
        """Whether the job should stop."""
        return not self.path.exists()


class Turnstile:
    """A lock that lets waiters in by their order of arrival: slices of long jobs take turns."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._line: deque[object] = deque()

    def __len__(self) -> int:
        """Who holds it, and who waits."""
        return len(self._line)

    def enter(self, timeout: float) -> bool:
        """Wait for one's turn; False if it does not come within `timeout` seconds."""
        ticket = object()
        with self._changed:
            self._line.append(ticket)
            if self._changed.wait_for(lambda: self._line[0] is ticket, timeout):
                return True
            self._line.remove(ticket)
            self._changed.notify_all()
            return False

    def leave(self) -> None:
        """The next may enter."""
        with self._changed:
            self._line.popleft()
            self._changed.notify_all()


class Device:
    """A torch device behind a lock of its own (Gradio's concurrency groups do not suffice)."""

    def __init__(self, device: torch.device, *, wait: float = 600) -> None:
        self.device = device
        self.wait = wait
        self.speed: float | None = None
        """FLOP/s in training, once it is known: for estimates."""
        self._turnstile = Turnstile()

    @property
    def name(self) -> str:
        """For the badge: "CPU, 2 cores" or the GPU's name."""
        return "ZeroGPU" if "SPACES_ZERO_GPU" in os.environ else hardware(self.device)

    @property
    def line(self) -> int:
        """How many jobs run or wait."""
        return len(self._turnstile)

    @property
    def busy(self) -> bool:
        return self.line > 0

    def run(
        self, job: Callable[..., Iterator[Result]], *arguments: Any, seconds: float = 60
    ) -> Generator[Result, None, None]:
        """Yield what `job(*arguments)` yields while no other job runs.

        Closing the iterator (a stop, a closed page) ends the job at its next yield and frees the
        device. `seconds` is how long it may take, which ZeroGPU wants to know. DeviceBusy if the
        device is not free within `wait` seconds.
        """
        if not self._turnstile.enter(self.wait):
            raise DeviceBusy(
                "the device is busy with somebody else's run; please try again in a minute"
            )
        try:
            with closing(_work(job, arguments, seconds)) as work:
                yield from work
        finally:
            self._turnstile.leave()
