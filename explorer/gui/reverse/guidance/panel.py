"""Guidance: a strip over its strength from one noise, and what it buys and costs as a curve."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import gradio as gr
import plotly.graph_objects as go

from explorer.evaluation.guidance import Curve
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
    message,
    prose,
    seed_input,
    sentence,
    what_to_look_at,
)
from explorer.gui.frame.spoken import counted
from explorer.gui.parts.plot_view import PlotView
from explorer.gui.reverse.guidance.figure import DIVERSITIES, guidance_figure
from explorer.gui.reverse.guidance.pushes import push_sizes
from explorer.gui.reverse.guidance.strip import KINDS
from explorer.gui.reverse.guidance.strip_view import StripView
from explorer.gui.reverse.guidance.work import (
    FIRST,
    SEED,
    STRENGTHS,
    check_cost,
    chosen,
    curve_facts,
    fitting,
    name,
    run_curve,
    run_strip,
    status,
    stored_curves,
    stored_strips,
)

TITLE = "Guidance"
SUMMARY = "How strongly the class is enforced, row by row"

WAYS = [("Classifier-free, w", "w"), ("By a classifier, s", "s")]
Asked = tuple[str, str, list[float], int]
SMALL = 4
"""Pictures of each class that are measured here at first."""
MEASURED = {"w": ("1", "2", "4"), "s": ("1", "5")}


def build(context: Context, shared: Shared) -> None:
    """Layout, then wiring; `shared.model` is rendered elsewhere, before."""
    start, first = next(iter(context.models("").items()), (None, None))
    strips, curves = stored_strips(), stored_curves()
    with gr.Row(elem_classes="stage-row"):
        with gr.Column(elem_classes="stage"):
            what_to_look_at(__file__)
            said = f"Stored: {status(strips['w'])}"
            run, stop, state = job_bar("guidance", "Apply guidance", said, variant="primary")
            view = StripView(strips["w"], elem_id="guidance-strip")
            prose(__file__)
            with gr.Accordion("How the network receives the class", open=False):
                prose(__file__, "class")
            with gr.Accordion("How far a classifier moves one DDPM step", open=False):
                sizes = gr.Markdown(
                    push_sizes(first and first[1]),
                    elem_id="guidance-push",
                    elem_classes="prose-note",
                )
            gr.Markdown("### Class accuracy against diversity", elem_classes="stage-title")
            what_to_look_at(__file__, "curve")
            facts = gr.Markdown(
                f"Stored: {curve_facts(curves)}",
                elem_id="guidance-facts",
                elem_classes="prose-note",
            )
            diversity = gr.Radio(
                list(DIVERSITIES), value="pixels", label="Diversity in", elem_id="guidance-in"
            )
            plot = PlotView(guidance_figure(curves), elem_id="guidance-plot")
            prose(__file__, "curve")
        with gr.Column(elem_classes="rail"):
            trouble = message()
            kind = gr.Radio(WAYS, value="w", label="Guidance", elem_id="guidance-kind")
            rows = {
                k: gr.CheckboxGroup(
                    list(map(name, STRENGTHS[k])),
                    value=list(map(name, FIRST[k])),
                    label=f"Rows, {k}",
                    visible=True if k == "w" else "hidden",
                    elem_id=f"guidance-rows-{k}",
                )
                for k in KINDS
            }
            seed = seed_input(SEEDS, SEED)
            fits = gr.Markdown(
                fitting(first and first[1]), elem_id="guidance-fits", elem_classes="prose-note"
            )
            with gr.Accordion("Measure the curve of the chosen model", open=False):
                points = {
                    k: gr.CheckboxGroup(
                        list(map(name, STRENGTHS[k])),
                        value=list(MEASURED[k]),
                        label=f"Points, {k}",
                        visible=True if k == "w" else "hidden",
                        elem_id=f"guidance-points-{k}",
                    )
                    for k in KINDS
                }
                allowed = context.limits.guidance_pictures
                n = gr.Slider(*allowed, value=SMALL, step=1, label="Images of each class")
                with gr.Row(elem_classes="train-bar"):
                    begin = gr.Button("Measure", elem_id="guidance-measure", scale=0)
                    end = gr.Button("Stop", interactive=False, elem_id="guidance-end", scale=0)
                progress = gr.Markdown("", elem_id="guidance-progress", elem_classes="status-line")
                measure_trouble = message()
    current = gr.State(curves)

    def asked(visitor: str, name: Any, way: Any, w: Any, s: Any, seed: Any) -> Asked:
        """Model, kind, strengths and seed of a strip."""
        _, spec = find_model(context, name, visitor)
        kind, strengths = chosen(way, s if way == "s" else w)
        check_cost(kind, strengths, len(spec.classes[:10]), spec, context.limits)
        return name, kind, strengths, whole("Seed", seed, SEEDS)

    def asked_of(visitor: str, name: Any, way: Any, w: Any, s: Any, n: Any) -> Asked:
        """Model, kind, strengths and pictures of a curve."""
        _, spec = find_model(context, name, visitor)
        kind, strengths = chosen(way, s if way == "s" else w)
        count = whole("Images of each class", n, context.limits.guidance_pictures)
        check_cost(kind, strengths, count * len(spec.classes), spec, context.limits)
        return name, kind, strengths, count

    agreement = Agreement(
        context,
        shared.address,
        fields=[shared.model, kind, rows["w"], rows["s"], seed],
        read=asked,
        state=state,
        trouble=trouble,
        result=view,
    )
    curve_agreement = Agreement(
        context,
        shared.address,
        fields=[shared.model, kind, points["w"], points["s"], n],
        read=asked_of,
        state=progress,
        trouble=measure_trouble,
        result=plot,
    )
    guiding = Jobs(
        context,
        "guidance",
        state=state,
        trouble=trouble,
        idle=[run],
        stop=stop,
        agreement=agreement,
    )
    measuring = Jobs(
        context,
        "guidance-curve",
        state=progress,
        trouble=measure_trouble,
        idle=[begin],
        stop=end,
        agreement=curve_agreement,
    )

    def guide(call: Call, *values: Any) -> Steps:
        name, kind, strengths, seed = asked(call.visitor, *values)
        path, _ = find_model(context, name, call.visitor)
        yield {}
        for strip in call.run(run_strip, path, kind, strengths, seed):
            yield {view: strip, state: status(strip)}

    def measure(call: Call, *values: Any) -> Steps:
        *wanted, within = values
        name, kind, strengths, count = asked_of(call.visitor, *wanted)
        path, _ = find_model(context, name, call.visitor)
        yield {}
        known = -1
        for found in call.run(run_curve, path, kind, strengths, count):
            words = f"{found.share:4.0%}, {kind} = {found.strength:g}"
            if not found.running:
                words = f"{len(found.curve.points)} of {counted(len(strengths), 'point')}"
            news: Changes = {progress: words}
            if len(found.curve.points) != known:
                known, curves = len(found.curve.points), (found.curve,)
                news |= {facts: curve_facts(curves), current: curves}
                news |= {plot: curves_over(curves, within)}
            yield news

    def choose(request: gr.Request, now: tuple[Curve, ...], *values: Any) -> Changes:
        """The other kind's rows; its stored strip, unless one is being made."""
        way = values[1]
        changes: Changes = {
            box: gr.CheckboxGroup(visible=True if k == way else "hidden")
            for boxes in (rows, points)
            for k, box in boxes.items()
        }
        if way in strips and not guiding.running(request):
            strip = strips[way]
            changes |= {view: strip, state: f"Stored: {status(strip)}"}
            made = (start, way, list(strip.strengths), strip.seed)
            changes |= agreement.made_with(made)
        with suppress(ValueError):  # the stored curves are of both kinds
            if now == curves:
                visitor = context.visitor(request)
                changes |= curve_agreement.made_with(asked_of(visitor, *values))
        return changes

    def say_what_fits(name: Any, request: gr.Request) -> Changes:
        try:
            _, spec = find_model(context, name, context.visitor(request))
            return {fits: fitting(spec), sizes: push_sizes(spec)}
        except Exception as error:
            return {fits: sentence(error), sizes: ""}

    guiding.wire(run.click, guide, agreement.fields, [view])
    lines = [agreement.line, curve_agreement.line]
    changed = [view, state, *lines, *rows.values(), *points.values()]
    kind.change(choose, [current, *curve_agreement.fields], changed, **QUIET)
    wanted = [*curve_agreement.fields, diversity]
    measuring.wire(begin.click, measure, wanted, [facts, plot, current])
    diversity.input(curves_over, [current, diversity], plot, **QUIET)
    shared.model.change(say_what_fits, shared.model, [fits, sizes], **QUIET)
    address, group = shared.address, "reverse.guidance"
    address.field(f"{group}.kind", kind)
    for k in KINDS:
        address.field(f"{group}.rows-{k}", rows[k])
        address.field(f"{group}.points-{k}", points[k])
    for key, field in {"seed": seed, "diversity": diversity, "pictures": n}.items():
        address.field(f"{group}.{key}", field)
    address.restored(group)(curves_over, [current, diversity], plot, **QUIET)


def curves_over(curves: tuple[Curve, ...], diversity: Any) -> go.Figure:
    """The figure over one of `DIVERSITIES`, the first for anything else."""
    within = diversity if diversity in DIVERSITIES else next(iter(DIVERSITIES))
    return guidance_figure(curves, within)
