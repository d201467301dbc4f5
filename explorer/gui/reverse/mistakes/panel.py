"""Common mistakes: what each does to the chosen model, measured, and one click to run it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import gradio as gr

from explorer.gui.frame.agree import Passing
from explorer.gui.frame.bar import find_model
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
from explorer.gui.reverse.mistakes.records import NO_NOISE, lane_settings, one_class
from explorer.gui.reverse.mistakes.shown import groups, measured_of, models_shown
from explorer.gui.reverse.mistakes.view import MistakeView
from explorer.race.breaks import MISTAKES

TITLE = "Common mistakes"
SUMMARY = "One thing done wrong, beside the same noise done right"

FIRST = NO_NOISE
SAMPLERS = [("η = 1, as noisy as DDPM", 1.0), ("η = 0, DDIM", 0.0)]
STEPS, SEED = 50, 0
"""Of a live run of a model that was not measured."""


class LiveRun(NamedTuple):
    """What Reverse needs to run a mistake live."""

    button: gr.Button
    inputs: list[Any]
    """What `asked` takes after the models."""


class Asked(NamedTuple):
    """A race to run."""

    model: str
    lane: Mapping[str, Any]
    mistake: str
    seed: int
    label: str | None
    """The class; None for each in turn."""


def build(context: Context, shared: Shared) -> LiveRun:
    """Layout, then wiring; `shared.model` is rendered elsewhere, before."""
    models, shipped = context.models(""), context.checkpoints
    first = next(iter(models), None)
    shown = groups(first, FIRST, SAMPLERS[0][1], models, shipped) if first else None
    what_to_look_at(__file__)
    mistake = gr.Radio(
        [(entry.title, name) for name, entry in MISTAKES.items()],
        value=FIRST,
        label="Mistake",
        elem_id="mistake",
    )
    eta = gr.Radio(SAMPLERS, value=SAMPLERS[0][1], label="Sampler", elem_id="mistake-eta")
    wrong = gr.Markdown(done_wrong(FIRST), elem_id="mistake-wrong", elem_classes="prose-note")
    with gr.Row(elem_classes="train-bar"):
        live = gr.Button(live_label(first or ""), elem_id="mistake-live", scale=0)
    trouble = message()
    view = MistakeView(shown, elem_id="mistake-view")
    prose(__file__)

    @guarded(trouble)
    def show(mistake: Any, eta: Any, name: Any, request: gr.Request) -> Changes:
        mistake, eta = checked(mistake, eta)
        visitor = context.visitor(request)
        find_model(context, name, visitor)  # says if it is gone
        models = context.models(visitor)
        last = models_shown(name, mistake, models, shipped)[-1]
        return {
            wrong: done_wrong(mistake),
            view: groups(name, mistake, eta, models, shipped),
            live: gr.Button(live_label(last)),
        }

    inputs: list[Any] = [mistake, eta, shared.model]
    for control in inputs:
        control.change(show, inputs, [wrong, view, live, trouble], **QUIET)
    shared.address.field("reverse.mistakes.mistake", mistake)
    shared.address.field("reverse.mistakes.sampler", eta)
    return LiveRun(live, inputs)


def done_wrong(mistake: str) -> str:
    """What is done wrong, whatever the model."""
    return f"**{MISTAKES[mistake].title}.** {MISTAKES[mistake].sentence}"


def live_label(model: str) -> str:
    """The last of the models shown: the one that the mistake does most to."""
    return f"Run it live on {model}" if model else "Run it live"


def checked(mistake: Any, eta: Any) -> tuple[str, float]:
    """ValueError for what is not offered."""
    if not isinstance(mistake, str) or mistake not in MISTAKES:
        raise ValueError(f"Mistake: {mistake!r} is none of {', '.join(MISTAKES)}")
    if eta not in dict(SAMPLERS).values():
        raise ValueError(f"Sampler: η = {eta!r} is not offered; choose again")
    return mistake, float(eta)


def asked(context: Context, mistake: Any, eta: Any, name: Any, visitor: str) -> Asked:
    """The race that shows a mistake as it was measured; ValueError if it cannot be."""
    mistake, eta = checked(mistake, eta)
    find_model(context, name, visitor)
    models = context.models(visitor)
    model = models_shown(name, mistake, models, context.checkpoints)[-1]
    path, spec = models[model]
    measured = measured_of(path, context.checkpoints)
    steps, seed = (measured.steps, measured.seed) if measured else (min(STEPS, spec.T), SEED)
    if mistake == NO_NOISE and eta == 0:
        raise Passing("With η = 0 DDIM adds no noise: choose η = 1 to leave it out.")
    label = spec.classes[one_class(spec.classes)] if mistake == NO_NOISE and spec.classes else None
    return Asked(model, lane_settings(eta, steps), mistake, seed, label)
