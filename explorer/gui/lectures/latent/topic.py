"""Latent diffusion: the same diffusion among an autoencoder's codes, decoded at the end."""

from __future__ import annotations

from typing import Any

import gradio as gr

from explorer.checkpoints import describe
from explorer.data import to_tensor
from explorer.figures.pictures import grid
from explorer.gui.frame.agree import Agreement
from explorer.gui.frame.bar import job_bar
from explorer.gui.frame.call import Call
from explorer.gui.frame.context import Context
from explorer.gui.frame.jobs import Jobs, Steps
from explorer.gui.frame.limits import SEEDS, whole
from explorer.gui.frame.shared import Shared, message, plain, prose, seed_input, what_to_look_at
from explorer.gui.frame.spoken import counted
from explorer.gui.lectures.generative.records import read
from explorer.gui.lectures.generative.topic import Sheet, stored_sheet
from explorer.gui.lectures.generative.words import about, caption, markdown
from explorer.gui.lectures.latent.script import latent_texts
from explorer.gui.lectures.latent.words import cost, quality, table
from explorer.gui.lectures.latent.work import (
    DIFFUSION,
    MOST_STEPS,
    NUMBERS,
    SHOWN,
    STORED,
    Decoded,
    run_latent,
)
from explorer.gui.parts.copy_text import CopyText
from explorer.gui.parts.gallery import Gallery

ID, TITLE = "latent", "Latent diffusion"
SUMMARY = "Diffusion among an autoencoder's codes: its cost and quality beside the pixel model's"
FROM = ("sutd", "jax", "oslo")
DO = "Compare cost and quality with the pixel model, and draw codes by DDIM."
SEED, STEPS = 7, 10


def sheets_of(decoded: Decoded) -> tuple[Sheet, Sheet]:
    """The codes as they are, and what the decoder makes of x̂_0 (at the end of the code)."""
    t = f"t = {decoded.t}" if decoded.t else "the end"
    images = "decoded x̂₀" if decoded.t else "decoded"
    return (
        (grid(to_tensor(decoded.codes)), f"Codes, 3×8×8 shown as colours, {t}"),
        (grid(to_tensor(decoded.images)), f"{images}, seed {decoded.seed}".capitalize()),
    )


def status(decoded: Decoded) -> str:
    """How far it is; at the end the time, and the decoder's part in it."""
    of = f"seed {decoded.seed}, {counted(decoded.steps, 'step')} of DDIM"
    if decoded.t:
        return f"{of}: t = {decoded.t}"
    return (
        f"{of}: {len(decoded.images)} images in {decoded.seconds:.2f} s, of which decoding "
        f"{1000 * decoded.decoding:.1f} ms"
    )


def placed(name: str, text: str) -> Gallery:
    """A stored sheet in a column of its own."""
    with gr.Column(min_width=150):
        sheet = stored_sheet(name, text, STORED)
        return Gallery(sheet, elem_id=f"latent-{name}", elem_classes="compared")


def build(context: Context, shared: Shared) -> None:
    """Layout, then wiring."""
    found = read(NUMBERS)
    with gr.Row(elem_classes="stage-row"):
        with gr.Column(elem_classes="stage"):
            what_to_look_at(__file__)
            said = "Stored: the first images of those that were measured"
            run, stop, state = job_bar(ID, "Sample again", said, variant="primary")
            with gr.Row(elem_classes="samples-row"):
                codes = placed("codes", "Codes, 3×8×8 shown as colours")
                images = placed("latent-ddim", caption(found.ways["latent-ddim"]))
                for name in ("latent-ddpm", "decoded"):
                    placed(name, caption(found.ways[name]))
            gr.Markdown("### Cost and quality", elem_classes="stage-title")
            gr.Markdown(markdown(table(found)), elem_classes="prose-note", elem_id="latent-table")
            gr.Markdown(plain(about(found)), elem_classes="status-line", elem_id="latent-about")
            said = f"- {cost(found)}\n- {quality(found)}"
            gr.Markdown(said, elem_classes="prose-note", elem_id="latent-findings")
            script = CopyText(latent_texts(SEED, STEPS), elem_id="latent-copy")
            prose(__file__)
        with gr.Column(elem_classes="rail"):
            steps = gr.Slider(
                *(1, MOST_STEPS),
                value=STEPS,
                step=1,
                label="Steps of DDIM",
                elem_id="latent-steps",
            )
            seed = seed_input(SEEDS, SEED)
            trouble = message()

    def asked(visitor: str, steps: Any, seed: Any) -> tuple[int, int]:
        """Steps and seed."""
        return whole("Steps of DDIM", steps, (1, MOST_STEPS)), whole("Seed", seed, SEEDS)

    def begin(call: Call, *values: Any) -> Steps:
        steps, seed = asked(call.visitor, *values)
        yield {script: latent_texts(seed, steps)}
        seconds = context.expected(describe(DIFFUSION), steps * SHOWN)
        for decoded in call.run(run_latent, seed, steps, expected=seconds):
            shown = dict(zip((codes, images), sheets_of(decoded), strict=True))
            yield shown | {state: plain(status(decoded))}

    agreement = Agreement(
        context,
        shared.address,
        fields=[steps, seed],
        read=asked,
        state=state,
        trouble=trouble,
        result=images,
    )
    jobs = Jobs(
        context, ID, state=state, trouble=trouble, idle=[run], stop=stop, agreement=agreement
    )
    jobs.wire(run.click, begin, [steps, seed], [codes, images, script])
    shared.address.field("lectures.latent.steps", steps)
    shared.address.field("lectures.latent.seed", seed)
