"""ε, x_0 and v side by side: three models that differ in what they predict."""

from __future__ import annotations

from typing import Any

import gradio as gr

from explorer.checkpoints import Spec
from explorer.gui.frame.agree import Agreement
from explorer.gui.frame.bar import job_bar
from explorer.gui.frame.call import Call
from explorer.gui.frame.context import Context, place_of
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
from explorer.gui.lectures.targets.figure import error_figure, factor_figure, reach_figure
from explorer.gui.lectures.targets.script import targets_texts
from explorer.gui.lectures.targets.words import (
    about,
    best,
    clipped,
    end_errors,
    strayed,
)
from explorer.gui.lectures.targets.work import (
    MODELS,
    SYMBOLS,
    Drawn,
    find_models,
    read,
    run_draw,
)
from explorer.gui.parts.copy_text import CopyText, Texts
from explorer.gui.parts.plot_view import PlotView
from explorer.gui.parts.tiles import Block, Tiles

ID, TITLE = "targets", "What the network predicts: ε, x₀ or v"
SUMMARY = "The errors of three models over t, and their samples from one noise"
FROM = ("sutd", "jax")
DO = "Compare three models at each t, and draw from one noise with each of them."
VIEWS = {"error in x̂₀": "x0", "error in ε̂": "eps"}
TARGETS = {name: target for target, name in MODELS.items()}
NOTHING = "No measurements of these models are stored yet: python -m tools.make_stored targets"


def blocks_of(drawn: Drawn) -> tuple[Block, ...]:
    """A row of pictures for each model, a column for each class."""
    if not drawn.names:
        return ()
    rows = ", ".join(f"{name} (predicts {SYMBOLS[TARGETS[name]]})" for name in drawn.names)
    words = drawn.classes or [""] * drawn.pictures.shape[1]
    columns = tuple(drawn.pictures.transpose(0, 1))
    headings = tuple((word, "") for word in words)
    return (Block(f"From top to bottom: {rows}", headings, columns, len(drawn.names)),)


def copied(context: Context, seed: int) -> Texts:
    """The script for the models that are here."""
    found, _ = find_models(context)
    return targets_texts([place_of(path) for path, _ in found.values()], seed)


def status(drawn: Drawn) -> str:
    """Which models have drawn."""
    end = "drawing" if drawn.running else f"{drawn.steps} steps of DDIM each"
    return f"seed {drawn.seed}: {', '.join(drawn.names) or 'begins'} · {end}"


def build(context: Context, shared: Shared) -> None:
    """Layout, then wiring."""
    stored = read()
    _, lacking = find_models(context)
    view = next(iter(VIEWS))
    with gr.Row(elem_classes="stage-row"):
        with gr.Column(elem_classes="stage"):
            what_to_look_at(__file__)
            gr.Markdown(about(stored) if stored else plain(NOTHING), elem_id="targets-about")
            choice = gr.Radio(
                list(VIEWS),
                value=view,
                show_label=False,
                container=False,
                elem_id="targets-view",
                visible=bool(stored),
            )
            said = errors = multiplied = None
            if stored:
                said = gr.Markdown(end_errors(stored, VIEWS[view]), elem_id="targets-said")
                errors = PlotView(error_figure(stored, VIEWS[view]), elem_id="targets-errors")
                more = f"{best(stored)} {clipped(stored)}"
                gr.Markdown(more, elem_id="targets-best")
                multiplied = PlotView(
                    factor_figure(stored, VIEWS[view]), elem_id="targets-factors"
                )
            gr.Markdown("### Samples from one noise", elem_classes="stage-title")
            opening = f"Stored: {status(stored.drawn)}" if stored else "nothing drawn yet"
            run, stop, state = job_bar(ID, "Draw with another seed", opening, variant="primary")
            tiles = Tiles(blocks_of(stored.drawn) if stored else (), elem_id="targets-samples")
            far = gr.Markdown(strayed(stored.drawn) if stored else "", elem_id="targets-far")
            reach = PlotView(
                stored and reach_figure(stored.drawn, TARGETS), elem_id="targets-reach"
            )
            begun = copied(context, stored.drawn.seed if stored else 8)
            script = CopyText(begun, elem_id="targets-copy")
            prose(__file__)
        with gr.Column(elem_classes="rail"):
            seed = seed_input(SEEDS, 8)
            trouble = message()
            gr.Markdown(
                "\n\n".join(plain(sentence) + "." for sentence in lacking),
                elem_id="targets-lacking",
                visible=bool(lacking),
            )

    def begin(call: Call, seed: Any) -> Steps:
        seed = whole("Seed", seed, SEEDS)
        found, lacking = find_models(context)
        if not found:
            raise ValueError(f"None of the three models is here. {'. '.join(lacking)}.")
        yield {script: copied(context, seed)}
        paths = {target: path for target, (path, _) in found.items()}
        for drawn in call.run(run_draw, paths, seed, expected=expected(context, found)):
            yield {
                tiles: blocks_of(drawn),
                far: strayed(drawn),
                reach: reach_figure(drawn, TARGETS),
                state: plain(status(drawn)),
            }

    agreement = Agreement(
        context,
        shared.address,
        fields=[seed],
        read=lambda visitor, seed: whole("Seed", seed, SEEDS),
        state=state,
        trouble=trouble,
        result=tiles,
    )
    jobs = Jobs(
        context, ID, state=state, trouble=trouble, idle=[run], stop=stop, agreement=agreement
    )
    jobs.wire(run.click, begin, [seed], [tiles, far, reach, script])
    shared.address.field("lectures.targets.view", choice, title="Shown")
    shared.address.field("lectures.targets.seed", seed)
    if stored is None or said is None or errors is None or multiplied is None:
        return

    @guarded(trouble)
    def redraw(view: Any) -> Changes:
        if view not in VIEWS:
            raise ValueError(f"no view {view!r}; there are: {', '.join(VIEWS)}")
        of = VIEWS[view]
        return {
            said: end_errors(stored, of),
            errors: error_figure(stored, of),
            multiplied: factor_figure(stored, of),
        }

    choice.change(redraw, choice, [said, errors, multiplied, trouble], **QUIET)


def expected(context: Context, found: dict[str, tuple[Any, Spec]]) -> float:
    """Seconds that drawing will take."""
    return sum(context.expected(spec, 50 * 10) for _, spec in found.values())
