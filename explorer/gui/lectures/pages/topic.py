"""A page for each of five lectures: its network beside ours, trained alike, and what it slips."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any

import gradio as gr
from PIL import Image

from explorer.figures.learning import QUANTITIES, Curves, compare_figure
from explorer.gui.frame.call import Call
from explorer.gui.frame.context import Context
from explorer.gui.frame.jobs import Jobs, Steps
from explorer.gui.frame.limits import whole
from explorer.gui.frame.shared import (
    MATH,
    QUIET,
    Changes,
    Shared,
    guarded,
    message,
    plain,
    prose,
)
from explorer.gui.lectures.pages.work import (
    Sheet,
    gif_uri,
    numbers_at,
    own_models,
    room,
    sample_as,
)
from explorer.gui.parts.gallery import Gallery
from explorer.gui.parts.plot_view import PlotView
from explorer.gui.train.choices import DEFAULTS, LECTURE_PRESETS
from explorer.lectures import LECTURES, Lecture

WALK = (
    '<img src="{}" alt="Noise becomes digits" style="width: 100%; image-rendering: pixelated">'
    '<p style="font-size: 13px">The first of these on their way</p>'
)
OURS = {"network": "small"} | {name: DEFAULTS[name] for name in ("rate", "ema", "optimiser")}
"""What differs in Train where ours is set to be compared."""
STORED = Path(__file__).with_name("stored")


@dataclass(frozen=True)
class StoredPage:
    """What two finished runs left: `explorer.gui.lectures.pages.make` makes it."""

    about: str
    """What was trained, and what was not as in the lecture."""
    curves: tuple[Curves, ...]
    """Of the lecture's network and of ours."""
    weights: tuple[int, ...]
    sheets: tuple[tuple[Image.Image, str], ...]
    """Pictures with their captions."""
    walk: str | None
    """A GIF, as a data URI."""


@cache
def stored_page(name: str) -> StoredPage | None:
    """What is stored of a lecture; None if nothing was made yet."""
    folder = STORED / name
    if not (folder / "page.json").is_file():
        return None
    page = json.loads((folder / "page.json").read_text(encoding="utf-8"))
    owners = (f"the lecture's network, {page['runs'][0]['network']}", "ours")
    curves = [
        Curves(owner, run["steps"], run["smooth"], [tuple(point) for point in run["probe"]])
        for owner, run in zip(owners, page["runs"], strict=True)
    ]
    walk = folder / "walk.gif"
    return StoredPage(
        f"Stored: both trained for {page['steps']} steps on {page['data']}, "
        f"{page['size']}×{page['size']}, from seed {page['seed']}. "
        + (f"Not as in the lecture: {', '.join(page['said'])}." if page["said"] else ""),
        tuple(curves),
        tuple(run["weights"] for run in page["runs"]),
        tuple((_picture(folder / f"{i}.png"), text) for i, text in enumerate(page["sheets"])),
        gif_uri(walk.read_bytes()) if walk.is_file() else None,
    )


def numbers(lecture: Lecture, stored: StoredPage | None) -> str:
    """The lecture's own numbers beside those of our network, as a Markdown table."""
    weights = [f"{n / 1e6:.2g} M weights" for n in stored.weights] if stored else []
    lanes = [lane.title for lane in lecture.make_lanes(lecture.make_schedule())]
    looks = ", ".join(map(str, lecture.looks))
    rows = [
        ("data", lecture.pictures, "the same"),
        ("noise", f"{lecture.schedule}, T = {lecture.T}", "the same here; cosine, T = 1000"),
        ("net", WIDTHS[lecture.network], "U-Net with attention, time in every block"),
        *([("here", *weights)] if weights else []),
        ("target", "ε", "ε here; v"),
        (
            "train",
            f"Adam {lecture.rate:g}, batch {lecture.batch}",
            f"AdamW 0.002 with warm-up, falling; averaged weights; batch {lecture.batch}",
        ),
        ("sample", "; ".join(lanes) or f"one-shot x̂₀ at t = {looks}", "the same here"),
    ]
    lines = [f"| {' | '.join(row)} |" for row in [("", "the lecture", "ours"), *rows]]
    return "\n".join([lines[0], "|---|---|---|", *lines[1:]])


WIDTHS = {
    "naive-512": "NaiveUnet, n = 512, 129 M weights",
    "simple-64": "SimpleUnet, 64 to 1024, 62 M weights",
    "timeless": "residual U-Net, 64 to 256, no time input, 3.4 M weights",
    "attention": "attention U-Net, 32 × (1, 2, 4, 8), 12 M weights",
    "plain": "four convolutions, 64 and 128, 0.17 M weights",
}


def build(context: Context, shared: Shared, name: str) -> None:
    """Layout, then wiring."""
    lecture, stored = LECTURES[name], stored_page(name)
    T, start = lecture.T, lecture.T // 2
    with gr.Row(elem_classes="stage-row"), gr.Column(elem_classes="stage"):
        with gr.Row(elem_classes="train-bar"):
            go = gr.Button("Set it in Train", variant="primary", elem_id=f"{name}-train", scale=0)
            run = gr.Button("Sample my model", elem_id=f"{name}-run", scale=0)
            stop = gr.Button("Stop", interactive=False, elem_id=f"{name}-stop", scale=0)
            said = stored.about if stored else ""
            state = gr.Markdown(said, elem_id=f"{name}-status", elem_classes="status-line")
        trouble = message()
        if stored:
            _in_rows(stored.sheets)
        with gr.Row(elem_classes="samples-row"):
            with gr.Column(scale=2, min_width=280):
                numbers_now = gr.Markdown(
                    numbers_at(lecture, start), elem_id=f"{name}-formula", latex_delimiters=MATH
                )
                t = gr.Slider(1, T, value=start, step=1, label="t", elem_id=f"{name}-t")
                prose(__file__, name)
            if stored and stored.walk:
                with gr.Column(scale=1, min_width=160):
                    gr.HTML(WALK.format(stored.walk))
        gr.Markdown(listed(lecture.note), elem_classes="prose-note", latex_delimiters=MATH)
        gr.Markdown("### Compare", elem_classes="stage-title")
        if stored:
            PlotView(compare_figure(stored.curves, QUANTITIES[0]), elem_id=f"{name}-loss")
        gr.Markdown(numbers(lecture, stored), elem_classes="prose-note", latex_delimiters=MATH)
        prose(__file__, "compare")
        ours = gr.Button("Set ours in Train", elem_id=f"{name}-ours", scale=0)
        with gr.Accordion("Your models, sampled as the lecture does", open=False) as fold:
            sheets = _in_rows(room(lecture))
            film = gr.HTML(visible=False, elem_id=f"{name}-film")

    def begin(call: Call) -> Steps:
        paths = [path for path, _ in own_models(context, lecture, call.visitor)]
        opened: Changes = {fold: gr.Accordion(open=True), film: gr.HTML(visible=False)}
        yield opened | dict(zip(sheets, room(lecture), strict=True))
        for seen in call.run(sample_as, paths, name):
            changes: Changes = dict(zip(sheets, seen.sheets, strict=False))
            if seen.film:
                changes[film] = gr.HTML(WALK.format(seen.film), visible=True)
            yield changes | {state: plain(seen.status)}

    @guarded(trouble)
    def numbers_of(t: Any) -> Changes:
        return {numbers_now: numbers_at(lecture, whole("t", t, (1, T)))}

    kind = f"lecture-{name}"
    jobs = Jobs(context, kind, state=state, trouble=trouble, idle=[run], stop=stop)
    jobs.wire(run.click, begin, None, [fold, *sheets, film])
    t.input(numbers_of, t, [numbers_now, trouble], trigger_mode="always_last", **QUIET)

    if shared.train is None:
        go.visible = ours.visible = False
        return
    settings = shared.train.settings
    preset = next(title for title, each in LECTURE_PRESETS.items() if each is lecture)

    def set_in_train() -> Changes:
        chosen: Changes = {shared.tabs: gr.Tabs(selected="train"), settings.preset: preset}
        return chosen | settings.fill(preset)

    def set_ours_in_train() -> Changes:
        note = f"Ours, for the pictures, schedule, steps and seed of {lecture.title}."
        ours: Changes = {settings.controls[key]: value for key, value in OURS.items()}
        said = {settings.preset: None, settings.told: note}
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
    build: Callable[[Context, Shared], None]


PAGES = tuple(
    LecturePage(
        f"lecture-{name}",
        lecture.title,
        f"{lecture.pictures}, T = {lecture.T}, {lecture.schedule}: its network beside ours",
        partial(build, name=name),
    )
    for name, lecture in LECTURES.items()
)
"""In the order of `LECTURES`."""


def _picture(path: Path) -> Image.Image:
    with Image.open(path) as stored:
        return stored.convert("RGB")
