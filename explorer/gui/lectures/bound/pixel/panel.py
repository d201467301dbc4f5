"""The pixel [1, −1, −1] under one step of noise, and the effect of β."""

from __future__ import annotations

from typing import Any

import gradio as gr

from explorer.gui.frame.context import Context
from explorer.gui.frame.limits import SEEDS
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
from explorer.gui.lectures.bound.pixel.work import (
    BETA,
    BETAS,
    COLOURS,
    MOST,
    SEED,
    STEPS,
    Pixel,
    pixel_figure,
    pixel_table,
    pixel_tiles,
    read_pixel,
    said_of_pixel,
)
from explorer.gui.parts.number_table import NumberTable
from explorer.gui.parts.plot_view import PlotView
from explorer.gui.parts.tiles import Tiles


def build(context: Context, shared: Shared) -> None:
    """Layout, then wiring."""
    first = Pixel(next(iter(COLOURS)), BETA, STEPS, SEED)
    gr.Markdown("### One pixel, one step: the effect of β", elem_classes="stage-title")
    with gr.Row(elem_classes="stage-row"):
        with gr.Column(elem_classes="stage"):
            what_to_look_at(__file__)
            said = gr.Markdown(said_of_pixel(first), elem_id="pixel-said")
            plot = PlotView(pixel_figure(first), elem_id="pixel-plot")
            tiles = Tiles(pixel_tiles(first), elem_id="pixel-tiles")
            numbers = NumberTable(pixel_table(first), elem_id="pixel-numbers")
            prose(__file__)
        with gr.Column(elem_classes="rail"):
            colour = gr.Radio(list(COLOURS), value=first.colour, label="Pixel")
            beta = gr.Slider(
                *BETAS, value=BETA, step=0.0001, label="β of one step", elem_id="pixel-beta"
            )
            steps = gr.Slider(*MOST, value=STEPS, step=1, label="Steps", elem_id="pixel-steps")
            seed = seed_input(SEEDS, SEED)
            trouble = message()

    @guarded(trouble)
    def show_pixel(*values: Any) -> Changes:
        pixel = read_pixel(*values)
        return {
            said: said_of_pixel(pixel),
            plot: pixel_figure(pixel),
            tiles: pixel_tiles(pixel),
            numbers: pixel_table(pixel),
        }

    fields: dict[str, Any] = {"colour": colour, "beta": beta, "steps": steps, "seed": seed}
    for key, field in fields.items():
        field.change(
            show_pixel, list(fields.values()), [said, plot, tiles, numbers, trouble], **QUIET
        )
        shared.address.field(f"lectures.bound-pixel.{key}", field)
