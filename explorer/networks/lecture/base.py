"""The networks of five lectures, as plain as beside their slides; each is called like `UNet`.

None of them knows classes. Weights in the lectures' widths, for the lectures' pictures:
NaiveUnet 129.3 M, SimpleUnet 62.4 M, TimelessUnet 3.4 M, AttentionUnet 12.3 M, PlainNet 0.17 M.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from explorer.networks.layers import GROUPS, Placed


@dataclass(frozen=True)
class LectureConfig:
    """What such a network is built from. ValueError, naming the field, if it cannot be."""

    channels: int = 1
    """Of the picture: 1 (grey) or 3 (colour)."""
    classes: int = 0
    """Always 0."""
    T: int = 1000
    """The schedule's number of steps, at least 1."""
    width: int = 64
    """Channels of the finest level, 8, 16, … `widest`; the other levels have multiples of it."""
    called, stride, widest = "a lecture's network", 1, 64
    """Its name; what sides of pictures are multiples of; the largest width."""

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if type(value) is not int:
                raise ValueError(f"{self.called}: {name} = {value!r}: whole numbers only")
        rules = [
            (self.channels in (1, 3), f"channels = {self.channels}: 1 or 3"),
            (
                self.classes == 0,
                f"classes = {self.classes}: this network cannot be told of any; train without "
                "the classes",
            ),
            (self.T >= 1, f"T = {self.T}: at least 1"),
            (
                GROUPS <= self.width <= self.widest and self.width % GROUPS == 0,
                f"width = {self.width}: a multiple of {GROUPS}, at most {self.widest}",
            ),
        ]
        for holds, rule in rules:
            if not holds:
                raise ValueError(f"{self.called}: {rule}")

    def check_size(self, height: int, width: int) -> None:
        """ValueError if pictures of this size do not pass through the levels and back."""
        if height < 1 or width < 1 or height % self.stride or width % self.stride:
            near = [max(1, round(side / self.stride)) * self.stride for side in (height, width)]
            raise ValueError(
                f"{self.called} takes pictures whose sides are multiples of {self.stride}, "
                f"not {height} × {width}; {near[0]} × {near[1]} would do"
            )


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
