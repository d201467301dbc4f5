"""From a lecture's network to ours, one change at a time: loss by noise level, and samples."""

from __future__ import annotations

from typing import Any

import gradio as gr
from PIL import Image

from explorer.checkpoints import describe
from explorer.data import to_tensor
from explorer.figures.pictures import grid
from explorer.gui.frame.agree import Agreement
from explorer.gui.frame.bar import job_bar
from explorer.gui.frame.call import Call
from explorer.gui.frame.context import Context
from explorer.gui.frame.jobs import Jobs, Steps
from explorer.gui.frame.limits import SEEDS, whole
from explorer.gui.frame.shared import (
    QUIET,
    Changes,
    Shared,
    guarded,
    message,
    plain,
    prose,
    seed_input,
    what_to_look_at,
)
from explorer.gui.lectures.generative.words import markdown
from explorer.gui.lectures.ladder.figure import levels_figure, rungs_figure
from explorer.gui.lectures.ladder.rungs import RUNGS, Rung
from explorer.gui.lectures.ladder.script import ladder_texts
from explorer.gui.lectures.ladder.words import about, caption, findings, sentence, table
from explorer.gui.lectures.ladder.work import SHOWN, STEPS, Drawn, path_of, read, run_draw
from explorer.gui.parts.copy_text import CopyText
from explorer.gui.parts.gallery import Gallery
from explorer.gui.parts.plot_view import PlotView

ID, TITLE = "ladder", "One change at a time"
SUMMARY = "From the SUTD lecture's network to ours in seven single changes: loss and samples"
FROM = ("sutd",)
DO = "Choose a change, see at which noise it lowers the loss, and draw again from every rung."
TITLES = {rung.title: rung for rung in RUNGS}
FIRST, SEED = "time", 7
"""The rung that is shown at first, and the seed of the samples."""
IN_A_ROW = 4


def chosen(title: Any) -> Rung:
    """A rung by its title; ValueError if there is none."""
    if not isinstance(title, str) or title not in TITLES:
        raise ValueError(f"no rung {title!r}; there are: {', '.join(TITLES)}")
    return TITLES[title]


def status(drawn: Drawn) -> str:
    """How many have drawn."""
    done = len(drawn.images)
    end = f"drawing, {done} of {len(RUNGS)}" if drawn.running else f"{SHOWN} images each"
    return f"seed {drawn.seed}: {end}, {STEPS} steps of DDIM"


def build(context: Context, shared: Shared) -> None:
    """Layout, then wiring."""
    found, stored = read()
    first = next(rung for rung in RUNGS if rung.name == FIRST)

    def sheet(drawn: Drawn, rung: Rung) -> tuple[Image.Image, str]:
        return grid(to_tensor(drawn.images[rung.name])), caption(found, rung)

    def told(rung: Rung) -> str:
        """Of a rung's change."""
        i = RUNGS.index(rung)
        return sentence(found, i) if i else about(found)

    with gr.Row(elem_classes="stage-row"):
        with gr.Column(elem_classes="stage"):
            what_to_look_at(__file__)
            rung = gr.Radio(list(TITLES), value=first.title, label="Change", elem_id="ladder-rung")
            said = gr.Markdown(told(first), elem_id="ladder-said", elem_classes="prose-note")
            levels = PlotView(levels_figure(found, RUNGS.index(first)), elem_id="ladder-levels")
            gr.Markdown("### Samples from one noise", elem_classes="stage-title")
            run, stop, state = job_bar(
                ID, "Sample again", f"Stored: {status(stored)}", variant="primary"
            )
            sheets = {}
            for row in (RUNGS[:IN_A_ROW], RUNGS[IN_A_ROW:]):
                with gr.Row(elem_classes="samples-row"):
                    for each in row:
                        with gr.Column(min_width=150):
                            sheets[each.name] = Gallery(
                                sheet(stored, each),
                                elem_id=f"ladder-{each.name}",
                                elem_classes="compared",
                            )
            gr.Markdown("### All changes", elem_classes="stage-title")
            PlotView(rungs_figure(found), elem_id="ladder-losses")
            gr.Markdown(markdown(table(found)), elem_classes="prose-note", elem_id="ladder-table")
            gr.Markdown(plain(about(found)), elem_classes="status-line", elem_id="ladder-about")
            gr.Markdown("### What each change did", elem_classes="stage-title")
            gr.Markdown(
                "\n".join(f"- {each}" for each in findings(found)),
                elem_classes="prose-note",
                elem_id="ladder-findings",
            )
            script = CopyText(ladder_texts(first, SEED), elem_id="ladder-copy")
            prose(__file__)
        with gr.Column(elem_classes="rail"):
            seed = seed_input(SEEDS, SEED)
            trouble = message()

    def begin(call: Call, seed: Any, title: Any) -> Steps:
        seed = whole("Seed", seed, SEEDS)
        yield {script: ladder_texts(chosen(title), seed)}
        seconds = len(RUNGS) * context.expected(describe(path_of(RUNGS[-1])), STEPS * SHOWN)
        for drawn in call.run(run_draw, seed, expected=seconds):
            new = {sheets[each.name]: sheet(drawn, each) for each in RUNGS
                   if each.name in drawn.images}  # fmt: skip
            yield new | {state: plain(status(drawn))}

    @guarded(trouble)
    def look(title: Any, seed: Any) -> Changes:
        rung = chosen(title)
        return {
            said: told(rung),
            levels: levels_figure(found, RUNGS.index(rung)),
            script: ladder_texts(rung, whole("Seed", seed, SEEDS)),
        }

    agreement = Agreement(
        context,
        shared.address,
        fields=[seed],
        read=lambda visitor, seed: whole("Seed", seed, SEEDS),
        state=state,
        trouble=trouble,
        result=sheets[RUNGS[-1].name],
    )
    jobs = Jobs(
        context, ID, state=state, trouble=trouble, idle=[run], stop=stop, agreement=agreement
    )
    jobs.wire(run.click, begin, [seed, rung], [*sheets.values(), script])
    rung.change(look, [rung, seed], [said, levels, script, trouble], **QUIET)
    shared.address.field("lectures.ladder.rung", rung, title="Change")
    shared.address.field("lectures.ladder.seed", seed)
