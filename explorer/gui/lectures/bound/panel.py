"""The variational bound of a model, term by term: where its bits are."""

from __future__ import annotations

import json
from typing import Any

import gradio as gr

from explorer.diffusion import VARIANCES
from explorer.evaluation.bound import BoundResult
from explorer.gui.frame.agree import Agreement
from explorer.gui.frame.bar import find_model, job_bar, keep_offering
from explorer.gui.frame.call import Call
from explorer.gui.frame.context import Context, place_of
from explorer.gui.frame.jobs import Jobs, Steps
from explorer.gui.frame.limits import SEEDS, whole
from explorer.gui.frame.memory import heavy
from explorer.gui.frame.shared import (
    QUIET,
    Changes,
    Shared,
    guarded,
    message,
    plain,
    prose,
    seed_input,
    sentence,
    what_to_look_at,
)
from explorer.gui.lectures.bound.figure import bars_figure
from explorer.gui.lectures.bound.reading import BoundReading
from explorer.gui.lectures.bound.script import bound_texts
from explorer.gui.lectures.bound.terms import terms_figure
from explorer.gui.lectures.bound.words import conclusions
from explorer.gui.lectures.bound.work import (
    BOTH,
    CHOICES,
    SEED,
    TIMES,
    TITLES,
    VIEWS,
    N,
    draw,
    not_yet,
    reading,
    run_bound,
    status,
    stored_bound,
)
from explorer.gui.parts.copy_text import CopyText
from explorer.gui.parts.menu import Menu
from explorer.gui.parts.plot_view import PlotView


def build(context: Context, shared: Shared) -> None:
    """Layout, then wiring."""
    limits, models = context.limits, context.models("")
    start = next(iter(models), None)
    first, said = first_with(context, start) if start else (None, "no model is available")
    now = gr.State(None)  # None is what the page opens with
    with gr.Row(elem_classes="stage-row"):
        with gr.Column(elem_classes="stage"):
            what_to_look_at(__file__)
            run, stop, state = job_bar("bound", "Compute the bound", said, variant="primary")
            with gr.Row(equal_height=False):
                with gr.Column(min_width=320):
                    bars = PlotView(first and bars_figure(first, VARIANCES), elem_id="bound-bars")
                with gr.Column(min_width=320):
                    table = BoundReading(
                        first and reading(first, VARIANCES), elem_id="bound-reading"
                    )
            view = gr.Radio(
                list(VIEWS),
                value=VIEWS[0],
                show_label=False,
                container=False,
                elem_id="bound-view",
            )
            plot = PlotView(
                first and terms_figure(first, VARIANCES), elem_id="bound-plot", slider_id="bound-t"
            )
            said_of = gr.Markdown(
                conclusions(first, VARIANCES[0]) if first else "", elem_id="bound-said"
            )
            begun = None
            if start:
                path, spec = models[start]
                begun = bound_texts(place_of(path), spec, N, TIMES, SEED)
            script = CopyText(begun, elem_id="bound-copy")
            prose(__file__)
        with gr.Column(elem_classes="rail"):
            model = Menu(list(models), value=start, label="Model", elem_id="bound-model")
            trouble = message()
            bounds = {"n": limits.bound_pictures, "times": limits.bound_times}
            n, times = (
                gr.Number(
                    value,
                    label=f"{TITLES[key]}, {bounds[key][0]} to {bounds[key][1]}",
                    precision=0,
                    elem_id=f"bound-{key}",
                )
                for key, value in (("n", N), ("times", TIMES))
            )
            shown = gr.Radio(
                list(CHOICES), value=BOTH, label="Variance of a step", elem_id="bound-variance"
            )
            seed = seed_input(SEEDS, SEED)
            T = gr.Number(1000, label="T, for “is it noise at T?”", precision=0, elem_id="bound-T")

    choices: list[Any] = [view, shown, T]

    def asked(visitor: str, name: Any, n: Any, times: Any, seed: Any) -> tuple[str, int, int, int]:
        """Model, images, times and seed."""
        find_model(context, name, visitor)
        n = whole(TITLES["n"], n, limits.bound_pictures)
        times = whole(TITLES["times"], times, limits.bound_times)
        return name, n, times, whole("Seed", seed, SEEDS)

    agreement = Agreement(
        context,
        shared.address,
        fields=[model, n, times, seed],
        read=asked,
        state=state,
        trouble=trouble,
        result=bars,
    )
    jobs = Jobs(
        context,
        "bound",
        state=state,
        trouble=trouble,
        idle=[run],
        stop=stop,
        agreement=agreement,
    )

    def pictures(result: BoundResult, view: Any, shown: Any, T: Any) -> Changes:
        """Bars, table, plot and what they show in words."""
        figure = draw(view, result, shown, T, limits)
        variances = CHOICES[shown]
        return {
            bars: bars_figure(result, variances),
            table: reading(result, variances),
            plot: figure,
            said_of: conclusions(result, variances[0]),
        }

    def begin(call: Call, *values: Any) -> Steps:
        wanted, choice = values[:4], values[4:]
        name, n, times, seed = asked(call.visitor, *wanted)
        path, _ = find_model(context, name, call.visitor)
        yield {}
        for result in call.run(run_bound, path, n, times, seed):
            choice = json.loads(call.flag.read() or "null") or choice
            said = f"{result.model}: {status(result, running=True)}"
            yield pictures(result, *choice) | {state: plain(said)}
        said = f"{result.model}, {status(result)}, seed {seed}"
        yield pictures(result, *choice) | {state: plain(said), now: result}

    @guarded(trouble)
    @heavy()
    def choose(request: gr.Request, name: Any, *choice: Any) -> Changes:
        result, said = begin_with(context, name, context.visitor(request))
        changes = pictures(result, *choice) | {state: said, now: result}
        return changes | agreement.made_with((name, N, TIMES, SEED))

    @guarded(trouble)
    @heavy()
    def redraw(request: gr.Request, now: BoundResult | None, *choice: Any) -> Changes:
        result = now or first
        if result is None:
            raise ValueError("No model is available here.")
        drawn = pictures(result, *choice)
        if not jobs.running(request):
            return drawn
        jobs.wish(request, json.dumps(choice))  # it will show its next terms like that
        return {}

    def settle(request: gr.Request, now: BoundResult | None, *choice: Any) -> Changes:
        """What was chosen while the last terms came; trouble stays."""
        changes = redraw(request, now, *choice)
        del changes[trouble]
        return changes or gr.skip()

    @guarded(trouble)
    def write_script(request: gr.Request, name: Any, n: Any, times: Any, seed: Any) -> Changes:
        visitor = context.visitor(request)
        name, n, times, seed = asked(visitor, name, n, times, seed)
        path, spec = find_model(context, name, visitor)
        return {script: bound_texts(place_of(path), spec, n, times, seed)}

    given: list[Any] = [model, n, times, seed]
    for control in given:
        control.change(write_script, given, [script, trouble], **QUIET)
    drawn = [bars, table, plot, said_of]
    changed = [*drawn, state, trouble, now, agreement.line]
    ran = jobs.wire(run.click, begin, [model, n, times, seed, *choices], [*drawn, now])
    ran.then(settle, [now, *choices], drawn, **QUIET)
    model.input(choose, [model, *choices], changed, **QUIET)
    for control in choices:
        control.change(redraw, [now, *choices], [*drawn, trouble], **QUIET)
    keep_offering(context, model)
    address, group = shared.address, "lectures.bound"
    address.field(
        f"{group}.model",
        model,
        choices=lambda values, visitor: list(context.models(visitor)),
        lacks="your own trained model",
        shipped=list(models),
    )
    address.field(f"{group}.view", view, title="Shown")
    address.field(f"{group}.variance", shown)
    for key, field in {"n": n, "times": times}.items():
        address.field(f"{group}.{key}", field, bounds=bounds[key])
    address.field(f"{group}.T", T, bounds=limits.T)
    address.field(f"{group}.seed", seed)
    address.restored(group)(choose, [model, *choices], changed, **QUIET)


def first_with(context: Context, name: str) -> tuple[BoundResult | None, str]:
    """The same for a page that is being built: a model of unknown pictures must not prevent it."""
    try:
        return begin_with(context, name, "")
    except ValueError as error:
        return None, sentence(error)


def begin_with(context: Context, name: Any, visitor: str) -> tuple[BoundResult, str]:
    """What is shown of a model before anything is computed, and what is said of it."""
    path, spec = find_model(context, name, visitor)
    stored = stored_bound(context, path)
    if stored:
        return stored, plain(f"Stored: {stored.model}, {status(stored)}")
    result = not_yet(spec)
    return result, plain(f"{spec.name}: {status(result)}")
