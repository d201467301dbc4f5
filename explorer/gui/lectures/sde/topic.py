"""SDEs: Euler–Maruyama against what is known exactly, and the forward process as one of them."""

from __future__ import annotations

from typing import Any

import gradio as gr
import plotly.graph_objects as go
import torch

from explorer.diffusion.schedule import SCHEDULES
from explorer.diffusion.sde import SDES
from explorer.diffusion.sde_steps import Errors
from explorer.gui.frame.agree import Agreement
from explorer.gui.frame.bar import job_bar
from explorer.gui.frame.call import Call
from explorer.gui.frame.context import Context
from explorer.gui.frame.jobs import Jobs, Steps
from explorer.gui.frame.limits import SEEDS
from explorer.gui.frame.memory import heavy
from explorer.gui.frame.shared import (
    MATH,
    QUIET,
    Changes,
    Shared,
    guarded,
    message,
    prose,
    seed_input,
    what_to_look_at,
)
from explorer.gui.lectures.sde.figure import error_figure, walk_figure
from explorer.gui.lectures.sde.film import SdeFilm
from explorer.gui.lectures.sde.formulas import equations
from explorer.gui.lectures.sde.pixels import STEPS, Stored, follow_pixels, read_stored, thumbnails
from explorer.gui.lectures.sde.script import sde_texts
from explorer.gui.lectures.sde.work import (
    SMALLEST_DT,
    VP,
    Settings,
    Walk,
    describe_errors,
    first_settings,
    horizons,
    measure,
    named,
    read_settings,
    remarks,
    table,
    walk,
)
from explorer.gui.parts.copy_text import CopyText
from explorer.gui.parts.number_table import NumberTable
from explorer.gui.parts.picker import Picker, picked_name
from explorer.gui.parts.plot_view import PlotView

ID, TITLE = "sde", "Stochastic differential equations"
SUMMARY = "Paths in small random steps, the error of the steps, and the forward process as an SDE"
FROM = ("sutd",)
DO = "Choose an SDE, move its numbers and dt, measure the error, follow one image."
START = "geometric"
MARKS = {"sigma": "σ", "mu": "μ", "theta": "θ", "k": "k", "x0": "x(0)"}


def make_stored() -> Stored:
    """What the topic opens with, by the code that runs when a visitor asks."""
    settings = first_settings(START)
    *_, found = measure(settings, torch.device("cpu"), lambda: False)
    return Stored(walk(settings), found, follow_pixels("digit", "linear", 1000, 7, frames=40))


def told(settings: Settings, found: Walk) -> str:
    """`remarks`, to stand behind what was walked."""
    said = remarks(settings, found)
    return f". {said}" if said else ""


def show_walk(settings: Settings) -> tuple[go.Figure, str, list[list[str]], str]:
    """Paths, equations, numbers at both ends, words; FloatingPointError if the steps blow up."""
    found = walk(settings)
    figure = walk_figure(found, revision=settings.name)
    said = f"{named(settings)}, {settings.paths} paths, seed {settings.seed}"
    return figure, equations(settings), table(settings, found), said + told(settings, found)


def show_errors(settings: Settings, found: Errors) -> tuple[go.Figure, str, str]:
    """The figure, the fitted order, and what it was measured of."""
    return error_figure(found), describe_errors(found), f"{named(settings)}, seed {settings.seed}"


def build(context: Context, shared: Shared) -> None:
    """Layout, then wiring."""
    limits, stored, first = context.limits, read_stored(), first_settings(START)
    choices = [(family.title, name) for name, family in SDES.items()]
    with gr.Row(elem_classes="stage-row"):
        with gr.Column(elem_classes="stage"):
            what_to_look_at(__file__)
            kind = gr.Radio(
                choices, value=START, show_label=False, container=False, elem_id="sde-kind"
            )
            state = gr.Markdown(
                f"Stored: {named(first)}", elem_id="sde-state", elem_classes="status-line"
            )
            figure = walk_figure(stored.walk, revision=START)
            plot = PlotView(figure, elem_id="sde-plot")
            with gr.Row():
                with gr.Column(min_width=300):
                    formulas = gr.Markdown(
                        equations(first), elem_id="sde-equations", latex_delimiters=MATH
                    )
                with gr.Column(min_width=300):
                    numbers = NumberTable(table(first, stored.walk), elem_id="sde-numbers")
            script = CopyText(sde_texts(first), elem_id="sde-copy")
            prose(__file__)
        with gr.Column(elem_classes="rail"):
            fields, groups = _parameters()
            paths = gr.Slider(*limits.sde_paths, value=200, step=1, label="Paths")
            seed = seed_input(SEEDS)
            trouble = message()
    gr.Markdown("### Error against dt", elem_classes="stage-title")
    with gr.Row(elem_classes="stage-row"):
        with gr.Column(elem_classes="stage"):
            run, stop, progress = job_bar(
                *("sde", "Measure", f"Stored: {named(first)}"),
                names=("measure", "stop", "progress"),
                variant="primary",
            )
            error_plot = PlotView(error_figure(stored.errors), elem_id="sde-errors")
        with gr.Column(elem_classes="rail"):
            fitted = gr.Markdown(
                describe_errors(stored.errors), elem_id="sde-order", latex_delimiters=MATH
            )
            error_trouble = message()
    gr.Markdown("### The forward process is an SDE in steps", elem_classes="stage-title")
    with gr.Row(elem_classes="stage-row"):
        with gr.Column(elem_classes="stage"):
            what_to_look_at(__file__, "forward")
            picker = Picker(thumbnails(), key="lectures.sde.image")
            picked = picked_name(thumbnails(), "digit", own=False)
            film = SdeFilm(
                stored.pixels._replace(title=f"Stored: {stored.pixels.title}"), elem_id="sde-film"
            )
            prose(__file__, "forward")
        with gr.Column(elem_classes="rail"):
            beta = gr.Dropdown(list(SCHEDULES), value="linear", label="β", elem_id="sde-beta")
            steps = gr.Radio(
                [(f"1/{n}", n) for n in STEPS], value=1000, label="dt", elem_id="sde-steps"
            )
            film_seed = seed_input(SEEDS)
            film_trouble = message()

    def settings_of(name: Any, paths: Any, seed: Any, *values: Any) -> Settings:
        given = dict(zip(fields, values, strict=True))
        mine = {key: value for (owner, key), value in given.items() if owner == name}
        schedule, dt, horizon = (mine.pop(key, None) for key in ("schedule", "dt", "horizon"))
        return read_settings(name, mine, schedule, dt, horizon, paths, seed, limits)

    def measured_of(visitor: str, *values: Any) -> tuple[Any, ...]:
        """What the errors are of: they have steps and paths of their own."""
        settings = settings_of(*values)
        parts = (settings.name, settings.parameters, settings.schedule)
        return *parts, settings.horizon, settings.seed

    shown, measured = [plot, formulas, numbers, state], [error_plot, fitted, progress]

    @guarded(trouble)
    @heavy()
    def update(*values: Any) -> Changes:
        settings = settings_of(*values)
        changes: Changes = dict(zip(shown, show_walk(settings), strict=True))
        return changes | {script: sde_texts(settings)}

    def choose(name: Any) -> Changes:
        return {group: gr.Column(visible=n == name) for n, group in groups.items()}

    def begin(call: Call, *values: Any) -> Steps:
        settings = settings_of(*values)
        yield {}
        for found in call.run(measure, settings, seconds=20, expected=5):
            yield dict(zip(measured, show_errors(settings, found), strict=True))

    @guarded(film_trouble)
    @heavy()
    def picture(name: Any, *values: Any) -> Changes:
        return {picked: name, film: follow_pixels(name, *values)}

    inputs: list[Any] = [kind, paths, seed, *fields.values()]
    kind.change(choose, kind, list(groups.values()), **QUIET)
    for control in inputs:
        control.change(update, inputs, [*shown, script, trouble], **QUIET)
    agreement = Agreement(
        context,
        shared.address,
        fields=inputs,
        read=measured_of,
        state=progress,
        trouble=error_trouble,
        result=error_plot,
    )
    jobs = Jobs(
        context,
        "sde",
        state=progress,
        trouble=error_trouble,
        idle=[run],
        stop=stop,
        agreement=agreement,
    )
    jobs.wire(run.click, begin, inputs, [error_plot, fitted])
    wanted: list[Any] = [beta, steps, film_seed]
    drawn: list[Any] = [picked, film, film_trouble]
    picker.answer(picture, wanted, drawn)
    for control in wanted:
        control.change(picture, [picked, *wanted], drawn, **QUIET)
    address, group = shared.address, "lectures.sde"
    ranges = {(name, "horizon"): horizons(name) for name in SDES}
    ranges |= {(name, "dt"): (SMALLEST_DT, horizons(name)[1]) for name in SDES}
    address.field(f"{group}.kind", kind, title="SDE")
    for (name, key), field in fields.items():
        address.field(f"{group}.{name}-{key}", field, bounds=ranges.get((name, key)))
    address.field(f"{group}.paths", paths)
    address.field(f"{group}.seed", seed)
    film_group = "lectures.sde-film"
    address.field(f"{film_group}.image", picked)
    address.field(f"{film_group}.beta", beta)
    address.field(f"{film_group}.dt", steps)
    address.field(f"{film_group}.seed", film_seed)
    address.restored(film_group)(picture, [picked, *wanted], drawn, **QUIET)


def _parameters() -> tuple[dict[tuple[str, str], Any], dict[str, gr.Column]]:
    """Controls by SDE and name, and the columns that hold each SDE's."""
    fields: dict[tuple[str, str], Any] = {}
    groups = {}
    for name, family in SDES.items():
        with gr.Column(visible=name == START) as groups[name]:
            for key, parameter in family.parameters.items():
                fields[name, key] = gr.Slider(
                    parameter.low,
                    parameter.high,
                    value=parameter.default,
                    step=0.01,
                    label=MARKS[key],
                    elem_id=f"sde-{name}-{key}",
                )
            if name == VP:
                fields[name, "schedule"] = gr.Dropdown(list(SCHEDULES), value="linear", label="β")
            for key, value in (("dt", family.dt), ("horizon", family.horizon)):
                label = "dt" if key == "dt" else "Horizon, T"
                fields[name, key] = gr.Number(value, label=label, elem_id=f"sde-{name}-{key}")
    return fields, groups
