"""When is it decided? Four ways on from ten moments of some pictures' ways."""

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
from explorer.gui.reverse.spread.view import STORED, SpreadView, folder_of, read, read_for, status
from explorer.gui.reverse.spread.work import (
    MOST_WAYS,
    NO_CLASS,
    SEED,
    WAYS,
    choose_label,
    classes_of,
    run_spread,
)

TITLE = "When is it decided?"


def build(context: Context, shared: Shared) -> None:
    """Layout, then wiring; `shared.model` is rendered elsewhere, before."""
    first = next(iter(context.models("").values()), None)
    stored = read(STORED / folder_of(None))
    with gr.Row(elem_classes="stage-row"):
        with gr.Column(elem_classes="stage"):
            said = told(stored)
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
            ways = gr.Slider(
                1, MOST_WAYS, value=WAYS, step=1, label="Trajectories (x_T)", elem_id="spread-ways"
            )
            seed = seed_input(SEEDS, SEED)

    def begin(call: Call, name: Any, label: Any, seed: Any, ways: Any) -> Steps:
        path, spec = find_model(context, name, call.visitor)
        choose_label(spec, label)
        seed, ways = whole("Seed", seed, SEEDS), whole("Trajectories", ways, (1, MOST_WAYS))
        yield {}
        for view in call.run(run_spread, path, label, seed, ways):
            yield {plot: spread_figure(view), fan: view, state: status(view)}

    @guarded(trouble)
    def offer(name: Any, request: gr.Request) -> Changes:
        _, spec = find_model(context, name, context.visitor(request))
        return {label: gr.Dropdown(classes_of(spec), value=NO_CLASS)}

    @guarded(trouble)
    def show_stored(name: Any, label: Any, request: gr.Request) -> Changes:
        """What is stored of this class, if anything; while forks run they stay."""
        path, spec = find_model(context, name, context.visitor(request))
        chosen = choose_label(spec, label)
        shipped = path.parent == context.checkpoints
        view = read_for(spec.name, None if chosen is None else label) if shipped else None
        if view is None or jobs.running(request):
            return {}
        return {plot: spread_figure(view), fan: view, state: told(view)}

    jobs = Jobs(context, "spread", state=state, trouble=trouble, idle=[run], stop=stop)
    jobs.wire(run.click, begin, [shared.model, label, seed, ways], [plot, fan])
    shared.model.change(offer, shared.model, [label, trouble], **QUIET)
    label.input(show_stored, [shared.model, label], [plot, fan, state, trouble], **QUIET)


def told(view: SpreadView) -> str:
    """What the status says of stored forks."""
    return f"Stored, model {status(view)}"
