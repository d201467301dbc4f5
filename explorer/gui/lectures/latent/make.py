"""Make what the topic on latent diffusion shows: train its two stages, measure it.

DIFFUSION_EXPLORER_DATA names the folder of MNIST's files. What was trained and drawn is kept in
scratch/generative, and what is there is not made again. The pixel model's numbers are those of the
topic on generative models, which is made before.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import torch
from safetensors.torch import load_file

from explorer.checkpoints import load as load_model
from explorer.checkpoints import save
from explorer.data import from_tensor, load, to_tensor
from explorer.gui.lectures.generative.make import save_sheet, seconds_in, trained
from explorer.gui.lectures.generative.measure import (
    SEED,
    WORK,
    Made,
    Measure,
    kept,
    walked,
    weights_in,
)
from explorer.gui.lectures.generative.records import Measured, read, write
from explorer.gui.lectures.generative.work import NUMBERS as GENERATIVE
from explorer.gui.lectures.generative.work import STEPS
from explorer.gui.lectures.latent.words import cost, quality, table
from explorer.gui.lectures.latent.work import (
    DIFFUSION,
    NUMBERS,
    SHOWN,
    STORED,
    autoencoder,
    decode,
)
from explorer.networks import latent
from explorer.race import ddim, ddpm
from explorer.training import Run, TrainConfig, fit

AUTOENCODER_STEPS, DIFFUSION_STEPS = 800, 1800
CORE_SECONDS = "core_seconds"
"""What training took of one core, which does not count what others take."""
NETWORK = {"width": 32, "multipliers": (1, 2), "attention": (1,), "patch": 1}


def make_latent() -> None:
    """Train both stages, draw as many images as of the pixel model, and measure them."""
    torch.set_num_threads(1)  # seconds are of one core
    STORED.mkdir(exist_ok=True)
    shutil.copyfile(train_autoencoder(), STORED / "autoencoder.safetensors")
    shutil.copyfile(train_diffusion(), DIFFUSION)
    pixels = read(GENERATIVE)
    measure = Measure(pixels.n, pixels.reference)
    (denoiser, spec), network = load_model(DIFFUSION), autoencoder()
    shape, weights = (spec.channels, spec.size, spec.size), weights_in(DIFFUSION)
    of_decoder = sum(p.numel() for p in network.decoder.parameters())
    seconds = spec.training[CORE_SECONDS] + seconds_in(WORK / "autoencoder.safetensors")
    made: dict[str, Made] = {}
    ways: dict[str, Measured] = {}
    for name, lane in (("latent-ddpm", ddpm(spec.T)), ("latent-ddim", ddim(spec.T, STEPS))):
        made[name] = kept(name, partial(walked, denoiser, lane, shape, measure.n, decode=decode))
        title = f"codes, {lane.name}, {lane.evaluations:,} steps"
        ways[name] = measure.of(made[name], title, weights + of_decoder, lane.evaluations, seconds)
    for name in ("ddpm", "ddim"):
        of_pixels = pixels.ways[name]
        ways[name] = replace(of_pixels, title=f"pixels, {of_pixels.title}")
    tests = to_tensor(measure.tests)
    made["decoded"] = Made(from_tensor(decode(network.encode(tests))), 0.0, 0)
    everything = sum(p.numel() for p in network.parameters())
    ways["decoded"] = measure.of(made["decoded"], "real, encoded and decoded", everything, 0)
    found = measure.compared(ways)
    write(found, NUMBERS)
    for name, images in made.items():
        save_sheet(images, STORED / f"{name}.png")
    codes = walked(denoiser, ddim(spec.T, STEPS), shape, SHOWN)
    save_sheet(codes, STORED / "codes.png")
    print(*(" | ".join(line) for line in table(found)), cost(found), quality(found), sep="\n")


def train_autoencoder() -> Path:
    torch.manual_seed(SEED)
    network = latent.LatentAutoencoder()

    def learn(x: torch.Tensor) -> Iterator[float]:
        return latent.train(network, x, AUTOENCODER_STEPS, seed=SEED)

    return trained("autoencoder", network, learn)


def train_diffusion() -> Path:
    """The U-Net of the codes, by the training that images get."""
    path = WORK / "latent.safetensors"
    if path.is_file():
        return path
    network = latent.LatentAutoencoder()
    network.load_state_dict(load_file(train_autoencoder()))
    data = load("mnist", size=28)
    codes = latent.codes_of(network.eval(), data.images)
    print("codes: std", (codes.float() / 127.5 - 1).std((0, 2, 3)), flush=True)
    config = TrainConfig(
        data="mnist",
        size=latent.CODE[1],
        conditional=False,
        network_options=NETWORK,
        steps=DIFFUSION_STEPS,
        seed=SEED,
    )
    begun = time.thread_time()
    run = Run(config, replace(data, images=codes, name="codes of mnist"))
    for step in fit(run):
        if step.step % 200 == 0:
            print("latent", step.step, step.smooth_loss, f"{step.seconds:.0f} s", flush=True)
    spec = run.spec("latent", command="python -m tools.make_stored latent")
    of_core = {CORE_SECONDS: round(time.thread_time() - begun, 1)}
    spec = replace(spec, training={**spec.training, **of_core})
    return save(path, {k: v.half() for k, v in run.ema.state_dict().items()}, spec)
