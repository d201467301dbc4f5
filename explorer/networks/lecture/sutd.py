"""SUTD week 12: TimelessUnet."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from explorer.networks.lecture.base import LectureNetwork, half, twice
from explorer.settings.networks import TimelessUnetConfig


class TimelessBlock(nn.Module):
    """skip(x) + two 3 × 3 convolutions, with GroupNorm and ReLU."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, padding=1)
        self.norm1 = nn.GroupNorm(8, outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, padding=1)
        self.norm2 = nn.GroupNorm(8, outputs)
        self.skip = nn.Conv2d(inputs, outputs, 1) if inputs != outputs else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        h = F.relu(self.norm1(self.conv1(x)))
        return F.relu(self.skip(x) + self.norm2(self.conv2(h)))


class TimelessUnet(LectureNetwork):
    """Two strided convolutions down, two transposed ones up. It must guess t from the noise."""

    def __init__(self, config: TimelessUnetConfig) -> None:
        super().__init__(config)
        a, b, c = config.width, 2 * config.width, 4 * config.width
        self.block1, self.down1 = TimelessBlock(config.channels, a), half(a, b)
        self.block2, self.down2 = TimelessBlock(b, b), half(b, c)
        self.block3, self.up2 = TimelessBlock(c, c), twice(c, b)
        self.block4, self.up1 = TimelessBlock(2 * b, b), twice(b, a)
        self.block5 = TimelessBlock(2 * a, a)
        self.last = nn.Conv2d(a, config.channels, 1)

    def predict(self, x: Tensor, t: Tensor) -> Tensor:
        fine = self.block1(x)  # (B, n, H, W)
        middle = self.block2(self.down1(fine))  # (B, 2n, H/2, W/2)
        coarse = self.block3(self.down2(middle))  # (B, 4n, H/4, W/4)
        h = self.block4(torch.cat([self.up2(coarse), middle], dim=1))
        h = self.block5(torch.cat([self.up1(h), fine], dim=1))
        return self.last(h)
