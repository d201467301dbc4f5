"""Plane: the whole story where distributions can be seen, with points instead of pictures."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gradio as gr
from gradio.blocks import Block

from explorer.diffusion import SAMPLERS
from explorer.gui.frame.bar import job_bar
from explorer.gui.frame.call import Call
from explorer.gui.frame.context import Context
from explorer.gui.frame.jobs import Jobs, Steps
from explorer.gui.frame.limits import SEEDS, number
from explorer.gui.frame.shared import QUIET, Shared, message, prose, seed_input
from explorer.gui.plane.order import panel as order
from explorer.gui.plane.plane import Plane
from explorer.gui.plane.view import SIDES, PlaneView, read
from explorer.gui.plane.work import STEPS, PlaneSettings, learn, show
from explorer.plane.points import OWN, POINTS

ID, TITLE = "plane", "Plane"
STORED = Path(__file__).with_name("stored")
START = PlaneSettings()
"""What the stored result shows."""
SECONDS = 5
Now = tuple[PlaneSettings, PlaneView]
"""What is shown, and what was asked for."""
CHOSEN = "(data) => document.querySelector('#plane-stage')?.explorer?.chosen(data)"
"""Opens the drawing pad when somebody chooses points of their own and there are none yet."""
LEFT = "(data) => document.querySelector('#plane-stage').explorer.left(data)"
"""What is chosen once the pad is left: points of one's own only if there are any."""


def training_summary(view: PlaneView) -> str:
    """What a finished view cost and learnt."""
    if not view.losses:
        return "not trained on these points yet"
    step, loss = view.losses[-1]
    return f"trained for {step:.0f} steps, loss {loss:.3f}"


def build(context: Context, shared: Shared) -> None:
    """Layout, then wiring."""
    limits = context.limits
    gr.set_static_paths([STORED])
    stored = read(STORED)
    going = gr.State((START, stored))
    with gr.Row(elem_classes="stage-row"):
        with gr.Column(elem_classes="stage"):
            said = f"Stored result: {training_summary(stored)}"
            names = ("train", "stop", "status")
            label = f"Train for {SECONDS} s"
            run, stop, state = job_bar(ID, label, said, names, variant="primary")
            stage = Plane(stored, elem_id="plane-stage")
            prose(__file__)
            with gr.Accordion(order.TITLE, open=False, elem_id="order"):
                order.build(context)
        with gr.Column(elem_classes="rail"):
            data = gr.Radio([*POINTS, OWN], value=START.data, label="Data", elem_id="plane-data")
            trouble = message()
            points = gr.Slider(
                *(2, min(500, limits.plane_points[1])),
                value=START.points,
                step=1,
                label="Training points",
                elem_id="plane-points",
            )
            seconds = gr.Slider(
                *limits.plane_seconds,
                value=SECONDS,
                step=1,
                label="Train for, seconds",
                elem_id="plane-seconds",
            )
            samples = gr.Slider(
                *limits.plane_samples,
                value=START.samples,
                step=1,
                label="Points out of the noise",
                elem_id="plane-samples",
            )
            menu = [(sampler.title, name) for name, sampler in SAMPLERS.items()]
            left, right = (
                gr.Dropdown(
                    menu, value=getattr(START, side), label=side.title(), elem_id=f"plane-{side}"
                )
                for side in SIDES
            )
            every = ", ".join(each.title for each in SAMPLERS.values() if not each.strided)
            steps = gr.Slider(
                *STEPS,
                value=START.steps,
                step=1,
                label="Steps S",
                info=f"{every} takes all {STEPS[1]}",
                elem_id="plane-S",
            )
            seed = seed_input(SEEDS, START.seed)

    learning = Jobs(context, "plane", state=state, trouble=trouble, idle=[run], stop=stop)
    showing = Jobs(context, "plane-show", state=state, trouble=trouble, idle=[run], stop=stop)

    def renew(call: Call, now: Now, own: Any, values: tuple[Any, ...]) -> Steps:
        """Points and samples for these settings; a network of the same points goes on."""
        learning.stop_all(call.visitor)  # whatever is being learnt
        before, view = now
        asked = PlaneSettings.read(limits, *(*values, own))
        if asked == before and "ideal" in view.beliefs:  # wrong settings may have come before
            yield {state: training_summary(view)}
            return
        yield {}
        known = view if asked.same_points(before) else None
        for view in call.run(show, asked, known, expected=4):
            yield {stage: view, state: "computing …", going: (asked, view)}
        yield {state: training_summary(view)}

    def choose(call: Call, now: Now, *values: Any) -> Steps:
        if values[0] == OWN and not now[0].own:
            return  # the pad opens
        seen = now[0].data
        try:
            for changes in renew(call, now, now[0].own, values):
                seen = changes[going][0].data if going in changes else seen
                yield changes  # without `data`: somebody may have chosen anew by now
        except Exception:
            call.left[data] = seen  # the choice goes back to what is shown
            raise

    def use(call: Call, event: gr.EventData, now: Now, *values: Any) -> Steps:
        drawn, chosen = getattr(event, "points", None), {data: OWN}
        for changes in renew(call, now, drawn, (OWN, *values)):
            yield changes | (chosen if going in changes else {})
            chosen = {} if going in changes else chosen  # once: somebody may choose anew

    def begin(call: Call, now: Now, seconds: Any, *values: Any) -> Steps:
        before, view = now
        if values[0] == OWN and not before.own:
            raise ValueError("Draw some points first, then press “Use these points”.")
        asked = PlaneSettings.read(limits, *(*values, before.own))
        budget = number("Train for, seconds", seconds, limits.plane_seconds)
        yield {}
        known = view if asked == before else None
        most = {"seconds": budget}
        for view, said in call.run(learn, asked, known, most, seconds=2 * budget + 20):
            yield {stage: view, state: f"learning: {said}"}
        yield {state: training_summary(view), going: (asked, view)}

    settings = [data, points, samples, left, right, steps, seed]
    learning.wire(run.click, begin, [going, seconds, *settings], [stage, going])
    data.change(None, data, None, js=CHOSEN, **QUIET)
    stage.leave(None, data, data, js=LEFT, **QUIET)
    shown: list[Block] = [stage, going, data]
    once: dict[str, Any] = {"trigger_mode": "always_last"}
    chosen = [data.input, left.input, right.input]
    for change in (*chosen, points.release, samples.release, steps.release, seed.submit):
        showing.wire(change, choose, [going, *settings], shown, **once)
    showing.wire(stage.use, use, [going, *settings[1:]], shown, with_event=True, **once)
    seconds.change(lambda value: f"Train for {value:g} s", seconds, run, **QUIET)
