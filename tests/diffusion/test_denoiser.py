"""Every target leads to the same x̂_0, and the core stands on its own."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from explorer.diffusion import TARGETS, Denoiser, forward, make_schedule, regression_target


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("name", ["linear", "cosine"])
def test_a_perfect_network_gives_x0_back(target: str, name: str) -> None:
    schedule = make_schedule(name)
    x0 = torch.rand(4, 1, 3, 3, dtype=torch.float64) * 2 - 1
    eps, t = torch.randn_like(x0), torch.tensor([1, 300, 700, 999])
    mean, std = forward(schedule, x0, t)
    x_t = mean + std * eps
    truth = regression_target(schedule, x0, eps, t, target)
    denoise = Denoiser(lambda x, t: truth, schedule, target)
    torch.testing.assert_close(denoise(x_t, t), x0, rtol=0, atol=1e-8)


def test_v_is_salimans_and_ho() -> None:
    schedule, x0, eps = make_schedule("linear"), torch.ones(1, 1), torch.full((1, 1), 2.0)
    ab = schedule.alpha_bar[500].item()
    v = regression_target(schedule, x0, eps, 500, "v").item()
    assert v == pytest.approx(ab**0.5 * 2 - (1 - ab) ** 0.5, rel=1e-6)


def test_clipping_and_what_the_network_is_told() -> None:
    schedule, seen = make_schedule("linear", 10), []

    def network(*arguments: Tensor) -> Tensor:
        seen.append(arguments[1:])
        return torch.full_like(arguments[0], 3.0)

    x = torch.zeros(2, 1, 2, 2)
    assert Denoiser(network, schedule, "x0")(x, 4).max() == 1
    assert Denoiser(network, schedule, "x0", clip=False)(x, 4, torch.tensor([1, 2])).max() == 3
    (times,), (same, label) = seen
    assert times.tolist() == same.tolist() == [4, 4] and label.tolist() == [1, 2]
    assert times.dtype == torch.int64


def test_a_wrong_target_is_refused() -> None:
    with pytest.raises(ValueError, match="eps, x0, v"):
        Denoiser(torch.nn.Identity(), make_schedule("linear", 5), "noise")


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("weight", [0.0, 0.5, 1.0, 2.5])
def test_guidance_is_that_of_the_noise(target: str, weight: float) -> None:
    """ε̂ = ε̂_∅ + w (ε̂_c − ε̂_∅), whatever the network predicts, in one batch."""
    schedule = make_schedule("cosine", 50)
    calls = []

    def network(x_t: Tensor, t: Tensor, label: Tensor) -> Tensor:
        calls.append(len(x_t))
        return torch.sin(3 * x_t) + 0.1 * (label.view(-1, 1) + 2) * t.view(-1, 1) / 50

    x, label = torch.randn(4, 6), torch.tensor([0, 1, 2, 2])
    plain = Denoiser(network, schedule, target, clip=False)
    guided = Denoiser(network, schedule, target, clip=False, guidance=weight)

    def noise(x0: Tensor, t: int) -> Tensor:
        a = schedule.alpha_bar[t].float()
        return (x - a.sqrt() * x0) / (1 - a).sqrt()

    for t in (1, 20, 45):
        given, free = noise(plain(x, t, label), t), noise(plain(x, t, label * 0 - 1), t)
        calls.clear()
        found = noise(guided(x, t, label), t)
        assert calls == ([4] if weight in (0, 1) else [8])
        torch.testing.assert_close(found, free + weight * (given - free), rtol=1e-3, atol=1e-3)
    each = torch.tensor([1, 20, 30, 45])
    rows = [guided(x[i : i + 1], int(t), label[i : i + 1]) for i, t in enumerate(each)]
    torch.testing.assert_close(guided(x, each, label), torch.cat(rows), rtol=1e-4, atol=1e-4)
    clipped = Denoiser(network, schedule, target, guidance=weight)(x, 20, label)
    assert clipped.abs().max() <= 1


@pytest.mark.parametrize("weight", [-0.1, math.nan, math.inf, "2", None, True])
def test_guidance_that_cannot_be_is_refused(weight: object) -> None:
    with pytest.raises(ValueError, match="guidance"):
        Denoiser(torch.nn.Identity(), make_schedule("cosine", 5), guidance=weight)
