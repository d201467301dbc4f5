"""A small generative adversarial network of 28×28 digits: two networks against each other."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from explorer.networks.layers import Placed

LATENT = 64
"""Numbers of the generator's noise."""


class Generator(Placed):
    """G(z), an image in [−1, 1] of z ~ N(0, I): Goodfellow et al. 2014, as Radford et al. 2016.

    A linear layer to 64 × 7 × 7 and two transposed convolutions, batch normalisation between,
    tanh at the end. 234,177 weights.
    """

    def __init__(self, latent: int = LATENT, width: int = 32) -> None:
        super().__init__()
        self.latent, wide = latent, 2 * width
        self.layers = nn.Sequential(
            *(nn.Linear(latent, wide * 49, bias=False), nn.Unflatten(1, (wide, 7, 7))),
            *(nn.BatchNorm2d(wide), nn.ReLU()),
            nn.ConvTranspose2d(wide, width, 4, 2, 1, bias=False),
            *(nn.BatchNorm2d(width), nn.ReLU()),
            *(nn.ConvTranspose2d(width, 1, 4, 2, 1), nn.Tanh()),
        )

    def forward(self, z: Tensor) -> Tensor:
        """(B, 1, 28, 28) of z (B, latent)."""
        images: Tensor = self.layers(z)
        return images


class Discriminator(Placed):
    """D(x), the logit of "x is real", (B,): two convolutions of stride 2 and a linear layer."""

    def __init__(self, width: int = 32) -> None:
        super().__init__()
        wide = 2 * width
        self.layers = nn.Sequential(
            *(nn.Conv2d(1, width, 4, 2, 1), nn.LeakyReLU(0.2)),
            *(nn.Conv2d(width, wide, 4, 2, 1, bias=False), nn.BatchNorm2d(wide)),
            *(nn.LeakyReLU(0.2), nn.Flatten(), nn.Linear(wide * 49, 1)),
        )

    def forward(self, x: Tensor) -> Tensor:
        logits: Tensor = self.layers(x)
        return logits.flatten()


class Losses(NamedTuple):
    """Of one step; there is no single loss that both lower."""

    discriminator: float
    """−log σ(D(x)) − log(1 − σ(D(G(z)))), in nats; 2 log 2 where it cannot tell them apart."""
    generator: float
    """−log σ(D(G(z))), in nats."""


def train(
    generator: Generator,
    discriminator: Discriminator,
    images: Tensor,
    steps: int,
    *,
    seed: int,
    batch: int = 64,
    rate: float = 5e-4,
    decay: float = 0.998,
) -> Iterator[Losses]:
    """In turn a step of each: Goodfellow et al. 2014, algorithm 1, the non-saturating loss.

    Adam with β₁ = 0.5 (Radford et al. 2016). After the last step `generator` has the moving
    average of its weights, which swings less than they do.

    images : (N, 1, 28, 28), uint8, on the networks' device.
    Yields the losses of each step once both steps have been taken.
    """
    draws = torch.Generator().manual_seed(seed)
    average = copy.deepcopy(generator).eval().requires_grad_(False)
    of_generator, of_discriminator = (
        torch.optim.Adam(network.parameters(), rate, betas=(0.5, 0.999), fused=True)
        for network in (generator, discriminator)
    )
    for step in range(steps):
        chosen = torch.randint(len(images), (batch,), generator=draws).to(images.device)
        real = images[chosen].float() / 127.5 - 1
        z = torch.randn(batch, generator.latent, generator=draws).to(images.device)
        fake = generator(z)

        told_real, told_fake = discriminator(real), discriminator(fake.detach())
        loss = F.softplus(-told_real).mean() + F.softplus(told_fake).mean()
        of_discriminator.zero_grad()
        loss.backward()
        of_discriminator.step()

        fooled = F.softplus(-discriminator(fake)).mean()
        of_generator.zero_grad()
        fooled.backward()
        of_generator.step()
        _average(average, generator, min(decay, (1 + step) / (10 + step)))
        yield Losses(loss.item(), fooled.item())
    generator.load_state_dict(average.state_dict())


@torch.no_grad()
def _average(average: Generator, generator: Generator, decay: float) -> None:
    for kept, now in zip(average.parameters(), generator.parameters(), strict=True):
        kept.lerp_(now, 1 - decay)
    for held, fresh in zip(average.buffers(), generator.buffers(), strict=True):
        held.copy_(fresh)
