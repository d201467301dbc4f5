"""The loss and its weights against the formulas of the papers they come from."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from explorer.diffusion import (
    SCHEDULES,
    TARGETS,
    WEIGHTINGS,
    Schedule,
    belief_errors,
    bound_weights,
    loss_weights,
    losses,
    make_schedule,
    noise_weights,
    regression_target,
    reverse,
)
from explorer.networks import UNet, UNetConfig

NAMES = st.sampled_from(list(SCHEDULES))
SIZES = st.integers(2, 300)


def errors(schedule: Schedule) -> dict[str, Tensor]:
    """Of one wrong guess x̂_0 at every t: the squared error of each target; (T,) each."""
    g = torch.Generator().manual_seed(3)
    x0, guess, eps = (
        torch.randn(schedule.T, 5, generator=g, dtype=torch.float64) for _ in range(3)
    )
    t = torch.arange(1, schedule.T + 1)
    signal = schedule.alpha_bar[1:, None].sqrt()
    sigma = (1 - schedule.alpha_bar[1:, None]).sqrt()
    eps_hat = eps + signal / sigma * (x0 - guess)  # both explain the same x_t
    v, v_hat = signal * eps - sigma * x0, signal * eps_hat - sigma * guess
    torch.testing.assert_close(v, regression_target(schedule, x0, eps, t, "v"))
    pairs = {"eps": (eps_hat, eps), "x0": (guess, x0), "v": (v_hat, v)}
    return {name: (a - b).square().sum(1) for name, (a, b) in pairs.items()}


@given(NAMES, SIZES, st.floats(0.01, 1e3))
def test_min_snr_is_one_loss_for_all_targets(name: str, T: int, gamma: float) -> None:
    schedule = make_schedule(name, T)
    found = [
        loss_weights(schedule, target, "min-snr", gamma=gamma)[1:] * error
        for target, error in errors(schedule).items()
    ]
    for other in found[1:]:
        torch.testing.assert_close(other, found[0], rtol=1e-6, atol=0)


@given(NAMES, SIZES)
def test_the_bound_is_one_loss_for_all_targets_up_to_a_factor(name: str, T: int) -> None:
    schedule = make_schedule(name, T)
    found = [
        loss_weights(schedule, target, "bound")[1:] * error
        for target, error in errors(schedule).items()
    ]
    for other in found[1:]:
        ratio = other / found[0]
        torch.testing.assert_close(ratio, ratio[:1].expand(T), rtol=1e-6, atol=0)


@given(NAMES, SIZES, st.floats(0.01, 1e3))
def test_min_snr_is_that_of_hang_et_al(name: str, T: int, gamma: float) -> None:
    """Hang et al. 2023, section 3.4: min(SNR, γ)/SNR for ε, min(SNR, γ)/(SNR + 1) for v."""
    schedule = make_schedule(name, T)
    snr = schedule.snr[1:]
    least = snr.clamp(max=gamma)
    published = {"eps": least / snr, "x0": least, "v": least / (snr + 1)}
    for target, expected in published.items():
        weights = loss_weights(schedule, target, "min-snr", gamma=gamma)
        torch.testing.assert_close(weights[1:], expected, rtol=1e-9, atol=0)


@given(NAMES, SIZES)
def test_bound_weights_with_beta_are_eq_12_of_ho_et_al(name: str, T: int) -> None:
    schedule = make_schedule(name, T)
    weights = bound_weights(schedule, "beta")
    alpha_bar = 1.0
    for t in range(1, T + 1):
        beta = schedule.betas[t - 1].item()
        alpha_bar *= 1 - beta
        expected = beta**2 / (2 * beta * (1 - beta) * (1 - alpha_bar))
        assert weights[t].item() == pytest.approx(expected, rel=1e-8)
    assert math.isnan(weights[0])


@given(NAMES, SIZES)
def test_bound_weights_with_the_posterior_variance_are_those_of_kingma_et_al(
    name: str, T: int
) -> None:
    """Kingma et al. 2021, eq. 13: ½ (SNR(t − 1) − SNR(t)) ‖x_0 − x̂_0‖²."""
    schedule = make_schedule(name, T)
    in_x0 = bound_weights(schedule, "posterior") * schedule.snr
    expected = (schedule.snr[:-1] - schedule.snr[1:]) / 2
    torch.testing.assert_close(in_x0[2:], expected[1:], rtol=1e-6, atol=0)
    assert in_x0[1] == expected[0] == math.inf


@pytest.mark.parametrize("variance", ["beta", "posterior"])
@pytest.mark.parametrize("name", SCHEDULES)
def test_bound_weights_are_the_distance_of_two_reverse_steps(name: str, variance: str) -> None:
    """‖μ̃(x_t, x_0) − μ̃(x_t, x̂_0)‖² / (2 σ_t²), Ho et al. 2020, eq. 8, by `reverse` itself."""
    schedule = make_schedule(name, 50)
    g = torch.Generator().manual_seed(1)
    x0, guess, x_t = (torch.randn(49, 4, generator=g, dtype=torch.float64) for _ in range(3))
    t = torch.arange(2, 51)
    true = reverse(schedule, x0, x_t, t, t - 1, variance=variance)
    guessed = reverse(schedule, guess, x_t, t, t - 1, variance=variance)
    distance = ((true.mean - guessed.mean).square() / (2 * true.std**2)).sum(1)
    eps_error = schedule.snr[2:] * (x0 - guess).square().sum(1)
    torch.testing.assert_close(bound_weights(schedule, variance)[2:] * eps_error, distance)


@given(NAMES, SIZES, st.sampled_from(TARGETS), st.sampled_from(WEIGHTINGS))
def test_noise_weights_turn_the_error_of_eps_into_the_loss(
    name: str, T: int, target: str, weighting: str
) -> None:
    """And with weighting simple they are 1, (1 − ᾱ)/ᾱ and 1/ᾱ."""
    schedule = make_schedule(name, T)
    found, ab = errors(schedule), schedule.alpha_bar[1:]
    loss = loss_weights(schedule, target, weighting)[1:] * found[target]
    ours = noise_weights(schedule, target, weighting)[1:] * found["eps"]
    torch.testing.assert_close(ours, loss, rtol=1e-6, atol=0)
    belief = belief_errors(schedule, target)[1:] * found[target]
    torch.testing.assert_close(belief, found["x0"], rtol=1e-6, atol=0)
    truth = {"eps": torch.ones_like(ab), "x0": (1 - ab) / ab, "v": 1 / ab}[target]
    torch.testing.assert_close(noise_weights(schedule, target)[1:], truth)
    assert noise_weights(schedule, target)[0].isnan()
    with pytest.raises(ValueError, match="no target 'class'"):
        noise_weights(schedule, "class")


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("name", SCHEDULES)
def test_every_weighting_is_a_finite_float64_table(name: str, target: str) -> None:
    for weighting in WEIGHTINGS:
        weights = loss_weights(make_schedule(name, 100), target, weighting)
        assert weights.shape == (101,) and weights.dtype == torch.float64 and weights[0] == 0
        assert weights.isfinite().all() and (weights[1:] > 0).all()
    simple, bound = (
        loss_weights(make_schedule(name, 100), target, kind)[1:] for kind in ("simple", "bound")
    )
    assert (simple == 1).all() and bound.mean().item() == pytest.approx(1)


def test_what_there_is_not_is_refused() -> None:
    schedule = make_schedule("linear", 10)
    with pytest.raises(ValueError, match="no target 'noise'; there are: eps, x0, v"):
        loss_weights(schedule, "noise")
    with pytest.raises(ValueError, match="no weighting 'p2'; there are: simple, bound, min-snr"):
        loss_weights(schedule, "eps", "p2")
    with pytest.raises(ValueError, match="posterior, beta"):
        bound_weights(schedule, "large")
    for gamma in (0.0, -1.0, math.nan):
        with pytest.raises(ValueError, match="gamma"):
            loss_weights(schedule, "eps", "min-snr", gamma=gamma)


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("told", [True, False])
def test_losses_are_the_mean_squares_by_hand(target: str, told: bool) -> None:
    schedule = make_schedule("linear", 20)
    x0, eps = torch.rand(3, 1, 4, 4) * 2 - 1, torch.randn(3, 1, 4, 4)
    t, label = torch.tensor([1, 7, 20]), torch.tensor([4, -1, 0])

    def network(x_t: Tensor, times: Tensor, *labels: Tensor) -> Tensor:
        assert torch.equal(times, t) and len(labels) == told
        return 0.3 * x_t + (times / 20 + sum(labels)).reshape(3, 1, 1, 1)

    found = losses(network, schedule, x0, t, eps, label if told else None, target=target)
    for i in range(3):
        signal = math.sqrt(schedule.alpha_bar[t[i]])
        sigma = math.sqrt(1 - schedule.alpha_bar[t[i]])
        x_t = signal * x0[i] + sigma * eps[i]
        given = t[i] / 20 + label[i] * told
        truth = {"eps": eps[i], "x0": x0[i], "v": signal * eps[i] - sigma * x0[i]}[target]
        expected = ((0.3 * x_t + given - truth) ** 2).mean()
        assert found[i].item() == pytest.approx(expected.item(), rel=1e-5)
    assert found.shape == (3,)


def test_one_time_serves_the_whole_batch_and_half_precision_is_summed_in_full() -> None:
    schedule = make_schedule("cosine", 20)
    x0, eps = torch.rand(3, 8), torch.randn(3, 8)
    found = losses(lambda x, t: x, schedule, x0, 5, eps)
    each = losses(lambda x, t: x, schedule, x0, torch.full((3,), 5), eps)
    assert torch.equal(found, each)
    halved = losses(lambda x, t: x.bfloat16(), schedule, x0, 5, eps)
    assert halved.dtype == torch.float32
    torch.testing.assert_close(halved, found, rtol=0.05, atol=0.01)


@pytest.mark.parametrize("target", TARGETS)
def test_on_a_device_no_value_is_looked_at(target: str) -> None:
    """Meta tensors have none: whatever would wait for an accelerator fails here."""
    with torch.device("meta"):
        network = UNet(UNetConfig(channels=1, classes=3, width=8))
        x0, eps, t = torch.empty(2, 1, 8, 8), torch.empty(2, 1, 8, 8), torch.ones(2).long()
    found = losses(network, make_schedule("cosine", 1000), x0, t, eps, t, target=target)
    assert found.shape == (2,) and found.device.type == "meta"
