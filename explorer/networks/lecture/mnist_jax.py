"""MNIST in JAX: AttentionUnet."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from explorer.networks.layers import Attention, sinusoidal_embedding
from explorer.networks.lecture.base import (
    LectureNetwork,
    half,
    spread_out,
    twice,
)
from explorer.settings.networks import AttentionUnetConfig


class ResnetBlock(nn.Module):
    """skip(x) + silu(norm(conv(silu(norm(conv(x))) + time)))."""

    def __init__(self, inputs: int, outputs: int, time: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, padding=1)
        self.norm1 = nn.GroupNorm(8, outputs)
        self.time = nn.Linear(time, outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, padding=1)
        self.norm2 = nn.GroupNorm(8, outputs)
        self.skip = nn.Conv2d(inputs, outputs, 1) if inputs != outputs else nn.Identity()

    def forward(self, x: Tensor, time: Tensor) -> Tensor:
        h = F.silu(self.norm1(self.conv1(x))) + spread_out(self.time(F.silu(time)))
        return self.skip(x) + F.silu(self.norm2(self.conv2(h)))


class Level(nn.Module):
    """Two ResNet blocks and attention with eight heads."""

    def __init__(self, inputs: int, outputs: int, time: int) -> None:
        super().__init__()
        self.block1 = ResnetBlock(inputs, outputs, time)
        self.block2 = ResnetBlock(outputs, outputs, time)
        self.attention = Attention(outputs, head=outputs // 8)

    def forward(self, x: Tensor, time: Tensor) -> Tensor:
        return self.attention(self.block2(self.block1(x, time), time))


class AttentionUnet(LectureNetwork):
    """Four levels, attention on every one, down and up again."""

    def __init__(self, config: AttentionUnetConfig) -> None:
        super().__init__(config)
        n = config.width
        widths, time = [n, 2 * n, 4 * n, 8 * n], 4 * n
        self.time = nn.Sequential(nn.Linear(n, time), nn.GELU(), nn.Linear(time, time))
        self.stem = nn.Conv2d(config.channels, n, 7, padding=3)
        levels = range(4)
        self.down = nn.ModuleList(Level(widths[i], widths[i], time) for i in levels)
        self.shrink = nn.ModuleList(half(widths[i], widths[i + 1]) for i in levels[:-1])
        self.middle = Level(widths[-1], widths[-1], time)
        self.up = nn.ModuleList(Level(2 * widths[i], widths[i], time) for i in levels)
        self.grow = nn.ModuleList(twice(widths[i + 1], widths[i]) for i in levels[:-1])
        self.last = nn.Conv2d(n, config.channels, 1)

    def predict(self, x: Tensor, t: Tensor) -> Tensor:
        time = self.time(sinusoidal_embedding(t, self.config.width).to(x.dtype))  # (B, 4n)
        h, skips = self.stem(x), []
        for i, level in enumerate(self.down):
            h = level(self.shrink[i - 1](h) if i else h, time)
            skips.append(h)
        h = self.middle(h, time)
        for i in reversed(range(4)):
            h = self.up[i](torch.cat([h, skips.pop()], dim=1), time)
            h = self.grow[i - 1](h) if i else h
        return self.last(h)
