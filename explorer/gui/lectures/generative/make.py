"""Make what the topic on generative models shows: train two, measure four.

DIFFUSION_EXPLORER_DATA names the folder of MNIST's files. What was trained and drawn is kept in
scratch/generative, and what is there is not made again: half an hour of one core in all.
"""

from __future__ import annotations

import re
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import torch

from explorer.checkpoints import load as load_model
from explorer.checkpoints import read_header, write_tensors
from explorer.data import load, to_tensor
from explorer.figures.pictures import grid
from explorer.gui.lectures.generative.measure import (
    PIXEL,
    SEED,
    WORK,
    Made,
    Measure,
    N,
    drawn_at_once,
    kept,
    walked,
    weights_in,
)
from explorer.gui.lectures.generative.records import Measured, write
from explorer.gui.lectures.generative.words import about, findings, table
from explorer.gui.lectures.generative.work import NUMBERS, SHOWN, STEPS, STORED, decoder, draw
from explorer.networks import gan, vae
from explorer.networks.layers import Placed
from explorer.race import Lane, ddim, ddpm

VAE_STEPS, GAN_STEPS = 2400, 1600


def make_generative(n: int | str = N) -> None:
    """Train, draw n images of each way, measure them, and write what the topic opens with."""
    n = int(n)
    torch.set_num_threads(1)  # seconds are of one core
    STORED.mkdir(exist_ok=True)
    made: dict[str, Made] = {}
    ways: dict[str, Measured] = {}
    measure = Measure(n)
    for name, train in (("vae", train_vae), ("gan", train_gan)):
        path = train()
        shutil.copyfile(path, STORED / f"{name}.safetensors")
        made[name] = kept(name, partial(drawn_at_once, partial(draw, name, SEED), n))
        title = {"vae": "VAE", "gan": "GAN"}[name]
        network = decoder(name)
        makes = network.decoder if isinstance(network, vae.VAE) else network
        weights = sum(p.numel() for p in makes.parameters())
        ways[name] = measure.of(made[name], title, weights, 1, seconds_in(path))
    ways |= pixel_ways(measure, made)
    found = measure.compared(ways)
    write(found, NUMBERS)
    for name, images in made.items():
        save_sheet(images, STORED / f"{name}.png")
    print(*(" | ".join(line) for line in table(found)), about(found), *findings(found), sep="\n")


def pixel_ways(measure: Measure, made: dict[str, Made]) -> dict[str, Measured]:
    """The shipped diffusion model by DDPM and by DDIM; their images come into `made`."""
    denoiser, spec = load_model(PIXEL)
    found: dict[str, Measured] = {}
    shape = (spec.channels, spec.size, spec.size)
    told = re.search(r"(\d+) cores", str(spec.training.get("hardware")))
    cores = int(told[1]) if told else 1
    lanes: dict[str, Lane] = {"ddpm": ddpm(spec.T), "ddim": ddim(spec.T, STEPS)}
    for name, lane in lanes.items():
        made[name] = kept(name, partial(walked, denoiser, lane, shape, measure.n))
        title = f"{lane.name}, {lane.evaluations:,} steps"
        way = measure.of(made[name], title, weights_in(PIXEL), lane.evaluations)
        found[name] = replace(way, trained=spec.training["seconds"], cores=cores)
    return found


def save_sheet(made: Made, path: Path) -> None:
    """The first images as they are shown."""
    sheet = grid(to_tensor(made.images[:SHOWN])).convert(
        "L" if made.images.shape[1] == 1 else "RGB"
    )
    sheet.save(path, optimize=True)


def seconds_in(path: Path) -> float:
    """Of one core, that a training took."""
    return float(read_header(path)["seconds"])


def trained(
    name: str, network: Placed, learn: Callable[[torch.Tensor], Iterator[Any]], folder: Path = WORK
) -> Path:
    """Its weights in half precision, with the seconds of one core that it took, in a file."""
    path = folder / f"{name}.safetensors"
    if path.is_file():
        return path
    images, begun = load("mnist", size=28).images, time.thread_time()
    for step, loss in enumerate(learn(images), start=1):
        if step % 200 == 0:
            print(name, step, loss, f"{time.thread_time() - begun:.0f} s", flush=True)
    seconds = time.thread_time() - begun
    halves = {
        key: value.half() if value.is_floating_point() else value
        for key, value in network.state_dict().items()
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    return write_tensors(path, halves, {"seconds": f"{seconds:.1f}", "steps": str(step)})


def train_vae() -> Path:
    torch.manual_seed(SEED)
    network = vae.VAE()
    return trained("vae", network, lambda x: vae.train(network, x, VAE_STEPS, seed=SEED))


def train_gan() -> Path:
    torch.manual_seed(SEED)
    generator, discriminator = gan.Generator(), gan.Discriminator()

    def learn(x: torch.Tensor) -> Iterator[Any]:
        return gan.train(generator, discriminator, x, GAN_STEPS, seed=SEED)

    return trained("gan", generator, learn)
