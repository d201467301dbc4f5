"""The telescope for T = 4: a press shows which factors cancel, with numbers that add up."""

from __future__ import annotations

from typing import Any

import gradio as gr

from explorer.gui.frame.context import Context
from explorer.gui.frame.limits import SEEDS, whole
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
from explorer.gui.lectures.bound.telescope.formulas import (
    drawn,
    stage_markdown,
    stage_title,
    stage_words,
)
from explorer.gui.lectures.bound.telescope.stages import LATEST

SEED = 7


def build(context: Context, shared: Shared) -> None:
    """Layout, then wiring."""
    logs = drawn(SEED)
    gr.Markdown("### The telescope, for T = 4", elem_classes="stage-title")
    with gr.Row(elem_classes="stage-row"):
        with gr.Column(elem_classes="stage"):
            what_to_look_at(__file__)
            with gr.Row(elem_classes="train-bar"):
                back = gr.Button("Back", elem_id="telescope-back", scale=0)
                forth = gr.Button("Next", variant="primary", elem_id="telescope-next", scale=0)
                title = gr.Markdown(
                    stage_title(0), elem_id="telescope-title", elem_classes="status-line"
                )
            words = gr.Markdown(stage_words(0, logs), elem_id="telescope-words")
            rows = gr.Markdown(
                stage_markdown(0, logs),
                elem_id="telescope-rows",
                latex_delimiters=MATH,
            )
            prose(__file__)
        with gr.Column(elem_classes="rail"):
            stage = gr.Slider(
                0,
                LATEST,
                value=0,
                step=1,
                label="Step of the derivation",
                elem_id="telescope-step",
            )
            seed = seed_input(SEEDS, SEED)
            trouble = message()

    @guarded(trouble)
    def show_stage(number: Any, seed: Any) -> Changes:
        number = whole("Step of the derivation", number, (0, LATEST))
        logs = drawn(whole("Seed", seed, SEEDS))
        return {
            title: stage_title(number),
            words: stage_words(number, logs),
            rows: stage_markdown(number, logs),
        }

    @guarded(trouble)
    def turn_back(number: Any) -> Changes:
        return {stage: max(0, whole("Step of the derivation", number, (0, LATEST)) - 1)}

    @guarded(trouble)
    def turn_on(number: Any) -> Changes:
        return {stage: min(LATEST, whole("Step of the derivation", number, (0, LATEST)) + 1)}

    changed: list[Any] = [title, words, rows, trouble]
    for control in (stage, seed):
        control.change(show_stage, [stage, seed], changed, **QUIET)
    back.click(turn_back, stage, [stage, trouble], **QUIET)
    forth.click(turn_on, stage, [stage, trouble], **QUIET)
    shared.address.field("lectures.bound-telescope.step", stage)
    shared.address.field("lectures.bound-telescope.seed", seed)
