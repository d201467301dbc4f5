"""A small classifier of noisy pictures, told the time: what classifier guidance asks."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from explorer.networks.layers import GROUPS, Placed, ResBlock, downsample, sinusoidal_embedding

WIDEST = 512
"""Channels; whoever asks for more has miscounted, or means harm by a checkpoint."""


@dataclass(frozen=True)
class NoisyClassifierConfig:
    """What a classifier of x_t is built from. ValueError if the numbers do not fit together."""

    channels: int = 1
    """Of the picture: 1 (grey) or 3 (colour)."""
    classes: int = 10
    T: int = 1000
    """The schedule's number of steps: the time embedding sees 1000 · t/T."""
    width: int = 32
    """Channels of the finest of its three levels; the other two have twice as many."""
    patch: int = 2
    """Pixel-unshuffle of the stem, as in the U-Net."""

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if type(value) is not int:
                raise ValueError(f"classifier: {name} = {value!r}: whole numbers only")
        rules = [
            (self.channels in (1, 3), f"channels = {self.channels}: 1 or 3"),
            (self.classes >= 2, f"classes = {self.classes}: there must be at least 2 to choose"),
            (self.T >= 1, f"T = {self.T}: at least 1"),
            (
                0 < self.width <= WIDEST and self.width % GROUPS == 0,
                f"width = {self.width}: a multiple of {GROUPS}, at most {WIDEST}",
            ),
            (1 <= self.patch <= 8, f"patch = {self.patch}: from 1 to 8"),
        ]
        for holds, rule in rules:
            if not holds:
                raise ValueError(f"classifier: {rule}")

    def check_size(self, height: int, width: int) -> None:
        """ValueError if the stem cannot fold pictures of this size."""
        if height < 1 or width < 1 or height % self.patch or width % self.patch:
            raise ValueError(
                f"this classifier takes pictures whose sides are multiples of {self.patch}, not "
                f"{height} × {width}"
            )


class NoisyClassifier(Placed):
    """p(y | x_t, t) = softmax(b + cos(πt/2T) · W·mean(h(x_t, t))): the head of a half U-Net.

    Dhariwal & Nichol 2021, section 4, in small: residual blocks modulated by the time on three
    levels, the mean over the picture, one linear layer; 290 thousand weights. SiLU throughout, so
    that the gradient with respect to x_t is smooth.

    The factor cos(πt/2T), √ᾱ_t of the cosine schedule, says beforehand what training would have
    to find: at t = T nothing is left of the picture, so that the logits do not depend on x_t. The
    gradient, which guidance divides by √ᾱ_t, then vanishes as fast as √ᾱ_t does.

    x_t : (B, channels, H, W), both sides multiples of `config.patch`.
    t : (B,) or int, 0…T.
    label : not looked at; all networks are called alike.
    Returns the logits, (B, classes).
    """

    def __init__(self, config: NoisyClassifierConfig) -> None:
        super().__init__()
        self.config = config
        width, emb = config.width, 4 * config.width
        self.time_mlp = nn.Sequential(nn.Linear(width, emb), nn.SiLU(), nn.Linear(emb, emb))
        self.stem = nn.Conv2d(config.channels * config.patch**2, width, 3, padding=1)
        widths = (width, 2 * width, 2 * width)
        self.blocks = nn.ModuleList(ResBlock(wide, wide, emb) for wide in widths)
        self.shrink = nn.ModuleList(map(downsample, widths, widths[1:]))
        self.norm = nn.GroupNorm(GROUPS, widths[-1])
        self.head = nn.Linear(widths[-1], config.classes, bias=False)
        self.prior = nn.Parameter(torch.zeros(config.classes))

    def forward(self, x_t: Tensor, t: Tensor | int, label: Tensor | None = None) -> Tensor:
        self.config.check_size(*x_t.shape[-2:])
        time = torch.as_tensor(t, device=x_t.device).expand(len(x_t)) / self.config.T
        waves = sinusoidal_embedding(1000 * time, self.config.width)
        emb = F.silu(self.time_mlp(waves.to(self.stem.weight.dtype)))  # (B, 4·width)
        h = self.stem(F.pixel_unshuffle(x_t.to(self.stem.weight.dtype), self.config.patch))
        for i, block in enumerate(self.blocks):
            if i:
                h = self.shrink[i - 1](h)
            h = block(h, emb)
        h = F.silu(self.norm(h)).mean((2, 3))  # (B, 2·width)
        left = torch.cos(time * (math.pi / 2)).to(h.dtype)
        return self.prior + left[:, None] * self.head(h)
