"""Denoising before diffusion: an autoencoder trained at one noise level, live."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import gradio as gr
import torch

from explorer.gui.frame.context import Context
from explorer.gui.frame.device import StopFlag
from explorer.gui.frame.jobs import patience, patient, waiting
from explorer.gui.frame.limits import SEEDS, Limits, whole
from explorer.gui.frame.shared import (
    QUIET,
    Shared,
    message,
    on_device,
    prose,
    seed_input,
    sentence,
    visitor_of,
)
from explorer.gui.lectures.autoencoder.figure import factor_figure, loss_figure
from explorer.gui.lectures.autoencoder.noise_rows import Denoising, NoiseRows
from explorer.gui.lectures.autoencoder.work import (
    FACTORS,
    GRAIN,
    NOISES,
    SHOWN,
    TIMES,
    FromNoise,
    Training,
    as_bytes,
    digits,
    read,
    run_from_noise,
    run_training,
)
from explorer.gui.parts.plot_view import PlotView
from explorer.gui.parts.tiles import Block, Tiles
from explorer.networks.autoencoder import FACTOR, SIDE

ID, TITLE = "autoencoder", "Denoising before diffusion"
SUMMARY = "An autoencoder trained at one noise level: why it denoises and cannot generate"
MODEL, STEPS = "mnist", 400
"""The diffusion model beside it; how long it is trained at first."""


def step_bounds(limits: Limits) -> tuple[int, int]:
    """How many steps a visitor may ask for."""
    return (50, 600) if limits.hosted else (50, 2000)


def rows_of(training: Training) -> NoiseRows:
    """What the slider of the noise factor shows."""
    known = digits()
    return NoiseRows(
        as_bytes(known.unseen[:SHOWN]).unflatten(1, (SIDE, SIDE)),
        (known.eps[:SHOWN] * GRAIN).to(torch.int8).unflatten(1, (SIDE, SIDE)),
        GRAIN,
        FACTORS,
        FACTOR,
        training.denoised.unflatten(2, (SIDE, SIDE)),
        training.noisy_mse,
        training.denoised_mse,
        training.measured,
    )


def blocks_of(walk: FromNoise) -> tuple[Block, ...]:
    """Both ways from noise, beside each other."""
    heads = [("noise", "ε, clamped"), *((f"{k}×", "") for k in range(1, TIMES + 1))]
    mine = Block(
        "The autoencoder, applied to its own output",
        tuple(heads),
        tuple(walk.autoencoder[:, :, None]),
        NOISES,
    )
    if not walk.times:
        return (mine,)
    ends = {walk.times[0]: "noise, ε", 0: "picture"}
    theirs = Block(
        f"Diffusion from the same ε: {walk.model}, {walk.steps} DDIM steps",
        tuple((f"t = {t}", ends.get(t, "")) for t in walk.times),
        () if walk.diffusion is None else tuple(walk.diffusion[:, :, None]),
        NOISES,
    )
    return mine, theirs


def figures_of(training: Training) -> tuple[Any, Any]:
    """The loss, and the error against the noise factor."""
    return (
        loss_figure(training.losses, training.steps),
        factor_figure(FACTORS, training.noisy_mse, training.denoised_mse, FACTOR),
    )


def status(training: Training, timed: bool = True) -> str:
    """How far it is, and how good; how long a stored one took says nothing of this machine."""
    at = FACTORS.index(FACTOR)
    done = len(training.losses)
    mse = f"MSE {training.noisy_mse[at]:.4f} → {training.denoised_mse[at]:.4f}"
    took = f" in {training.seconds:.1f} s" if done and timed else ""
    return f"{done} of {training.steps} steps{took} · noise {FACTOR}: {mse}"


def build(context: Context, shared: Shared) -> None:
    """Layout, then wiring."""
    limits, (training, walk) = context.limits, read()
    bounds = step_bounds(limits)
    with gr.Row(elem_classes="stage-row"):
        with gr.Column(elem_classes="stage"):
            with gr.Row(elem_classes="train-bar"):
                run = gr.Button("Train it", variant="primary", elem_id="autoencoder-run", scale=0)
                stop = gr.Button("Stop", interactive=False, elem_id="autoencoder-stop", scale=0)
                state = gr.Markdown(
                    f"Stored: {status(training, timed=False)}",
                    elem_id="autoencoder-state",
                    elem_classes="status-line",
                )
            rows = Denoising(rows_of(training), elem_id="autoencoder-rows")
            loss, factors = figures_of(training)
            with gr.Row(equal_height=False):
                with gr.Column(min_width=320):
                    loss_plot = PlotView(loss, elem_id="autoencoder-loss")
                with gr.Column(min_width=320):
                    factor_plot = PlotView(factors, elem_id="autoencoder-factors")
            gr.Markdown("### From pure noise", elem_classes="stage-title")
            with gr.Row(elem_classes="train-bar"):
                again = gr.Button("Start from this seed", elem_id="autoencoder-noise-run", scale=0)
                progress = gr.Markdown(
                    f"Stored: seed {walk.seed}",
                    elem_id="autoencoder-progress",
                    elem_classes="status-line",
                )
            tiles = Tiles(blocks_of(walk), elem_id="autoencoder-walks")
            prose(__file__)
        with gr.Column(elem_classes="rail"):
            steps = gr.Slider(
                *bounds,
                value=STEPS,
                step=50,
                label="Steps of training",
                elem_id="autoencoder-steps",
            )
            seed = seed_input(SEEDS)
            trouble = message()
    weights = gr.State(None)  # of the visitor's own network; the stored one's are not kept

    outputs = [rows, loss_plot, factor_plot, state, tiles, progress, trouble, weights]
    outputs += [run, stop, again]

    def answer(changes: dict[Any, Any], busy: bool) -> tuple[Any, ...]:
        """The outputs, all but the changes left as they are."""
        pressable = {run: not busy, stop: busy, again: not busy}
        changes = changes | {b: gr.Button(interactive=on) for b, on in pressable.items()}
        return tuple(changes.get(output, gr.skip()) for output in outputs)

    def walk_on(kept: dict[str, Any], seed: int, flag: StopFlag) -> Iterator[tuple[Any, ...]]:
        path, spec = context.models("").get(MODEL, (None, None))
        fits = spec is not None and (spec.channels, spec.size) == (1, SIDE)
        device, seconds = context.device, patience(context)
        arguments = (kept, seed, path if fits else None, device.device, patient(flag, seconds))
        for walk in device.run(run_from_noise, *arguments, seconds=seconds or 60):
            shown = 0 if walk.diffusion is None else len(walk.diffusion)
            at = f" · diffusion: t = {walk.times[shown - 1]}" if shown else ""
            took = f", {walk.seconds[1]:.1f} s" if shown else ""
            said = f"seed {seed}{at}{took}"
            yield answer({tiles: blocks_of(walk), progress: said}, True)

    def begin(request: gr.Request, steps: Any, seed: Any) -> Iterator[tuple[Any, ...]]:
        flag = StopFlag(visitor_of(request), ID)
        flag.start()
        try:
            steps, seed = whole("Steps", steps, bounds), whole("Seed", seed, SEEDS)
            yield answer({state: waiting(context), trouble: ""}, True)
            device, seconds = context.device, patience(context)
            arguments = (steps, seed, device.device, patient(flag, seconds))
            for training in device.run(run_training, *arguments, seconds=seconds or 60):
                loss, factors = figures_of(training)
                shown = {rows: rows_of(training), loss_plot: loss, factor_plot: factors}
                yield answer({**shown, state: status(training)}, True)
            yield answer({weights: training.weights}, True)
            if not flag():  # else the pictures stay as they are
                yield from walk_on(training.weights, seed, flag)
            yield answer({}, False)
        except Exception as error:
            yield answer({state: "not running", trouble: sentence(error)}, False)
        finally:
            flag.stop()

    def new_noise(request: gr.Request, kept: Any, seed: Any) -> Iterator[tuple[Any, ...]]:
        flag = StopFlag(visitor_of(request), ID)
        flag.start()
        try:
            seed = whole("Seed", seed, SEEDS)
            if not kept:
                raise ValueError(
                    "Train it first: of the stored autoencoder only the pictures are kept."
                )
            yield answer({progress: waiting(context), trouble: ""}, True)
            yield from walk_on(kept, seed, flag)
            yield answer({}, False)
        except Exception as error:
            yield answer({trouble: sentence(error)}, False)
        finally:
            flag.stop()

    def ask_to_stop(request: gr.Request) -> None:
        StopFlag(visitor_of(request), ID).stop()

    run.click(begin, [steps, seed], outputs, **on_device(state))
    again.click(new_noise, [weights, seed], outputs, **on_device(progress))
    stop.click(ask_to_stop, None, None, **QUIET)
