"""The lectures' networks: what they accept, what they are told, how large they are."""

from __future__ import annotations

import math
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from explorer.checkpoints import MAX_T, CheckpointError, Spec, catalogue, load, save
from explorer.networks import CHOICES, NETWORKS
from explorer.networks.lecture.base import sines_first
from explorer.networks.lecture.mnist_jax import NormedAttention
from explorer.networks.lecture.scinet import NaiveBlock

SIDES = {
    "naive-unet": 32,
    "simple-unet": 16,
    "timeless-unet": 8,
    "ladder-unet": 8,
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


def parameters(name: str, channels: int) -> int:
    """Weights of the network as its lecture has it."""
    kind, options = CHOICES[name]
    with torch.device("meta"):
        network = made(kind, channels=channels, **options)
    return sum(p.numel() for p in network.parameters())


@pytest.mark.parametrize(
    ("name", "channels", "weights"),
    [
        ("naive-512", 3, 129_329_667),
        ("simple-64", 3, 62_438_883),
        ("timeless", 1, 4_284_481),
        ("timeless-skips", 1, 4_284_481),
        ("attention", 1, 12_816_361),
        ("plain", 1, 165_633),
    ],
)
def test_networks_have_the_lectures_number_of_weights(
    name: str, channels: int, weights: int
) -> None:
    assert parameters(name, channels) == weights


@pytest.mark.parametrize(
    ("name", "millions"),
    [("naive-128", 8.10), ("naive-64", 2.03), ("naive-32", 0.51), ("simple-32", 15.6)],
)
def test_narrow_ones_are_smaller(name: str, millions: float) -> None:
    assert parameters(name, 3) / 1e6 == pytest.approx(millions, rel=0.01)


def conv(inputs: int, outputs: int, kernel: int = 3, stride: int = 1) -> str:
    return f"conv{kernel} {inputs}-{outputs}" + (f" /{stride}" if stride > 1 else "")


def back(inputs: int, outputs: int, kernel: int, stride: int = 2) -> str:
    return f"back{kernel} {inputs}-{outputs}" + (f" x{stride}" if stride > 1 else "")


def order(name: str, channels: int, side: int) -> list[str]:
    """The layers of a lecture's network in the order in which they compute, at full width."""
    kind, options = CHOICES[name]
    with torch.device("meta"):
        network = made(kind, channels=channels, **options).eval()
    found: list[str] = []

    def note(layer: Any, given: Any, output: Any) -> None:
        if isinstance(layer, nn.ConvTranspose2d | nn.Conv2d):
            named = back if isinstance(layer, nn.ConvTranspose2d) else conv
            width = layer.kernel_size[0]
            found.append(named(layer.in_channels, layer.out_channels, width, layer.stride[0]))
        elif isinstance(layer, nn.Linear):
            bias = "" if layer.bias is not None else " no bias"
            found.append(f"linear {layer.in_features}-{layer.out_features}{bias}")
        elif isinstance(layer, nn.GroupNorm):
            found.append(f"group{layer.num_groups} {layer.num_channels}")
        elif isinstance(layer, nn.BatchNorm2d):
            found.append(f"batch {layer.num_features}")
        elif isinstance(layer, nn.MaxPool2d | nn.AvgPool2d):
            found.append(f"{type(layer).__name__[:3].lower()}{layer.kernel_size}")
        elif isinstance(layer, nn.ReLU | nn.GELU):
            found.append(type(layer).__name__.lower())

    for module in network.modules():
        module.register_forward_hook(note)
    x = torch.empty(2, channels, side, side, device="meta")
    network(x, torch.empty(2, dtype=torch.long, device="meta"))
    return found


def test_timeless_unets_layers_are_in_the_printed_order() -> None:
    same = [conv(256, 256)] * 4
    decoders = [
        [back(a, b, 3), "relu", conv(b, b), conv(b, b)] for a, b in [(256, 128), (128, 64)]
    ]
    expected = [
        *[conv(1, 64), conv(64, 64), conv(1, 64, 1)],
        *[conv(64, 128, stride=2), conv(128, 128), conv(64, 128, 1, 2)],
        *[conv(128, 256, stride=2), conv(256, 256), conv(128, 256, 1, 2)],
        *[*same, *decoders[0], *decoders[1], conv(64, 1)],
    ]
    assert order("timeless", 1, 28) == order("timeless-skips", 1, 28) == expected


def resnet(inputs: int, outputs: int) -> list[str]:
    norm = f"group8 {outputs}"
    return [
        *[conv(inputs, outputs), norm, f"linear 128-{outputs}"],
        *[conv(inputs, outputs, 1), conv(outputs, outputs), norm],
    ]


def attention(n: int) -> list[str]:
    return [f"linear {n}-{3 * n} no bias", f"linear {n}-{n}", f"group8 {n}"]


def level(inputs: int, outputs: int) -> list[str]:
    return [*resnet(inputs, outputs), *resnet(outputs, outputs), *attention(outputs)]


def test_attention_unets_layers_are_in_the_printed_order() -> None:
    expected = [
        *["linear 32-128", "gelu", "linear 128-128", conv(1, 20, 7), *level(20, 32)],
        *[conv(32, 32, 4, 2), *level(32, 64), conv(64, 64, 4, 2), *level(64, 128)],
        *[conv(128, 128, 4, 2), *level(128, 256)],
        *[*resnet(256, 256), *attention(256), *resnet(256, 256)],
        *[*level(512, 256), back(256, 256, 4), *level(128 + 256, 128), back(128, 128, 4)],
        *[*level(64 + 128, 64), back(64, 64, 4), *level(32 + 64, 32)],
        *[*resnet(32, 32), conv(32, 1, 1)],
    ]
    found = order("attention", 1, 32)
    # what a block adds up may be computed in either order
    assert sorted(found) == sorted(expected) and len(found) == len(expected)
    without = [layer for layer in found if not layer.startswith("conv1 ")]
    assert without == [layer for layer in expected if not layer.startswith("conv1 ")]


def test_simple_unets_layers_are_in_the_printed_order() -> None:
    def block(inputs: int, outputs: int, change: str) -> list[str]:
        second = [conv(outputs, outputs), f"batch {outputs}", change]
        return [conv(inputs, outputs), f"batch {outputs}", f"linear 32-{outputs}", *second]

    widths = [64, 128, 256, 512, 1024]
    expected = ["linear 32-32", "relu", conv(3, 64)]
    for a, b in zip(widths, widths[1:], strict=False):
        expected += block(a, b, conv(b, b, 4, 2))
    for a, b in reversed(list(zip(widths, widths[1:], strict=False))):
        expected += block(2 * b, a, back(a, a, 4))
    assert order("simple-64", 3, 64) == [*expected, conv(64, 3, 1)]


def test_plain_nets_layers_are_in_the_printed_order() -> None:
    expected = [
        *[conv(1, 64), conv(64, 128), "linear 1-128", "relu", "linear 128-128"],
        *[back(128, 64, 3, 1), back(64, 1, 3, 1)],
    ]
    assert order("plain", 1, 28) == expected


def test_naive_unets_layers_are_in_the_printed_order() -> None:
    def block(inputs: int, outputs: int) -> list[str]:
        after = [f"group8 {outputs}", "relu"]
        return [conv(inputs, outputs), *after, conv(outputs, outputs), *after]

    def up(inputs: int, outputs: int) -> list[str]:
        return [back(inputs, outputs, 2), *block(outputs, outputs), *block(outputs, outputs)]

    n = 512
    expected = [
        *[*block(3, n), *block(n, n), "max2", *block(n, 2 * n), "max2"],
        *[*block(2 * n, 2 * n), "max2", "avg4", "relu"],
        *[f"linear 1-{2 * n}", "gelu", f"linear {2 * n}-{2 * n}"],
        *[back(2 * n, 2 * n, 4, 4), "relu", f"group8 {2 * n}", "relu"],
        *[*up(4 * n, 2 * n), *up(4 * n, n), *up(2 * n, n), conv(2 * n, 3)],
    ]
    assert order("naive-512", 3, 64) == expected


def test_naive_unets_residual_is_a_plain_sum() -> None:
    block, x = NaiveBlock(8, 8, residual=True), torch.randn(2, 8, 4, 4)
    first = block.first(x)
    assert torch.equal(block(x), first + block.second(first))
    assert sum(block.residual for block in layers("naive-unet", NaiveBlock)) == 1


def layers(kind: str, layer: type[nn.Module]) -> list[Any]:
    return [module for module in made(kind).modules() if isinstance(module, layer)]


def test_attention_is_added_after_its_norm() -> None:
    """x + norm(attention(x)), against attention written out head by head."""
    layer, x = NormedAttention(16), torch.randn(2, 16, 3, 5)
    rows = x.flatten(2).transpose(1, 2)  # (B, positions, C)
    q, k, v = (rows @ layer.qkv.weight.T).chunk(3, dim=2)
    heads = []
    for i in range(8):
        own = slice(2 * i, 2 * i + 2)
        weights = torch.softmax(q[..., own] @ k[..., own].transpose(1, 2) / 2**0.5, dim=2)
        heads.append(weights @ v[..., own])
    h = torch.cat(heads, dim=2) @ layer.project.weight.T + layer.project.bias
    h = F.group_norm(h.transpose(1, 2).reshape(x.shape), 8, eps=1e-6)
    torch.testing.assert_close(layer(x), x + h, rtol=1e-4, atol=1e-5)


def test_normalisation_and_first_weights_are_those_of_flax() -> None:
    network = made("attention-unet", width=32)
    assert {norm.eps for norm in network.modules() if isinstance(norm, nn.GroupNorm)} == {1e-6}
    assert not any(
        p.any()
        for name, p in network.named_parameters()
        if name.endswith("bias") and "norm" not in name
    )
    level = network.down[3]
    for weight, inputs in [
        (level.block1.conv1.weight, 9 * 128),
        (level.block2.time.weight, 128),
        (network.grow[0].weight, 16 * 256),
    ]:
        assert weight.std().item() == pytest.approx(inputs**-0.5, rel=0.02)
        assert weight.abs().max() < 2.28 * inputs**-0.5  # cut off at two deviations, rescaled
    qkv, project = level.attention.qkv.weight, level.attention.project.weight
    assert qkv.abs().max().item() == pytest.approx((6 / (256 + 768)) ** 0.5, rel=1e-3)
    assert project.abs().max().item() == pytest.approx((6 / 512) ** 0.5, rel=1e-3)


def test_the_first_loss_is_of_the_printed_size() -> None:
    """5.71 is printed of step 0: fresh weights guess far worse than 0, whose loss is 1."""
    found = []
    for seed in range(4):
        torch.manual_seed(seed)
        network, eps = made("attention-unet", width=32, T=200), torch.randn(4, 1, 16, 16)
        with torch.no_grad():
            found.append(F.mse_loss(network(eps, torch.tensor([50, 100, 150, 200])), eps).item())
    assert 2 < sum(found) / 4 < 12


def test_normalisation_and_first_weights_are_those_of_keras() -> None:
    network = made("naive-unet", width=64)
    assert {norm.eps for norm in network.modules() if isinstance(norm, nn.GroupNorm)} == {1e-3}
    weight = network.back[0].weight  # (128, 128, 4, 4)
    assert weight.abs().max().item() == pytest.approx((6 / (2 * 16 * 128)) ** 0.5, rel=1e-3)
    assert not network.back[0].bias.any()


def test_additive_skips_are_an_option_of_timeless_unet() -> None:
    plain, added = made("timeless-unet"), made("timeless-unet", skips=True)
    added.load_state_dict(plain.state_dict())
    x = pictures("timeless-unet")
    fine = added.encoder1(x)
    half = added.encoder2(fine)
    h = added.decoder1(added.middle(added.encoder3(half)))
    assert torch.equal(plain(x, 1), plain.decoder3(plain.decoder2(h)))
    assert torch.equal(added(x, 1), added.decoder3(added.decoder2(h + half) + fine))
    with pytest.raises(ValueError, match="TimelessUnet: skips = 1: true or false"):
        made("timeless-unet", skips=1)


def test_the_sinusoids_reach_from_one_to_a_ten_thousandth() -> None:
    """sin first; ω_k = 10000^(−k/15) for k = 0…15."""
    waves = sines_first(torch.tensor([0, 1, 299]), 32).double()
    for k in range(16):
        omega = 10000 ** (-k / 15)
        for row, t in zip(waves, (0, 1, 299), strict=True):
            assert row[k].item() == pytest.approx(math.sin(omega * t), abs=1e-4)
            assert row[16 + k].item() == pytest.approx(math.cos(omega * t), abs=1e-4)


@pytest.mark.parametrize(
    ("kind", "first"),
    [
        ("simple-unet", sines_first(torch.tensor([4, 99]), 32)),  # counted from 0
        ("attention-unet", sines_first(torch.tensor([5, 100]), 8)),
        ("plain-net", torch.tensor([[0.04], [0.99]])),  # counted from 0
        ("naive-unet", torch.tensor([[0.05], [1.0]])),
    ],
)
def test_what_is_told_of_the_time(kind: str, first: Tensor) -> None:
    """Steps 5 and 100 of T = 100."""
    network, told = made(kind), []
    network.time[0].register_forward_pre_hook(lambda _, given: told.append(given[0]))
    network(pictures(kind), torch.tensor([5, 100]))
    torch.testing.assert_close(told[0], first)


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
        assert torch.allclose(a, b, atol=1e-6) == (kind in ("timeless-unet", "ladder-unet"))
        alone = network(x[:1], 95)[0]
    # alone or in a batch, layers round otherwise: 1.3e-5 with torch 2.9
    torch.testing.assert_close(alone, b, rtol=0, atol=3e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_the_gradient_reaches_every_parameter(kind: str) -> None:
    network, x = made(kind), pictures(kind, 4)
    optimizer, target = torch.optim.SGD(network.parameters(), lr=0.1), torch.randn_like(x)
    for _ in range(2):
        optimizer.zero_grad()
        F.mse_loss(network(x, torch.tensor([1, 30, 60, 100])), target).backward()
        optimizer.step()
    still = [name for name, p in network.named_parameters() if p.grad is None or not p.grad.any()]
    assert still == []


@pytest.mark.parametrize("kind", KINDS)
def test_a_label_is_refused_as_by_any_network_without_classes(kind: str) -> None:
    with pytest.raises(ValueError, match="without classes: leave the class out"):
        made(kind)(pictures(kind), 1, torch.tensor([0, 1]))
    with pytest.raises(ValueError, match=r"classes = 10: this network takes no classes"):
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
    with pytest.raises(ValueError, match=r"a batch of 2 or more, or images larger than 16 × 16"):
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
        again = denoiser.network(x, 7)
        torch.testing.assert_close(again, network.eval()(x, 7), rtol=1e-3, atol=1e-4)
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


@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize("kind", KINDS)
def test_weights_of_a_former_network_are_refused_in_one_sentence(
    kind: str, version: int, tmp_path: Path
) -> None:
    path = tmp_path / "old.safetensors"
    save(path, made(kind).state_dict(), spec_of(kind, version=version))  # shapes tell nothing
    called = NETWORKS[kind][0].called
    says = f"old.safetensors: .*{called} has since been rebuilt as its lecture prints it.* again"
    with pytest.raises(CheckpointError, match=says):
        load(path)
    assert catalogue(tmp_path) == {}
    save(path, made(kind).state_dict(), spec_of(kind))
    assert [*catalogue(tmp_path)] == [path]


def test_models_of_other_networks_are_not_concerned(tmp_path: Path) -> None:
    network = NETWORKS["unet"][1](NETWORKS["unet"][0](width=16, T=100))
    spec = spec_of("plain-net", network="unet", network_config=asdict(network.config), version=2)
    save(tmp_path / "a.safetensors", network.state_dict(), spec)
    assert load(tmp_path / "a.safetensors")[1].version == 3
