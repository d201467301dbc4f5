"""What is counted and heard is what the network does."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from explorer.networks import NETWORKS, UNet, UNetConfig
from explorer.networks.anatomy import (
    listening,
    modulations,
    multiply_adds,
    stages,
    time_embedding,
    without_time,
)
from explorer.networks.layers import sinusoidal_embedding

CONFIG = UNetConfig(T=100, width=16, multipliers=(1, 2, 2), attention=(2,), blocks=2)


def small() -> UNet:
    """With random weights where layers begin as zero, too."""
    network = UNet(CONFIG).eval()
    for p in network.parameters():
        nn.init.normal_(p, std=0.1)
    return network


def test_the_sum_is_what_pytorch_counts() -> None:
    network, x, t = small(), torch.randn(1, 1, 8, 8), torch.tensor([3])
    counter = FlopCounterMode(display=False)
    with (
        counter,
        torch.no_grad(),
        torch.nn.attention.sdpa_kernel(torch.nn.attention.SDPBackend.MATH),
    ):
        network(x, t)
    with torch.nn.attention.sdpa_kernel(torch.nn.attention.SDPBackend.MATH):
        assert 2 * sum(multiply_adds(network, x, t).values()) == counter.get_total_flops()


def test_a_convolution_and_a_linear_layer_by_hand() -> None:
    network = nn.Sequential(nn.Conv2d(3, 5, 3, padding=1), nn.Flatten(), nn.Linear(5 * 64, 7))
    counts = multiply_adds(network, torch.randn(1, 3, 8, 8))
    assert counts == {"0": 3 * 5 * 9 * 64, "2": 5 * 64 * 7}
    assert not any(m._forward_hooks or m._forward_pre_hooks for m in network.modules())


def test_it_hears_the_end_of_every_stage() -> None:
    network = small()
    with listening(stages(network)) as heard, torch.no_grad():
        network(torch.randn(2, 1, 8, 8), 5)
    assert {name: tuple(x.shape) for name, x in heard.items()} == {
        "down.0": (2, 16, 8, 8),
        "down.1": (2, 32, 4, 4),
        "down.2": (2, 32, 2, 2),
        "middle": (2, 32, 2, 2),
        "up.2": (2, 32, 2, 2),
        "up.1": (2, 32, 4, 4),
        "up.0": (2, 16, 8, 8),
    }


def test_deaf_rows_do_not_depend_on_time() -> None:
    network, x = small(), torch.randn(1, 1, 8, 8).expand(3, -1, -1, -1)
    with torch.no_grad():
        plain = network(x, torch.tensor([5, 5, 90]))
        with without_time(network, 1, 2):
            out = network(x, torch.tensor([5, 5, 90]))
        torch.testing.assert_close(out[0], plain[0])
        torch.testing.assert_close(out[1], out[2])
        assert not torch.allclose(out[0], out[1])
        network.time_mlp[2].weight.zero_()
        network.time_mlp[2].bias.zero_()
        torch.testing.assert_close(network(x, 5)[0], out[1])  # what "nothing" means
        torch.testing.assert_close(network(x, 5), network(x, 70))  # no hook stays


@pytest.mark.parametrize("name", [n for n in NETWORKS if n not in ("unet", "classifier")])
def test_any_network_can_be_deafened_if_it_hears(name: str) -> None:
    config, make = NETWORKS[name]
    network, x = make(config(width=8)).eval(), torch.randn(1, 1, 32, 32).expand(2, -1, -1, -1)
    t = torch.tensor([5, 900])
    with torch.no_grad():
        one, other = network(x, t)
        assert torch.allclose(one, other, atol=1e-6) == (time_embedding(network) is None)
        if time_embedding(network):
            with without_time(network, 0, 1):
                torch.testing.assert_close(*network(x, t), atol=1e-5, rtol=1e-4)


def test_modulation_is_what_a_block_applies() -> None:
    network, times = small(), torch.tensor([0, 40])
    found = modulations(network, times)
    assert set(found) == set(stages(network))
    waves = sinusoidal_embedding(torch.tensor([400.0]), 16)
    with torch.no_grad():
        embedding = nn.functional.silu(network.time_mlp(waves))
        scale, shift = network.middle[0].modulation(embedding).chunk(2, dim=1)
    torch.testing.assert_close(found["middle"][0, 1], scale.abs().mean())
    torch.testing.assert_close(found["middle"][1, 1], shift.abs().mean())
    assert modulations(nn.Linear(2, 2), times) == {}
