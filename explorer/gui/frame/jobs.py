"""How a page begins a job and stops it.

This is the only place that knows how a job runs: what is said while it waits, which buttons can be
pressed, what becomes of an exception, what is tidied up.
"""

from __future__ import annotations

import contextvars
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Generator, Mapping, Sequence
from contextlib import aclosing, closing
from typing import Any

import gradio as gr
from gradio.blocks import Block

from explorer.gui.frame.agree import Agreement, Passing
from explorer.gui.frame.call import Call
from explorer.gui.frame.context import Context
from explorer.gui.frame.device import Ended
from explorer.gui.frame.follow import follow, following, session_of
from explorer.gui.frame.job import Job
from explorer.gui.frame.manager import Refused
from explorer.gui.frame.memory import give_back
from explorer.gui.frame.shared import QUIET, Changes, sentence
from explorer.gui.frame.visitors import address_of
from explorer.gui.parts.widget import Prepared

FIELDS = (gr.Number, gr.Slider, gr.Dropdown, gr.Radio, gr.Checkbox, gr.CheckboxGroup)
"""What a page asks by: a job remembers their values, so that a page that comes back has them."""
STOPPING = "stopping …"
BEGINS = "begins"
"""The class of buttons that begin a job: the page holds a press back until the answers to what was
chosen before it are there (`under_way.js`)."""

Steps = Generator[Changes, None, None]
"""What a job shows, step by step."""
Work = Callable[..., Steps]
"""work(call, *values) checks the values, an exception being a sentence beside the button; what it
yields first is shown while it waits, what it yields then as it comes. One that yields nothing
changes nothing. It runs on a thread of its own, whether or not a page looks at it."""


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
        lasting: bool = False,
        agreement: Agreement | None = None,
    ) -> None:
        """Wires `stop`.

        state : the line that says how far a job is; trouble : what went wrong.
        idle, busy : buttons that can be pressed only while none or only while one runs.
        stop : of the latter the one that ends it.
        quick : for jobs that hardly take time, and say so in `state` only where they must wait; a
            page's newest takes the place of those before.
        lasting : for jobs whose state is kept: hosted they end between two turns once their pages
            have gone, others within a minute.
        agreement : of the result that they make with the fields that they are asked by.
        """
        self.context, self.kind, self.quick, self.lasting = context, kind, quick, lasting
        self.state, self.trouble, self.agreement = state, trouble, agreement
        self.buttons = dict.fromkeys(idle, True) | dict.fromkeys(busy, False)
        """Whether each can be pressed while nothing runs."""
        if stop:
            self.buttons[stop] = False
            stop.click(self.ask_to_stop, **QUIET)

    def wire(
        self,
        event: Callable[..., gr.events.Dependency],
        work: Work,
        inputs: Any,
        outputs: Sequence[gr.blocks.Block],
        *,
        with_event: bool = False,
        taken: Callable[..., Changes | None] | None = None,
        **options: Any,
    ) -> gr.events.Dependency:
        """Let an event such as `button.click` begin `work`, which changes the outputs.

        with_event : whether work gets Gradio's event data before the values.
        taken : answers (job, *values) for a visitor of whom one runs already, None if it is no
            hindrance; without it it is none.
        """

        given = list(inputs) if isinstance(inputs, Sequence) else [inputs] if inputs else []
        asked = {i: field for i, field in enumerate(given) if isinstance(field, FIELDS)}
        self.context.jobs.outputs.update(dict.fromkeys(asked.values()))

        async def handle(request: gr.Request, *values: Any) -> AsyncIterator[Changes]:
            async with aclosing(self._answer(work, taken, asked, request, values)) as answers:
                async for changes in answers:
                    yield changes

        async def handle_event(
            request: gr.Request, event: gr.EventData, *values: Any
        ) -> AsyncIterator[Changes]:
            told = self._answer(work, taken, asked, request, values, event)
            async with aclosing(told) as answers:
                async for changes in answers:
                    yield changes

        button = getattr(event, "__self__", None)
        if isinstance(button, gr.Button):
            button.elem_classes = [*button.elem_classes, BEGINS]
        handler = handle_event if with_event else handle
        if with_event:  # Gradio would ask with the data of the event before
            options |= {"trigger_mode": "multiple"}
        handler.__name__, handler.__module__ = work.__name__, work.__module__
        everything = dict.fromkeys([*outputs, self.state, self.trouble, *self.buttons])
        if self.agreement:
            everything[self.agreement.line] = None
        self.context.jobs.outputs.update(everything)
        keeper = self.context.jobs.keeper
        shown = [*everything, keeper] if keeper else [*everything]
        return event(handler, inputs, shown, **following(self.state) | options)

    async def _answer(
        self,
        work: Work,
        taken: Callable[..., Changes | None] | None,
        asked: Mapping[int, Block],
        request: gr.Request,
        values: tuple[Any, ...],
        *event: gr.EventData,
    ) -> AsyncGenerator[Changes, None]:
        context, owner = self.context, self.context.visitor(request)
        session = session_of(request)
        running = context.jobs.running(owner, self.kind)
        if taken and running and (answer := taken(running, *event, *values)) is not None:
            yield answer
            return
        if self.quick:
            for earlier in context.jobs.of(owner, self.kind):
                if session in earlier.pages:
                    earlier.flag.stop()
                    earlier.replaced_on.add(session)
        patience = None if self.lasting else context.limits.patience
        here = contextvars.copy_context()  # Gradio's, and on ZeroGPU who asks
        try:
            asker = {"address": address_of(request), "session": session}
            job = Job(self.kind, owner, **asker, lasting=self.lasting)
            job.line = self.state
            job.asked = {field: values[i] for i, field in asked.items()}
            call = Call(context, job, self.state, patience)
            context.jobs.begin(job, lambda _: here.run(self._run, work, call, (*event, *values)))
        except (Refused, OSError) as refused:
            yield {self.trouble: sentence(refused)} | self._tell({"until": "explorer-over"})
            return
        async with aclosing(follow([job], session, context.jobs.keeper)) as news:
            async for changes in news:
                yield changes

    def _run(self, work: Work, call: Call, values: tuple[Any, ...]) -> None:
        """The job from its beginning to its end, on its own thread."""
        job, over, made = call.job, self._tell({"over": True}), dict[Block, Any]()
        words: Any = None  # the last of the work's own about how far it is

        def show(changes: Changes) -> None:
            """With what the result was made with, once it is shown."""
            if self.agreement:
                line, before = self.agreement.line, told(job, self.agreement)
                if self.agreement.result in changes and "made" not in before:
                    changes = made | changes
                if line in changes:
                    changes = changes | {line: before | changes[line]}
            job.show(changes)

        try:
            with closing(work(call, *values)) as steps:
                first = next(steps, None)
                if first is None:
                    return
                said: Changes = {} if self.quick else {self.state: "starting …"}
                if self.agreement:
                    made = self.agreement.stamp(job.asked, job.owner)
                show(self._pressable(False) | {self.trouble: ""} | said | first)
                words = first.get(self.state)
                for changes in steps:
                    words = changes.get(self.state, words)
                    show(changes)
            job.close()
            ended: Changes = {}
            if call.flag() and not self.quick:  # no page goes on to say "stopping …"
                ended[self.state] = words or "stopped"
            show(self._pressable(True) | over | ended | call.left)
        except Ended:
            job.close()
            words = "stopped" if call.job.state == "running" else "stopped before it began"
            show(self._pressable(True) | over | {self.state: words} | call.left)
        except Exception as error:
            job.close()
            failed: Changes = {} if self.quick else {self.state: "failed"}
            if isinstance(error, Passing):
                over = self._tell({"over": True, "until": error.event})
            failed[self.trouble] = sentence(error)
            show(self._pressable(True) | over | failed | call.left)
        finally:
            give_back()

    def _tell(self, news: Mapping[str, Any]) -> Changes:
        """Something for the agreement, if there is one."""
        return {self.agreement.line: dict(news)} if self.agreement else {}

    def _pressable(self, idle: bool) -> Changes:
        return {b: gr.Button(interactive=on == idle) for b, on in self.buttons.items()}

    def running(self, request: gr.Request) -> bool:
        """Whether a job of this visitor runs."""
        return self.context.jobs.running(self.context.visitor(request), self.kind) is not None

    def ask_to_stop(self, request: gr.Request) -> None:
        """End this visitor's jobs of this kind, if there are any, at their next look.

        That they stop is said by them, so that nothing that a page shows comes after their end.
        """
        for job in self.context.jobs.of(self.context.visitor(request), self.kind):
            spoken = not self.quick and job.line in (None, self.state)
            job.stop({self.state: STOPPING} if spoken else {})

    def make_way(self, newer: Job) -> None:
        """End its visitor's older jobs of this kind at their next look. Its page shows what it
        makes where theirs was shown, and is told nothing more of them: their last words could
        come after its first."""
        for job in self.context.jobs.of(newer.owner, self.kind):
            if not job.over and job.begun < newer.begun:
                job.flag.stop()
                job.replaced_on.add(newer.session)

    def wish(self, request: gr.Request, text: str) -> None:
        """Tell this visitor's job something, if one runs."""
        if job := self.context.jobs.running(self.context.visitor(request), self.kind):
            job.flag.wish(text)


def told(job: Job, agreement: Agreement) -> dict[str, Any]:
    """All that a job has told its agreement: the last value is kept, whole."""
    last = job.last(agreement.line)
    return dict((last.payload if isinstance(last, Prepared) else last) or {})
