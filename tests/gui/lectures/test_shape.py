"""The drawing's numbers add up to the network's."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from explorer.gui.lectures.inside.shape import anatomy
from explorer.networks import UNet, UNetConfig


class Plain(nn.Module):
    """A network that is no U-Net, with a weight and arithmetic of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv2d(1, 4, 3, padding=1)
        self.second = nn.Sequential(nn.ReLU(), nn.Conv2d(4, 1, 1))
        self.mix = nn.Parameter(torch.zeros(8, 8))

    def forward(self, x: Tensor, t: Tensor, label: Any = None) -> Tensor:
        return self.second(self.first(x)) @ self.mix


def spec_of(make: Any, size: int = 16, channels: int = 1) -> Any:
    return SimpleNamespace(make_network=make, size=size, channels=channels)


@pytest.mark.parametrize(
    "config",
    [
        UNetConfig(),
        UNetConfig(channels=3, classes=9, width=32, multipliers=(1, 2, 4), attention=(1, 2)),
        UNetConfig(width=16, blocks=3, multipliers=(1,), attention=(), patch=4),
    ],
)
def test_parts_add_up(config: UNetConfig) -> None:
    found = anatomy(spec_of(lambda: UNet(config), channels=config.channels))
    network = UNet(config)
    assert found.unet
    assert found.parameters == sum(p.numel() for p in network.parameters())
    assert sum(map(found.share, found.parts)) == pytest.approx(1)
    with torch.device("meta"):
        network, x = UNet(config), torch.empty(1, config.channels, 16, 16)
        with FlopCounterMode(display=False) as counter, torch.no_grad():
            network(x, torch.zeros(1, dtype=torch.long))
    assert 2 * found.multiply_adds == counter.get_total_flops()


def test_levels_are_the_settings() -> None:
    config = UNetConfig(width=32, multipliers=(1, 2), attention=(1,), patch=2, blocks=2)
    parts = {part.name: part for part in anatomy(spec_of(lambda: UNet(config))).parts}
    assert list(parts) == ["time", "stem", "down.0", "down.1", "middle", "up.1", "up.0", "head"]
    shown = {
        n: (p.level, p.resolution, p.channels, p.blocks, p.attention) for n, p in parts.items()
    }
    assert shown["down.0"] == shown["up.0"] == (0, 8, 32, 2, 0)
    assert shown["down.1"] == shown["up.1"] == (1, 4, 64, 2, 2)
    assert shown["middle"] == (1, 4, 64, 1, 1)
    network = UNet(config)
    own = sum(p.numel() for p in network.down[1].parameters())
    leads = sum(p.numel() for p in network.shrink[0].parameters())
    assert parts["down.1"].parameters == own + leads


def test_another_network_is_a_list_of_its_parts() -> None:
    found = anatomy(spec_of(Plain, size=8))
    assert not found.unet
    assert [(p.name, p.parameters, p.multiply_adds) for p in found.parts] == [
        ("first", 40, 36 * 64),
        ("second", 5, 4 * 64),
        ("the rest", 64, 8 * 8 * 8),
    ]
