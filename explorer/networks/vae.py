"""A small variational autoencoder of 28×28 digits: one pass from a latent vector to an image."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from explorer.networks.layers import Placed

LATENT = 16
"""Numbers of the latent vector."""


class Code(NamedTuple):
    """q(z|x) = N(mean, exp(log_variance)), diagonal."""

    mean: Tensor
    log_variance: Tensor


class VAE(Placed):
    """p(z) = N(0, I) and p(x|z), a Bernoulli in every pixel: Kingma & Welling 2014.

    Encoder: two convolutions of stride 2, a linear layer to the code's 2 · 16 numbers. Decoder: a
    linear layer to 64 × 7 × 7 and two transposed convolutions. 220,385 weights.
    """

    def __init__(self, latent: int = LATENT, width: int = 32) -> None:
        super().__init__()
        self.latent, wide = latent, 2 * width
        self.encoder = nn.Sequential(
            *(nn.Conv2d(1, width, 4, 2, 1), nn.SiLU()),
            *(nn.Conv2d(width, wide, 4, 2, 1), nn.SiLU()),
            *(nn.Flatten(), nn.Linear(wide * 49, 2 * latent)),
        )
        self.decoder = nn.Sequential(
            *(nn.Linear(latent, wide * 49), nn.SiLU(), nn.Unflatten(1, (wide, 7, 7))),
            *(nn.ConvTranspose2d(wide, width, 4, 2, 1), nn.SiLU()),
            nn.ConvTranspose2d(width, 1, 4, 2, 1),
        )

    def encode(self, x: Tensor) -> Code:
        """x is (B, 1, 28, 28) in [0, 1]."""
        return Code(*self.encoder(x).chunk(2, dim=1))

    def decode(self, z: Tensor) -> Tensor:
        """The logits of every pixel, (B, 1, 28, 28), for z of (B, latent)."""
        logits: Tensor = self.decoder(z)
        return logits

    def forward(self, z: Tensor) -> Tensor:
        """E[x|z] as an image in [−1, 1]: the mean of p(x|z), with no pixel drawn."""
        return 2 * self.decode(z).sigmoid() - 1


def bound(network: VAE, x: Tensor, eps: Tensor) -> Tensor:
    """−log p(x|z) + KL(q(z|x) ‖ p(z)) in nats an image, z = mean + std · ε; the batch's mean.

    Kingma & Welling 2014, eq. 10 with its sign turned: what training lowers. x is (B, 1, 28, 28)
    in [0, 1], eps is (B, latent).
    """
    mean, log_variance = network.encode(x)
    z = mean + (log_variance / 2).exp() * eps
    surprise = F.binary_cross_entropy_with_logits(network.decode(z), x, reduction="sum")
    gap = (mean.square() + log_variance.exp() - 1 - log_variance).sum() / 2
    return (surprise + gap) / len(x)


def train(
    network: VAE,
    images: Tensor,
    steps: int,
    *,
    seed: int,
    batch: int = 128,
    rate: float = 2e-3,
) -> Iterator[float]:
    """Lower `bound` by Adam, its rate falling to 0 along half a cosine.

    images : (N, 1, 28, 28), uint8, on the network's device.
    Yields the loss of each batch in nats an image, once the step has been taken.
    """
    generator = torch.Generator().manual_seed(seed)
    optimizer = torch.optim.Adam(network.parameters(), rate, fused=True)
    for step in range(steps):
        for group in optimizer.param_groups:
            group["lr"] = rate * (1 + math.cos(math.pi * step / steps)) / 2
        chosen = torch.randint(len(images), (batch,), generator=generator).to(images.device)
        eps = torch.randn(batch, network.latent, generator=generator).to(images.device)
        loss = bound(network, images[chosen].float() / 255, eps)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        yield loss.item()
