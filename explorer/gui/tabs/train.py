"""Train: a real run on this machine, watched live."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import gradio as gr

from explorer.data import DATASETS
from explorer.diffusion import SCHEDULES
from explorer.figures.plots import loss_figure
from explorer.gui.components import Gallery, PlotView
from explorer.gui.context import Context
from explorer.gui.device import StopFlag
from explorer.gui.limits import SEEDS, Limits, number, whole
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
from explorer.gui.stored import stored_run
from explorer.gui.watch import train
from explorer.training import TrainConfig

ID, TITLE = "train", "Train"
PRESETS: dict[str, tuple[str, int, str, str, float]] = {
    "Digits 16×16 · 90 s": ("mnist-5k", 16, "cosine", "seconds", 90),
    "Digits 28×28 · 10 min": ("mnist-5k", 28, "cosine", "seconds", 600),
    "Emoji 32×32 · 20 min": ("emoji", 32, "cosine", "seconds", 1200),
}
"""Name -> data set, size, schedule, unit and amount of the budget."""


def make_config(
    data: str, size: Any, schedule: str, unit: str, budget: Any, seed: Any, context: Context
) -> TrainConfig:
    """A run within this place's limits; ValueError says what is wrong and what is allowed."""
    limits: Limits = context.limits
    if data not in context.datasets:
        raise ValueError(f"no data set {data!r} here; there are: {', '.join(context.datasets)}")
    if schedule not in SCHEDULES:
        raise ValueError(f"no schedule {schedule!r}; there are: {', '.join(SCHEDULES)}")
    side = whole("Size", size, limits.sizes)
    if side % 4:
        raise ValueError(f"Size: {side} is not allowed; the network needs a multiple of 4")
    steps = whole("Steps", budget, limits.steps) if unit == "steps" else None
    seconds = number("Seconds", budget, limits.seconds) if unit != "steps" else None
    if limits.hosted:  # strangers' steps have a time limit too
        seconds = seconds or limits.seconds[1]
    return TrainConfig(
        data=data,
        size=side,
        schedule=schedule,
        network_options={"width": 48} if side <= 16 else {},
        steps=steps,
        seconds=seconds,
        seed=whole("Seed", seed, SEEDS),
    )


def build(context: Context, shared: Shared) -> None:
    """Layout, then wiring."""
    limits, titles = context.limits, {DATASETS[n].title: n for n in context.datasets}
    data0, size0, schedule0, unit0, budget0 = next(iter(PRESETS.values()))
    before = stored_run()
    with gr.Row(elem_classes="stage-row"):
        with gr.Column(elem_classes="stage"):
            with gr.Row(elem_classes="train-bar"):
                start = gr.Button(
                    f"Train for {budget0} s", variant="primary", elem_id="train-start", scale=0
                )
                stop = gr.Button("Stop", interactive=False, elem_id="train-stop", scale=0)
                state = gr.Markdown(
                    before.status, elem_id="train-status", elem_classes="status-line"
                )
            with gr.Row(elem_classes="train-stage"):
                with gr.Column(scale=3, min_width=280):
                    figure = loss_figure(before.steps, before.losses, before.smooth)
                    plot = PlotView(figure, elem_id="train-loss")
                with gr.Column(scale=2, min_width=240):
                    samples = Gallery(before.samples, elem_id="train-samples")
            with gr.Row(visible=False) as finished:
                mine = gr.State(None)  # the name of the model trained last
                race = gr.Button("Race it in Reverse", elem_id="train-race", scale=0)
                download = gr.DownloadButton("Download the model", scale=0)
            prose("train")
        with gr.Column(elem_classes="rail"):
            preset = gr.Radio(
                [name for name in PRESETS if allowed(PRESETS[name], limits)],
                value=next(iter(PRESETS)),
                label="Preset",
            )
            trouble = message()
            data = gr.Dropdown(
                [(title, name) for title, name in titles.items()], value=data0, label="Pictures"
            )
            size = gr.Number(size0, label="Size, pixels", precision=0, elem_id="train-size")
            schedule = gr.Dropdown(list(SCHEDULES), value=schedule0, label="Schedule")
            unit = gr.Radio(["seconds", "steps"], value=unit0, label="Budget in")
            budget = gr.Number(budget0, label="Budget", elem_id="train-budget")
            seed = seed_input(SEEDS, 0)

    settings = [data, size, schedule, unit, budget, seed]
    outputs = [state, plot, samples, start, stop, finished, download, trouble, shared.model, mine]

    def begin(request: gr.Request, *values: Any) -> Iterator[tuple[Any, ...]]:
        visitor = visitor_of(request)
        flag = StopFlag(visitor, "train")
        flag.start()
        idle = (gr.Button(interactive=True), gr.Button(interactive=False))
        kept = (gr.skip(), gr.skip())
        try:
            config = make_config(*values, context)
            context.prune()
            folder = context.runs(visitor)
            busy = "waiting for the device …" if context.device.busy else "starting …"
            yield (
                *(busy, gr.skip(), gr.skip()),
                *(gr.Button(interactive=False), gr.Button(interactive=True)),
                *(gr.Row(visible=False), gr.skip(), "", gr.skip(), gr.skip()),
            )
            for progress in context.device.run(
                train,
                config,
                context.root,
                context.device.device,
                folder,
                flag,
                seconds=config.seconds or 3600,
            ):
                drawn = loss_figure(progress.steps, progress.losses, progress.smooth)
                shown = gr.skip() if progress.samples is None else progress.samples
                if progress.saved is None:
                    yield progress.status, drawn, shown, *(gr.skip(),) * 7
                else:
                    path = folder / f"{progress.saved}.safetensors"
                    file = plot.publish(path.read_bytes(), path.name)
                    ready = (gr.Row(visible=True), gr.DownloadButton(value=file))
                    offered = gr.Dropdown(list(context.models(visitor)))
                    done = (*idle, *ready, "", offered, progress.saved)
                    yield progress.status, drawn, shown, *done
        except Exception as error:
            yield "not running", *kept, *idle, *kept, sentence(error), *kept
        finally:
            flag.stop()

    def ask_to_stop(request: gr.Request) -> None:
        StopFlag(visitor_of(request), "train").stop()

    def send(name: str | None, request: gr.Request) -> tuple[Any, Any]:
        found = list(context.models(visitor_of(request)))
        value = name if name in found else found[0]
        return gr.Dropdown(found, value=value), gr.Tabs(selected="reverse")

    def choose(name: str) -> tuple[Any, ...]:
        return PRESETS.get(name, PRESETS[next(iter(PRESETS))])

    def name_the_button(unit: str, budget: Any) -> Any:
        amount = f"{budget:g}" if isinstance(budget, (int, float)) else "…"
        return gr.Button(f"Train for {amount} {'s' if unit == 'seconds' else 'steps'}")

    preset.input(choose, preset, [data, size, schedule, unit, budget], **QUIET)
    gr.on([unit.change, budget.change], name_the_button, [unit, budget], start, **QUIET)
    start.click(begin, settings, outputs, **on_device(state))
    stop.click(ask_to_stop, None, None, **QUIET)
    race.click(send, mine, [shared.model, shared.tabs], **QUIET)


def allowed(preset: tuple[str, int, str, str, float], limits: Limits) -> bool:
    """Whether this place lets a visitor run a preset."""
    _, size, _, _, seconds = preset
    return size <= limits.sizes[1] and seconds <= limits.seconds[1]
