"""What the topic on the autoencoder computes, and what it opens with."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from explorer.data.bundled import read_npz
from explorer.diffusion import picture_generators, sample
from explorer.diffusion.times import strided_times
from explorer.inference import shared
from explorer.networks.autoencoder import (
    SIDE,
    Autoencoder,
    add_noise,
    again_and_again,
    fresh,
    train,
)

STORED = Path(__file__).with_name("stored") / "autoencoder.npz"
FACTORS = tuple(round(0.1 * i, 1) for i in range(21))
"""The noise factors of the slider."""
UNSEEN, SHOWN = 100, 8
"""Digits kept from training, as many of each class; and how many of them are shown."""
NOISES, TIMES = 4, 5
"""Pictures of pure noise; how often the autoencoder is applied to them."""
DDIM_STEPS = 50
GLANCE = 20
"""While it trains its error is measured over so many of the unseen digits only."""
EVERY = 1.0
"""Seconds between what a training yields."""
GRAIN = 32
"""ε travels as int8 with steps of 1/32."""


@dataclass(frozen=True, eq=False)
class Digits:
    """The bundled digits as rows of 784 in [0, 1]."""

    seen: Tensor
    """(4900, 784), to train on."""
    unseen: Tensor
    """(100, 784), ten of each class; the first eight are shown."""
    eps: Tensor
    """(100, 784): the noise that goes with each of them, in whole steps of 1/GRAIN."""


@lru_cache(maxsize=1)
def digits() -> Digits:
    """Shared by all who ask: not to be changed."""
    images, _, classes = read_npz("mnist-5k")  # sorted by class
    rows = images.flatten(1).float() / 255
    per_class = len(rows) // len(classes)
    kept = torch.arange(UNSEEN // len(classes)) * 37 + 11  # spread within a class
    kept = (torch.arange(len(classes)) * per_class + kept[:, None]).flatten()
    seen = torch.ones(len(rows), dtype=torch.bool)
    seen[kept] = False
    eps = torch.stack([torch.randn(rows.shape[1], generator=g) for g in _noise(0, UNSEEN)])
    eps = (eps * GRAIN).round().clamp(-127, 127) / GRAIN
    return Digits(rows[seen], rows[kept], eps)


def _noise(seed: int, n: int) -> list[torch.Generator]:
    return picture_generators(seed, n)


@dataclass(frozen=True, eq=False)
class Training:
    """A training so far; all that is on the page."""

    steps: int
    seed: int
    losses: tuple[float, ...] = ()
    seconds: float = 0.0
    denoised: Tensor = field(default_factory=lambda: torch.empty(0))
    """(factors, shown, 784), uint8."""
    noisy_mse: tuple[float, ...] = ()
    """Noised against clean, for each of `FACTORS`."""
    denoised_mse: tuple[float, ...] = ()
    measured: int = UNSEEN
    """Over so many of the unseen digits."""
    running: bool = False
    weights: dict[str, Tensor] = field(default_factory=dict)
    """Half precision, once training has ended; not stored."""


@dataclass(frozen=True, eq=False)
class FromNoise:
    """Both ways from the same ε; pictures are uint8, (columns so far, noises, 28, 28)."""

    seed: int
    autoencoder: Tensor
    diffusion: Tensor | None = None
    times: tuple[int, ...] = ()
    """t of diffusion's columns, of all there will be."""
    steps: int = DDIM_STEPS
    model: str = ""
    seconds: tuple[float, float] = field(default=(0.0, 0.0))
    running: bool = False


@torch.inference_mode()
def judged(network: Autoencoder, training: Training, count: int = UNSEEN) -> Training:
    """With what the network makes of so many unseen digits at every noise factor."""
    device = network.device
    clean, eps = digits().unseen[:count], digits().eps[:count]
    noisy, after, shown = [], [], []
    for factor in FACTORS:
        x = add_noise(clean, eps, factor)
        y = network(x.to(device)).cpu()
        noisy.append((x - clean).square().mean().item())
        after.append((y - clean).square().mean().item())
        shown.append(as_bytes(y[:SHOWN]))
    return replace(
        training,
        denoised=torch.stack(shown),
        noisy_mse=tuple(noisy),
        denoised_mse=tuple(after),
        measured=count,
    )


def as_bytes(x: Tensor) -> Tensor:
    """[0, 1] -> uint8; what lies outside is cut off."""
    return (x.clamp(0, 1) * 255).round().to(torch.uint8).cpu()


def run_training(
    steps: int,
    seed: int,
    device: torch.device,
    stopped: Callable[[], bool],
    every: float = EVERY,
) -> Iterator[Training]:
    """Train and judge every so many seconds and at the end; what is stopped can be used, too."""
    network = fresh(seed).to(device)
    seen = digits().seen.to(device)
    losses: list[float] = []
    training = judged(network, Training(steps, seed, running=True), GLANCE)
    yield training
    begun, due = time.perf_counter(), every
    for loss in train(network, seen, steps, seed=seed):
        losses.append(loss)
        if time.perf_counter() - begun >= due:
            spent = time.perf_counter() - begun
            training = replace(training, losses=tuple(losses), seconds=round(spent, 1))
            training = judged(network, training, GLANCE)
            yield training
            due = time.perf_counter() - begun + every
        if stopped():
            break
    spent = time.perf_counter() - begun
    weights = {k: v.half().cpu() for k, v in network.state_dict().items()}
    network.load_state_dict(weights)  # what is kept is what is judged
    training = replace(training, losses=tuple(losses), seconds=round(spent, 1), running=False)
    yield replace(judged(network, training), weights=weights)


def run_from_noise(
    weights: dict[str, Tensor],
    seed: int,
    path: Path | None,
    device: torch.device,
    stopped: Callable[[], bool],
    steps: int = DDIM_STEPS,
) -> Iterator[FromNoise]:
    """The autoencoder applied to pure noise again and again; a diffusion model from the same ε.

    The autoencoder gets 0 + factor · ε, a digit's noising without a digit; the diffusion model
    gets ε itself, as x_T.
    """
    network = fresh(seed)
    network.load_state_dict(weights)
    noise = torch.zeros(NOISES, 1, SIDE, SIDE)
    for part, g in zip(noise, _noise(seed, NOISES), strict=True):
        part.normal_(generator=g)
    begun = time.perf_counter()
    pure = add_noise(torch.zeros(NOISES, SIDE**2), noise.flatten(1))
    states = again_and_again(network.to(device).eval(), pure.to(device), TIMES)
    once = round(time.perf_counter() - begun, 3)
    mine = as_bytes(states).unflatten(2, (SIDE, SIDE))
    found = FromNoise(seed, mine, seconds=(once, 0.0), running=path is not None)
    if path is None:
        yield found
        return
    denoiser, spec = shared(path, device)
    path_of_t = strided_times(spec.T, min(steps, spec.T))
    shown = [path_of_t[round(i * (len(path_of_t) - 1) / TIMES)] for i in range(TIMES + 1)]
    found = replace(found, times=tuple(shown), steps=len(path_of_t) - 1, model=path.stem)
    yield found
    pictures: list[Tensor] = []
    begun = time.perf_counter()
    for frame in sample(denoiser, denoiser.schedule, noise.to(device), path_of_t):
        if stopped():
            break
        if frame.t in shown:
            pictures.append(as_bytes((frame.x[:, 0] + 1) / 2))
            spent = round(time.perf_counter() - begun, 1)
            found = replace(found, diffusion=torch.stack(pictures), seconds=(once, spent))
            yield found
    yield replace(found, running=False)


def write(training: Training, walk: FromNoise, path: Path = STORED) -> None:
    """As one compressed file of arrays, the numbers as JSON; weights are not kept."""
    path.parent.mkdir(parents=True, exist_ok=True)
    arrays: dict[str, Any] = {"denoised": training.denoised, "autoencoder": walk.autoencoder}
    arrays["diffusion"] = walk.diffusion
    numbers = {
        "training": {
            name: [round(v, 6) for v in value] if isinstance(value, tuple) else value
            for name, value in vars(training).items()
            if name not in ("denoised", "weights")
        },
        "walk": {k: v for k, v in vars(walk).items() if k not in ("autoencoder", "diffusion")},
    }
    np.savez_compressed(path, numbers=np.array(json.dumps(numbers)), **arrays)


def read(path: Path = STORED) -> tuple[Training, FromNoise]:
    """What `write` stored."""
    with np.load(path, allow_pickle=False) as file:
        arrays: dict[str, Any] = {
            name: torch.from_numpy(file[name]) for name in file.files if name != "numbers"
        }
        numbers = json.loads(str(file["numbers"]))
    for values in numbers.values():
        values |= {k: tuple(v) for k, v in values.items() if isinstance(v, list)}
    training = Training(**numbers["training"], denoised=arrays.pop("denoised"))
    return training, FromNoise(**numbers["walk"], **arrays)


def make_stored(checkpoint: Path, steps: int = 400, seed: int = 7) -> tuple[Training, FromNoise]:
    """What the topic opens with, by the code that runs when a visitor asks."""
    cpu = torch.device("cpu")
    *_, training = run_training(steps, seed, cpu, lambda: False)
    *_, walk = run_from_noise(training.weights, seed, checkpoint, cpu, lambda: False)
    return training, walk
