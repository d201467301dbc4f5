"""Reverse: DDPM against strided DDIM from the same noise, played on one clock."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import gradio as gr
import torch

from explorer.checkpoints import Spec, load
from explorer.figures.race_view import LaneView, RaceView, follow
from explorer.gui.components import Player
from explorer.gui.context import Context
from explorer.gui.device import StopFlag
from explorer.gui.limits import SEEDS, number, whole
from explorer.gui.shared import (
    QUIET,
    Shared,
    message,
    on_device,
    prose,
    seed_input,
    sentence,
    visitor_of,
)
from explorer.gui.stored import FOLDER, stored_race
from explorer.race import Lane, choose_labels, ddim, ddpm, race

ID, TITLE = "reverse", "Reverse"
IN_TURN = "each in turn"
VARIANCES = {"β̃ (posterior)": "posterior", "β": "beta"}


def run_race(
    path: Path,
    lanes: Sequence[Lane],
    seed: int,
    labels: Sequence[int] | None,
    n: int,
    device: torch.device,
    title: str,
    stopped: Callable[[], bool],
) -> Iterator[RaceView]:
    """Load the model and race its lanes: yields a growing view."""
    denoiser, spec = load(path, device)
    shape = (spec.channels, spec.size, spec.size)
    view = RaceView(
        spec.T, n, spec.size, [LaneView(lane.name, lane.evaluations) for lane in lanes], title
    )
    entries = race(denoiser, lanes, shape, seed=seed, labels=labels, n=n, device=device)
    yield from follow(entries, lanes, view, stopped=stopped)


def summary(view: RaceView) -> str:
    """Evaluations and seconds of each lane."""
    lanes = " · ".join(
        f"**{lane.name}** {lane.evaluated[-1]} of {lane.evaluations} evaluations "
        f"in {lane.seconds[-1]:.2f} s"
        for lane in view.lanes
        if lane.times
    )
    return f"running: {lanes}" if view.running else lanes


def about(spec: Spec) -> str:
    """What a model is, in a line."""
    classes = f", {len(spec.classes)} classes" if spec.classes else ""
    steps = spec.training.get("steps")
    trained = f"; trained for {steps:,} steps" if isinstance(steps, int) else ""
    return f"{spec.size}×{spec.size}, {spec.schedule}, T = {spec.T}{classes}{trained}"


def build(context: Context, shared: Shared) -> None:
    """Layout, then wiring."""
    limits, models = context.limits, context.models("")
    gr.set_static_paths([FOLDER])
    first = next(iter(models), None)
    spec = models[first][1] if first else None
    view = stored_race()
    with gr.Row(elem_classes="stage-row"):
        with gr.Column(elem_classes="stage"):
            with gr.Row(elem_classes="train-bar"):
                run = gr.Button("Run the race", variant="primary", elem_id="reverse-run", scale=0)
                stop = gr.Button("Stop", interactive=False, elem_id="reverse-stop", scale=0)
                state = gr.Markdown(
                    "Stored: " + summary(view),
                    elem_id="reverse-status",
                    elem_classes="status-line",
                )
            player = Player(view, elem_id="reverse-player")
            prose("reverse")
        with gr.Column(elem_classes="rail"):
            model = shared.model.render()
            facts = gr.Markdown(about(spec) if spec else "", elem_classes="prose-note")
            trouble = message()
            pictures = gr.Slider(*limits.pictures, value=4, step=1, label="Pictures")
            label = gr.Dropdown(class_choices(spec), value=IN_TURN, label="Class")
            seed = seed_input(SEEDS)
            variance = gr.Radio(
                list(VARIANCES), value=next(iter(VARIANCES)), label="DDPM: σ² of a step"
            )
            steps = gr.Slider(1, spec.T if spec else 1000, value=50, step=1, label="DDIM: steps S")
            eta = gr.Slider(0, 1, value=0, step=0.05, label="DDIM: η, share of DDPM's noise")

    settings = [model, pictures, label, seed, variance, steps, eta]

    def find(name: Any, visitor: str) -> tuple[Path, Spec]:
        found = context.models(visitor)
        if name not in found:
            raise ValueError(f"Model: {name!r} is not here any more; choose another")
        return found[name]

    def begin(request: gr.Request, *values: Any) -> Iterator[tuple[Any, ...]]:
        visitor = visitor_of(request)
        flag = StopFlag(visitor, "race")
        flag.start()
        idle = (gr.Button(interactive=True), gr.Button(interactive=False))
        running = (gr.Button(interactive=False), gr.Button(interactive=True))
        name, n, label, seed, variance, steps, eta = values
        try:
            path, spec = find(name, visitor)
            n = whole("Pictures", n, limits.pictures)
            seed = whole("Seed", seed, SEEDS)
            steps = whole("DDIM steps", steps, (1, spec.T))
            eta = number("η", eta, (0, 1))
            if variance not in VARIANCES:
                raise ValueError(f"DDPM: no σ² {variance!r}; choose one of the two")
            lanes = [ddpm(spec.T, variance=VARIANCES[variance]), ddim(spec.T, steps, eta=eta)]
            labels = choose_labels(spec.classes, n, None if label == IN_TURN else label)
            title = f"{spec.name} · seed {seed} · DDPM {variance} · DDIM S = {steps}, η = {eta:g}"
            busy = "waiting for the device …" if context.device.busy else "starting …"
            yield gr.skip(), busy, *running, ""
            for view in context.device.run(
                run_race, path, lanes, seed, labels, n, context.device.device, title, flag
            ):
                yield view, summary(view), *(running if view.running else idle), ""
        except Exception as error:
            yield gr.skip(), "not running", *idle, sentence(error)
        finally:
            flag.stop()

    def ask_to_stop(request: gr.Request) -> None:
        StopFlag(visitor_of(request), "race").stop()

    def describe(name: Any, request: gr.Request) -> tuple[Any, ...]:
        try:
            _, spec = find(name, visitor_of(request))
        except ValueError as error:
            return "", gr.skip(), gr.skip(), str(error)
        choices = gr.Dropdown(class_choices(spec), value=IN_TURN)
        return about(spec), choices, gr.Slider(maximum=spec.T, value=min(50, spec.T)), ""

    def offer(request: gr.Request) -> Any:
        return gr.Dropdown(list(context.models(visitor_of(request))))

    run.click(begin, settings, [player, state, run, stop, trouble], **on_device(state))
    stop.click(ask_to_stop, None, None, **QUIET)
    model.change(describe, model, [facts, label, steps, trouble], **QUIET)
    gr.on(None, offer, None, model, **QUIET)  # when the page loads: models of earlier sessions


def class_choices(spec: Spec | None) -> list[str]:
    """For the dropdown; a model without classes has none to choose."""
    return [IN_TURN, *spec.classes] if spec and spec.classes else [IN_TURN]
