"""SciNet 2026: NaiveUnet."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from explorer.networks.lecture.base import LectureNetwork, share_mlp, spread_out
from explorer.settings.networks import NaiveUnetConfig


class NaiveBlock(nn.Module):
    """Two 3 × 3 convolutions with GroupNorm and ReLU; `residual` adds the first to the second."""

    def __init__(self, inputs: int, outputs: int, residual: bool = False) -> None:
        super().__init__()
        self.residual = residual
        self.first, self.second = (
            nn.Sequential(
                nn.Conv2d(channels, outputs, 3, padding=1), nn.GroupNorm(8, outputs), nn.ReLU()
            )
            for channels in (inputs, outputs)
        )

    def forward(self, x: Tensor) -> Tensor:
        first = self.first(x)
        second = self.second(first)
        return (first + second) / 2**0.5 if self.residual else second


class NaiveUnet(LectureNetwork):
    """Max-pooling down to a 32nd, where t/T is told, and transposed convolutions back."""

    def __init__(self, config: NaiveUnetConfig) -> None:
        super().__init__(config)
        n = config.width

        def up(inputs: int, outputs: int) -> nn.Sequential:
            grow = nn.ConvTranspose2d(inputs, outputs, 2, stride=2)
            return nn.Sequential(grow, NaiveBlock(outputs, outputs), NaiveBlock(outputs, outputs))

        self.first = NaiveBlock(config.channels, n, residual=True)
        self.down1 = nn.Sequential(NaiveBlock(n, n), nn.MaxPool2d(2))
        self.down2 = nn.Sequential(NaiveBlock(n, 2 * n), nn.MaxPool2d(2))
        self.down3 = nn.Sequential(NaiveBlock(2 * n, 2 * n), nn.MaxPool2d(2))
        self.squeeze = nn.Sequential(nn.AvgPool2d(4), nn.ReLU())
        self.time = share_mlp(2 * n)
        self.back = nn.Sequential(
            nn.ConvTranspose2d(2 * n, 2 * n, 4, stride=4), nn.GroupNorm(8, 2 * n), nn.ReLU()
        )
        self.up3, self.up2, self.up1 = up(4 * n, 2 * n), up(4 * n, n), up(2 * n, n)
        self.last = nn.Conv2d(2 * n, config.channels, 3, padding=1)

    def predict(self, x: Tensor, t: Tensor) -> Tensor:
        first = self.first(x)  # (B, n, H, W)
        down1 = self.down1(first)  # (B, n, H/2, W/2)
        down2 = self.down2(down1)  # (B, 2n, H/4, W/4)
        down3 = self.down3(down2)  # (B, 2n, H/8, W/8)
        h = self.squeeze(down3)  # (B, 2n, H/32, W/32)
        h = self.back(h + spread_out(self.time(t[:, None] / self.config.T)))
        h = self.up3(torch.cat([h, down3], dim=1))
        h = self.up2(torch.cat([h, down2], dim=1))
        h = self.up1(torch.cat([h, down1], dim=1))
        return self.last(torch.cat([h, first], dim=1))
