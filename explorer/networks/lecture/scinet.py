"""SciNet 2026: NaiveUnet."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from explorer.networks.lecture.base import LectureNetwork, Weighted, share_mlp, spread_out
from explorer.settings.networks import GROUPS, NaiveUnetConfig


class NaiveBlock(nn.Module):
    """x₂, with `residual` x₁ + x₂, of x₁ = relu(norm(conv(x))) and x₂ = relu(norm(conv(x₁)))."""

    def __init__(self, inputs: int, outputs: int, residual: bool = False) -> None:
        super().__init__()
        self.residual = residual
        self.first, self.second = (
            nn.Sequential(nn.Conv2d(channels, outputs, 3, padding=1), _norm(outputs), nn.ReLU())
            for channels in (inputs, outputs)
        )

    def forward(self, x: Tensor) -> Tensor:
        first = self.first(x)
        second = self.second(first)
        return first + second if self.residual else second


class NaiveUnet(LectureNetwork):
    """Max-pooling down to a 32nd, where t/T is told, and transposed convolutions back.

    As printed the lecture's code cannot run: its transposed convolutions, 3 × 3, have no strides.
    Here they are 4 × 4 with stride 4 out of the bottleneck and 2 × 2 with stride 2 in the blocks
    up, whose widths are 2n, n, n; printed are 2n thrice. With these the network has the 129
    million weights that the lecture names; with those it would have 215.9. Its layer of time is
    not printed either: two linear ones with GELU between stand here.
    """

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
        self.time = share_mlp(2 * n, nn.GELU)
        self.back = nn.Sequential(
            nn.ConvTranspose2d(2 * n, 2 * n, 4, stride=4), nn.ReLU(), _norm(2 * n), nn.ReLU()
        )
        self.up3, self.up2, self.up1 = up(4 * n, 2 * n), up(4 * n, n), up(2 * n, n)
        self.last = nn.Conv2d(2 * n, config.channels, 3, padding=1)
        self.apply(_begin)

    def predict(self, x: Tensor, t: Tensor) -> Tensor:
        first = self.first(x)  # (B, n, H, W)
        down1 = self.down1(first)  # (B, n, H/2, W/2)
        down2 = self.down2(down1)  # (B, 2n, H/4, W/4)
        down3 = self.down3(down2)  # (B, 2n, H/8, W/8)
        h = self.squeeze(down3)  # (B, 2n, H/32, W/32)
        share = t[:, None] / self.config.T  # (B, 1), up to 1
        h = self.back(h + spread_out(self.time(share.to(x.dtype))))
        h = self.up3(torch.cat([h, down3], dim=1))
        h = self.up2(torch.cat([h, down2], dim=1))
        h = self.up1(torch.cat([h, down1], dim=1))
        return self.last(torch.cat([h, first], dim=1))


def _norm(channels: int) -> nn.GroupNorm:
    """With Keras's ε."""
    return nn.GroupNorm(GROUPS, channels, eps=1e-3)


def _begin(layer: nn.Module) -> None:
    """Weights as Keras begins with them: uniform within ±√(6/(fan_in + fan_out)), biases zero."""
    if isinstance(layer, Weighted):
        nn.init.xavier_uniform_(layer.weight)
        if layer.bias is not None:
            nn.init.zeros_(layer.bias)
