"""The lectures' networks: what they accept, what they are told, how large they are."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from explorer.checkpoints import MAX_T, CheckpointError, Spec, load, save
from explorer.networks import CHOICES, NETWORKS
from explorer.networks.layers import Attention
from explorer.networks.lecture.scinet import NaiveBlock

SIDES = {
    "naive-unet": 32,
    "simple-unet": 16,
    "timeless-unet": 8,
    "attention-unet": 8,
    "plain-net": 8,
}
"""Kind -> a side that passes through it."""
KINDS = tuple(SIDES)


def made(kind: str, **settings: Any) -> nn.Module:
    config, network = NETWORKS[kind]
    return network(config(**{"width": 8, "T": 100} | settings))


def pictures(kind: str, n: int = 2, channels: int = 1) -> Tensor:
    return torch.randn(n, channels, SIDES[kind], SIDES[kind])


def parameters(name: str, channels: int) -> float:
    """In millions, of the network as its lecture has it."""
    kind, options = CHOICES[name]
    with torch.device("meta"):
        network = made(kind, channels=channels, **options)
    return sum(p.numel() for p in network.parameters()) / 1e6


@pytest.mark.parametrize(
    ("name", "channels", "millions"),
    [
        ("naive-512", 3, 129.0),
        ("naive-128", 3, 8.10),
        ("naive-64", 3, 2.03),
        ("naive-32", 3, 0.51),
        ("simple-64", 3, 62.4),
        ("timeless", 1, 3.42),
        ("attention", 1, 12.3),
        ("plain", 1, 0.166),
    ],
)
def test_networks_are_as_large_as_the_lectures(name: str, channels: int, millions: float) -> None:
    assert parameters(name, channels) == pytest.approx(millions, rel=0.02)


def layers(kind: str, layer: type[nn.Module]) -> list[Any]:
    return [module for module in made(kind).modules() if isinstance(module, layer)]


def test_the_layers_are_those_of_the_lectures() -> None:
    pools = layers("naive-unet", nn.MaxPool2d), layers("naive-unet", nn.AvgPool2d)
    assert [[pool.kernel_size for pool in group] for group in pools] == [[2, 2, 2], [4]]
    assert {norm.num_groups for norm in layers("naive-unet", nn.GroupNorm)} == {8}
    assert [up.stride[0] for up in layers("naive-unet", nn.ConvTranspose2d)] == [4, 2, 2, 2]
    assert sum(block.residual for block in layers("naive-unet", NaiveBlock)) == 1
    assert len(layers("naive-unet", NaiveBlock)) == 10

    strides = [conv.stride[0] for conv in layers("simple-unet", nn.Conv2d)]
    assert (strides.count(2), len(layers("simple-unet", nn.ConvTranspose2d))) == (4, 4)
    strides = [conv.stride[0] for conv in layers("timeless-unet", nn.Conv2d)]
    assert (strides.count(2), len(layers("timeless-unet", nn.ConvTranspose2d))) == (2, 2)
    assert layers("timeless-unet", nn.Linear) == []

    assert [attention.heads for attention in layers("attention-unet", Attention)] == [8] * 9
    assert made("attention-unet").stem.kernel_size == (7, 7)
    first, gelu, second = made("attention-unet").time
    assert (first.out_features, type(gelu), second.out_features) == (32, nn.GELU, 32)

    convolutions = layers("plain-net", nn.Conv2d)
    assert [conv.out_channels for conv in convolutions] == [8, 16, 8, 1]
    assert {conv.stride for conv in convolutions} == {(1, 1)}


def test_simple_unets_batchnorm_comes_after_the_relu() -> None:
    network, least = made("simple-unet"), []
    for norm in network.modules():
        if isinstance(norm, nn.BatchNorm2d):
            norm.register_forward_pre_hook(lambda _, given: least.append(given[0].min().item()))
    network(pictures("simple-unet", 4), 3)
    assert len(least) == 16 and set(least) == {0.0}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("channels", [1, 3])
def test_the_output_has_the_shape_of_the_picture(kind: str, channels: int) -> None:
    network, x = made(kind, channels=channels), pictures(kind, 3, channels)
    out = network(x, torch.tensor([1, 50, 100]))
    assert out.shape == x.shape and out.isfinite().all() and out.std() > 1e-3
    wide = torch.randn(1, channels, SIDES[kind], 2 * SIDES[kind])
    assert network(wide, 3).shape == wide.shape


@pytest.mark.parametrize("kind", KINDS)
def test_all_but_one_are_told_the_time(kind: str) -> None:
    network = made(kind).eval()
    x = pictures(kind, 1).expand(2, -1, -1, -1)
    with torch.no_grad():
        a, b = network(x, torch.tensor([5, 95]))
        assert torch.allclose(a, b, atol=1e-6) == (kind == "timeless-unet")
        alone = network(x[:1], 95)[0]
    torch.testing.assert_close(alone, b, rtol=0, atol=1e-5)


@pytest.mark.parametrize("kind", ["naive-unet", "plain-net"])
def test_some_see_the_share_of_T(kind: str) -> None:
    long, short = made(kind, T=100), made(kind, T=50)
    short.load_state_dict(long.state_dict())
    x = pictures(kind)
    assert torch.equal(long(x, 60), short(x, 30)) and not torch.equal(long(x, 60), short(x, 60))


@pytest.mark.parametrize("kind", KINDS)
def test_the_gradient_reaches_every_parameter(kind: str) -> None:
    network, x = made(kind), pictures(kind, 4)
    optimizer, target = torch.optim.SGD(network.parameters(), lr=0.1), torch.randn_like(x)
    for _ in range(2):  # attention begins as the identity
        optimizer.zero_grad()
        F.mse_loss(network(x, torch.tensor([1, 30, 60, 100])), target).backward()
        optimizer.step()
    still = [name for name, p in network.named_parameters() if p.grad is None or not p.grad.any()]
    assert still == []


@pytest.mark.parametrize("kind", KINDS)
def test_a_label_is_refused_as_by_any_network_without_classes(kind: str) -> None:
    with pytest.raises(ValueError, match="without classes: leave the class out"):
        made(kind)(pictures(kind), 1, torch.tensor([0, 1]))
    with pytest.raises(ValueError, match=r"classes = 10: this network cannot be told"):
        made(kind, classes=10)


@pytest.mark.parametrize("kind", sorted(set(KINDS) - {"plain-net"}))
def test_other_sizes_are_refused_naming_the_multiple(kind: str) -> None:
    network = made(kind)
    stride = network.config.stride
    with pytest.raises(ValueError, match=f"multiples of {stride}, not {stride} × {stride + 2}"):
        network(torch.zeros(1, 1, stride, stride + 2), 1)
    with pytest.raises(ValueError, match=f"; {2 * stride} × {stride} would do"):
        network(torch.zeros(1, 1, 2 * stride + 1, 1), 1)


def test_batchnorm_refuses_to_learn_from_one_number_with_a_sentence() -> None:
    network, x = made("simple-unet"), torch.randn(1, 1, 16, 16)
    with pytest.raises(ValueError, match=r"a batch of 2 or more, or pictures larger than 16 × 16"):
        network(x, 3)
    assert network(x.expand(2, -1, -1, -1), 3).shape == (2, 1, 16, 16)
    assert network(torch.randn(1, 1, 32, 16), 3).shape == (1, 1, 32, 16)
    assert network.eval()(x, 3).shape == x.shape


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("field", "value"),
    [
        *[("channels", value) for value in (0, 2, 1.0, "3")],
        *[("classes", value) for value in (-1, 1, False)],
        *[("T", value) for value in (0, -5, 10.0, True)],
        *[("width", value) for value in (0, -8, 12, 64.0, 10**12, 2048, "64", None)],
    ],
)
def test_a_bad_configuration_is_refused_naming_the_field(
    kind: str, field: str, value: Any
) -> None:
    with pytest.raises(ValueError, match=rf"\w+: {field} = "):
        NETWORKS[kind][0](**{field: value})


def test_a_picture_depends_on_its_batch_only_through_batchnorm_in_training() -> None:
    for kind in KINDS:
        x, t = pictures(kind, 3), torch.tensor([1, 50, 100])
        for training in (True, False):
            network = made(kind).train(training)
            with torch.no_grad():
                alone, whole = network(x[:2], t[:2]), network(x, t)[:2]
            mixes = not torch.allclose(alone, whole, atol=1e-5)
            assert mixes == (training and kind == "simple-unet")


def spec_of(kind: str, **changes: Any) -> Spec:
    values = {
        **{"name": kind, "data": "made", "licence": "-", "size": SIDES[kind], "channels": 1},
        **{"classes": (), "network": kind, "schedule": "linear", "T": 100, "target": "eps"},
        "network_config": asdict(NETWORKS[kind][0](width=8, T=100)),
    }
    return Spec(**values | changes)


@pytest.mark.parametrize("kind", KINDS)
def test_a_checkpoint_brings_the_same_network_back(kind: str, tmp_path: Path) -> None:
    network, x = made(kind), pictures(kind)
    network(x, 3)  # BatchNorm counts
    save(tmp_path / "a.safetensors", network.state_dict(), spec_of(kind))
    denoiser, spec = load(tmp_path / "a.safetensors")
    found = denoiser.network.state_dict()
    for name, value in network.state_dict().items():
        assert found[name].dtype == value.dtype and torch.equal(found[name], value), name
    with torch.no_grad():
        torch.testing.assert_close(denoiser.network(x, 7), network.eval()(x, 7))
    assert spec.network == kind


@pytest.mark.parametrize(
    "config",
    [
        {"width": 10**9},
        {"width": 1024, "T": MAX_T + 1},
        {"width": 8, "T": 100, "widest": 10**9},
        {"width": 8, "T": 100, "classes": 3},
        {"width": [8]},
        {"depth": 3},
    ],
)
@pytest.mark.parametrize("kind", KINDS)
def test_a_strangers_configuration_ends_in_one_sentence(
    kind: str, config: dict[str, Any], tmp_path: Path
) -> None:
    path = tmp_path / "a.safetensors"
    weights = made(kind).state_dict()
    T = config.get("T", 100)
    save(path, weights, spec_of(kind, T=T, network_config={"channels": 1} | config))
    with pytest.raises(CheckpointError) as error:
        load(path)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("kind", KINDS)
def test_a_wide_network_is_not_built_for_a_small_file(kind: str, tmp_path: Path) -> None:
    widest = NETWORKS[kind][0].widest
    config = {"channels": 1, "T": 100, "width": widest}
    save(tmp_path / "a.safetensors", {"x": torch.zeros(1)}, spec_of(kind, network_config=config))
    with pytest.raises(CheckpointError, match="its weights do not fit"):
        load(tmp_path / "a.safetensors")
