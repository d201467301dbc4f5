"""A small network for points: what it puts out can be computed in a browser, too."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from explorer.networks.layers import Placed, sinusoidal_embedding


@dataclass(frozen=True)
class PointConfig:
    """How large it is."""

    width: int = 64
    depth: int = 2
    time_features: int = 16
    frequencies: tuple[float, ...] = (1, 2, 4)
    """ω of sin ωx and cos ωx, of each coordinate: with them fine structure is learnt in
    seconds (Tancik et al. 2020)."""
    T: int = 200


class PointNetwork(Placed):
    """(x_t, t) -> a vector of the plane, by a residual multilayer perceptron.

    h = W [x, sin ωx, cos ωx] + b, then h ← h + A_k silu(h + U_k e(t)) + a_k for each layer k, and
    the output is V silu(h) + v; e(t) is `sinusoidal_embedding` of 1000 · t/T.
    """

    omega: Tensor

    def __init__(self, config: PointConfig) -> None:
        super().__init__()
        self.config = config
        width = config.width
        self.register_buffer("omega", torch.tensor(config.frequencies), persistent=False)
        self.inlet = nn.Linear(2 + 4 * len(config.frequencies), width)
        self.time = nn.Linear(config.time_features, width * config.depth)
        self.layers = nn.ModuleList(nn.Linear(width, width) for _ in range(config.depth))
        self.outlet = nn.Linear(width, 2)

    def forward(self, x: Tensor, t: Tensor) -> Tensor:
        """x (B, 2) and t (B,) in 0…T -> (B, 2)."""
        embedding = sinusoidal_embedding(1000 * t / self.config.T, self.config.time_features)
        angles = (x[:, :, None] * self.omega).flatten(1)  # (B, 2 · frequencies)
        h = self.inlet(torch.cat([x, angles.sin(), angles.cos()], 1))
        shifts = self.time(embedding).chunk(len(self.layers), 1)  # (B, width) each
        for layer, shift in zip(self.layers, shifts, strict=True):
            h = h + layer(F.silu(h + shift))
        return self.outlet(F.silu(h))
