"""The networks of five lectures, layer by layer as printed; each is called like `UNet`.

None of them knows classes. Weights in the lectures' widths, for the lectures' pictures:
NaiveUnet 129,329,667, SimpleUnet 62,438,883, TimelessUnet 4,284,481, AttentionUnet 12,816,361,
PlainNet 165,633.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod

import torch
from torch import Tensor, nn

from explorer.networks.layers import Placed
from explorer.settings.networks import LectureConfig

Weighted = (nn.Conv2d, nn.ConvTranspose2d, nn.Linear)
"""Layers with a kernel, and a bias if they have one."""


class LectureNetwork(Placed, ABC):
    """network(x_t, t) -> a tensor of x_t's shape; shapes and t as in `UNet`.

    ValueError for sides that are no multiples of the config's `stride`, and for a label.
    """

    def __init__(self, config: LectureConfig) -> None:
        super().__init__()
        self.config = config

    def forward(self, x_t: Tensor, t: Tensor | int, label: Tensor | None = None) -> Tensor:
        self.config.check_size(*x_t.shape[-2:])
        if label is not None:
            raise ValueError("this network was trained without classes: leave the class out")
        dtype = next(self.parameters()).dtype
        time = torch.as_tensor(t, device=x_t.device).expand(len(x_t))
        return self.predict(x_t.to(dtype), time.float())

    @abstractmethod
    def predict(self, x: Tensor, t: Tensor) -> Tensor:
        """The network itself; x in the weights' type, t is (B,), 0…T, float32."""


def spread_out(embedding: Tensor) -> Tensor:
    """(B, C) -> (B, C, 1, 1), to be added to every position."""
    return embedding[:, :, None, None]


def sines_first(t: Tensor, width: int) -> Tensor:
    """(sin ω_k t, cos ω_k t), ω_k = 10000^(−k/(h − 1)) for k = 0…h − 1, h = width/2.

    Unlike `sinusoidal_embedding`'s, the frequencies reach 1/10000 exactly. t is (B,); the result
    is (B, width), float32. width is even, 4 or more.
    """
    half = width // 2
    k = torch.arange(half, device=t.device, dtype=torch.float32)
    angles = t.float()[:, None] * torch.exp(-math.log(10000) / (half - 1) * k)
    return torch.cat([angles.sin(), angles.cos()], dim=1)


def share_mlp(width: int, activation: type[nn.Module]) -> nn.Sequential:
    """W₂ a(W₁ u + b₁) + b₂ of a share of T, one number u, (B, 1) -> (B, width)."""
    return nn.Sequential(nn.Linear(1, width), activation(), nn.Linear(width, width))
