"""A page for each of five lectures: its network beside ours, trained alike, and what it slips."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import gradio as gr

from explorer.figures.learning import QUANTITIES, compare_figure
from explorer.gui.frame.call import Call
from explorer.gui.frame.context import Context
from explorer.gui.frame.jobs import Jobs, Steps
from explorer.gui.frame.limits import whole
from explorer.gui.frame.presets import CUSTOM
from explorer.gui.frame.shared import (
    MATH,
    QUIET,
    Changes,
    Shared,
    guarded,
    message,
    plain,
    prose,
    what_to_look_at,
)
from explorer.gui.lectures.pages import ways
from explorer.gui.lectures.pages.formula import numbers_at
from explorer.gui.lectures.pages.losses import Learnt, epochs_figure, verdict
from explorer.gui.lectures.pages.reading import build_reading
from explorer.gui.lectures.pages.script import lecture_texts
from explorer.gui.lectures.pages.stored import LOSSES, STORED, StoredPage, stored_page
from explorer.gui.lectures.pages.work import Sheet, own_models, room, sample_as
from explorer.gui.parts.copy_text import CopyText
from explorer.gui.parts.gallery import Gallery
from explorer.gui.parts.plot_view import PlotView
from explorer.gui.parts.tiles import Tiles
from explorer.gui.train.choices import DEFAULTS, LECTURE_PRESETS
from explorer.lectures import LECTURES, Lecture
from explorer.lectures.printed import PRINTED

WALK = (
    '<img src="{}" alt="Noise becomes digits" style="width: 100%; image-rendering: pixelated">'
    '<p style="font-size: 13px">The first of these, step by step</p>'
)
OURS = {"network": "small"} | {name: DEFAULTS[name] for name in ("rate", "ema", "optimiser")}
"""What differs in Train where ours is set to be compared."""


def numbers(lecture: Lecture, stored: StoredPage | None) -> str:
    """The lecture's own numbers beside those of our network, as a Markdown table."""
    weights = [f"{n / 1e6:.2g} M weights" for n in stored.weights] if stored else []
    lanes = [lane.title for lane in lecture.make_lanes(lecture.make_schedule())]
    looks = ", ".join(map(str, lecture.looks))
    rows = [
        ("data", lecture.pictures, "the same"),
        ("noise", f"{lecture.schedule}, T = {lecture.T}", "the same here; cosine, T = 1000"),
        ("net", WIDTHS[lecture.network], "U-Net with attention, time in every block"),
        *([("here", *(weights + ["–"])[:2])] if weights else []),
        ("target", "ε", "ε here; v"),
        (
            "train",
            f"Adam {lecture.rate:g}, batch {lecture.batch}",
            f"AdamW 0.002 with warm-up, falling; averaged weights; batch {lecture.batch}",
        ),
        ("sample", "; ".join(lanes) or f"x̂₀ fed back at t = {looks}", "the same here"),
    ]
    lines = [f"| {' | '.join(row)} |" for row in [("", "the lecture", "ours"), *rows]]
    return "\n".join([lines[0], "|---|---|---|", *lines[1:]])


WIDTHS = {
    "naive-512": "NaiveUnet, n = 512, 129.3 M weights",
    "simple-64": "SimpleUnet, 64 to 1024, 62.4 M weights",
    "timeless": "residual encoder and decoder, 64 to 256, no time input, 4.28 M weights",
    "attention": "attention U-Net, 32 × (1, 2, 4, 8), 12.8 M weights",
    "plain": "four convolutions, 64 and 128, 0.166 M weights",
}


def build(context: Context, shared: Shared, name: str) -> None:
    """Layout, then wiring."""
    lecture, stored = LECTURES[name], stored_page(name)
    T, start = lecture.T, lecture.T // 2
    with gr.Row(elem_classes="stage-row"), gr.Column(elem_classes="stage"):
        what_to_look_at(__file__, name)
        ways.build(name, lecture)
        with gr.Row(elem_classes="train-bar"):
            go = gr.Button("Use these settings", elem_id=f"{name}-train", scale=0)
            run = gr.Button("Sample my model", elem_id=f"{name}-run", scale=0)
            repair = gr.Button(
                "Repair the slips", elem_id=f"{name}-repair", scale=0, visible=lecture.slips
            )
            stop = gr.Button("Stop", interactive=False, elem_id=f"{name}-stop", scale=0)
            said = stored.about if stored else ""
            state = gr.Markdown(said, elem_id=f"{name}-status", elem_classes="status-line")
        trouble = message()
        with gr.Accordion("Your models, sampled as the lecture does", open=False) as fold:
            pairs = list(zip(room(lecture), room(lecture, repair=True), strict=True))
            places = [place for pair in pairs for place in pair[: 1 + lecture.slips]]
            made = _in_rows(places)
            sheets, mended = made[:: 1 + lecture.slips], made[1::2] if lecture.slips else []
            blocks = Tiles(None, elem_id=f"{name}-own-blocks", visible=bool(lecture.looks))
            film = gr.HTML(visible=False, elem_id=f"{name}-film")
        if stored:
            _in_rows(stored.sheets)
        if stored and stored.blocks:
            Tiles(stored.blocks, elem_id=f"{name}-blocks")
        with gr.Row(elem_classes="samples-row"):
            with gr.Column(scale=2, min_width=280):
                numbers_now = gr.Markdown(
                    numbers_at(lecture, start), elem_id=f"{name}-formula", latex_delimiters=MATH
                )
                t = gr.Slider(
                    1, T, value=start, step=1, label="t, on this page only", elem_id=f"{name}-t"
                )
                text = lecture_texts(name, lecture, start)
                script = CopyText(text, elem_id=f"{name}-copy")
                prose(__file__, name)
            if stored and stored.walk:
                with gr.Column(scale=1, min_width=160):
                    gr.HTML(WALK.format(stored.walk))
        gr.Markdown(listed(lecture.note), elem_classes="prose-note", latex_delimiters=MATH)
        build_reading(name)
        gr.Markdown("### Compare", elem_classes="stage-title")
        if learnt := Learnt.read(STORED / name / LOSSES):
            PlotView(epochs_figure(learnt, PRINTED.get(name)), elem_id=f"{name}-epochs")
            gr.Markdown(
                verdict(name, learnt), elem_id=f"{name}-verdict", elem_classes="prose-note"
            )
        if stored and len(stored.curves) > 1:
            PlotView(compare_figure(stored.curves, QUANTITIES[0]), elem_id=f"{name}-loss")
        gr.Markdown(numbers(lecture, stored), elem_classes="prose-note", latex_delimiters=MATH)
        prose(__file__, "compare")
        ours = gr.Button("Use our settings", elem_id=f"{name}-ours", scale=0)

    def sampled(call: Call, repair: bool, galleries: Sequence[Gallery]) -> Steps:
        paths = [path for path, _ in own_models(context, lecture, call.visitor)]
        opened: Changes = {fold: gr.Accordion(open=True)}
        if not repair:
            opened[film] = gr.HTML(visible=False)
        yield opened | dict(zip(galleries, room(lecture, repair=repair), strict=True))
        for seen in call.run(sample_as, paths, name, repair):
            changes: Changes = dict(zip(galleries, seen.sheets, strict=False))
            if seen.blocks:
                changes[blocks] = seen.blocks
            if seen.film:
                changes[film] = gr.HTML(WALK.format(seen.film), visible=True)
            yield changes | {state: plain(seen.status)}

    def begin(call: Call) -> Steps:
        yield from sampled(call, False, sheets)

    def begin_repaired(call: Call) -> Steps:
        """The lanes as they should be, beside those of the lecture's code."""
        yield from sampled(call, True, mended)

    @guarded(trouble)
    def numbers_of(t: Any) -> Changes:
        t = whole("t", t, (1, T))
        text = lecture_texts(name, lecture, t)
        return {numbers_now: numbers_at(lecture, t), script: text}

    kind = f"lecture-{name}"
    jobs = Jobs(context, kind, state=state, trouble=trouble, idle=[run, repair], stop=stop)
    jobs.wire(run.click, begin, None, [fold, *sheets, blocks, film])
    if lecture.slips:
        jobs.wire(repair.click, begin_repaired, None, [fold, *mended, blocks])
    t.input(numbers_of, t, [numbers_now, script, trouble], **QUIET)

    address, group = shared.address, f"lectures.{name}"
    address.field(f"{group}.t", t)
    address.restored(group)(numbers_of, t, [numbers_now, script, trouble], **QUIET)

    if shared.train is None:
        go.visible = ours.visible = False
        return
    settings = shared.train.settings
    preset = next(title for title, each in LECTURE_PRESETS.items() if each is lecture)

    def set_in_train() -> Changes:
        chosen: Changes = {shared.tabs: gr.Tabs(selected="train"), settings.preset: preset}
        return chosen | settings.fill(preset)

    def set_ours_in_train() -> Changes:
        note = f"Ours, for the images, schedule, steps and seed of {lecture.title}."
        ours: Changes = {settings.controls[key]: value for key, value in OURS.items()}
        said = {settings.preset: CUSTOM, settings.told: note}
        return set_in_train() | ours | said

    filled = [shared.tabs, settings.preset, *settings.filled]
    go.click(set_in_train, None, filled, **QUIET)
    ours.click(set_ours_in_train, None, filled, **QUIET)


def listed(note: str) -> str:
    """A point for each of the note's bold beginnings."""
    return "- " + note.replace(" **", "\n- **")


def _in_rows(sheets: Sequence[Sheet]) -> list[Gallery]:
    """Four beside each other, or a single one larger; the last row is as wide as the others."""
    made, most = [], 4 if len(sheets) > 1 else 1
    for begin in range(0, len(sheets), most):
        with gr.Row(elem_classes="samples-row" if most > 1 else "sample-alone"):
            for i in range(begin, begin + most):
                with gr.Column(min_width=150):
                    if i < len(sheets):
                        made.append(Gallery(sheets[i], elem_classes="compared"))
    return made


@dataclass(frozen=True)
class LecturePage:
    """A topic of the Lectures tab."""

    ID: str
    TITLE: str
    SUMMARY: str
    FROM: tuple[str, ...]
    DO: str
    build: Callable[[Context, Shared], None]


PAGES = tuple(
    LecturePage(
        f"lecture-{name}",
        lecture.title,
        f"{lecture.given.story} Images: {lecture.pictures}; T = {lecture.T}, {lecture.schedule}.",
        (name,),
        "Take its tour, train its network, sample as it does, compare it with ours.",
        partial(build, name=name),
    )
    for name, lecture in LECTURES.items()
)
"""In the order of `LECTURES`."""
