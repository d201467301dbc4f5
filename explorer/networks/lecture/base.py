"""The networks of five lectures, as plain as beside their slides; each is called like `UNet`.

None of them knows classes. Weights in the lectures' widths, for the lectures' pictures:
NaiveUnet 129.3 M, SimpleUnet 62.4 M, TimelessUnet 3.4 M, AttentionUnet 12.3 M, PlainNet 0.17 M.
"""

from __future__ import annotations

from abc import ABC, abstractmethod

import torch
from torch import Tensor, nn

from explorer.networks.layers import Placed
from explorer.settings.networks import LectureConfig


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
        return self.predict(x_t.to(dtype), time.to(dtype))

    @abstractmethod
    def predict(self, x: Tensor, t: Tensor) -> Tensor:
        """The network itself; t is (B,), 0…T, in the weights' type."""


def spread_out(embedding: Tensor) -> Tensor:
    """(B, C) -> (B, C, 1, 1), to be added to every position."""
    return embedding[:, :, None, None]


def share_mlp(width: int) -> nn.Sequential:
    """t/T, one number, (B, 1) -> (B, width)."""
    return nn.Sequential(nn.Linear(1, width), nn.GELU(), nn.Linear(width, width))


def half(inputs: int, outputs: int) -> nn.Module:
    """Half the resolution: a convolution of stride 2."""
    return nn.Conv2d(inputs, outputs, 4, stride=2, padding=1)


def twice(inputs: int, outputs: int) -> nn.Module:
    """Twice the resolution: a transposed convolution of stride 2."""
    return nn.ConvTranspose2d(inputs, outputs, 4, stride=2, padding=1)
