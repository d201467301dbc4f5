"""Denoising before diffusion: an autoencoder trained at one noise level, live."""

from __future__ import annotations

from typing import Any

import gradio as gr
import torch

from explorer.gui.frame.agree import Agreement
from explorer.gui.frame.bar import job_bar
from explorer.gui.frame.call import Call
from explorer.gui.frame.context import Context
from explorer.gui.frame.jobs import Jobs, Steps
from explorer.gui.frame.limits import SEEDS, whole
from explorer.gui.frame.shared import Changes, Shared, message, prose, seed_input, what_to_look_at
from explorer.gui.frame.spoken import counted
from explorer.gui.lectures.autoencoder.figure import factor_figure, loss_figure
from explorer.gui.lectures.autoencoder.noise_rows import Denoising, NoiseRows
from explorer.gui.lectures.autoencoder.script import autoencoder_texts
from explorer.gui.lectures.autoencoder.words import again_and_again_words
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
from explorer.gui.parts.copy_text import CopyText
from explorer.gui.parts.plot_view import PlotView
from explorer.gui.parts.tiles import Block, Tiles
from explorer.networks.autoencoder import FACTOR, SIDE

ID, TITLE = "autoencoder", "Denoising before diffusion"
SUMMARY = "An autoencoder trained at one noise level: why it denoises and cannot generate"
FROM = ("sutd",)
DO = "Drag the noise factor, train the autoencoder, start it from pure noise."
MODEL, STEPS = "mnist", 400
"""The diffusion model beside it; how long it is trained at first."""


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
    heads = [("noise", f"{FACTOR} ε"), *((f"{k}×", "") for k in range(1, TIMES + 1))]
    mine = Block(
        "The autoencoder, applied to its own output",
        tuple(heads),
        tuple(walk.autoencoder[:, :, None]),
        NOISES,
    )
    if not walk.times:
        return (mine,)
    ends = {walk.times[0]: "noise, ε", 0: "image"}
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
    least = FACTORS[training.denoised_mse.index(min(training.denoised_mse))]
    mse += f", least at {least:g}" if done else ""
    took = f" in {training.seconds:.1f} s" if done and timed else ""
    of = f"{done} of {counted(training.steps, 'step')}"
    return f"{of}, seed {training.seed}{took} · noise {FACTOR}: {mse}"


def build(context: Context, shared: Shared) -> None:
    """Layout, then wiring."""
    limits, (training, walk) = context.limits, read()
    with gr.Row(elem_classes="stage-row"):
        with gr.Column(elem_classes="stage"):
            what_to_look_at(__file__)
            said = f"Stored: {status(training, timed=False)}"
            names = ("run", "stop", "state")
            run, stop, state = job_bar(ID, "Train the autoencoder", said, names, variant="primary")
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
            passes = gr.Markdown(
                again_and_again_words(walk),
                elem_id="autoencoder-passes",
                elem_classes="status-line",
            )
            begun = autoencoder_texts(training.steps, training.seed)
            script = CopyText(begun, elem_id="autoencoder-copy")
            prose(__file__)
        with gr.Column(elem_classes="rail"):
            steps = gr.Slider(
                *limits.autoencoder_steps,
                value=STEPS,
                step=50,
                label="Steps of training",
                elem_id="autoencoder-steps",
            )
            seed = seed_input(SEEDS)
            trouble = message()
    weights = gr.State(None)  # of the visitor's own network; the stored one's are not kept

    def walk_on(call: Call, kept: dict[str, Any], seed: int) -> Steps:
        path, spec = context.models("").get(MODEL, (None, None))
        fits = spec is not None and (spec.channels, spec.size) == (1, SIDE)
        for walk in call.run(run_from_noise, kept, seed, path if fits else None):
            done = 0 if walk.diffusion is None else len(walk.diffusion)
            at = f" · diffusion: t = {walk.times[done - 1]}" if done else ""
            took = f", {walk.seconds[1]:.1f} s" if done else ""
            made = noise_agreement.made_with(seed)
            changes: Changes = {tiles: blocks_of(walk), progress: f"seed {seed}{at}{took}"}
            yield changes | {passes: again_and_again_words(walk)} | made

    def asked(visitor: str, steps: Any, seed: Any) -> tuple[int, int]:
        """Steps and seed."""
        return whole("Steps", steps, limits.autoencoder_steps), whole("Seed", seed, SEEDS)

    def asked_noise(visitor: str, seed: Any) -> int:
        return whole("Seed", seed, SEEDS)

    told: dict[str, Any] = {"trouble": trouble}
    agreement = Agreement(
        *(context, shared.address),
        fields=[steps, seed],
        read=asked,
        state=state,
        result=rows,
        **told,
    )
    noise_agreement = Agreement(
        *(context, shared.address),
        fields=[seed],
        read=asked_noise,
        state=progress,
        result=tiles,
        **told,
    )

    def begin(call: Call, *values: Any) -> Steps:
        steps, seed = asked(call.visitor, *values)
        yield {script: autoencoder_texts(steps, seed)}
        for training in call.run(run_training, steps, seed):
            loss, factors = figures_of(training)
            changes: Changes = {rows: rows_of(training), state: status(training)}
            yield changes | {loss_plot: loss, factor_plot: factors}
        yield {weights: training.weights}
        if not call.flag():  # else the pictures stay as they are
            yield from walk_on(call, training.weights, seed)

    def new_noise(call: Call, kept: Any, seed: Any) -> Steps:
        seed = whole("Seed", seed, SEEDS)
        if not kept:
            raise ValueError(
                "Train the autoencoder first: for the stored one only its images are kept."
            )
        yield {}
        yield from walk_on(call, kept, seed)

    shared.address.field("lectures.autoencoder.steps", steps)
    shared.address.field("lectures.autoencoder.seed", seed)
    idle = [run, again]
    training_jobs = Jobs(
        context, ID, state=state, idle=idle, stop=stop, agreement=agreement, **told
    )
    noise_jobs = Jobs(
        *(context, ID),
        state=progress,
        idle=idle,
        busy=[stop],
        agreement=noise_agreement,
        **told,
    )
    drawn = [rows, loss_plot, factor_plot, tiles, passes]
    outputs = [*drawn, progress, weights, script, noise_agreement.line]
    training_jobs.wire(run.click, begin, [steps, seed], outputs)
    noise_jobs.wire(again.click, new_noise, [weights, seed], [tiles, passes])
