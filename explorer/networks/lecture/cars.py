"""Stanford cars: SimpleUnet."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from explorer.networks.lecture.base import LectureNetwork, sines_first, spread_out
from explorer.settings.networks import SimpleUnetConfig


class SimpleBlock(nn.Module):
    """change(norm(relu(conv(norm(relu(conv(x))) + relu(W time))))), the norm being BatchNorm.

    change halves or doubles the resolution.
    """

    def __init__(self, inputs: int, outputs: int, change: nn.Module, time: int = 32) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, padding=1)
        self.norm1 = nn.BatchNorm2d(outputs)
        self.time = nn.Linear(time, outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, padding=1)
        self.norm2 = nn.BatchNorm2d(outputs)
        self.change = change

    def forward(self, x: Tensor, time: Tensor) -> Tensor:
        h = self.norm1(F.relu(self.conv1(x)))
        h = h + spread_out(F.relu(self.time(time)))
        return self.change(self.norm2(F.relu(self.conv2(h))))


class SimpleUnet(LectureNetwork):
    """Four blocks down by strided convolutions, four up by transposed ones.

    The lecture counts t from 0: step t is told as the sinusoids of t − 1.
    """

    def __init__(self, config: SimpleUnetConfig) -> None:
        super().__init__(config)
        widths = [config.width * 2**i for i in range(5)]
        self.time = nn.Sequential(nn.Linear(32, 32), nn.ReLU())
        self.first = nn.Conv2d(config.channels, widths[0], 3, padding=1)
        self.down = nn.ModuleList(
            SimpleBlock(a, b, nn.Conv2d(b, b, 4, stride=2, padding=1))
            for a, b in zip(widths, widths[1:], strict=False)
        )
        self.up = nn.ModuleList(
            SimpleBlock(2 * b, a, nn.ConvTranspose2d(a, a, 4, stride=2, padding=1))
            for a, b in reversed(list(zip(widths, widths[1:], strict=False)))
        )
        self.last = nn.Conv2d(widths[0], config.channels, 1)

    def predict(self, x: Tensor, t: Tensor) -> Tensor:
        if self.training and x[:, 0].numel() == self.config.stride**2:
            raise ValueError(
                "SimpleUnet's BatchNorm cannot take the variance of one number: train with a "
                f"batch of 2 or more, or images larger than {x.shape[-2]} × {x.shape[-1]}"
            )
        time = self.time(sines_first(t - 1, 32).to(x.dtype))  # (B, 32)
        h, skips = self.first(x), []
        for block in self.down:
            h = block(h, time)
            skips.append(h)
        for block in self.up:
            h = block(torch.cat([h, skips.pop()], dim=1), time)
        return self.last(h)
