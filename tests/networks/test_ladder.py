"""The ladder's network: the lecture's with no option, and one part more with each."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import Tensor, nn

from explorer.networks.lecture import LadderUnet, TimelessUnet
from explorer.settings.networks import LadderUnetConfig, TimelessUnetConfig

PLAIN = LadderUnetConfig(width=16)
SKIPS = replace(PLAIN, skips=True)
NORM = replace(SKIPS, norm=True)
TIME = replace(NORM, time=True)
ATTENTION = replace(TIME, self_attention=True)


def made(config: LadderUnetConfig | TimelessUnetConfig) -> nn.Module:
    """Always with the same first weights."""
    torch.manual_seed(0)
    kind = TimelessUnet if isinstance(config, TimelessUnetConfig) else LadderUnet
    return kind(config).eval()  # type: ignore[arg-type]


def answer(network: nn.Module, t: int = 300) -> Tensor:
    x = torch.randn(2, 1, 28, 28, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        return network(x, torch.full((2,), t))


@pytest.mark.parametrize("skips", [False, True])
def test_without_further_parts_it_is_the_lectures(skips: bool) -> None:
    lectures = made(TimelessUnetConfig(width=16, skips=skips))
    assert torch.equal(answer(made(replace(PLAIN, skips=skips))), answer(lectures))


def test_each_part_adds_its_weights_alone() -> None:
    counts = [
        sum(p.numel() for p in made(config).parameters())
        for config in (PLAIN, SKIPS, NORM, TIME, ATTENTION)
    ]
    widths = [16, 32, 64, 64, 64, 32, 16]  # of the seven blocks
    norm = sum(2 * 2 * width for width in widths)
    time = (16 * 64 + 64) + (64 * 64 + 64) + sum(64 * width + width for width in widths)
    attention = 2 * 64 + (64 * 192 + 192) + (64 * 64 + 64)
    assert counts[0] == 268_561
    assert [b - a for a, b in zip(counts, counts[1:], strict=False)] == [0, norm, time, attention]


def test_only_a_network_that_is_told_t_hears_it() -> None:
    for config in (PLAIN, SKIPS, NORM):
        network = made(config)
        assert torch.equal(answer(network, 10), answer(network, 900))
    network = made(TIME)
    assert not torch.allclose(answer(network, 10), answer(network, 900))


def test_the_parts_start_from_the_same_weights() -> None:
    """So that a rung differs from the one before it in its part alone."""
    first = made(PLAIN).state_dict()
    for config in (SKIPS, NORM, TIME, ATTENTION):
        found = made(config).state_dict()
        assert all(torch.equal(found[name], value) for name, value in first.items())
    assert torch.equal(answer(made(ATTENTION)), answer(made(TIME)))  # it begins with nothing


def test_group_norm_keeps_the_scale() -> None:
    """The outputs of a block's convolutions have mean 0 and variance 1 in each group."""
    network, seen = made(NORM), []
    network.blocks[0].norm1.register_forward_hook(lambda *a: seen.append(a[-1]))
    answer(network)
    groups = seen[0].reshape(2, 8, -1)
    assert groups.mean(-1).abs().max() < 1e-5
    assert (groups.var(-1, correction=0) - 1).abs().max() < 1e-3
