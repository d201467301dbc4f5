"""When is it decided? Four ways on from ten moments of some pictures' ways."""

from __future__ import annotations

from typing import Any

import gradio as gr

from explorer.gui.frame.address_field import Values
from explorer.gui.frame.agree import Agreement
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
    what_to_look_at,
)
from explorer.gui.parts.menu import Menu
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
Asked = tuple[str, str, int, int]
SUMMARY = "Continuations from each t: when they stop differing"


def build(context: Context, shared: Shared) -> None:
    """Layout, then wiring; `shared.model` is rendered elsewhere, before."""
    first = next(iter(context.models("").values()), None)
    stored = read(STORED / folder_of(None))
    with gr.Row(elem_classes="stage-row"):
        with gr.Column(elem_classes="stage"):
            what_to_look_at(__file__)
            said = told(stored)
            run, stop, state = job_bar("spread", "Measure the spread", said)
            plot = PlotView(spread_figure(stored), elem_id="spread-plot")
            fan = Fan(stored, elem_id="spread-fan")
            prose(__file__)
        with gr.Column(elem_classes="rail"):
            trouble = message()
            label = Menu(
                classes_of(first and first[1]),
                value=NO_CLASS,
                label="Class",
                elem_id="spread-class",
            )
            ways = gr.Slider(
                1, MOST_WAYS, value=WAYS, step=1, label="Trajectories (x_T)", elem_id="spread-ways"
            )
            seed = seed_input(SEEDS, SEED)

    def asked(visitor: str, name: Any, label: Any, seed: Any, ways: Any) -> Asked:
        """Model, class, seed and trajectories."""
        _, spec = find_model(context, name, visitor)
        choose_label(spec, label)
        return name, label, whole("Seed", seed, SEEDS), whole("Trajectories", ways, (1, MOST_WAYS))

    def begin(call: Call, *values: Any) -> Steps:
        name, label, seed, ways = asked(call.visitor, *values)
        path, _ = find_model(context, name, call.visitor)
        yield {}
        for view in call.run(run_spread, path, label, seed, ways):
            yield {plot: spread_figure(view), fan: view, state: status(view)}

    @guarded(trouble)
    def offer(name: Any, chosen: Any, request: gr.Request) -> Changes:
        """The model's classes; a class that it has too stays."""
        _, spec = find_model(context, name, context.visitor(request))
        offered = classes_of(spec)
        kept = chosen if chosen in offered else NO_CLASS
        return {label: gr.Dropdown(offered, value=kept)}

    @guarded(trouble)
    def show_stored(name: Any, label: Any, request: gr.Request) -> Changes:
        """What is stored of this class, if anything; while forks run they stay."""
        path, spec = find_model(context, name, context.visitor(request))
        chosen = choose_label(spec, label)
        shipped = path.parent == context.checkpoints
        view = read_for(spec.name, None if chosen is None else label) if shipped else None
        if view is None or jobs.running(request):
            return {}
        changes: Changes = {plot: spread_figure(view), fan: view, state: told(view)}
        return changes | agreement.made_with((name, label, view.seed, view.wanted))

    agreement = Agreement(
        context,
        shared.address,
        fields=[shared.model, label, seed, ways],
        read=asked,
        state=state,
        trouble=trouble,
        result=fan,
    )
    jobs = Jobs(
        context,
        "spread",
        state=state,
        trouble=trouble,
        idle=[run],
        stop=stop,
        agreement=agreement,
    )
    jobs.wire(run.click, begin, agreement.fields, [plot, fan])
    shared.model.change(offer, [shared.model, label], [label, trouble], **QUIET)
    drawn = [plot, fan, state, agreement.line, trouble]
    label.input(show_stored, [shared.model, label], drawn, **QUIET)
    address, group = shared.address, "reverse.spread"

    def offered(values: Values, visitor: str) -> list[str]:
        name = values.get("reverse.model", shared.model.value)
        found = context.models(visitor).get(name)
        return classes_of(found and found[1])

    address.field(f"{group}.class", label, choices=offered)
    address.field(f"{group}.ways", ways)
    address.field(f"{group}.seed", seed)
    address.restored(group)(show_stored, [shared.model, label], drawn, **QUIET)


def told(view: SpreadView) -> str:
    """What the status says of stored forks."""
    return f"Stored, model {status(view)}"
