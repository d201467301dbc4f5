"""The decoder's bins: the probability of a grey value under a predicted mean and a width."""

from __future__ import annotations

from typing import Any

import gradio as gr

from explorer.gui.frame.context import Context
from explorer.gui.frame.shared import (
    QUIET,
    Changes,
    Shared,
    guarded,
    message,
    prose,
    what_to_look_at,
)
from explorer.gui.lectures.bound.decoder.work import (
    GREYS,
    MEAN,
    SIGMA,
    SIGMAS,
    TRUE,
    Guess,
    bins_figure,
    bins_table,
    read_guess,
    said_of_bins,
)
from explorer.gui.parts.number_table import NumberTable
from explorer.gui.parts.plot_view import PlotView


def build(context: Context, shared: Shared) -> None:
    """Layout, then wiring."""
    first = Guess(TRUE, MEAN, SIGMA)
    gr.Markdown("### The bins of the last step", elem_classes="stage-title")
    with gr.Row(elem_classes="stage-row"):
        with gr.Column(elem_classes="stage"):
            what_to_look_at(__file__)
            said = gr.Markdown(said_of_bins(first), elem_id="decoder-said")
            plot = PlotView(bins_figure(first), elem_id="decoder-plot")
            numbers = NumberTable(bins_table(first), elem_id="decoder-numbers")
            prose(__file__)
        with gr.Column(elem_classes="rail"):
            true = gr.Slider(
                *GREYS,
                value=TRUE,
                step=1,
                label="True grey value, of 255",
                elem_id="decoder-true",
            )
            mean = gr.Slider(
                *GREYS,
                value=MEAN,
                step=0.5,
                label="Predicted mean, of 255",
                elem_id="decoder-mean",
            )
            sigma = gr.Slider(
                *SIGMAS,
                value=SIGMA,
                step=0.001,
                label="σ₁ of x in [−1, 1]",
                elem_id="decoder-sigma",
            )
            trouble = message()

    @guarded(trouble)
    def show_bins(*values: Any) -> Changes:
        guess = read_guess(*values)
        return {
            said: said_of_bins(guess),
            plot: bins_figure(guess),
            numbers: bins_table(guess),
        }

    fields: dict[str, Any] = {"true": true, "mean": mean, "sigma": sigma}
    for key, field in fields.items():
        field.change(show_bins, list(fields.values()), [said, plot, numbers, trouble], **QUIET)
        shared.address.field(f"lectures.bound-decoder.{key}", field)
