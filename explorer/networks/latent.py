"""An autoencoder whose codes are small images, for diffusion to learn in place of pixels."""

from __future__ import annotations

import math
from collections.abc import Iterator

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from explorer.networks.layers import Placed

CODE = (3, 8, 8)
"""Channels and sides of a code: 192 numbers for 784 pixels."""
MARGIN = 2
"""Pixels around a 28×28 image, so that its side is 32."""
NOISE = 0.1
"""Standard deviation of what is added to the codes while the autoencoder is trained."""


class LatentAutoencoder(Placed):
    """encode: (B, 1, 28, 28) -> (B, 3, 8, 8), decode: back again; both lie in [−1, 1].

    The first of the two stages of Rombach et al. 2022. The code ends in tanh, so that it lies in
    the range of images: the same diffusion, training and clipping hold for it. 70,855 weights.
    """

    def __init__(self, width: int = 32) -> None:
        super().__init__()
        wide, channels = 2 * width, CODE[0]
        self.encoder = nn.Sequential(
            *(nn.Conv2d(1, width, 4, 2, 1), nn.SiLU()),
            *(nn.Conv2d(width, wide, 4, 2, 1), nn.SiLU()),
            nn.Conv2d(wide, channels, 3, padding=1),
        )
        self.decoder = nn.Sequential(
            *(nn.Conv2d(channels, wide, 3, padding=1), nn.SiLU()),
            *(nn.ConvTranspose2d(wide, width, 4, 2, 1), nn.SiLU()),
            *(nn.Conv2d(width, 4, 3, padding=1), nn.PixelShuffle(2)),
        )

    def encode(self, x: Tensor) -> Tensor:
        """The code of images in [−1, 1]; what is around them is black."""
        code: Tensor = self.encoder(F.pad(x, [MARGIN] * 4, value=-1.0))
        return code.tanh()

    def decode(self, code: Tensor) -> Tensor:
        """Images in [−1, 1]."""
        whole: Tensor = self.decoder(code)
        return whole[:, :, MARGIN:-MARGIN, MARGIN:-MARGIN].tanh()


def train(
    network: LatentAutoencoder,
    images: Tensor,
    steps: int,
    *,
    seed: int,
    batch: int = 64,
    rate: float = 2e-3,
) -> Iterator[float]:
    """Lower the mean of (decode(encode(x) + 0.1 ε) − x)² by Adam, its rate falling to 0.

    The noise keeps neighbouring codes alike: what diffusion makes is never quite a code.

    images : (N, 1, 28, 28), uint8, on the network's device.
    Yields the loss of each batch, once the step has been taken.
    """
    generator = torch.Generator().manual_seed(seed)
    optimizer = torch.optim.Adam(network.parameters(), rate, fused=True)
    for step in range(steps):
        for group in optimizer.param_groups:
            group["lr"] = rate * (1 + math.cos(math.pi * step / steps)) / 2
        chosen = torch.randint(len(images), (batch,), generator=generator).to(images.device)
        eps = torch.randn(batch, *CODE, generator=generator).to(images.device)
        x = images[chosen].float() / 127.5 - 1
        loss = F.mse_loss(network.decode(network.encode(x) + NOISE * eps), x)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        yield loss.item()


@torch.inference_mode()
def codes_of(network: LatentAutoencoder, images: Tensor, batch: int = 500) -> Tensor:
    """The codes of uint8 images (N, 1, 28, 28), in 256 steps as images are: (N, 3, 8, 8) uint8."""
    parts = [network.encode(part.float() / 127.5 - 1) for part in images.split(batch)]
    return ((torch.cat(parts) + 1) * 127.5).round().to(torch.uint8)
