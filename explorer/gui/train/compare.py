"""Runs beside each other: their curves overlaid, their samples from one seed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import gradio as gr
import plotly.graph_objects as go
from PIL import Image

from explorer.checkpoints import CheckpointError
from explorer.figures.learning import QUANTITIES, Curves, compare_figure
from explorer.gui.frame.context import Context
from explorer.gui.frame.panels import panel_tab
from explorer.gui.frame.shared import QUIET, Changes, Shared, guarded, message
from explorer.gui.parts.gallery import Gallery
from explorer.gui.parts.menu import Menu
from explorer.gui.parts.plot_view import PlotView
from explorer.gui.train.earlier import find_record, records
from explorer.gui.train.look import read_sheet
from explorer.gui.train.stored import RUNS, stored_run
from explorer.training import History
from explorer.training.state import read_state

MOST = 4
STORED = {f"stored run, {name}": name for name in RUNS}
RunCurves = tuple[Curves, tuple[Image.Image, str] | None]


def names(context: Context, visitor: str) -> list[str]:
    """What can be compared: this visitor's runs, then the stored ones."""
    own = [record.model.stem for record in records(context.runs(visitor))] if visitor else []
    return [*own, *STORED]


def run_curves(name: str, folder: Path) -> RunCurves:
    """A run's curves and samples; ValueError if it is gone."""
    if name in STORED:
        run = stored_run(STORED[name])
        return _curves(name, run.history), (run.samples[0], name)
    record = find_record(name, folder)
    try:
        stored = read_state(record.state)
    except CheckpointError as error:
        raise ValueError(f"the run {name!r} cannot be read: {error}") from error
    sheet = read_sheet(record, "samples")
    picture = sheet and (sheet[0], f"{name}: {stored.config.schedule}; {sheet[1]}")
    return _curves(name, stored.history), picture


TITLE = "Compare runs"


def compare(chosen: Sequence[str], quantity: str, folder: Path) -> tuple[go.Figure, list]:
    """The overlaid curves, and the samples of each run; ValueError if that cannot be."""
    if len(chosen) > MOST:
        raise ValueError(f"{len(chosen)} runs are too many to compare: at most {MOST}")
    found = [run_curves(name, folder) for name in chosen]
    return compare_figure([curves for curves, _ in found], quantity), [pic for _, pic in found]


def build(context: Context, shared: Shared) -> gr.Dropdown:
    """A panel of the Train tab; its menu of runs is returned."""
    summary = "Up to four: curves overlaid, samples of one seed"
    with panel_tab(TITLE, summary, id="compare", elem_id="panel-compare") as panel:
        start = list(STORED)
        figure, pictures = compare(start, QUANTITIES[0], Path())
        chosen = Menu(
            names(context, ""),
            value=start,
            multiselect=True,
            max_choices=MOST,
            label="Runs, up to four",
            elem_id="train-compare",
        )
        quantity = gr.Radio(list(QUANTITIES), value=QUANTITIES[0], label="Overlaid")
        trouble = message()
        plot = PlotView(figure, elem_id="train-compare-plot")
        with gr.Row(elem_classes="samples-row"):
            filled = [*pictures, *[None] * (MOST - len(pictures))]
            sheets = [
                Gallery(picture, elem_classes="compared", visible=picture is not None)
                for picture in filled
            ]
        gr.Markdown(
            "The samples start from the same noise. A loss is comparable only between runs with "
            "the "
            "same target, weighting and schedule: another schedule weights the noise levels "
            "differently.",
            elem_classes="prose-note",
        )

    @guarded(trouble)
    def update(request: gr.Request, chosen: list[str], quantity: str) -> Changes:
        folder = context.runs(context.visitor(request))
        figure, pictures = compare(chosen or [], quantity, folder)
        filled = [*pictures, *[None] * (MOST - len(pictures))]
        changes: Changes = {plot: figure}
        for sheet, picture in zip(sheets, filled, strict=True):
            changes[sheet] = gr.update(value=picture, visible=picture is not None)
        return changes

    def refresh(request: gr.Request) -> gr.Dropdown:
        return gr.Dropdown(names(context, context.visitor(request)))

    gr.on(
        [chosen.change, quantity.change],
        update,
        [chosen, quantity],
        [trouble, plot, *sheets],
        **QUIET,
    )
    panel.select(refresh, None, chosen, **QUIET)
    shared.address.field(
        "train.compare.runs",
        chosen,
        choices=lambda values, visitor: names(context, visitor),
        check=check_count,
        lacks="your own runs",
        shipped=[start, list(STORED)],
    )
    shared.address.field("train.compare.quantity", quantity)
    return chosen


def check_count(chosen: Sequence[str]) -> None:
    """ValueError for more runs than are compared."""
    if len(chosen) > MOST:
        raise ValueError(f"{len(chosen)} runs are too many; choose up to {MOST}")


def _curves(name: str, history: History) -> Curves:
    probe = [(point.step, point.loss) for point in history.probes]
    return Curves(name, history.steps, history.smooth, probe, history.rates)
