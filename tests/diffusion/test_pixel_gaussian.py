"""Gaussian data with independent pixels against Bayes' rule, a mixture, and what it draws."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch

from explorer.diffusion import GaussianMixture, discrete_log_likelihood, forward, make_schedule
from explorer.diffusion.pixel_gaussian import PixelGaussian, framed, log_density
from explorer.diffusion.process import Gaussian, forward_step

MIXED = PixelGaussian(torch.tensor([0.3, -1.0, 0.0, 0.7]), torch.tensor([0.5, 0.0, 1.0, 2.0]))


@pytest.mark.parametrize("t", [2, 37, 100])
def test_the_step_back_is_bayes_rule(t: int) -> None:
    """ln q(x_{t−1}|x_t) = ln q(x_t|x_{t−1}) + ln q(x_{t−1}) − ln q(x_t) at any points."""
    schedule, g = make_schedule("linear", 100), torch.Generator().manual_seed(1)
    x_t, before = torch.randn(2, 5, 4, generator=g, dtype=torch.float64)
    v = MIXED.variances(schedule)

    def marginal(s: int, x: torch.Tensor) -> torch.Tensor:
        mean = schedule.alpha_bar[s].sqrt() * MIXED.mean
        return log_density(Gaussian(mean.expand(5, -1), v[s].sqrt()), x)

    left = log_density(MIXED.reverse(schedule, x_t, t), before)
    step = log_density(forward_step(schedule, before, t), x_t)
    assert torch.allclose(left, step + marginal(t - 1, before) - marginal(t, x_t))


def test_one_width_for_all_is_a_mixture_of_one() -> None:
    schedule = make_schedule("cosine", 50)
    means, x = torch.tensor([[0.2, -0.4]]).double(), torch.randn(6, 2).double()
    mixture = GaussianMixture(means, schedule, std=0.7)
    data = PixelGaussian(means[0], torch.full((2,), 0.7))
    back = data.reverse(schedule, x, 1)
    assert torch.allclose(back.mean, mixture(x, 1))  # E[x_0 | x_1]


def test_the_exact_sampler_draws_the_data() -> None:
    schedule = make_schedule("linear", 1000)
    x = MIXED.sample_back(schedule, 4000, torch.Generator().manual_seed(0))
    assert (x.mean(0) - MIXED.mean).abs().max() < 5 * 2 / math.sqrt(4000)
    assert torch.allclose(x.std(0), MIXED.std, atol=0.06)
    assert torch.equal(x[:, 1], torch.full((4000,), -1.0).double())  # a constant pixel, exactly
    drawn = MIXED.sample(4000, torch.Generator().manual_seed(0))
    assert torch.allclose(drawn.std(0), MIXED.std, atol=0.06)


def test_grey_values_cost_what_bins_of_their_density_do() -> None:
    """Density times 2/255 against the exact probability of a bin; constant pixels are free."""
    data = framed(40, 0.3, 60)
    schedule = make_schedule("linear", 1000)
    x0 = (data.sample(8, torch.Generator().manual_seed(2)).clamp(-0.9, 0.9) + 1) * 127.5
    x0 = (x0.round() / 127.5 - 1).where(data.std > 0, data.mean)
    x1 = forward(schedule, x0, 1).sample(torch.Generator().manual_seed(3))
    p = data.reverse(schedule, x1, 1)
    inside = Gaussian(p.mean[:, :40], p.std[:, :40].expand(8, -1))
    exact = discrete_log_likelihood(inside, x0[:, :40])
    assert torch.allclose(data.log_level(p, x0), exact, rtol=0.02)
    assert (p.std[:, 40:] == 0).all()


def test_the_frame_is_black_and_the_rest_varies() -> None:
    data = framed()
    assert data.dims == 784 and int((data.std == 1).sum()) == 500
    assert (data.mean[data.std == 0] == -1).all() and (data.mean[data.std > 0] == 0).all()


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: framed(0), "0 of 784 pixels vary"),
        (lambda: framed(785), "785 of 784"),
        (lambda: framed(10, 0.0), "std = 0.0"),
        (lambda: framed(10, math.nan), "std = nan"),
        (lambda: PixelGaussian(torch.zeros(2), torch.ones(3)), "2 means and 3 stds"),
        (lambda: PixelGaussian(torch.zeros(2), -torch.ones(2)), "must not be negative"),
        (lambda: PixelGaussian(torch.zeros(2, 2), torch.ones(2)), "tensor (D,)"),
        (lambda: PixelGaussian(torch.tensor([math.inf]), torch.ones(1)), "finite"),
        (lambda: MIXED.sample(0), "n = 0"),
        (lambda: MIXED.reverse(make_schedule("linear", 5), torch.zeros(1, 4), 6), "1…5"),
        (lambda: MIXED.reverse(make_schedule("linear", 5), torch.zeros(1, 3), 2), "(B, 4)"),
    ],
)
def test_what_does_not_fit_is_refused(make: Any, says: str) -> None:
    with pytest.raises(ValueError, match=says.replace("(", r"\(").replace(")", r"\)")):
        make()
