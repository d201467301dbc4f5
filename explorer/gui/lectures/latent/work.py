"""Latent diffusion: a diffusion model of an autoencoder's codes, and what decoding costs."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import torch
from torch import Tensor

from explorer.data import from_tensor
from explorer.gui.lectures.generative.work import with_weights
from explorer.inference import prepare, shared
from explorer.networks.latent import LatentAutoencoder
from explorer.race import ddim, race

STORED = Path(__file__).with_name("stored")
NUMBERS = STORED / "latent.json"
DIFFUSION = STORED / "latent.safetensors"
"""A model of codes, read as a model of images is."""
SHOWN = 16
MOST_STEPS = 100
"""Of DDIM, live."""
EVERY = 0.5
"""Seconds between two looks."""


@dataclass(frozen=True, eq=False)
class Decoded:
    """Images so far: the codes on their way, decoded."""

    seed: int
    steps: int
    t: int
    """Of the codes; 0 at the end."""
    images: Tensor
    """(n, 1, 28, 28), uint8: the decoded x̂_0, at the end the decoded code."""
    codes: Tensor
    """(n, 3, 8, 8), uint8."""
    seconds: float
    decoding: float
    """Of these, for the decoder at the end."""


@cache
def autoencoder() -> LatentAutoencoder:
    """As it is stored, on the CPU, ready to be called."""
    return with_weights(LatentAutoencoder(), STORED / "autoencoder.safetensors")


@torch.inference_mode()
def decode(codes: Tensor) -> Tensor:
    """Images (n, 1, 28, 28) of codes (n, 3, 8, 8), both in [−1, 1], on the CPU."""
    return autoencoder().decode(codes.float().cpu().clamp(-1, 1))


def run_latent(
    seed: int,
    steps: int,
    device: torch.device,
    stopped: Callable[[], bool],
    n: int = SHOWN,
) -> Iterator[Decoded]:
    """DDIM among codes; x̂_0 is decoded twice a second, and the code that it ends with.

    If it is stopped, it ends with what it has yielded.
    """
    denoiser, spec = shared(DIFFUSION, device)
    ready = replace(denoiser, network=prepare(denoiser.network, device))
    lane = ddim(spec.T, min(steps, spec.T))
    shape = (spec.channels, spec.size, spec.size)
    begun, looked, looks = time.perf_counter(), 0.0, 0.0  # all seconds
    for entry in race(ready, [lane], shape, seed=seed, n=n, device=device):
        frame, now = entry.frame, time.perf_counter() - begun
        if frame.t and stopped():
            return
        if frame.t and (frame.x0 is None or now - looked < EVERY):
            continue
        images = from_tensor(decode(frame.x0 if frame.t and frame.x0 is not None else frame.x))
        decoding = time.perf_counter() - begun - now
        codes = from_tensor(frame.x.cpu())
        took = now - looks + (0.0 if frame.t else decoding)
        yield Decoded(seed, len(lane.times) - 1, frame.t, images, codes, took, decoding)
        looked = time.perf_counter() - begun
        looks += looked - now
