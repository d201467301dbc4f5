"""The parts that a U-Net is made of. B pictures, C channels, H × W positions."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from explorer.settings.networks import GROUPS

PLAIN = 1024
"""Up to so many positions attention keeps all its weights while it is trained on a CPU."""


def sinusoidal_embedding(time: Tensor, width: int) -> Tensor:
    """(cos ω_k u, sin ω_k u), ω_k = 10000^(−2k/width): Vaswani et al. 2017, section 3.5.

    time is (B,), here u = 1000 · t/T; the result is (B, width), float32.
    """
    half = torch.arange(width // 2, device=time.device, dtype=torch.float32)
    angles = time.float()[:, None] * torch.exp(-math.log(10000) * half / (width // 2))
    return torch.cat([angles.cos(), angles.sin()], dim=1)


def zeroed(layer: nn.Conv2d) -> nn.Conv2d:
    """A layer that starts as the zero function, so that its residual block starts as identity."""
    for parameter in layer.parameters():
        nn.init.zeros_(parameter)
    return layer


class Placed(nn.Module):
    """A network that says where it is."""

    @property
    def device(self) -> torch.device:
        """Where its weights are."""
        return next(self.parameters()).device


class ResBlock(nn.Module):
    """x + conv(silu((1 + scale) · norm(conv(silu(norm(x)))) + shift)).

    Scale and shift come from the embedding of time and class: adaptive group normalisation
    (Dhariwal & Nichol 2021, section 3).
    """

    def __init__(self, inputs: int, outputs: int, embedding: int, dropout: float = 0.0) -> None:
        super().__init__()
        self.norm1 = nn.GroupNorm(GROUPS, inputs)
        self.conv1 = nn.Conv2d(inputs, outputs, 3, padding=1)
        self.modulation = nn.Linear(embedding, 2 * outputs)
        self.norm2 = nn.GroupNorm(GROUPS, outputs)
        self.dropout = nn.Dropout(dropout)
        self.conv2 = zeroed(nn.Conv2d(outputs, outputs, 3, padding=1))
        self.skip = nn.Conv2d(inputs, outputs, 1) if inputs != outputs else nn.Identity()

    def forward(self, x: Tensor, embedding: Tensor) -> Tensor:
        h = self.conv1(F.silu(self.norm1(x)))
        scale, shift = self.modulation(embedding)[:, :, None, None].chunk(2, dim=1)  # (B, C, 1, 1)
        h = F.silu(torch.addcmul(shift, self.norm2(h), 1 + scale))
        return self.skip(x) + self.conv2(self.dropout(h))


class Attention(nn.Module):
    """x + softmax(QKᵀ/√d)V over the H·W positions, in heads of d channels (Ho et al. 2020)."""

    def __init__(self, channels: int, head: int = 32) -> None:
        super().__init__()
        most = max(1, channels // head)
        self.heads = next(n for n in range(most, 0, -1) if channels % n == 0)
        self.norm = nn.GroupNorm(GROUPS, channels)
        self.qkv = nn.Conv2d(channels, 3 * channels, 1)
        self.out = zeroed(nn.Conv2d(channels, channels, 1))

    def forward(self, x: Tensor) -> Tensor:
        B, C, H, W = x.shape
        qkv = self.qkv(self.norm(x)).flatten(2).unflatten(1, (3, self.heads, C // self.heads))
        q, k, v = qkv.transpose(-1, -2).unbind(1)  # (B, heads, H·W, d) each
        h = attend(q, k, v)
        return x + self.out(h.transpose(-1, -2).reshape(B, C, H, W))


def attend(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    """softmax(qkᵀ/√d)v over (…, positions, d).

    What is trained on a CPU takes plain matrix products in float32: the backward kernel of
    PyTorch's fused attention takes a third of a step there, and more in bfloat16. Beyond `PLAIN`
    positions it is fused all the same, for its memory grows with the positions, not their square.
    """
    if q.device.type != "cpu" or not q.requires_grad or q.shape[-2] > PLAIN:
        return F.scaled_dot_product_attention(q, k, v)
    with torch.autocast("cpu", enabled=False):
        q, k, v = q.float(), k.float(), v.float()
        weights = torch.softmax(q @ k.transpose(-1, -2) * q.shape[-1] ** -0.5, dim=-1)
        return weights @ v


def downsample(inputs: int, outputs: int) -> nn.Module:
    """Half the resolution: a convolution of stride 2."""
    return nn.Conv2d(inputs, outputs, 3, stride=2, padding=1)


def upsample(inputs: int, outputs: int) -> nn.Module:
    """Twice the resolution: repeat every position, then convolve."""
    return nn.Sequential(nn.Upsample(scale_factor=2), nn.Conv2d(inputs, outputs, 3, padding=1))
