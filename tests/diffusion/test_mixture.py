"""The exact density of a mixture against numerical truth."""

from __future__ import annotations

import pytest
import torch
from torch.distributions import Categorical, MixtureSameFamily, MultivariateNormal

from explorer.diffusion import GaussianMixture, IdealDenoiser, forward, make_schedule
from explorer.diffusion.process import amplitudes

SCHEDULE = make_schedule("cosine", 100)
MEANS = torch.tensor([[1.0, -0.5], [-0.7, 0.3], [0.2, 1.4]], dtype=torch.float64)
WEIGHTS = torch.tensor([1.0, 2.0, 5.0])
TIMES = (1, 13, 50, 99)


def grid(n: int = 60, reach: float = 6.0) -> torch.Tensor:
    """(n², 2), float64."""
    line = torch.linspace(-reach, reach, n, dtype=torch.float64)
    return torch.cartesian_prod(line, line)


@pytest.fixture
def mixture() -> GaussianMixture:
    return GaussianMixture(MEANS, SCHEDULE, std=0.3, weights=WEIGHTS)


@pytest.mark.parametrize("t", TIMES)
def test_the_density_is_that_of_torchs_mixture(mixture: GaussianMixture, t: int) -> None:
    alpha_bar = SCHEDULE.alpha_bar[t]
    variance = alpha_bar * 0.3**2 + 1 - alpha_bar
    parts = MultivariateNormal(alpha_bar.sqrt() * MEANS, variance * torch.eye(2).double())
    truth = MixtureSameFamily(Categorical(WEIGHTS.double()), parts)
    x = grid(20)
    torch.testing.assert_close(mixture.log_density(x, t), truth.log_prob(x))


@pytest.mark.parametrize("t", [0, *TIMES, 100])
def test_the_score_is_the_gradient_of_the_density(mixture: GaussianMixture, t: int) -> None:
    x = grid(9, 2.5).requires_grad_()
    (gradient,) = torch.autograd.grad(mixture.log_density(x, t).sum(), x)
    torch.testing.assert_close(mixture.score(x.detach(), t), gradient)


@pytest.mark.parametrize("t", [0, *TIMES])
def test_the_denoiser_is_tweedies_formula(mixture: GaussianMixture, t: int) -> None:
    x = grid(9, 2.5)
    signal, sigma = amplitudes(SCHEDULE, x, t)
    torch.testing.assert_close(mixture(x, t), (x + sigma**2 * mixture.score(x, t)) / signal)


@pytest.mark.parametrize("t", TIMES)
def test_the_denoiser_is_the_mean_of_what_was_there(mixture: GaussianMixture, t: int) -> None:
    """E[x_0 | x_t] by Monte Carlo: x_0 weighed with q(x_t | x_0), with its standard error."""
    x0 = mixture.sample(200_000, torch.Generator().manual_seed(3))
    x_t = forward(SCHEDULE, x0[:5], t).sample(torch.Generator().manual_seed(4))
    mean, std = forward(SCHEDULE, x0, t)
    weights = (-((x_t[:, None] - mean) ** 2).sum(-1) / (2 * std.item() ** 2)).softmax(1)  # (5, n)
    estimate = weights @ x0
    spread = weights**2 @ x0**2 - 2 * estimate * (weights**2 @ x0)
    error = (spread + estimate**2 * (weights**2).sum(1, keepdim=True)).clamp(min=0).sqrt()
    assert ((mixture(x_t, t) - estimate).abs() <= 5 * error + 1e-4).all()


def test_the_density_is_one_in_all_and_its_draws_fit(mixture: GaussianMixture) -> None:
    cell = (12 / 99) ** 2
    for t in (0, 50, 100):
        total = mixture.log_density(grid(100), t).exp().sum() * cell
        assert total.item() == pytest.approx(1, abs=1e-3)
    x0 = mixture.sample(100_000, torch.Generator().manual_seed(1))
    shares = WEIGHTS.double() / 8
    torch.testing.assert_close(x0.mean(0), shares @ MEANS, atol=0.02, rtol=0)


@pytest.mark.parametrize("t", [0, *TIMES, 100])
def test_points_without_spread_are_the_ideal_denoisers(t: int) -> None:
    x_t = grid(7, 2.0)
    each = torch.randint(0, 101, (len(x_t),))
    ideal, mixture = IdealDenoiser(MEANS, SCHEDULE), GaussianMixture(MEANS, SCHEDULE)
    torch.testing.assert_close(mixture(x_t, t), ideal(x_t, t))
    torch.testing.assert_close(mixture(x_t, each), ideal(x_t, each))
    assert mixture(x_t.float(), t).dtype == torch.float32
    if t == 0:
        with pytest.raises(ValueError, match="at t = 0 points without a spread have no density"):
            mixture.score(x_t, t)


def test_what_does_not_fit_is_refused() -> None:
    for means in (torch.zeros(0, 2), torch.zeros(3), torch.zeros(3, 2, dtype=torch.int64)):
        with pytest.raises(ValueError, match="means must be"):
            GaussianMixture(means, SCHEDULE)
    with pytest.raises(ValueError, match="means must be finite"):
        GaussianMixture(MEANS * float("nan"), SCHEDULE)
    for std in (-0.1, float("nan"), float("inf"), "1", True):
        with pytest.raises(ValueError, match="std"):
            GaussianMixture(MEANS, SCHEDULE, std=std)
    for weights in (torch.ones(2), torch.tensor([1.0, 0.0, 1.0]), WEIGHTS / 0):
        with pytest.raises(ValueError, match="3 positive numbers"):
            GaussianMixture(MEANS, SCHEDULE, weights=weights)
    mixture = GaussianMixture(MEANS, SCHEDULE)
    for n in (0, -1, 2.5):
        with pytest.raises(ValueError, match=f"n = {n} is not allowed"):
            mixture.sample(n)
    with pytest.raises(ValueError, match="x is"):
        mixture.score(torch.zeros(4, 3), 5)
    with pytest.raises(ValueError, match="101"):
        mixture(torch.zeros(4, 2), 101)
    with pytest.raises(ValueError, match="classes"):
        mixture(torch.zeros(4, 2), 5, torch.zeros(4))
