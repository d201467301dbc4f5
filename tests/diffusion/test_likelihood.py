"""The terms of the variational bound against quadrature, Monte Carlo and closed forms."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor
from torch.distributions import Normal

from explorer.diffusion import (
    SCHEDULES,
    VARIANCES,
    Gaussian,
    Schedule,
    bound_weights,
    decoder,
    denoising_term,
    discrete_log_likelihood,
    forward,
    make_schedule,
    prior_term,
    reverse,
)

NAMES = st.sampled_from(list(SCHEDULES))
EVERY_LEVEL = (2 * torch.arange(256, dtype=torch.float64) / 255 - 1)[:, None]  # (256, 1)


def bins(mean: float, std: float) -> Tensor:
    """ln P of each of the 256 steps."""
    p = Gaussian(torch.full_like(EVERY_LEVEL, mean), torch.tensor([[std]], dtype=torch.float64))
    return discrete_log_likelihood(p, EVERY_LEVEL)


@given(st.floats(-3, 3), st.floats(-9, 1))
def test_the_256_probabilities_sum_to_1(mean: float, power: float) -> None:
    found = bins(mean, 10**power)
    assert (found <= 0).all() and not found.isnan().any()
    assert abs(found.exp().sum().item() - 1) < 1e-10


@given(st.floats(-1.2, 1.2), st.floats(0.003, 1))
def test_bins_are_differences_of_normal_cdfs(mean: float, std: float) -> None:
    edges = [-math.inf, *((2 * u + 1) / 255 - 1 for u in range(255)), math.inf]
    cdf = [0.5 * math.erfc(-(edge - mean) / std / math.sqrt(2)) for edge in edges]
    mass = torch.tensor([b - a for a, b in zip(cdf, cdf[1:], strict=False)], dtype=torch.float64)
    torch.testing.assert_close(bins(mean, std).exp(), mass, rtol=0, atol=1e-13)


def test_a_bin_far_from_the_mean_has_a_finite_probability() -> None:
    found = bins(0.9, 1e-4)
    assert found.isfinite().all()
    edge = (0.9 - (2 * 10.5 / 255 - 1)) / 1e-4  # standard deviations to the nearer edge
    tail = -0.5 * edge**2 - math.log(edge * math.sqrt(2 * math.pi))  # Mills' ratio
    assert found[10].item() == pytest.approx(tail, rel=1e-9)


def test_pictures_sum_over_their_numbers_in_either_precision() -> None:
    x0 = EVERY_LEVEL.reshape(2, 1, 8, 16)
    p = Gaussian(x0 + 0.003, torch.tensor([0.01, 0.02]).double().reshape(2, 1, 1, 1))
    found = discrete_log_likelihood(p, x0)
    single = [discrete_log_likelihood(Gaussian(p.mean[i : i + 1], p.std[i]), x0[i : i + 1])
              for i in (0, 1)]  # fmt: skip
    torch.testing.assert_close(found, torch.cat(single))
    torch.testing.assert_close(discrete_log_likelihood(p, x0.float()), found)


def test_a_distance_that_float64_cannot_square_leaves_no_probability() -> None:
    x0, std = torch.full((1, 2), -1.0), torch.ones(1, 1)
    assert discrete_log_likelihood(Gaussian(x0.double() + 1e200, std), x0).item() == -math.inf
    assert math.isfinite(discrete_log_likelihood(Gaussian(x0.double() + 1e150, std), x0).item())


@pytest.mark.parametrize("value", [0.0, 1.01, -1.2])
def test_l0_takes_pictures_in_256_steps_only(value: float) -> None:
    x0 = torch.full((1, 4), value)
    with pytest.raises(ValueError, match="256 steps"):
        discrete_log_likelihood(Gaussian(x0, torch.ones(1)), x0)


def test_pictures_and_widths_that_cannot_be_are_refused() -> None:
    x, one = torch.full((2, 3), -1.0), torch.ones(1, 1)
    for p, x0, says in (
        (Gaussian(x, one), x * math.nan, "NaN or infinite"),
        (Gaussian(x / 0, one), x, "NaN or infinite"),
        (Gaussian(x, one), x.long(), "floating point"),
        (Gaussian(x[0], one), x[0], r"\(B, D\)"),
        (Gaussian(x[:, :1], one), x, "differ in shape"),
        (Gaussian(x, 0 * one), x, "no width"),
        (Gaussian(x, math.nan * one), x, "no width"),
    ):
        with pytest.raises(ValueError, match=says):
            discrete_log_likelihood(p, x0)
    schedule = make_schedule("linear", 10)
    for asked in (
        lambda: prior_term(schedule, x.to(torch.uint8)),
        lambda: denoising_term(schedule, x, x, 5, x * math.nan),
        lambda: decoder(schedule, x, x / 0),
    ):
        with pytest.raises(ValueError, match="floating point|NaN or infinite"):
            asked()
    with pytest.raises(ValueError, match="no variance 'hat'; there are: beta, posterior"):
        decoder(schedule, x, x, "hat")
    nothing = x[:0]
    assert denoising_term(schedule, nothing, nothing, 5, nothing).shape == (0,)
    assert discrete_log_likelihood(Gaussian(nothing, one), nothing).shape == (0,)


# ---- L_T ---------------------------------------------------------------------------------------


@given(NAMES, st.integers(1, 60), st.floats(-1, 1))
def test_prior_term_is_the_integral(name: str, T: int, x: float) -> None:
    schedule = make_schedule(name, T)
    q = forward(schedule, torch.tensor([[x]], dtype=torch.float64), T)
    q, noise = Normal(q.mean.squeeze(), q.std.squeeze()), Normal(0.0, 1.0)
    z = torch.linspace(-12, 12, 200_001, dtype=torch.float64)
    at = q.mean + q.stddev * z
    integral = torch.trapezoid(q.log_prob(at).exp() * (q.log_prob(at) - noise.log_prob(at)), at)
    found = prior_term(schedule, torch.tensor([[x]], dtype=torch.float64))
    torch.testing.assert_close(found[0], integral, rtol=1e-6, atol=1e-9)


def test_prior_term_of_float32_pictures_is_as_exact() -> None:
    schedule = make_schedule("cosine", 1000)
    x0 = torch.rand(3, 1, 8, 8, generator=torch.Generator().manual_seed(0)) * 2 - 1
    ab = schedule.alpha_bar[-1].item()
    truth = 0.5 * (ab * x0.double() ** 2 + ab**2 / 2).flatten(1).sum(1)  # ᾱ → 0
    torch.testing.assert_close(prior_term(schedule, x0), truth, rtol=1e-3, atol=0)


@pytest.mark.parametrize("left", [1e-3, 1e-6, 1e-9, 1e-12])
def test_prior_term_keeps_what_little_is_left(left: float) -> None:
    """ᾱ²/4 + ᾱ³/6 + … for each number that is 0: far below what 1 − ᾱ can tell from 1."""
    schedule = Schedule("almost noise", torch.tensor([1.0, left], dtype=torch.float64))
    found = prior_term(schedule, torch.zeros(1, 100)).item()
    assert found == pytest.approx(100 * (left**2 / 4 + left**3 / 6), rel=1e-3)
    found = prior_term(schedule, torch.ones(1, 100)).item()
    assert found == pytest.approx(50 * left, rel=1e-3)


# ---- L_{t−1} -----------------------------------------------------------------------------------


@given(NAMES, st.integers(2, 200), st.data())
def test_denoising_term_is_the_weighted_error_of_eps_and_the_variances(
    name: str, T: int, data: st.DataObject
) -> None:
    schedule = make_schedule(name, T)
    t = data.draw(st.integers(2, T))
    g = torch.Generator().manual_seed(t)
    x0, guess, eps = (torch.randn(2, 3, generator=g, dtype=torch.float64) for _ in range(3))
    ab = schedule.alpha_bar[t]
    x_t = ab.sqrt() * x0 + (1 - ab).sqrt() * eps
    eps_hat = (x_t - ab.sqrt() * guess) / (1 - ab).sqrt()
    error = (eps - eps_hat).square().sum(1)
    posterior, beta = schedule.posterior_variance[t - 1], schedule.betas[t - 1]
    for variance, sigma2 in (("posterior", posterior), ("beta", beta)):
        ratio = posterior / sigma2
        widths = 3 * 0.5 * (ratio - 1 - ratio.log())
        truth = widths + bound_weights(schedule, variance)[t] * error
        found = denoising_term(schedule, x0, x_t, t, guess, variance)
        torch.testing.assert_close(found, truth, rtol=1e-6, atol=1e-9)


@given(NAMES, st.integers(2, 1000))
def test_weights_are_those_of_the_paper(name: str, T: int) -> None:
    schedule = make_schedule(name, T)
    ab = schedule.alpha_bar
    alpha = ab[1:] / ab[:-1]
    beta = (ab[:-1] - ab[1:]) / ab[:-1]
    sigma2 = {"beta": beta, "posterior": (1 - ab[:-1]) / (1 - ab[1:]) * beta}
    for variance in VARIANCES:
        truth = beta**2 / (2 * sigma2[variance] * alpha * (1 - ab[1:]))
        found = bound_weights(schedule, variance)[1:]
        torch.testing.assert_close(found[1:], truth[1:], rtol=1e-9, atol=0)


@pytest.mark.parametrize("variance", VARIANCES)
def test_denoising_term_agrees_with_monte_carlo(variance: str) -> None:
    schedule, t = make_schedule("linear", 30, beta_end=0.3), torch.tensor([2, 20])
    g = torch.Generator().manual_seed(5)
    x0 = torch.tensor([[0.4, -0.7], [0.1, 0.9]]).double()
    x_t = forward(schedule, x0, t).sample(g)
    guess = x0 + 0.1
    found = denoising_term(schedule, x0, x_t, t, guess, variance)
    q = reverse(schedule, x0, x_t, t, t - 1)
    p = reverse(schedule, guess, x_t, t, t - 1, variance=variance)
    q, p = Normal(q.mean, q.std), Normal(p.mean, p.std)
    x = q.mean + q.stddev * torch.randn(100_000, 2, 2, generator=g, dtype=torch.float64)
    ratio = (q.log_prob(x) - p.log_prob(x)).sum(2)  # (N, B)
    error = ratio.std(0) / math.sqrt(len(x))
    assert ((ratio.mean(0) - found).abs() < 4 * error).all()


def test_no_divergence_at_t_1() -> None:
    x = torch.zeros(2, 3)
    with pytest.raises(ValueError, match="t in 2…10"):
        denoising_term(make_schedule("linear", 10), x, x, torch.tensor([1, 5]), x)


# ---- the decoder -------------------------------------------------------------------------------


@given(NAMES, st.integers(2, 50))
def test_decoder_is_around_the_guess(name: str, T: int) -> None:
    schedule = make_schedule(name, T)
    x_1, guess = torch.randn(2, 3), torch.rand(2, 3)
    stds = {"beta": schedule.betas[0], "posterior": schedule.posterior_variance[1]}
    for variance in VARIANCES:
        p = decoder(schedule, x_1, guess, variance)
        torch.testing.assert_close(p.mean, guess.double(), rtol=0, atol=1e-12)
        assert p.std.item() == pytest.approx(stds[variance].sqrt().item(), rel=1e-12)


def test_one_step_has_no_second_variance_to_borrow() -> None:
    schedule = make_schedule("constant", 1, beta=0.1)
    p = decoder(schedule, torch.zeros(1, 2), torch.zeros(1, 2), "posterior")
    assert p.std.item() == pytest.approx(math.sqrt(0.1))
