"""The one door to the accelerator: one job at a time, always released."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import closing, suppress
from typing import Any, TypeVar

try:  # before torch touches CUDA: on a ZeroGPU Space this hands out the GPU
    import spaces

    zero_gpu = spaces.GPU(duration=lambda job, arguments, seconds: round(seconds) + 15)
except ImportError:

    def zero_gpu(function: Callable[..., Any]) -> Callable[..., Any]:
        """Elsewhere the device is simply there."""
        return function


import torch  # noqa: E402

from explorer.account import user_folder  # noqa: E402
from explorer.devices import hardware  # noqa: E402
from explorer.files import once_closed  # noqa: E402
from explorer.gui.frame.line import ROUND, Ahead, Line, Ticket  # noqa: E402
from explorer.precision import AUTO, choose_precision  # noqa: E402

Result = TypeVar("Result")
LOOK = 0.25
"""Seconds between two looks at whether who waits has given up."""
END: Any = object()
OVER = 3.0
"""Seconds in which a slice that is over may end: it sees that at its next look."""
ZERO_GPU = "SPACES_ZERO_GPU" in os.environ


class Ended(Exception):
    """A wait is over: the job was stopped, or nobody looks at it any more."""


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

    def __init__(self, name: str) -> None:
        self.path = user_folder() / f"{os.getpid()}-{name}.running"

    def start(self) -> None:
        """A job begins."""
        self.path.write_text("", encoding="utf-8")

    def stop(self) -> None:
        """Ask the job to end; also when it has ended."""
        once_closed(lambda: self.path.unlink(missing_ok=True))

    def wish(self, text: str) -> None:
        """Tell the running job something; nothing if none runs."""
        with suppress(FileNotFoundError), self.path.open("r+", encoding="utf-8") as file:
            file.write(text)  # never makes the file anew: a stop may come in between
            file.truncate()

    def read(self) -> str:
        """What was wished last, or nothing."""
        try:
            return self.path.read_text(encoding="utf-8")
        except OSError:
            return ""

    def __call__(self) -> bool:
        """Whether the job should stop."""
        return not self.path.exists()


class Waiter:
    """Who uses the device, as it sees him; this one is patient and says nothing."""

    kind = ""

    def check(self) -> None:
        """Raises `Ended` to end the wait."""

    def waits(self, ahead: Ahead) -> None:
        """Somebody is before him."""

    def begins(self) -> None:
        """It is his turn."""

    def cut_short(self) -> bool:
        """Whether his job ended before its end, as far as he knows."""
        return False


class Device:
    """A torch device with a line of its own (Gradio's concurrency groups do not suffice)."""

    def __init__(self, device: torch.device, *, wait: float = 600) -> None:
        self.device = device
        self.wait = wait
        self.speed: float | None = None
        """FLOP/s in training, once it is known: for estimates."""
        self.line = Line()

    @property
    def name(self) -> str:
        """ "CPU, 2 cores" or the GPU's name."""
        return "ZeroGPU" if ZERO_GPU else hardware(self.device)

    @property
    def badge(self) -> str:
        """What computes here, and in which numbers it trains."""
        if ZERO_GPU:  # between two calls there is none to ask
            return self.name
        return f"{self.name} · {choose_precision(AUTO, self.device)}"

    @property
    def busy(self) -> bool:
        return len(self.line) > 0

    def run(
        self,
        job: Callable[..., Iterator[Result]],
        *arguments: Any,
        seconds: float = 60,
        expected: float | None = None,
        waiter: Waiter | None = None,
    ) -> Generator[Result, None, None]:
        """Yield what `job(*arguments)` yields while no other job runs.

        Between two of its results the job is halted while others have a turn, as the line's rule
        says. Closing the iterator ends it at its next yield and frees the device. DeviceBusy if
        no turn comes within `wait` seconds; `Ended` if the waiter says so before its first turn.
        After that the job, which is told the same, comes to its end at once.

        seconds : how long it may take, which ZeroGPU wants to know.
        expected : how long it probably takes; `seconds` if that is not known.
        """
        waiter = waiter or Waiter()
        ticket = Ticket(waiter.kind, seconds if expected is None else expected)
        self._wait(ticket, waiter)
        inside, whole = True, False
        try:
            with closing(_work(job, arguments, seconds)) as work:
                result = next(work, END)
                while result is not END:
                    yield result
                    result = next(work, END)  # what has come to its end waits for nobody
                    if result is not END and inside and self._others_wait(ticket, seconds):
                        inside = False
                        self.line.leave(ticket, whole=False)
                        try:
                            self._wait(ticket, waiter)
                            inside = True
                        except Ended:  # what a job does then is little, and its last word counts
                            last = next(work, END)
                            result = result if last is END else last
                whole = not waiter.cut_short()
        finally:
            if inside:
                self.line.leave(ticket, whole=whole)

    def runner(self, stopped: Callable[[], bool]) -> Callable[..., Iterator[Any]]:
        """For workers that are called with (…, device, stopped): who runs them here."""

        def run(job: Callable[..., Iterator[Any]], *arguments: Any, **how: Any) -> Iterator[Any]:
            return self.run(job, *arguments, self.device, stopped, **how)

        return run

    def _wait(self, ticket: Ticket, waiter: Waiter) -> None:
        end = time.monotonic() + self.wait
        self.line.join(ticket)
        try:
            waiter.check()
            patience = 0.0
            while not self.line.enter(ticket, patience):
                waiter.check()
                waiter.waits(self.line.ahead(ticket))
                if time.monotonic() > end:
                    raise DeviceBusy(
                        "the device is busy with other runs; please try again in a minute"
                    )
                patience = LOOK
        except BaseException:
            self.line.quit(ticket)
            raise
        waiter.begins()

    def _others_wait(self, ticket: Ticket, seconds: float) -> bool:
        """Whether this turn has been long enough for those who wait. (A forked job computes on
        while nobody pulls, so that it keeps its turn.)"""
        spent = time.monotonic() - ticket.begun
        more = OVER if seconds <= ROUND else 0.0  # halted at its end it would need two turns
        return not ZERO_GPU and self.line.waited_for(spent, more)
