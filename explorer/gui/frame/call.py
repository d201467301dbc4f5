"""A job as it sees itself: it waits for the device, and is told when to stop."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, field
from typing import Any, TypeVar

import gradio as gr

from explorer.gui.frame.context import Context
from explorer.gui.frame.device import Device, Ended, StopFlag, Waiter
from explorer.gui.frame.job import Job
from explorer.gui.frame.line import Ahead
from explorer.gui.frame.manager import RELOAD
from explorer.gui.frame.shared import Changes
from explorer.gui.frame.spoken import about

Result = TypeVar("Result")
TELL_EVERY = 3.0
"""Seconds between two sentences on the wait: with thirty in line each of them costs."""


@dataclass
class Patience:
    """Whether to stop: somebody asked for it, or so many seconds have passed since it was asked
    first, those not counted in which others had a turn. Where strangers share the device nobody
    keeps it for long."""

    stopped: Callable[[], bool]
    seconds: float | None
    since: float | None = None
    halted: float | None = None
    """When others were let in, until it is one's turn again."""

    def halt(self) -> None:
        """Others have a turn."""
        self.halted = time.monotonic() if self.halted is None else self.halted

    def go_on(self) -> None:
        """It is one's own turn, the first or another one."""
        if self.halted is not None and self.since is not None:
            self.since += time.monotonic() - self.halted
        self.halted = None

    def __call__(self) -> bool:
        now = time.monotonic()
        self.since = now if self.since is None else self.since
        return self.stopped() or (self.seconds is not None and now - self.since >= self.seconds)


@dataclass
class Call(Waiter):
    """One press of a button, as its job sees it."""

    context: Context
    job: Job
    state: gr.Markdown
    patience: float | None = None
    left: Changes = field(default_factory=dict)
    """What the page is left with once the job is over, however it ends; the job adds to it."""
    stopped: Patience | None = None
    """Of what runs now."""

    tell_again: float = 0.0

    @property
    def visitor(self) -> str:
        return self.job.owner

    @property
    def flag(self) -> StopFlag:
        """Also reads what the visitor has wished since."""
        return self.job.flag

    @property
    def device(self) -> Device:
        return self.context.device

    @property
    def kind(self) -> str:
        return self.job.kind

    def run(
        self,
        job: Callable[..., Iterator[Result]],
        *arguments: Any,
        seconds: float = 60,
        expected: float | None = None,
    ) -> Generator[Result, None, None]:
        """What `job(*arguments, device, stopped)` yields, as soon as the device is free.

        seconds, expected : see `Device.run`.
        Ended if it is stopped while it waits; nothing has begun then, or others have a turn.
        """
        self.stopped = Patience(self.flag, self.patience)
        given = (*arguments, self.device.device, self.stopped)
        return self.device.run(job, *given, seconds=seconds, expected=expected, waiter=self)

    def check(self) -> None:
        """Raises `Ended` if the job was stopped, or where it can be left, as nobody looks."""
        if self.stopped:
            self.stopped.halt()
        if self.job.lasting and self.context.jobs.gone(self.job, RELOAD):
            self.job.left = True
            self.flag.stop()
        if self.flag():
            raise Ended

    def waits(self, ahead: Ahead) -> None:
        now = time.monotonic()
        if self.job.waits and now < self.tell_again:
            return
        self.tell_again = now + TELL_EVERY
        words = f"waiting: {ahead.jobs} ahead of you, {about(max(1.0, ahead.seconds))}"
        if self.job.waits != words:
            self.job.waits = words
            self.job.show({self.state: words})

    def begins(self) -> None:
        if self.stopped:
            self.stopped.go_on()
        if self.job.waits:
            again = self.job.state == "running"
            self.job.show({self.state: "continuing …" if again else "starting …"})
        self.job.state, self.job.waits = "running", ""

    def cut_short(self) -> bool:
        return self.flag()
