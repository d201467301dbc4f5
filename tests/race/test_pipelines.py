"""Shipped models against diffusers' own pipelines: the same noise ends in the same pictures.

Their schedulers, step by step and without a trained network, are in diffusion/test_sampler.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import diffusers
import numpy as np
import pytest
import torch
from diffusers.configuration_utils import register_to_config
from torch import Tensor

from explorer.checkpoints import Spec, load
from explorer.diffusion import Denoiser, Schedule, picture_generators
from explorer.race import Lane, ddim, ddpm, pictures, race

CHECKPOINTS = Path(__file__).parents[2] / "checkpoints"
SEED, LABELS, SHAPE = 7, [3, 8], (1, 28, 28)
BETA_SCHEDULES = {"linear": "linear", "cosine": "squaredcos_cap_v2"}
VARIANCES = {"fixed_small": "posterior", "fixed_large": "beta"}
TOLERANCE = 1e-4
"""Of every value in [−1, 1]. Measured: DDIM 2e-5, DDPM 1e-7."""


class PeersNetwork(diffusers.ModelMixin, diffusers.ConfigMixin):
    """Our network as a pipeline asks for one: its times count from 0, the classes are fixed."""

    @register_to_config
    def __init__(self, sample_size: int, in_channels: int) -> None:
        super().__init__()

    def forward(self, x: Tensor, index: Tensor) -> Any:
        t = (index + 1).expand(len(x))
        return SimpleNamespace(sample=self.network(x, t, torch.tensor(self.labels)))


def peers_network(denoiser: Denoiser, spec: Spec, labels: Sequence[int] = LABELS) -> PeersNetwork:
    network = PeersNetwork(sample_size=spec.size, in_channels=spec.channels)
    network.network, network.labels = denoiser.network, labels
    return network


def settings(schedule: Schedule) -> dict[str, Any]:
    return {
        "num_train_timesteps": schedule.T,
        "beta_start": 1e-4,
        "beta_end": 0.02,
        "beta_schedule": BETA_SCHEDULES[schedule.name],
        "prediction_type": "v_prediction",
        "clip_sample": True,
    }


def in_float64(scheduler: Any, schedule: Schedule, steps: int) -> tuple[int, ...]:
    """Gives the scheduler tables in float64 and its grid; its grid as our times, T to 0.

    1 − ᾱ of the cosine's first steps keeps three digits in float32: over 1,000 steps that alone
    moves the pictures by 2.9e-4 (the linear schedule's by 2.8e-5).
    """
    np.testing.assert_allclose(scheduler.betas, schedule.betas, rtol=1e-3)
    scheduler.betas = schedule.betas
    scheduler.alphas = 1 - scheduler.betas
    scheduler.alphas_cumprod = scheduler.alphas.cumprod(0)
    scheduler.set_timesteps(steps)
    return (*(int(i) + 1 for i in scheduler.timesteps), 0)


def theirs(pipeline: Any, steps: int, first: int = 0, **options: Any) -> Tensor:
    """Their pictures, (n, C, H, W); x_T and each step's noise from one generator a picture."""
    pipeline.set_progress_bar_config(disable=True)
    count = len(pipeline.unet.labels)
    images = pipeline(
        batch_size=count,
        generator=picture_generators(SEED, count, first=first),
        num_inference_steps=steps,
        output_type="np",  # (B, H, W, C) in [0, 1]
        **options,
    ).images
    return torch.from_numpy(2 * images - 1).permute(0, 3, 1, 2)


def same(ours: Tensor, others: Tensor) -> None:
    assert ours.std() > 0.3, "digits, nothing grey"
    torch.testing.assert_close(ours, others, rtol=0, atol=TOLERANCE)


def compare(denoiser: Denoiser, spec: Spec, lane: Lane, pipeline: Any, **options: Any) -> None:
    shape = (spec.channels, spec.size, spec.size)
    ours = pictures(denoiser, lane, shape, seed=SEED, labels=LABELS)
    same(ours, theirs(pipeline, lane.evaluations, **options))


@pytest.fixture(scope="module", params=["mnist", "mnist-linear"])
def model(request: pytest.FixtureRequest) -> tuple[Denoiser, Spec]:
    return load(CHECKPOINTS / f"{request.param}.safetensors")


@pytest.mark.parametrize(
    ("spacing", "eta"), [("leading", 0.0), ("trailing", 0.0), ("leading", 0.5)]
)
def test_ddim_of_50_steps(model: tuple[Denoiser, Spec], spacing: str, eta: float) -> None:
    """Not "linspace": there a step of theirs ends beside the time where the next one begins."""
    denoiser, spec = model
    schedule = denoiser.schedule
    scheduler = diffusers.DDIMScheduler(timestep_spacing=spacing, **settings(schedule))
    pipeline = diffusers.DDIMPipeline(peers_network(denoiser, spec), scheduler)
    times = in_float64(pipeline.scheduler, schedule, 50)
    if spacing == "trailing":
        assert times == ddim(schedule.T, 50).times  # our own grid
    # ε from the clipped x̂_0, as ours; it is not their default
    options = {"eta": eta, "use_clipped_model_output": True}
    compare(denoiser, spec, Lane("ddim", times, {"eta": eta}), pipeline, **options)


@pytest.mark.parametrize("kind", VARIANCES)
def test_ddpm_of_50_steps(model: tuple[Denoiser, Spec], kind: str) -> None:
    denoiser, spec = model
    pipeline, times = ddpm_pipeline(denoiser, spec, kind, 50, "linspace")
    compare(denoiser, spec, Lane("ddpm", times, {"variance": VARIANCES[kind]}), pipeline)


@pytest.fixture(scope="module")
def beside() -> dict[str, Tensor]:
    """What DDPM of 1,000 steps ends in, of each variance: in one race, and DDIM is in it too."""
    denoiser, spec = load(CHECKPOINTS / "mnist.safetensors")
    lanes = [*(ddpm(spec.T, variance=variance) for variance in VARIANCES.values())]
    entries = race(denoiser, [*lanes, ddim(spec.T, 50)], SHAPE, seed=SEED, labels=LABELS)
    ends = {entry.lane: entry.frame.x for entry in entries}
    return {kind: ends[i] for i, kind in enumerate(VARIANCES)}


@pytest.mark.parametrize(("kind", "i"), [("fixed_small", 0), ("fixed_large", 1)])
def test_all_1000_steps_of_ddpm(kind: str, i: int, beside: dict[str, Tensor]) -> None:
    """Their picture is made alone."""
    denoiser, spec = load(CHECKPOINTS / "mnist.safetensors")
    labels = LABELS[i : i + 1]
    pipeline, times = ddpm_pipeline(denoiser, spec, kind, 1000, "leading", labels)
    assert times == ddpm(spec.T, variance=VARIANCES[kind]).times
    same(beside[kind][i : i + 1], theirs(pipeline, spec.T, first=i))


def test_all_1000_steps_whatever_runs_beside_them(beside: dict[str, Tensor]) -> None:
    """A picture belongs to its seed and place; see test_one_seed_one_picture.py."""
    denoiser, spec = load(CHECKPOINTS / "mnist.safetensors")
    same(beside["fixed_small"][:1], pictures(denoiser, ddpm(spec.T), SHAPE, seed=SEED, labels=[3]))


def ddpm_pipeline(
    denoiser: Denoiser,
    spec: Spec,
    kind: str,
    steps: int,
    spacing: str,
    labels: Sequence[int] = LABELS,
) -> tuple[Any, tuple[int, ...]]:
    """Theirs, and its times."""
    schedule = denoiser.schedule
    scheduler = diffusers.DDPMScheduler(
        variance_type=kind, timestep_spacing=spacing, **settings(schedule)
    )
    pipeline = diffusers.DDPMPipeline(peers_network(denoiser, spec, labels), scheduler)
    return pipeline, in_float64(pipeline.scheduler, schedule, steps)
