"""A training run as the page watches it: loss and samples now and then, the model at the end."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import torch
from PIL import Image

from explorer.data import load
from explorer.figures.pictures import grid
from explorer.race import choose_labels, ddim, pictures
from explorer.training import Run, TrainConfig, TrainStep, fit

SHOW_EVERY = 0.4
"""Seconds between two looks at the loss."""
SAMPLE_EVERY = 4.0
"""Seconds between two looks at the samples, more if they take long."""
SAMPLES = 16


@dataclass
class Progress:
    """What a run has shown so far; yielded again and again while it grows."""

    steps: list[int] = field(default_factory=list)
    losses: list[float] = field(default_factory=list)
    smooth: list[float] = field(default_factory=list)
    status: str = ""
    samples: tuple[Image.Image, str] | None = None
    """The newest samples and their caption; None if they have not changed."""
    saved: str | None = None
    """The finished model's name."""


def train(
    config: TrainConfig,
    root: Path | None,
    device: torch.device,
    folder: Path,
    stopped: Callable[[], bool],
) -> Iterator[Progress]:
    """Train, look and save: yields a growing `Progress`, at the end one with `saved`.

    The model is saved whatever ends the run: its budget, `stopped`, a closed page or a failure
    (then as it stood at the last good step).
    """
    progress = Progress(status="reading the pictures …")
    yield progress
    run = Run(config, load(config.data, root=root), device)
    path = free_path(folder, f"{config.data}-{config.size}-{config.schedule}")
    try:
        yield from watch(run, progress, stopped)
    finally:
        if run.step:
            run.save(path, command="Train tab")
    progress.status = (
        f"**{path.stem}** saved: {run.step} steps in {run.seconds:.0f} s, "
        f"loss {run.smooth_loss:.3f}"
    )
    progress.saved = path.stem
    yield progress


def watch(run: Run, progress: Progress, stopped: Callable[[], bool]) -> Iterator[Progress]:
    """Run `fit`; note every step, and show loss and samples now and then."""
    progress.samples = look(run)
    shown = sampled = time.perf_counter()
    pause = SAMPLE_EVERY
    yield progress
    for step in fit(run):
        progress.steps.append(step.step)
        progress.losses.append(step.loss)
        progress.smooth.append(step.smooth_loss)
        now = time.perf_counter()
        if now - shown < SHOW_EVERY:
            continue
        progress.status = status(step)
        progress.samples = None
        if now - sampled > pause:
            progress.samples = look(run)
            sampled = time.perf_counter()
            pause = max(SAMPLE_EVERY, 10 * (sampled - now))
        yield progress
        shown = time.perf_counter()
        if stopped():
            break
    progress.samples = look(run)


def look(run: Run) -> tuple[Image.Image, str]:
    """Samples of the averaged weights from one fixed noise, the classes in turn; DDIM-20."""
    labels = choose_labels(run.classes, SAMPLES)
    size = run.config.size
    lane = ddim(run.config.T, min(20, run.config.T))
    shape = (run.data.channels, size, size)
    x = pictures(run.denoiser(), lane, shape, seed=0, labels=labels, n=SAMPLES, device=run.device)
    caption = f"after {run.step} steps: 16 pictures from one fixed noise (DDIM, 20 steps)"
    return grid(x, columns=4, gap=1), caption


def status(step: TrainStep) -> str:
    """ "step 412 · 426 images/s · 38 s left"."""
    return (
        f"step {step.step} · loss {step.smooth_loss:.3f} · "
        f"{step.images_per_second:.0f} images/s · {step.seconds_left:.0f} s left"
    )


def free_path(folder: Path, name: str) -> Path:
    """name.safetensors in the folder, or name-2, name-3, … if it is taken."""
    number, path = 1, folder / f"{name}.safetensors"
    while path.exists():
        number += 1
        path = folder / f"{name}-{number}.safetensors"
    return path
