"""A picture of a shipped model belongs to its seed and place, whatever is computed beside it.

Convolutions round differently for batches of other sizes: measured, that moves no value of a
picture by more than 8e-6, after 50 steps as after 1,000. (All 1,000 are in test_pipelines.py.)
"""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor

from explorer.checkpoints import load
from explorer.diffusion import Denoiser
from explorer.race import Lane, ddim, pictures, race

MNIST = Path(__file__).parents[2] / "checkpoints" / "mnist.safetensors"
T, SHAPE, SEED, LABELS = 1000, (1, 28, 28), 7, [3, 8, 1, 0, 5]
LANES = [ddim(T, 20), ddim(T, 50, eta=1.0), ddim(T, 20, eta=0.5, spacing="quadratic")]
TOLERANCE = 1e-4

needs_cuda = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA GPU")


@pytest.fixture(scope="module")
def denoiser() -> Denoiser:
    return load(MNIST)[0]


def ends(denoiser: Denoiser, lanes: list[Lane], labels: list[int], first: int = 0) -> list[Tensor]:
    """The last frame of each lane of one race."""
    last = {
        entry.lane: entry.frame.x
        for entry in race(denoiser, lanes, SHAPE, seed=SEED, labels=labels, first=first)
    }
    return [last[i] for i in range(len(lanes))]


def same(a: Tensor, b: Tensor) -> None:
    torch.testing.assert_close(a, b, rtol=0, atol=TOLERANCE)


@pytest.mark.parametrize("lane", LANES)
def test_whatever_the_batch_and_the_number_of_pictures(lane: Lane, denoiser: Denoiser) -> None:
    whole = pictures(denoiser, lane, SHAPE, seed=SEED, labels=LABELS)
    for batch in (1, 2):
        same(pictures(denoiser, lane, SHAPE, seed=SEED, labels=LABELS, batch=batch), whole)
    same(pictures(denoiser, lane, SHAPE, seed=SEED, labels=LABELS[:3]), whole[:3])
    same(ends(denoiser, [lane], LABELS[3:], first=3)[0], whole[3:])
    apart = torch.cdist(whole.flatten(1), whole.flatten(1)) + 100 * torch.eye(len(whole))
    assert apart.min() > 5, "five different digits"


def test_another_class_seed_or_sampler_is_another_picture(denoiser: Denoiser) -> None:
    lane = LANES[0]
    one = pictures(denoiser, lane, SHAPE, seed=SEED, labels=[3])
    others = [
        pictures(denoiser, lane, SHAPE, seed=SEED, labels=[4]),
        pictures(denoiser, lane, SHAPE, seed=SEED + 1, labels=[3]),
        pictures(denoiser, LANES[1], SHAPE, seed=SEED, labels=[3]),
    ]
    assert all((other - one).abs().max() > 0.5 for other in others)


def test_whatever_the_other_lanes(denoiser: Denoiser) -> None:
    together = ends(denoiser, LANES, LABELS[:2])
    for lane, found in zip(LANES, together, strict=True):
        same(found, pictures(denoiser, lane, SHAPE, seed=SEED, labels=LABELS[:2]))


@needs_cuda
@pytest.mark.parametrize("lane", LANES[:2])
def test_whatever_the_device(lane: Lane, monkeypatch: pytest.MonkeyPatch) -> None:
    """In full float32: TF32 keeps three digits of every factor, and 50 steps carry them along."""
    monkeypatch.setattr(torch.backends.cudnn, "allow_tf32", False)
    monkeypatch.setattr(torch.backends.cuda.matmul, "allow_tf32", False)
    cpu, gpu = (
        pictures(load(MNIST, device)[0], lane, SHAPE, seed=SEED, labels=LABELS, device=device)
        for device in ("cpu", "cuda")
    )
    difference = (gpu.cpu() - cpu).abs()
    assert difference.max() < 1e-2 and difference.mean() < 1e-3
