"""Guidance: a strip over its strength from one noise, and what it buys and costs as a curve."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import gradio as gr
import plotly.graph_objects as go

from explorer.evaluation.guidance import Curve
from explorer.gui.frame.context import Context
from explorer.gui.frame.device import StopFlag
from explorer.gui.frame.jobs import buttons, find_model, patience, waiting
from explorer.gui.frame.limits import SEEDS, whole
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
from explorer.gui.parts.plot_view import PlotView
from explorer.gui.reverse.guidance.figure import DIVERSITIES, guidance_figure
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

WAYS = [("Classifier-free, w", "w"), ("By a classifier, s", "s")]
SMALL, MOST = 4, 40
"""Pictures of each class that are measured here: at first, and at most."""
MEASURED = {"w": ("1", "2", "4"), "s": ("1", "5")}


def build(context: Context, shared: Shared) -> None:
    """Layout, then wiring; `shared.model` is rendered elsewhere, before."""
    first = next(iter(context.models("").values()), None)
    strips, curves = stored_strips(), stored_curves()
    with gr.Row(elem_classes="stage-row"):
        with gr.Column(elem_classes="stage"):
            with gr.Row(elem_classes="train-bar"):
                run = gr.Button("Guide it", variant="primary", elem_id="guidance-run", scale=0)
                stop = gr.Button("Stop", interactive=False, elem_id="guidance-stop", scale=0)
                state = gr.Markdown(
                    f"Stored: {status(strips['w'])}",
                    elem_id="guidance-status",
                    elem_classes="status-line",
                )
            view = StripView(strips["w"], elem_id="guidance-strip")
            prose(__file__)
            with gr.Accordion("How the network is told the class", open=False):
                prose(__file__, "class")
            gr.Markdown("### Class accuracy against diversity", elem_classes="stage-title")
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
                n = gr.Slider(2, MOST, value=SMALL, step=1, label="Pictures of each class")
                with gr.Row(elem_classes="train-bar"):
                    begin = gr.Button("Measure", elem_id="guidance-measure", scale=0)
                    end = gr.Button("Stop", interactive=False, elem_id="guidance-end", scale=0)
                progress = gr.Markdown("", elem_id="guidance-progress", elem_classes="status-line")
                measure_trouble = message()
    current = gr.State(curves)

    def guide(request: gr.Request, name: Any, way: Any, w: Any, s: Any, seed: Any) -> Any:
        def job(visitor: str, flag: StopFlag) -> Iterator[tuple[Any, ...]]:
            path, spec = find_model(context, name, visitor)
            kind, strengths = chosen(way, s if way == "s" else w)
            check_cost(kind, strengths, len(spec.classes[:10]), spec, context.limits)
            device, most = context.device.device, patience(context)
            asked = (path, kind, strengths, whole("Seed", seed, SEEDS), device, flag, most)
            yield gr.skip(), waiting(context), *buttons(True), ""
            for strip in context.device.run(run_strip, *asked):
                yield strip, status(strip), *buttons(strip.running), ""

        yield from guarded(request, "guidance", job, 1)

    def measure(
        request: gr.Request, name: Any, way: Any, w: Any, s: Any, n: Any, within: Any
    ) -> Any:
        def job(visitor: str, flag: StopFlag) -> Iterator[tuple[Any, ...]]:
            path, spec = find_model(context, name, visitor)
            kind, strengths = chosen(way, s if way == "s" else w)
            count = whole("Pictures of each class", n, (2, MOST))
            check_cost(kind, strengths, count * len(spec.classes), spec, context.limits)
            device, most = context.device.device, patience(context)
            asked = (path, kind, strengths, count, device, flag, most)
            yield *[gr.skip()] * 3, waiting(context), *buttons(True), ""
            known = -1
            for found in context.device.run(run_curve, *asked):
                words = f"{found.share:4.0%}, {kind} = {found.strength:g}"
                if not found.running:
                    words = f"{len(found.curve.points)} of {len(strengths)} points"
                news: list[Any] = [gr.skip()] * 3
                if len(found.curve.points) != known:
                    known = len(found.curve.points)
                    news = [*shown((found.curve,), within), (found.curve,)]
                yield *news, words, *buttons(found.running), ""

        yield from guarded(request, "guidance-curve", job, 3)

    def guarded(
        request: gr.Request,
        what: str,
        job: Callable[[str, StopFlag], Iterator[tuple[Any, ...]]],
        before: int,
    ) -> Iterator[tuple[Any, ...]]:
        """What a job yields; on failure its last four outputs say so and the others stay."""
        visitor = visitor_of(request)
        flag = StopFlag(visitor, what)
        flag.start()
        try:
            yield from job(visitor, flag)
        except Exception as error:
            yield *[gr.skip()] * before, "not running", *buttons(False), sentence(error)
        finally:
            flag.stop()

    def ask_to_stop(request: gr.Request) -> None:
        StopFlag(visitor_of(request), "guidance").stop()

    def ask_to_end(request: gr.Request) -> None:
        StopFlag(visitor_of(request), "guidance-curve").stop()

    def choose(request: gr.Request, way: Any) -> tuple[Any, ...]:
        """The other kind's rows; its stored strip, unless one is being made."""
        boxes = [
            gr.CheckboxGroup(visible=True if k == way else "hidden") for k in (*rows, *points)
        ]
        if way not in strips or not StopFlag(visitor_of(request), "guidance")():
            return gr.skip(), gr.skip(), *boxes
        return strips[way], f"Stored: {status(strips[way])}", *boxes

    def look(name: Any, request: gr.Request) -> str:
        try:
            return fitting(find_model(context, name, visitor_of(request))[1])
        except Exception as error:
            return sentence(error)

    wanted = [shared.model, kind, rows["w"], rows["s"], seed]
    run.click(guide, wanted, [view, state, run, stop, trouble], **on_device(state))
    stop.click(ask_to_stop, None, None, **QUIET)
    boxes = [*rows.values(), *points.values()]
    kind.change(choose, kind, [view, state, *boxes], **QUIET)
    wanted = [shared.model, kind, points["w"], points["s"], n, diversity]
    told = [facts, plot, current, progress, begin, end, measure_trouble]
    begin.click(measure, wanted, told, **on_device(progress))
    end.click(ask_to_end, None, None, **QUIET)
    diversity.input(again, [current, diversity], plot, **QUIET)
    shared.model.change(look, shared.model, fits, **QUIET)


def shown(curves: tuple[Curve, ...], diversity: Any) -> tuple[str, go.Figure]:
    """Words and figure."""
    within = diversity if diversity in DIVERSITIES else next(iter(DIVERSITIES))
    return curve_facts(curves), guidance_figure(curves, within)


def again(curves: tuple[Curve, ...], diversity: Any) -> go.Figure:
    """The same curves over another diversity."""
    return shown(curves, diversity)[1]
