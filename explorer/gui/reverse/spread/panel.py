"""When is it decided? Four ways on from ten moments of one picture's way."""

from __future__ import annotations

from typing import Any

import gradio as gr

from explorer.gui.frame.bar import find_model, job_bar
from explorer.gui.frame.call import Call
from explorer.gui.frame.context import Context
from explorer.gui.frame.jobs import Jobs, Steps
from explorer.gui.frame.limits import SEEDS, whole
from explorer.gui.frame.shared import (
    QUIET,
    Changes,
    Shared,
    guarded,
    message,
    prose,
    seed_input,
)
from explorer.gui.parts.plot_view import PlotView
from explorer.gui.reverse.spread.fan import Fan
from explorer.gui.reverse.spread.figure import spread_figure
from explorer.gui.reverse.spread.work import (
    NO_CLASS,
    SEED,
    STORED,
    choose_label,
    classes_of,
    read,
    run_spread,
    status,
)

TITLE = "When is it decided?"


def build(context: Context, shared: Shared) -> None:
    """Layout, then wiring; `shared.model` is rendered elsewhere, before."""
    first = next(iter(context.models("").values()), None)
    stored = read(STORED)
    with gr.Row(elem_classes="stage-row"):
        with gr.Column(elem_classes="stage"):
            said = f"Stored, model {status(stored)}"
            run, stop, state = job_bar("spread", "Fork it", said)
            plot = PlotView(spread_figure(stored), elem_id="spread-plot")
            fan = Fan(stored, elem_id="spread-fan")
            prose(__file__)
        with gr.Column(elem_classes="rail"):
            trouble = message()
            label = gr.Dropdown(
                classes_of(first and first[1]),
                value=NO_CLASS,
                label="Class",
                elem_id="spread-class",
            )
            seed = seed_input(SEEDS, SEED)

    def begin(call: Call, name: Any, label: Any, seed: Any) -> Steps:
        path, spec = find_model(context, name, call.visitor)
        choose_label(spec, label)
        seed = whole("Seed", seed, SEEDS)
        yield {}
        for view in call.run(run_spread, path, label, seed):
            yield {plot: spread_figure(view), fan: view, state: status(view)}

    @guarded(trouble)
    def offer(name: Any, request: gr.Request) -> Changes:
        _, spec = find_model(context, name, context.visitor(request))
        return {label: gr.Dropdown(classes_of(spec), value=NO_CLASS)}

    jobs = Jobs(context, "spread", state=state, trouble=trouble, idle=[run], stop=stop)
    jobs.wire(run.click, begin, [shared.model, label, seed], [plot, fan])
    shared.model.change(offer, shared.model, [label, trouble], **QUIET)
