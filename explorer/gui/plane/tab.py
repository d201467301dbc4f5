"""Plane: the whole story where distributions can be seen, with points instead of pictures."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gradio as gr

from explorer.gui.frame.context import Context
from explorer.gui.frame.device import StopFlag
from explorer.gui.frame.jobs import buttons, waiting
from explorer.gui.frame.limits import SEEDS, number
from explorer.gui.frame.shared import (
    QUIET,
    Shared,
    message,
    on_device,
    prose,
    seed_input,
    sentence,
    visitor_of,
)
from explorer.gui.plane.plane import Plane
from explorer.gui.plane.view import PlaneView, read
from explorer.gui.plane.work import Wish, bounds, learn, show
from explorer.plane.points import OWN, POINTS

ID, TITLE = "plane", "Plane"
STORED = Path(__file__).with_name("stored")
START = Wish()
"""What the stored result shows."""
SECONDS = 5
CHOSEN = "(data) => document.querySelector('#plane-stage')?.explorer?.chosen(data)"
"""Opens the drawing pad when somebody chooses points of their own and there are none yet."""
LEFT = "(data) => document.querySelector('#plane-stage').explorer.left(data)"
"""What is chosen once the pad is left: points of one's own only if there are any."""


def told(view: PlaneView) -> str:
    """What a finished view cost and learnt."""
    if not view.losses:
        return "not trained on these points yet"
    step, loss = view.losses[-1]
    return f"trained for {step:.0f} steps, loss {loss:.3f}"


def build(context: Context, shared: Shared) -> None:
    """Layout, then wiring."""
    allowed = bounds(context.limits)
    gr.set_static_paths([STORED])
    stored = read(STORED)
    going = gr.State((START, stored))
    with gr.Row(elem_classes="stage-row"):
        with gr.Column(elem_classes="stage"):
            with gr.Row(elem_classes="train-bar"):
                run = gr.Button(
                    f"Train for {SECONDS} s", variant="primary", elem_id="plane-train", scale=0
                )
                stop = gr.Button("Stop", interactive=False, elem_id="plane-stop", scale=0)
                state = gr.Markdown(
                    f"Stored result: {told(stored)}",
                    elem_id="plane-status",
                    elem_classes="status-line",
                )
            stage = Plane(stored, elem_id="plane-stage")
            prose(__file__)
        with gr.Column(elem_classes="rail"):
            data = gr.Radio([*POINTS, OWN], value=START.data, label="Data", elem_id="plane-data")
            trouble = message()
            points = gr.Slider(
                *(2, min(500, allowed.points[1])),
                value=START.points,
                step=1,
                label="Training points",
                elem_id="plane-points",
            )
            seconds = gr.Slider(
                *allowed.seconds,
                value=SECONDS,
                step=1,
                label="Train for, seconds",
                elem_id="plane-seconds",
            )
            samples = gr.Slider(
                *allowed.samples,
                value=START.samples,
                step=1,
                label="Points out of the noise",
                elem_id="plane-samples",
            )
            steps = gr.Slider(
                *allowed.steps, value=START.steps, step=1, label="DDIM steps", elem_id="plane-S"
            )
            seed = seed_input(SEEDS, START.seed)

    same = (gr.skip(),) * 7
    """An answer that changes nothing; a generator that answers nothing would clear everything."""

    def fail(error: Exception, seen: Any = None) -> tuple[Any, ...]:
        """A sentence; the choice goes back to the data that is `seen`, if that is told."""
        said = gr.skip(), "not running", *buttons(False), sentence(error), gr.skip()
        return *said, gr.skip() if seen is None else seen

    def renew(
        visitor: str, now: tuple[Wish, PlaneView], own: Any, values: tuple[Any, ...]
    ) -> Iterator[tuple[Any, ...]]:
        """Points and samples for these settings; a network of the same points goes on.

        The last of an answer is the data that it shows.
        """
        StopFlag(visitor, "plane").stop()  # whatever is being learnt
        before, view = now
        wish = Wish.read(context.limits, *values, own)
        if wish == before and "ideal" in view.beliefs:  # a wrong wish may have come before
            yield gr.skip(), told(view), *buttons(False), "", gr.skip(), gr.skip()
            return
        yield gr.skip(), waiting(context), *buttons(True), "", gr.skip(), gr.skip()
        known = view if wish.sees_what(before) else None
        for view in context.device.run(show, wish, known, context.device.device):
            yield view, "computing …", *buttons(True), "", (wish, view), wish.data
        yield gr.skip(), told(view), *buttons(False), "", gr.skip(), gr.skip()

    def choose(
        request: gr.Request, now: tuple[Wish, PlaneView], *values: Any
    ) -> Iterator[tuple[Any, ...]]:
        seen = now[0].data
        try:
            if values[0] == OWN and not now[0].own:
                yield same  # the pad opens
                return
            for *answer, data in renew(visitor_of(request), now, now[0].own, values):
                seen = data if isinstance(data, str) else seen
                yield *answer, gr.skip()  # somebody may have chosen anew by now
        except Exception as error:
            yield fail(error, seen)

    def use(
        request: gr.Request, event: gr.EventData, now: tuple[Wish, PlaneView], *values: Any
    ) -> Iterator[tuple[Any, ...]]:
        try:
            drawn = getattr(event, "points", None)
            said = False
            for *answer, data in renew(visitor_of(request), now, drawn, (OWN, *values)):
                yield *answer, gr.skip() if said else data  # once: somebody may choose anew
                said = said or data == OWN
        except Exception as error:
            yield fail(error)

    def begin(
        request: gr.Request, now: tuple[Wish, PlaneView], seconds: Any, *values: Any
    ) -> Iterator[tuple[Any, ...]]:
        flag = StopFlag(visitor_of(request), "plane")
        flag.start()
        try:
            before, view = now
            if values[0] == OWN and not before.own:
                raise ValueError("Draw some points first, then press “Use these points”.")
            wish = Wish.read(context.limits, *values, before.own)
            budget = number("Train for, seconds", seconds, allowed.seconds)
            yield gr.skip(), waiting(context), *buttons(True), "", gr.skip(), gr.skip()
            known = view if wish == before else None
            arguments = (wish, known, {"seconds": budget}, context.device.device, flag)
            for view, said in context.device.run(learn, *arguments, seconds=2 * budget + 20):
                yield view, f"learning: {said}", *buttons(True), "", gr.skip(), gr.skip()
            yield gr.skip(), told(view), *buttons(False), "", (wish, view), gr.skip()
        except Exception as error:
            yield fail(error)
        finally:
            flag.stop()

    def ask_to_stop(request: gr.Request) -> None:
        StopFlag(visitor_of(request), "plane").stop()

    settings = [data, points, samples, steps, seed]
    shown = [stage, state, run, stop, trouble, going, data]
    run.click(begin, [going, seconds, *settings], shown, **on_device(state))
    stop.click(ask_to_stop, None, None, **QUIET)
    data.change(None, data, None, js=CHOSEN, **QUIET)
    stage.leave(None, data, data, js=LEFT, **QUIET)
    once = {"trigger_mode": "always_last"} | on_device(state)
    for change in (data.input, points.release, samples.release, steps.release, seed.submit):
        change(choose, [going, *settings], shown, **once)
    stage.use(use, [going, points, samples, steps, seed], shown, **once)
    seconds.change(lambda value: f"Train for {value:g} s", seconds, run, **QUIET)
