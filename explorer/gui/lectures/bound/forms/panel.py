"""Two derivations, one bound: both forms beside each other, exact and from draws."""

from __future__ import annotations

from typing import Any

import gradio as gr

from explorer.gui.frame.agree import Agreement
from explorer.gui.frame.bar import job_bar
from explorer.gui.frame.call import Call
from explorer.gui.frame.context import Context
from explorer.gui.frame.jobs import Jobs, Steps
from explorer.gui.frame.limits import SEEDS
from explorer.gui.frame.shared import (
    QUIET,
    Changes,
    Shared,
    guarded,
    message,
    plain,
    prose,
    seed_input,
    what_to_look_at,
)
from explorer.gui.lectures.bound.forms.figure import noise_figure
from explorer.gui.lectures.bound.forms.script import forms_texts
from explorer.gui.lectures.bound.forms.words import conclusions, status, table
from explorer.gui.lectures.bound.forms.work import (
    STD,
    STEPS,
    VARYING,
    FormsResult,
    read_settings,
    read_stored,
    read_time,
    run_forms,
)
from explorer.gui.parts.copy_text import CopyText
from explorer.gui.parts.number_table import NumberTable
from explorer.gui.parts.plot_view import PlotView

AT = 100
"""The t whose term is looked at first."""


def build(context: Context, shared: Shared) -> None:
    """Layout, then wiring."""
    limits, stored = context.limits, read_stored()
    first = stored.settings
    now = gr.State(None)  # None is what the page opens with
    gr.Markdown("### Two derivations, one bound", elem_classes="stage-title")
    with gr.Row(elem_classes="stage-row"):
        with gr.Column(elem_classes="stage"):
            what_to_look_at(__file__)
            run, stop, state = job_bar(
                "forms", "Draw both forms", plain(f"Stored: {status(stored)}"), variant="primary"
            )
            numbers = NumberTable(table(stored, AT), elem_id="forms-numbers")
            said = gr.Markdown(conclusions(stored, AT), elem_id="forms-said")
            plot = PlotView(noise_figure(stored, AT), elem_id="forms-plot")
            script = CopyText(forms_texts(first, AT), elem_id="forms-copy")
            prose(__file__)
        with gr.Column(elem_classes="rail"):
            t = gr.Slider(
                2, STEPS[1] - 1, value=AT, step=1, label="t of the term", elem_id="forms-t"
            )
            varying = gr.Slider(
                *VARYING,
                value=first.varying,
                step=1,
                label="Pixels that vary, of 784",
                elem_id="forms-varying",
            )
            std = gr.Slider(
                *STD,
                value=first.std,
                step=0.05,
                label="Their standard deviation s",
                elem_id="forms-std",
            )
            steps = gr.Number(
                first.T,
                label=f"T, {STEPS[0]} to {STEPS[1]}",
                precision=0,
                elem_id="forms-steps",
            )
            low, high = limits.form_draws
            draws = gr.Number(
                first.draws,
                label=f"Draws of each term, {low} to {high}",
                precision=0,
                elem_id="forms-draws",
            )
            seed = seed_input(SEEDS, first.seed)
            trouble = message()
    fields: list[Any] = [varying, std, steps, draws, seed]

    def shown(result: FormsResult, t: Any) -> Changes:
        """Table, sentences and plot at t."""
        t = read_time(t, result.settings.T)
        return {
            numbers: table(result, t),
            said: conclusions(result, t),
            plot: noise_figure(result, t),
        }

    def draw_forms(call: Call, t: Any, *values: Any) -> Steps:
        settings = read_settings(limits, *values)
        yield {}
        for result in call.run(run_forms, settings, seconds=30, expected=10):
            yield shown(result, t) | {state: plain(status(result, running=True))}
        yield shown(result, t) | {state: plain(status(result)), now: result}

    @guarded(trouble)
    def move_time(result: FormsResult | None, t: Any) -> Changes:
        return shown(result or stored, t)

    def settle_forms(result: FormsResult | None, t: Any) -> Changes:
        """At the t that was chosen meanwhile; trouble stays."""
        changes = move_time(result, t)
        del changes[trouble]
        return changes or gr.skip()

    @guarded(trouble)
    def write_forms(t: Any, *values: Any) -> Changes:
        settings = read_settings(limits, *values)
        return {script: forms_texts(settings, read_time(t, settings.T))}

    agreement = Agreement(
        context,
        shared.address,
        fields=fields,
        read=lambda visitor, *values: read_settings(limits, *values),
        state=state,
        trouble=trouble,
        result=plot,
    )
    jobs = Jobs(
        context, "forms", state=state, trouble=trouble, idle=[run], stop=stop, agreement=agreement
    )
    drawn: list[Any] = [numbers, said, plot]
    ran = jobs.wire(run.click, draw_forms, [t, *fields], [*drawn, now])
    ran.then(settle_forms, [now, t], drawn, **QUIET)
    t.change(move_time, [now, t], [*drawn, trouble], **QUIET)
    for control in (t, *fields):
        control.change(write_forms, [t, *fields], [script, trouble], **QUIET)
    address, group = shared.address, "lectures.bound-forms"
    address.field(f"{group}.t", t)
    address.field(f"{group}.varying", varying)
    address.field(f"{group}.std", std)
    address.field(f"{group}.steps", steps, bounds=STEPS)
    address.field(f"{group}.draws", draws, bounds=limits.form_draws)
    address.field(f"{group}.seed", seed)
