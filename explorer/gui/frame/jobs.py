"""A job: whatever keeps somebody waiting, from the press of a button to its end.

This is the only place that knows how a job runs: its flag, its visitor, what is said while it
waits, which buttons can be pressed, what becomes of an exception, what is tidied up.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeVar

import gradio as gr

from explorer.checkpoints import Spec
from explorer.gui.frame.context import Context
from explorer.gui.frame.device import Device, StopFlag
from explorer.gui.frame.shared import QUIET, Changes, sentence

Result = TypeVar("Result")


@dataclass
class Patience:
    """Whether to stop: somebody asked for it, or so many seconds have passed since it was asked
    first. Where strangers share the device nobody keeps it for long."""

    stopped: Callable[[], bool]
    seconds: float | None
    since: float | None = None

    def __call__(self) -> bool:
        now = time.monotonic()
        self.since = now if self.since is None else self.since
        return self.stopped() or (self.seconds is not None and now - self.since >= self.seconds)


@dataclass
class Call:
    """One press of a button, as its job sees it."""

    request: gr.Request
    visitor: str
    flag: StopFlag
    """Also reads what the visitor has wished since."""
    device: Device
    patience: float | None
    left: Changes = field(default_factory=dict)
    """What the page is left with once the job is over, however it ends; the job adds to it."""

    def run(
        self, job: Callable[..., Iterator[Result]], *arguments: Any, seconds: float = 60
    ) -> Iterator[Result]:
        """What `job(*arguments, device, stopped)` yields, as soon as the device is free."""
        stopped = Patience(self.flag, self.patience)
        return self.device.run(job, *arguments, self.device.device, stopped, seconds=seconds)


Steps = Generator[Changes, None, None]
"""What a job shows, step by step."""
Work = Callable[..., Steps]
"""work(call, *values) checks the values, an exception being a sentence beside the button; what it
yields first is shown while it waits, what it yields then as it comes. One that yields nothing
changes nothing."""


class Jobs:
    """The jobs of one kind on a page: its visitors' run beside each other, and can be stopped."""

    def __init__(
        self,
        context: Context,
        kind: str,
        *,
        state: gr.Markdown,
        trouble: gr.Markdown,
        idle: Sequence[gr.Button] = (),
        busy: Sequence[gr.Button] = (),
        stop: gr.Button | None = None,
        quick: bool = False,
    ) -> None:
        """Wires `stop`.

        state : the line that says how far a job is; trouble : what went wrong.
        idle, busy : buttons that can be pressed only while none or only while one runs.
        stop : of the latter the one that ends it.
        quick : for jobs that hardly take time, and say so in `state` only where they must wait.
        """
        self.context, self.kind, self.quick = context, kind, quick
        self.state, self.trouble = state, trouble
        self.buttons = dict.fromkeys(idle, True) | dict.fromkeys(busy, False)
        """Whether each can be pressed while nothing runs."""
        if stop:
            self.buttons[stop] = False
            stop.click(self.ask_to_stop, None, None, **QUIET)

    def wire(
        self,
        event: Callable[..., gr.events.Dependency],
        work: Work,
        inputs: Any,
        outputs: Sequence[gr.blocks.Block],
        *,
        with_event: bool = False,
        taken: Callable[..., Changes] | None = None,
        **options: Any,
    ) -> gr.events.Dependency:
        """Let an event such as `button.click` begin `work`, which changes the outputs.

        with_event : whether work gets Gradio's event data before the values.
        taken : answers, given the same as work, for a visitor of whom one runs already; without
            it that is no hindrance.
        """

        def handle(request: gr.Request, *values: Any) -> Steps:
            yield from self._run(work, taken, request, values)

        def handle_event(request: gr.Request, event: gr.EventData, *values: Any) -> Steps:
            yield from self._run(work, taken, request, (event, *values))

        handler = handle_event if with_event else handle
        handler.__name__, handler.__module__ = work.__name__, work.__module__
        everything = list(dict.fromkeys([*outputs, self.state, self.trouble, *self.buttons]))
        return event(handler, inputs, everything, **on_device(self.state) | options)

    def _run(
        self, work: Work, taken: Callable[..., Changes] | None, request: gr.Request, values: Any
    ) -> Steps:
        context, flag = self.context, self._flag(request)
        call = Call(
            request, self.context.visitor(request), flag, context.device, context.limits.patience
        )
        if taken and not flag():
            yield taken(call, *values)
            return
        flag.start()
        try:
            with closing(work(call, *values)) as steps:
                first = next(steps, None)
                if first is None:
                    yield gr.skip()  # a generator that answers nothing would clear everything
                    return
                said: Changes = {self.trouble: ""}
                if context.device.busy or not self.quick:
                    said[self.state] = waiting(context)
                yield self._pressable(False) | said | first
                yield from filter(None, steps)  # Gradio does not know an empty answer
            if last := self._pressable(True) | call.left:
                yield last
        except Exception as error:
            failed: Changes = {} if self.quick else {self.state: "not running"}
            yield self._pressable(True) | failed | {self.trouble: sentence(error)} | call.left
        finally:
            flag.stop()

    def _flag(self, request: gr.Request) -> StopFlag:
        return StopFlag(self.context.visitor(request), self.kind)

    def _pressable(self, idle: bool) -> Changes:
        return {b: gr.Button(interactive=on == idle) for b, on in self.buttons.items()}

    def running(self, request: gr.Request) -> bool:
        """Whether a job of this visitor runs."""
        return not self._flag(request)()

    def ask_to_stop(self, request: gr.Request) -> None:
        """End this visitor's job, if there is one, at its next look."""
        self._flag(request).stop()

    def wish(self, request: gr.Request, text: str) -> None:
        """Tell this visitor's job something, if one runs."""
        self._flag(request).wish(text)


def job_bar(
    prefix: str,
    label: str,
    said: str,
    names: Sequence[str] = ("run", "stop", "status"),
    variant: Literal["primary", "secondary"] = "secondary",
) -> tuple[gr.Button, gr.Button, gr.Markdown]:
    """A row with the button that begins a job, the one that stops it, and the line that says how
    far it is; their ids are PREFIX-NAME."""
    run, stop, state = (f"{prefix}-{name}" for name in names)
    with gr.Row(elem_classes="train-bar"):
        return (
            gr.Button(label, variant=variant, elem_id=run, scale=0),
            gr.Button("Stop", interactive=False, elem_id=stop, scale=0),
            gr.Markdown(said, elem_id=state, elem_classes="status-line"),
        )


def waiting(context: Context) -> str:
    """What a job says until it has begun."""
    return "waiting for the device …" if context.device.busy else "starting …"


def on_device(state: gr.blocks.Block) -> dict[str, Any]:
    """How jobs are wired: many may wait at the device's door, which lets them in by turns."""
    return {
        "concurrency_id": "device",
        "concurrency_limit": 32,
        "show_progress": "minimal",
        "show_progress_on": state,
        "api_visibility": "private",
    }


def keep_offering(context: Context, model: gr.Dropdown) -> None:
    """When the page loads its menu offers the visitor's own models too, of earlier sessions."""

    def offer(request: gr.Request) -> gr.Dropdown:
        return gr.Dropdown(list(context.models(context.visitor(request))))

    gr.on(None, offer, None, model, **QUIET)


def find_model(context: Context, name: Any, visitor: str) -> tuple[Path, Spec]:
    """A model by its name in the menu; ValueError if it is gone."""
    found = context.models(visitor)
    if not isinstance(name, str) or name not in found:
        raise ValueError(f"Model: {name!r} is not here any more; choose another")
    return found[name]
