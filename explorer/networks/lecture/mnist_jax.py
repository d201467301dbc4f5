"""MNIST in JAX: AttentionUnet."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from explorer.networks.layers import attend
from explorer.networks.lecture.base import LectureNetwork, Weighted, sines_first, spread_out
from explorer.settings.networks import GROUPS, AttentionUnetConfig

HEADS = 8
CUT = 0.87962566103423978
"""Standard deviation of a standard normal number, given that it lies within ±2."""


class ResnetBlock(nn.Module):
    """res(x) + silu(norm(conv(silu(norm(conv(x))) + W silu(time)))); res is 1 × 1, always."""

    def __init__(self, inputs: int, outputs: int, time: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, padding=1)
        self.norm1 = _norm(outputs)
        self.time = nn.Linear(time, outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, padding=1)
        self.norm2 = _norm(outputs)
        self.res = nn.Conv2d(inputs, outputs, 1)

    def forward(self, x: Tensor, time: Tensor) -> Tensor:
        h = F.silu(self.norm1(self.conv1(x))) + spread_out(self.time(F.silu(time)))
        return self.res(x) + F.silu(self.norm2(self.conv2(h)))


class NormedAttention(nn.Module):
    """x + norm(W softmax(QKᵀ/√d)V + b) over the H·W positions, eight heads of d channels.

    The norm comes after attention, not before; queries, keys and values have no bias.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.qkv = nn.Linear(channels, 3 * channels, bias=False)
        self.project = nn.Linear(channels, channels)
        self.norm = _norm(channels)

    def forward(self, x: Tensor) -> Tensor:
        B, C, H, W = x.shape
        qkv = self.qkv(x.flatten(2).transpose(1, 2)).unflatten(2, (3, HEADS, C // HEADS))
        q, k, v = qkv.permute(2, 0, 3, 1, 4).unbind(0)  # (B, heads, H·W, d) each
        h = self.project(attend(q, k, v).transpose(1, 2).reshape(B, H * W, C))
        return x + self.norm(h.transpose(1, 2).reshape(B, C, H, W))


class Level(nn.Module):
    """Two ResNet blocks, then attention."""

    def __init__(self, inputs: int, outputs: int, time: int) -> None:
        super().__init__()
        self.block1 = ResnetBlock(inputs, outputs, time)
        self.block2 = ResnetBlock(outputs, outputs, time)
        self.attention = NormedAttention(outputs)

    def forward(self, x: Tensor, time: Tensor) -> Tensor:
        return self.attention(self.block2(self.block1(x, time), time))


class AttentionUnet(LectureNetwork):
    """Four levels of widths n (1, 2, 4, 8), attention on every one, down and up again.

    The changes of size keep the channels. The lecture's index of time i has ᾱ after i steps, so
    that the network is told t itself.
    """

    def __init__(self, config: AttentionUnetConfig) -> None:
        super().__init__(config)
        n = config.width
        time, stem = 4 * n, n // 3 * 2
        widths = [n, 2 * n, 4 * n, 8 * n]
        self.time = nn.Sequential(
            nn.Linear(n, time), nn.GELU(approximate="tanh"), nn.Linear(time, time)
        )
        self.stem = nn.Conv2d(config.channels, stem, 7, padding=3)
        self.down = nn.ModuleList(
            Level(a, b, time) for a, b in zip([stem, *widths], widths, strict=False)
        )
        self.shrink = nn.ModuleList(nn.Conv2d(a, a, 4, stride=2, padding=1) for a in widths[:-1])
        self.middle1 = ResnetBlock(widths[-1], widths[-1], time)
        self.attention = NormedAttention(widths[-1])
        self.middle2 = ResnetBlock(widths[-1], widths[-1], time)
        below = [*widths[1:], widths[-1]]
        """Channels of what comes from the level below, or from the middle."""
        self.up = nn.ModuleList(
            Level(a + b, a, time) for a, b in reversed([*zip(widths, below, strict=True)])
        )
        self.grow = nn.ModuleList(
            nn.ConvTranspose2d(a, a, 4, stride=2, padding=1) for a in reversed(widths[1:])
        )
        self.final = ResnetBlock(n, n, time)
        self.last = nn.Conv2d(n, config.channels, 1)
        self.apply(_begin)

    def predict(self, x: Tensor, t: Tensor) -> Tensor:
        time = self.time(sines_first(t, self.config.width).to(x.dtype))  # (B, 4n)
        h, skips = self.stem(x), []
        for i, level in enumerate(self.down):
            h = level(self.shrink[i - 1](h) if i else h, time)
            skips.append(h)
        h = self.middle2(self.attention(self.middle1(h, time)), time)
        for i, level in enumerate(self.up):
            h = self.grow[i - 1](h) if i else h
            h = level(torch.cat([skips.pop(), h], dim=1), time)
        return self.last(self.final(h, time))


def _norm(channels: int) -> nn.GroupNorm:
    """With flax's ε."""
    return nn.GroupNorm(GROUPS, channels, eps=1e-6)


def _begin(layer: nn.Module) -> None:
    """Weights as flax begins with them; biases are zero.

    LeCun's normal numbers of variance 1/fan_in, cut off at two standard deviations; in attention
    Xavier's uniform ones within ±√(6/(fan_in + fan_out)).
    """
    if isinstance(layer, Weighted):
        inputs = layer.weight.shape[0 if isinstance(layer, nn.ConvTranspose2d) else 1]
        std = (inputs * layer.weight[0, 0].numel()) ** -0.5 / CUT
        nn.init.trunc_normal_(layer.weight, std=std, a=-2 * std, b=2 * std)
        if layer.bias is not None:
            nn.init.zeros_(layer.bias)
    if isinstance(layer, NormedAttention):  # after its parts
        nn.init.xavier_uniform_(layer.qkv.weight)
        nn.init.xavier_uniform_(layer.project.weight)
