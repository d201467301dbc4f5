"""A U-Net conditioned on time and, optionally, on a class."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from explorer.networks.layers import (
    Attention,
    Placed,
    ResBlock,
    downsample,
    sinusoidal_embedding,
    upsample,
    zeroed,
)
from explorer.settings.networks import GROUPS, UNetConfig


class UNet(Placed):
    """network(x_t, t, label) -> a tensor of x_t's shape (Ronneberger 2015; Ho et al. 2020).

    x_t : (B, channels, H, W), both sides multiples of `config.stride`.
    t : (B,) or int, 0…T.
    label : (B,) ints in 0…classes − 1; −1, or None for the batch, means "of no given class".
    """

    def __init__(self, config: UNetConfig) -> None:
        super().__init__()
        self.config = config
        widths = [config.width * m for m in config.multipliers]
        emb = 4 * config.width
        self.time_mlp = nn.Sequential(nn.Linear(config.width, emb), nn.SiLU(), nn.Linear(emb, emb))
        # the last row is the embedding of "no class"
        self.class_embedding = nn.Embedding(config.classes + 1, emb) if config.classes else None
        self.stem = nn.Conv2d(config.channels * config.patch**2, widths[0], 3, padding=1)

        def block(inputs: int, level: int) -> nn.ModuleList:
            attends = level in config.attention
            return nn.ModuleList(
                [
                    ResBlock(inputs, widths[level], emb, config.dropout),
                    Attention(widths[level]) if attends else nn.Identity(),
                ]
            )

        levels = range(len(widths))
        self.down: Any = nn.ModuleList(  # PyTorch types no modules within lists of lists
            nn.ModuleList(block(widths[i], i) for _ in range(config.blocks)) for i in levels
        )
        self.shrink = nn.ModuleList(downsample(widths[i], widths[i + 1]) for i in levels[:-1])
        self.middle = block(widths[-1], levels[-1])
        self.up: Any = nn.ModuleList(
            nn.ModuleList(block(2 * widths[i], i) for _ in range(config.blocks)) for i in levels
        )
        self.grow = nn.ModuleList(upsample(widths[i + 1], widths[i]) for i in levels[:-1])
        self.norm = nn.GroupNorm(GROUPS, widths[0])
        self.head = zeroed(nn.Conv2d(widths[0], config.channels * config.patch**2, 3, padding=1))

    def forward(self, x_t: Tensor, t: Tensor | int, label: Tensor | None = None) -> Tensor:
        self.config.check_size(*x_t.shape[-2:])
        emb = F.silu(self.embed(len(x_t), t, label, x_t))  # (B, 4·width)
        x_t = x_t.to(self.stem.weight.dtype)
        h = self.stem(F.pixel_unshuffle(x_t, self.config.patch))
        skips = []
        for i, blocks in enumerate(self.down):
            if i:
                h = self.shrink[i - 1](h)
            for residual, attend in blocks:
                h = attend(residual(h, emb))
                skips.append(h)
        residual, attend = self.middle
        h = attend(residual(h, emb))
        for i in reversed(range(len(self.up))):
            for residual, attend in self.up[i]:
                h = attend(residual(torch.cat([h, skips.pop()], dim=1), emb))
            if i:
                h = self.grow[i - 1](h)
        return F.pixel_shuffle(self.head(F.silu(self.norm(h))), self.config.patch)

    def embed(self, batch: int, t: Tensor | int, label: Tensor | None, like: Tensor) -> Tensor:
        """The embedding of time and class that modulates every block; (B, 4·width)."""
        time = torch.as_tensor(t, device=like.device).expand(batch) * (1000 / self.config.T)
        waves = sinusoidal_embedding(time, self.config.width)
        emb = self.time_mlp(waves.to(self.stem.weight.dtype))
        if self.class_embedding is None:
            if label is not None:
                raise ValueError("this network was trained without classes: leave the class out")
            return emb
        if label is None:
            label = torch.full((batch,), -1, device=like.device)
        none = self.config.classes
        if label.device.type == "cpu" and (label >= none).any():  # elsewhere looking would wait
            raise ValueError(f"label = {label.tolist()}: classes are 0 to {none - 1}, or −1")
        return emb + self.class_embedding(torch.where(label < 0, none, label))
