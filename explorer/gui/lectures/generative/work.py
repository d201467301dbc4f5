"""A variational autoencoder, a GAN and diffusion, each asked for images of the same seed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import TypeVar

import torch
from safetensors.torch import load_file
from torch import Tensor

from explorer.data import from_tensor
from explorer.diffusion import picture_generators, randn
from explorer.inference import prepare, shared
from explorer.networks.gan import Generator
from explorer.networks.layers import Placed
from explorer.networks.vae import VAE
from explorer.race import ddim, race

STORED = Path(__file__).with_name("stored")
NUMBERS = STORED / "generative.json"
SHOWN = 16
"""Images of each, drawn together."""
STEPS = 10
"""Of DDIM."""
WAYS = {"vae": "VAE", "gan": "GAN", "ddim": f"DDIM, {STEPS} steps"}
"""Those that draw while one waits, the quickest first."""


@dataclass(frozen=True, eq=False)
class Drawn:
    """Images so far."""

    seed: int
    images: dict[str, Tensor]
    """Name of one of `WAYS` -> (n, 1, 28, 28), uint8."""
    running: bool = False


Kind = TypeVar("Kind", bound=Placed)


def with_weights(network: Kind, path: Path) -> Kind:
    """The network with the weights of a file in half precision, ready to be called."""
    network.load_state_dict(load_file(path))
    network.eval().requires_grad_(False)
    return network


@cache
def decoder(name: str) -> VAE | Generator:
    """The VAE or the GAN's generator as it is stored, called with latent vectors."""
    network: VAE | Generator = VAE() if name == "vae" else Generator()
    return with_weights(network, STORED / f"{name}.safetensors")


@torch.inference_mode()
def draw(name: str, seed: int, first: int, n: int) -> Tensor:
    """Images `first` to first + n − 1 of a seed, (n, 1, 28, 28) in [−1, 1]: z ~ N(0, I), one pass.

    name : "vae" or "gan".
    """
    network = decoder(name)
    generators = picture_generators(seed, n, first=first)
    z = randn(torch.empty(n, network.latent), generators)
    images: Tensor = network(z)
    return images


def run_draw(
    path: Path | None,
    seed: int,
    device: torch.device,
    stopped: Callable[[], bool],
    n: int = SHOWN,
) -> Iterator[Drawn]:
    """Each of `WAYS` in turn; diffusion by the model in `path`, told no class, if there is one.

    The first two are so small that they stay on the CPU.
    """
    drawn = Drawn(seed, {}, running=True)
    for name in ("vae", "gan"):
        images = from_tensor(draw(name, seed, 0, n))
        drawn = replace(drawn, images=drawn.images | {name: images})
        yield drawn
    if path is not None:
        denoiser, spec = shared(path, device)
        ready = replace(denoiser, network=prepare(denoiser.network, device))
        shape = (spec.channels, spec.size, spec.size)
        lane = ddim(spec.T, min(STEPS, spec.T))
        for entry in race(ready, [lane], shape, seed=seed, n=n, device=device):
            if entry.frame.t and stopped():
                yield replace(drawn, running=False)
                return
        last = from_tensor(entry.frame.x.cpu())
        drawn = replace(drawn, images=drawn.images | {"ddim": last})
    yield replace(drawn, running=False)
