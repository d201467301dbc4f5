"""Generative models compared: a VAE, a GAN and diffusion on the same digits, measured here."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gradio as gr
from PIL import Image

from explorer.data import to_tensor
from explorer.figures.pictures import grid
from explorer.gui.frame.agree import Agreement
from explorer.gui.frame.bar import job_bar
from explorer.gui.frame.call import Call
from explorer.gui.frame.context import Context
from explorer.gui.frame.jobs import Jobs, Steps
from explorer.gui.frame.limits import SEEDS, whole
from explorer.gui.frame.shared import Shared, message, plain, prose, seed_input, what_to_look_at
from explorer.gui.lectures.generative.records import read
from explorer.gui.lectures.generative.script import generative_texts
from explorer.gui.lectures.generative.words import about, caption, findings, markdown, table
from explorer.gui.lectures.generative.work import (
    NUMBERS,
    SHOWN,
    STEPS,
    STORED,
    WAYS,
    Drawn,
    run_draw,
)
from explorer.gui.parts.copy_text import CopyText
from explorer.gui.parts.gallery import Gallery

ID, TITLE = "generative", "Generative models compared"
SUMMARY = "A VAE, a GAN and diffusion on the same digits: time, closeness and diversity, measured"
FROM = ("scinet", "cars", "jax", "oslo")
DO = "Read time, closeness and diversity off one table, and draw again from each model."
MODEL, SEED = "mnist", 7
Sheet = tuple[Image.Image | None, str]


def stored_sheet(name: str, text: str, folder: Path = STORED) -> Sheet:
    """A stored sheet with its caption; its place alone where it was not made."""
    path = folder / f"{name}.png"
    if not path.is_file():
        return None, text
    with Image.open(path) as picture:
        return picture.convert("RGB"), text


def sheets_of(drawn: Drawn) -> dict[str, Sheet]:
    """Those that are there, by the name of the way."""
    return {
        name: (grid(to_tensor(images)), f"{WAYS[name]}, seed {drawn.seed}")
        for name, images in drawn.images.items()
    }


def status(drawn: Drawn) -> str:
    """How many have drawn."""
    missing = "" if drawn.running or "ddim" in drawn.images else " · no diffusion"
    end = "drawing" if drawn.running else f"{SHOWN} images each"
    return f"seed {drawn.seed}: {end}{missing}"


def build(context: Context, shared: Shared) -> None:
    """Layout, then wiring."""
    found = read(NUMBERS)
    with gr.Row(elem_classes="stage-row"):
        with gr.Column(elem_classes="stage"):
            what_to_look_at(__file__)
            said = "Stored: the first images of those that were measured"
            run, stop, state = job_bar(ID, "Sample again", said, variant="primary")
            sheets = {}
            with gr.Row(elem_classes="samples-row"):
                for name, way in found.ways.items():
                    with gr.Column(min_width=150):
                        sheets[name] = Gallery(
                            stored_sheet(name, caption(way)),
                            elem_id=f"generative-{name}",
                            elem_classes="compared",
                        )
            gr.Markdown("### Measured here", elem_classes="stage-title")
            gr.Markdown(
                markdown(table(found)), elem_classes="prose-note", elem_id="generative-table"
            )
            gr.Markdown(
                plain(about(found)), elem_classes="status-line", elem_id="generative-about"
            )
            gr.Markdown(
                "### What the lectures say, and what is so here", elem_classes="stage-title"
            )
            said = "\n".join(f"- {each}" for each in findings(found))
            gr.Markdown(said, elem_classes="prose-note", elem_id="generative-findings")
            script = CopyText(generative_texts(SEED), elem_id="generative-copy")
            prose(__file__)
        with gr.Column(elem_classes="rail"):
            seed = seed_input(SEEDS, SEED)
            trouble = message()

    def begin(call: Call, seed: Any) -> Steps:
        seed = whole("Seed", seed, SEEDS)
        yield {script: generative_texts(seed)}
        path, spec = context.models("").get(MODEL, (None, None))
        seconds = context.expected(spec, STEPS * SHOWN) if spec else 1.0
        for drawn in call.run(run_draw, path, seed, expected=seconds):
            new = {sheets[name]: sheet for name, sheet in sheets_of(drawn).items()}
            yield new | {state: plain(status(drawn))}

    agreement = Agreement(
        context,
        shared.address,
        fields=[seed],
        read=lambda visitor, seed: whole("Seed", seed, SEEDS),
        state=state,
        trouble=trouble,
        result=sheets["ddim"],
    )
    jobs = Jobs(
        context, ID, state=state, trouble=trouble, idle=[run], stop=stop, agreement=agreement
    )
    live = [sheets[name] for name in WAYS]
    jobs.wire(run.click, begin, [seed], [*live, script])
    shared.address.field("lectures.generative.seed", seed)
