"""The U-Net: what it accepts, what it is told, and its parts against their formulas."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from explorer.networks import UNet, UNetConfig
from explorer.networks.layers import Attention, sinusoidal_embedding


def awake(**settings: Any) -> UNet:
    """A small U-Net whose weights are all random: a fresh one is the zero function."""
    network = UNet(UNetConfig(**{"width": 16, "attention": (0, 1)} | settings)).eval()
    with torch.no_grad():
        for parameter in network.parameters():
            parameter += 0.1 * torch.randn_like(parameter)
    return network.requires_grad_(False)


@pytest.mark.parametrize(
    ("settings", "size"),
    [
        ({"channels": 1}, (16, 16)),
        ({"channels": 3}, (28, 28)),
        ({"channels": 1, "patch": 2, "multipliers": (1, 2, 2)}, (32, 32)),
        ({"channels": 3, "multipliers": (1,), "attention": ()}, (7, 5)),
        ({"channels": 1, "blocks": 2}, (12, 20)),
        ({"width": 104, "multipliers": (1,), "attention": (0,)}, (4, 4)),
        ({"width": 2, "multipliers": (4,), "attention": (0,)}, (4, 4)),
    ],
)
def test_the_output_has_the_shape_of_the_picture(
    settings: dict[str, Any], size: tuple[int, int]
) -> None:
    network = awake(**settings)
    x = torch.randn(2, network.config.channels, *size)
    out = network(x, torch.tensor([1, 1000]))
    assert out.shape == x.shape and out.isfinite().all() and out.std() > 0.01


@pytest.mark.parametrize(
    ("settings", "size", "multiple"),
    [
        ({}, (15, 16), 2),
        ({"patch": 2}, (30, 30), 4),
        ({"patch": 2, "multipliers": (1, 2, 2)}, (32, 28), 8),
        ({}, (0, 16), 2),
    ],
)
def test_other_sizes_are_refused_naming_the_multiple(
    settings: dict[str, Any], size: tuple[int, int], multiple: int
) -> None:
    network = UNet(UNetConfig(width=16, **settings))
    with pytest.raises(ValueError, match=f"multiples of {multiple} .*not {size[0]} × {size[1]}"):
        network(torch.zeros(1, 1, *size), 1)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *[("channels", value) for value in (0, 2, 4, 1.0)],
        *[("classes", value) for value in (-1, 2.5)],
        *[("T", value) for value in (0, -5, 10.0, True)],
        *[("width", value) for value in (0, -8, 12, 64.0, 10**12, "64")],
        *[("multipliers", value) for value in ((), (0,), (-1,), (1,) * 7, (1, 1.5), (10**9,))],
        *[("blocks", value) for value in (0, 9, 1.5)],
        *[("attention", value) for value in ((2,), (-1,), (0.0,))],
        *[("patch", value) for value in (0, -1, 1.5)],
        *[("dropout", value) for value in (-0.1, 1.0, math.nan)],
    ],
)
def test_a_bad_configuration_is_refused_naming_the_field(field: str, value: Any) -> None:
    with pytest.raises(ValueError, match=rf"U-Net: .*\b{field} = "):
        UNetConfig(**{field: value})


@pytest.mark.parametrize("width, multipliers", [(-8, (-1, -2)), (1, (8,)), (3, (8,))])
def test_widths_whose_time_embedding_cannot_be_built_are_refused(
    width: int, multipliers: tuple[int, ...]
) -> None:
    with pytest.raises(ValueError, match="width"):
        UNetConfig(width=width, multipliers=multipliers, attention=())


def test_lists_become_tuples_so_that_a_configuration_survives_json() -> None:
    assert UNetConfig(multipliers=[1, 2], attention=[0]) == UNetConfig(attention=(0,))


def test_the_label_changes_the_output_and_minus_one_is_no_label() -> None:
    network, x = awake(classes=3), torch.randn(1, 1, 8, 8).expand(4, -1, -1, -1)
    out = network(x, 10, torch.tensor([0, 1, 2, -1]))
    apart = torch.cdist(out.flatten(1), out.flatten(1)) + torch.eye(4)
    assert apart.min() > 0.01
    assert torch.equal(network(x, 10, torch.full((4,), -1)), network(x, 10))
    torch.testing.assert_close(out[3:], network(x[:1], 10))


def test_an_unconditional_network_refuses_a_label() -> None:
    with pytest.raises(ValueError, match="without classes"):
        awake()(torch.zeros(1, 1, 8, 8), 1, torch.tensor([0]))


def test_the_embedding_sees_the_share_of_T() -> None:
    long, short = awake(T=1000), awake(T=100)
    short.load_state_dict(long.state_dict())
    x = torch.randn(2, 1, 8, 8)
    assert torch.equal(long(x, 500), short(x, 50))
    assert torch.equal(long(x, torch.tensor([500, 500])), long(x, 500))
    assert (long(x, 500) - short(x, 51)).abs().max() > 1e-3


def test_the_sinusoidal_embedding_is_the_formula() -> None:
    times, width = [0.0, 1.0, 137.5, 1000.0], 10
    made = sinusoidal_embedding(torch.tensor(times), width)
    for row, u in zip(made.tolist(), times, strict=True):
        angles = [u * 10000 ** (-2 * k / width) for k in range(width // 2)]
        truth = [math.cos(a) for a in angles] + [math.sin(a) for a in angles]
        assert row == pytest.approx(truth, abs=1e-4)


def test_a_fresh_network_is_the_zero_function() -> None:
    network = UNet(UNetConfig(width=16, classes=2, patch=2))
    assert not network(torch.randn(2, 1, 8, 8), 5, torch.tensor([0, 1])).any()


def test_a_picture_does_not_depend_on_the_rest_of_its_batch() -> None:
    network, x = awake(classes=4, patch=2), torch.randn(5, 1, 16, 16)
    t, label = torch.tensor([1, 20, 300, 999, 1000]), torch.tensor([0, 1, 2, 3, -1])
    whole = network(x, t, label)
    for i in range(5):
        alone = network(x[i : i + 1], t[i : i + 1], label[i : i + 1])
        torch.testing.assert_close(alone, whole[i : i + 1], rtol=0, atol=1e-5)
    assert torch.equal(network(x, t, label), whole)


@pytest.mark.parametrize("channels", [8, 64, 104])
def test_attention_is_softmax_over_all_positions(channels: int) -> None:
    layer, x = Attention(channels), torch.randn(2, channels, 3, 5)
    torch.nn.init.normal_(layer.out.weight, std=0.1)
    d = channels // layer.heads
    parts = layer.qkv(F.group_norm(x, 8, layer.norm.weight, layer.norm.bias)).flatten(2)
    q, k, v = parts.reshape(2, 3, layer.heads, d, 15).unbind(1)

    def mixed(i: int, head: int) -> Tensor:
        """Position a gets the average of v over positions b, weighted by exp(q_a·k_b/√d)."""
        weights = torch.exp(q[i, head].T @ k[i, head] / d**0.5)  # (15, 15)
        return v[i, head] @ (weights / weights.sum(1, keepdim=True)).T  # (d, 15)

    h = torch.stack([torch.cat([mixed(i, head) for head in range(layer.heads)]) for i in (0, 1)])
    truth = x + layer.out(h.reshape(2, channels, 3, 5))
    torch.testing.assert_close(layer(x), truth, rtol=0, atol=1e-5)


def test_the_gradient_reaches_every_parameter_and_every_class() -> None:
    network = UNet(UNetConfig(width=16, classes=3, attention=(0, 1), patch=2))
    optimizer = torch.optim.SGD(network.parameters(), lr=0.1)
    x, label = torch.randn(4, 1, 8, 8), torch.tensor([0, 1, 2, -1])
    target = torch.randn_like(x)
    for _ in range(3):  # zeros lie in front: the head wakes first, then each block's last layer
        optimizer.zero_grad()
        F.mse_loss(network(x, torch.tensor([1, 9, 500, 1000]), label), target).backward()
        optimizer.step()
    still = [name for name, p in network.named_parameters() if p.grad is None or not p.grad.any()]
    assert still == []
    assert network.class_embedding.weight.grad.any(dim=1).all()
