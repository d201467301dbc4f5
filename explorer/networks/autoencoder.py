"""Denoising before diffusion: one network, trained at one noise level."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from explorer.networks.layers import Placed

SIDE = 28
"""Of the pictures, in pixels."""
FACTOR = 0.5
"""The one noise level that it is trained at."""


class Autoencoder(Placed):
    """σ(W₄ relu(W₃ z)) of z = relu(W₂ relu(W₁ x)): 784–400–400, then 400–400–784.

    x : (B, 784), a picture in [0, 1] plus noise; the result has x's shape and lies in [0, 1].
    It is told of no noise level and of no time. 949,184 weights.
    """

    def __init__(self, hidden: int = 400, pixels: int = SIDE**2) -> None:
        super().__init__()
        self.encoder = nn.Sequential(
            nn.Linear(pixels, hidden), nn.ReLU(), nn.Linear(hidden, hidden), nn.ReLU()
        )
        self.decoder = nn.Sequential(
            nn.Linear(hidden, hidden), nn.ReLU(), nn.Linear(hidden, pixels), nn.Sigmoid()
        )

    def forward(self, x: Tensor) -> Tensor:
        return self.decoder(self.encoder(x))


def add_noise(x: Tensor, eps: Tensor, factor: float = FACTOR) -> Tensor:
    """x + factor · ε: the picture is neither shrunk nor clamped, so that values leave [0, 1]."""
    return x + factor * eps


def fresh(seed: int) -> Autoencoder:
    """The network before training; the same for the same seed."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return Autoencoder()


def train(
    network: Autoencoder,
    pictures: Tensor,
    steps: int,
    *,
    seed: int,
    factor: float = FACTOR,
    batch: int = 128,
    rate: float = 1e-3,
) -> Iterator[float]:
    """Minimise the mean of (f(x + factor · ε) − x)² by Adam.

    pictures : (N, 784) in [0, 1], on the network's device.
    Yields the loss of each batch, once the step has been taken.
    """
    device = pictures.device
    generator = torch.Generator().manual_seed(seed)
    optimizer = torch.optim.Adam(network.parameters(), rate, fused=True)
    for _ in range(steps):
        chosen = torch.randint(len(pictures), (batch,), generator=generator)
        eps = torch.randn(batch, pictures.shape[1], generator=generator).to(device)
        clean = pictures[chosen.to(device)]
        loss = F.mse_loss(network(add_noise(clean, eps, factor)), clean)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        yield loss.item()


@torch.inference_mode()
def again_and_again(network: Autoencoder, x: Tensor, times: int) -> Tensor:
    """x, f(x), f(f(x)), …: (times + 1, B, 784); every output is the next input."""
    states = [x]
    for _ in range(times):
        states.append(network(states[-1]))
    return torch.stack(states)
