"""Plane: the whole story where distributions can be seen, with points instead of pictures."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.blocks import Block

from explorer.diffusion import SAMPLERS
from explorer.gui.answers.answer import Answer
from explorer.gui.answers.questions import code_answer
from explorer.gui.frame.agree import Agreement
from explorer.gui.frame.bar import job_bar
from explorer.gui.frame.call import Call
from explorer.gui.frame.context import Context
from explorer.gui.frame.jobs import Jobs, Steps
from explorer.gui.frame.limits import SEEDS, number
from explorer.gui.frame.shared import (
    QUIET,
    Changes,
    Shared,
    message,
    prose,
    seed_input,
    what_to_look_at,
)
from explorer.gui.frame.spoken import counted, exactly
from explorer.gui.parts.copy_text import CopyText
from explorer.gui.plane.order import panel as order
from explorer.gui.plane.plane import Plane
from explorer.gui.plane.script import plane_texts
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
    return f"trained for {counted(round(step), 'step')}, loss {loss:.3f}"


def check_known(data: Any) -> None:
    """ValueError for points that somebody drew, which no link holds."""
    if data == OWN:
        raise ValueError("the link was made with points that somebody drew; it cannot hold them")


def build(context: Context, shared: Shared) -> None:
    """Layout, then wiring."""
    limits = context.limits
    stored = read(STORED)
    going = gr.State((START, stored))
    with gr.Row(elem_classes="stage-row"):
        with gr.Column(elem_classes="stage"):
            what_to_look_at(__file__)
            said = f"Stored result: {training_summary(stored)}"
            names = ("train", "stop", "status")
            label = f"Train for {exactly(SECONDS)}"
            run, stop, state = job_bar(ID, label, said, names, variant="primary")
            stage = Plane(stored, elem_id="plane-stage")
            script = CopyText(plane_texts(START, stored.losses), elem_id="plane-copy")
            calls = ("GaussianMixture(x0, schedule)", "sample(denoise, schedule, x_T, times)")
            Answer(code_answer("the samples of both panels", calls), elem_id="plane-code")
            prose(__file__)
            with gr.Accordion(order.TITLE, open=False, elem_id="order"):
                order.build(context, shared)
        with gr.Column(elem_classes="rail"):
            data = gr.Radio([*POINTS, OWN], value=START.data, label="Data", elem_id="plane-data")
            trouble = message()
            points = gr.Slider(
                *limits.plane_points,
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
                label="Number of samples",
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

    def asked_of(
        visitor: str, seconds: Any, data: Any, *values: Any
    ) -> tuple[PlaneSettings, float]:
        """What a training run of these fields depends on."""
        points, samples, left, right, steps, seed = values
        known = START.data if data == OWN else data
        asked = PlaneSettings.read(limits, known, points, samples, left, right, steps, seed, ())
        asked = replace(asked, data=data)
        return asked.run_for(number("Train for, seconds", seconds, limits.plane_seconds))

    settings = [data, points, samples, left, right, steps, seed]
    agreement = Agreement(
        context,
        shared.address,
        fields=[seconds, *settings],
        read=asked_of,
        state=state,
        trouble=trouble,
        result=stage,
    )
    told: dict[str, Any] = {"state": state, "trouble": trouble, "agreement": agreement}
    learning = Jobs(context, "plane", idle=[run], stop=stop, **told)
    showing = Jobs(context, "plane-show", stop=stop, **told)  # one may train at any moment

    def drawn(asked: PlaneSettings, view: PlaneView) -> Changes:
        """A view, and what its network was trained with, if there is one."""
        trained = agreement.made_with(asked.run_for(view.budget))
        return {stage: view} | (trained if view.network else agreement.made_without())

    def goes_on(call: Call, *values: Any) -> bool:
        """Whether a network learns with just these settings, begun before they were heard of, or
        with newer ones; it shows all of them. One of others is ended, and of wrong ones too."""
        job = context.jobs.running(call.visitor, "plane")
        if job and not job.flag() and (made := job.made):
            with suppress(ValueError):
                if job.begun > call.job.begun or made == PlaneSettings.read(limits, *values):
                    return True
        learning.make_way(call.job)
        call.left[run] = gr.Button(interactive=True)  # it tells this page nothing more
        return False

    def renew(call: Call, now: Now, own: Any, values: tuple[Any, ...]) -> Steps:
        """Points and samples for these settings; a network of the same points goes on."""
        if goes_on(call, *values, own):
            return
        before, view = now
        asked = PlaneSettings.read(limits, *(*values, own))
        showing.make_way(call.job)
        if asked == before and "ideal" in view.beliefs:  # wrong settings may have come before
            yield {state: training_summary(view)} | drawn(asked, view)
            return
        yield agreement.made_without()  # what is chosen is on its way
        known = view if asked.same_points(before) else None
        for view in call.run(show, asked, known, expected=4):
            yield drawn(asked, view) | {state: "computing …", going: (asked, view)}
        yield {state: training_summary(view), script: plane_texts(asked, view.losses)}

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

    def restore(call: Call, now: Now, *values: Any) -> Steps:
        """A link's settings; where they are those of the stored result it is shown again."""
        asked = PlaneSettings.read(limits, *(*values, now[0].own))
        if asked == now[0]:
            return
        if replace(asked, own=()) != START:
            yield from choose(call, now, *values)
            return
        if goes_on(call, *values, now[0].own):
            return
        showing.make_way(call.job)
        shown_again = {state: said, going: (asked, stored)}
        yield drawn(asked, stored) | shown_again | {script: plane_texts(asked, stored.losses)}

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
        call.job.made = asked
        showing.make_way(call.job)
        yield {}
        known = view if asked == before else None
        most = {"seconds": budget}
        for view, said in call.run(learn, asked, known, most, seconds=2 * budget + 20):
            view.budget = budget
            yield {stage: view, state: f"learning: {said}"}
        text = plane_texts(asked, view.losses)
        yield {state: training_summary(view), going: (asked, view), script: text}

    learning.wire(run.click, begin, [going, *agreement.fields], [stage, going, script])
    data.change(None, data, None, js=CHOSEN, **QUIET)
    stage.leave(None, data, data, js=LEFT, **QUIET)
    shown: list[Block] = [stage, going, data, script, run]
    once: dict[str, Any] = {"trigger_mode": "always_last"}
    chosen = [data.input, left.input, right.input]
    for change in (*chosen, points.release, samples.release, steps.release, seed.submit):
        showing.wire(change, choose, [going, *settings], shown, **once)
    showing.wire(stage.use, use, [going, *settings[1:]], shown, with_event=True, **once)
    address = shared.address
    address.field(
        "plane.data",
        data,
        check=check_known,
        lacks="the points that you drew",
        shipped=list(POINTS),
    )
    kept = {"points": points, "seconds": seconds, "samples": samples, "left": left, "right": right}
    for key, field in (kept | {"S": steps, "seed": seed}).items():
        address.field(f"plane.{key}", field)
    showing.wire(address.restored("plane"), restore, [going, *settings], shown, **once)
    seconds.change(lambda value: f"Train for {exactly(value)}", seconds, run, **QUIET)
