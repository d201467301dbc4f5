"""A small classifier of noisy pictures, told the time: what classifier guidance asks."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from explorer.networks.layers import Placed, ResBlock, downsample, sinusoidal_embedding
from explorer.settings.networks import GROUPS, NoisyClassifierConfig


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
