"""The exact flow against a closed form, other code and a sampler with very many steps."""

from __future__ import annotations

import math

import pytest
import torch

from explorer.diffusion import SCHEDULES, GaussianMixture, make_schedule, sample, strided_times
from explorer.plane import exact_flow, gaussian_means, noise
from explorer.plane.points import SPREAD
from tests.diffusion.test_samplers import exact_flow as independent_flow


@pytest.mark.parametrize("name", SCHEDULES)
@pytest.mark.parametrize("std", [0.0, 0.12, 1.5])
def test_for_one_gaussian_it_is_the_closed_form(name: str, std: float) -> None:
    """x̃(0) = μ + (x̃_T − μ) s/√(s² + σ_T²), dx̃/dσ being (x̃ − μ) σ/(s² + σ²)."""
    schedule, mean = make_schedule(name), torch.tensor([[0.7, -1.2]], dtype=torch.float64)
    x, bar = noise(50, 3).double(), schedule.values[-1]
    sigma, start = math.sqrt(1 / bar - 1), x / math.sqrt(bar)
    ends = mean + (start - mean) * std / math.hypot(std, sigma)
    found = exact_flow(GaussianMixture(mean, schedule, std=std), x)
    torch.testing.assert_close(found, ends, atol=2e-8, rtol=0)


@pytest.mark.parametrize("name", SCHEDULES)
def test_it_is_what_other_code_finds(name: str) -> None:
    law = GaussianMixture(gaussian_means(), make_schedule(name), std=SPREAD)
    x = noise(32, 3).double()
    torch.testing.assert_close(
        exact_flow(law, x), independent_flow(law, law.schedule, x), atol=1e-7, rtol=0
    )


def test_ddim_goes_there_with_very_many_steps() -> None:
    """An error of first order: ten times the steps, a tenth of it."""
    schedule = make_schedule("linear", 20_000, beta_start=5e-6, beta_end=1e-3)
    law = GaussianMixture(gaussian_means(), schedule, std=SPREAD)
    x, errors = noise(32, 3).double(), []
    for steps in (200, 2000):
        *_, last = sample(law, schedule, x, strided_times(schedule, steps, "karras"))
        errors.append((last.x - exact_flow(law, x)).square().sum(1).mean().sqrt().item())
    assert errors[1] < 1e-3 and errors[0] / errors[1] == pytest.approx(10, rel=0.1)


def test_the_components_weights_count() -> None:
    schedule, x = make_schedule("linear", 4000, beta_start=2.5e-5, beta_end=5e-3), noise(32, 3)
    even = GaussianMixture(gaussian_means(), schedule, std=SPREAD)
    weights = torch.tensor([4.0, 1, 1, 2, 1, 1, 1, 1])
    law = GaussianMixture(gaussian_means(), schedule, std=SPREAD, weights=weights)
    *_, last = sample(law, schedule, x.double(), range(4000, -1, -1), sampler="dpm-solver")
    truth = exact_flow(law, x)  # float32 is as good
    assert (last.x - truth).abs().max() < 1e-3
    assert (exact_flow(even, x) - truth).abs().max() > 0.1
