"""A U-Net conditioned on time and, optionally, on a class."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from explorer.networks.layers import (
    GROUPS,
    Attention,
    Placed,
    ResBlock,
    downsample,
    sinusoidal_embedding,
    upsample,
    zeroed,
)

WIDEST = 4096
"""Channels; whoever asks for more has miscounted, or means harm by a checkpoint."""


PRESETS: Mapping[str, Mapping[str, Any]] = MappingProxyType(
    {
        "tiny": {"width": 32, "multipliers": (1, 2), "attention": (1,), "patch": 2},
        "small": {"width": 48, "multipliers": (1, 2), "attention": (1,), "patch": 2},
        "base": {"width": 64, "multipliers": (1, 2), "attention": (1,), "patch": 2},
        "large": {"width": 128, "multipliers": (1, 1, 2), "attention": (1, 2), "patch": 1},
    }
)
"""Name -> settings of `UNetConfig`; 0.5, 1.1, 2 and 9.3 million weights. The last is for GPUs."""


@dataclass(frozen=True)
class UNetConfig:
    """What a U-Net is built from. ValueError if the numbers do not fit together."""

    channels: int = 1
    """Of the picture: 1 (grey) or 3 (colour)."""
    classes: int = 0
    """How many classes it may be told of; 0 is a network without labels."""
    T: int = 1000
    """The schedule's number of steps: the time embedding sees 1000 · t/T."""
    width: int = 64
    """Channels of the finest level."""
    multipliers: tuple[int, ...] = (1, 2)
    """Channels of each level, in widths, finest first; each level halves the resolution."""
    blocks: int = 1
    """Residual blocks on each level, going down and going up."""
    attention: tuple[int, ...] = (1,)
    """Levels (0 is the finest) whose blocks are followed by self-attention."""
    patch: int = 1
    """Pixel-unshuffle of the stem: 2 folds 2 × 2 pixels into channels, four times less to do."""
    dropout: float = 0.0

    def __post_init__(self) -> None:
        for name in ("multipliers", "attention"):
            object.__setattr__(self, name, tuple(getattr(self, name)))
        for name, value in vars(self).items():
            numbers = value if isinstance(value, tuple) else (value,)
            if name != "dropout" and not all(type(n) is int for n in numbers):
                raise ValueError(f"U-Net: {name} = {value!r}: whole numbers only")
        widths = [self.width * m for m in self.multipliers]
        rules = [
            (self.channels in (1, 3), f"channels = {self.channels}: 1 or 3"),
            (self.classes >= 0, f"classes = {self.classes}: 0 or more"),
            (self.T >= 1, f"T = {self.T}: at least 1"),
            (
                bool(widths) and all(0 < w <= WIDEST and w % GROUPS == 0 for w in widths),
                f"width = {self.width}, multipliers = {self.multipliers}: "
                f"every level's channels are a multiple of {GROUPS}, at most {WIDEST}",
            ),
            (self.width > 0 and self.width % 2 == 0, f"width = {self.width}: even, at least 2"),
            (len(widths) <= 6, f"multipliers = {self.multipliers}: at most 6 levels"),
            (1 <= self.blocks <= 8, f"blocks = {self.blocks}: from 1 to 8"),
            (
                all(0 <= level < len(widths) for level in self.attention),
                f"attention = {self.attention}: levels from 0 to {len(widths) - 1}",
            ),
            (self.patch >= 1, f"patch = {self.patch}: at least 1"),
            (0 <= self.dropout < 1, f"dropout = {self.dropout}: from 0 to below 1"),
        ]
        for holds, rule in rules:
            if not holds:
                raise ValueError(f"U-Net: {rule}")

    @property
    def stride(self) -> int:
        """Pictures' sides must be multiples of this."""
        return self.patch * 2 ** (len(self.multipliers) - 1)

    def check_size(self, height: int, width: int) -> None:
        """ValueError if pictures of this size do not pass through the levels and back."""
        if height < 1 or width < 1 or height % self.stride or width % self.stride:
            raise ValueError(
                f"this U-Net takes pictures whose sides are multiples of {self.stride} "
                f"({len(self.multipliers)} levels, patch {self.patch}), not {height} × {width}"
            )


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
