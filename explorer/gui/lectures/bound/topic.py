"""The variational bound of a model, term by term: where its bits are."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import gradio as gr

from explorer.diffusion import VARIANCES
from explorer.evaluation.bound import BoundResult
from explorer.gui.frame.context import Context
from explorer.gui.frame.device import StopFlag
from explorer.gui.frame.jobs import buttons, find_model, patience, waiting
from explorer.gui.frame.limits import SEEDS, whole
from explorer.gui.frame.shared import (
    QUIET,
    Shared,
    message,
    on_device,
    plain,
    prose,
    seed_input,
    sentence,
    visitor_of,
)
from explorer.gui.lectures.bound.figure import bars_figure
from explorer.gui.lectures.bound.reading import BoundReading
from explorer.gui.lectures.bound.terms import terms_figure
from explorer.gui.lectures.bound.work import (
    BOTH,
    CHOICES,
    SEED,
    TIMES,
    TITLES,
    VIEWS,
    N,
    draw,
    most,
    not_yet,
    reading,
    run_bound,
    status,
    stored_bound,
)
from explorer.gui.parts.plot_view import PlotView

ID, TITLE = "bound", "The variational bound"
SUMMARY = "How many bits a model needs for a picture, and at which t it spends them"


def build(context: Context, shared: Shared) -> None:
    """Layout, then wiring."""
    limits, models = context.limits, context.models("")
    start = next(iter(models), None)
    first, said = begin_with(context, start, "") if start else (None, "there is no model here")
    now = gr.State(None)  # None is what the page opens with
    with gr.Row(elem_classes="stage-row"):
        with gr.Column(elem_classes="stage"):
            with gr.Row(elem_classes="train-bar"):
                run = gr.Button(
                    "Compute the bound", variant="primary", elem_id="bound-run", scale=0
                )
                stop = gr.Button("Stop", interactive=False, elem_id="bound-stop", scale=0)
                state = gr.Markdown(said, elem_id="bound-status", elem_classes="status-line")
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
            prose(__file__)
        with gr.Column(elem_classes="rail"):
            model = gr.Dropdown(list(models), value=start, label="Model", elem_id="bound-model")
            trouble = message()
            bounds = most(limits)
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

    looks = [view, shown, T]
    outputs = [bars, table, plot, state, trouble, now, run, stop]

    def pictures(result: BoundResult, view: Any, shown: Any, T: Any) -> tuple[Any, ...]:
        """Bars, table and plot."""
        figure = draw(view, result, shown, T, limits)
        variances = CHOICES[shown]
        return bars_figure(result, variances), reading(result, variances), figure

    def begin(
        request: gr.Request, name: Any, n: Any, times: Any, seed: Any, *look: Any
    ) -> Iterator[tuple[Any, ...]]:
        visitor = visitor_of(request)
        flag = StopFlag(visitor, "bound")
        flag.start()
        result, keep = None, [gr.skip()] * 3
        try:
            path, _ = find_model(context, name, visitor)
            n = whole(TITLES["n"], n, bounds["n"])
            times = whole(TITLES["times"], times, bounds["times"])
            seed = whole("Seed", seed, SEEDS)
            yield *keep, waiting(context), "", gr.skip(), *buttons(True)
            seconds = patience(context)
            arguments = (path, n, times, seed, context.device.device, flag, seconds)
            for result in context.device.run(run_bound, *arguments, seconds=seconds or 60):
                look = json.loads(flag.read() or "null") or look
                drawn = pictures(result, *look)
                said = plain(status(result, running=True))
                yield *drawn, said, "", gr.skip(), *buttons(True)
            yield *pictures(result, *look), plain(status(result)), "", result, *buttons(False)
        except Exception as error:
            yield *keep, "not running", sentence(error), gr.skip(), *buttons(False)
        finally:
            flag.stop()

    def ask_to_stop(request: gr.Request) -> None:
        StopFlag(visitor_of(request), "bound").stop()

    def choose(request: gr.Request, name: Any, *look: Any) -> tuple[Any, ...]:
        try:
            result, said = begin_with(context, name, visitor_of(request))
            return *pictures(result, *look), said, "", result
        except Exception as error:
            return *[gr.skip()] * 4, sentence(error), gr.skip()

    def look_again(request: gr.Request, now: BoundResult | None, *look: Any) -> tuple[Any, ...]:
        try:
            result = now or first
            if result is None:
                raise ValueError("There is no model here to show anything of.")
            drawn = pictures(result, *look)
            flag = StopFlag(visitor_of(request), "bound")
            if flag():
                return *drawn, ""
            flag.wish(json.dumps(look))  # what runs will show its next terms like that
            return *[gr.skip()] * 3, ""
        except Exception as error:
            return *[gr.skip()] * 3, sentence(error)

    def settle(request: gr.Request, now: BoundResult | None, *look: Any) -> tuple[Any, ...]:
        """What was chosen while the last terms came; trouble stays."""
        return look_again(request, now, *look)[:3]

    def offer(request: gr.Request) -> Any:
        return gr.Dropdown(list(context.models(visitor_of(request))))

    ran = run.click(begin, [model, n, times, seed, *looks], outputs, **on_device(state))
    ran.then(settle, [now, *looks], [bars, table, plot], **QUIET)
    stop.click(ask_to_stop, None, None, **QUIET)
    model.input(choose, [model, *looks], outputs[:6], **QUIET)
    for control in looks:
        control.change(
            look_again,
            [now, *looks],
            [bars, table, plot, trouble],
            trigger_mode="always_last",
            **QUIET,
        )
    gr.on(None, offer, None, model, **QUIET)  # when the page loads: models of earlier sessions


def begin_with(context: Context, name: Any, visitor: str) -> tuple[BoundResult, str]:
    """What is shown of a model before anything is computed, and what is said of it."""
    path, spec = find_model(context, name, visitor)
    stored = stored_bound(context, path)
    if stored:
        return stored, plain(f"Stored: {stored.model}, {status(stored)}")
    result = not_yet(spec)
    return result, plain(f"{spec.name}: {status(result)}")
