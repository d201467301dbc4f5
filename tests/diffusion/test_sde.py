"""SDEs against their analytic means, variances, solutions and orders."""

from __future__ import annotations

import itertools
import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from explorer.diffusion.process import forward, forward_step
from explorer.diffusion.schedule import SCHEDULES, make_schedule
from explorer.diffusion.sde import SDES, make_sde, variance_preserving
from explorer.diffusion.sde_beta import beta_of, smooth_beta_of, steep_from
from explorer.diffusion.sde_steps import (
    MOST_STEPS,
    errors,
    euler_maruyama,
    euler_step,
    order,
    orders,
    without_noise,
)

STEPS = (10, 20, 50, 100, 200, 500, 1000)
"""dt = 1/n, as the film of a picture offers them."""
HORIZON = {"brownian": 2.0, "drift": 10.0, "geometric": 1.0, "ornstein-uhlenbeck": 3.0}
TRUTH = {  # mean and variance at the horizon, written down by hand for the default parameters
    "brownian": (0.0, 2.0),
    "drift": (10 * math.e, (math.e**2 - 1) / 0.2),
    "geometric": (math.exp(0.5), math.e * (math.exp(0.25) - 1)),
    "ornstein-uhlenbeck": (4 * math.exp(-3), (1 - math.exp(-6)) / 2),
    "variance-preserving": (0.8 * math.sqrt(4.035829765375046e-05), 1 - 4.035829765375046e-05),
}


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def close(samples: torch.Tensor, mean: float, variance: float, bias: float = 0.0) -> None:
    """The sample's mean and variance within 5 standard errors and a bias that the steps have."""
    n, centred = len(samples), samples - samples.mean()
    error = samples.std().item() / math.sqrt(n)
    assert abs(samples.mean().item() - mean) < 5 * error + bias * (abs(mean) + 1e-12)
    spread = (centred**2).std().item() / math.sqrt(n)
    assert abs(centred.square().mean().item() - variance) < 5 * spread + bias * variance


@pytest.mark.parametrize("name", SDES)
def test_means_and_variances_are_the_analytic_ones(name: str) -> None:
    sde, T = make_sde(name), HORIZON.get(name, 1.0)
    mean, variance = TRUTH[name]
    end = torch.tensor(T, dtype=torch.float64)
    assert sde.mean(end).item() == pytest.approx(mean, rel=1e-9)
    assert sde.std(end).item() ** 2 == pytest.approx(variance, rel=1e-9)
    x0, steps = torch.full((8000,), sde.start), 1000
    *_, x = euler_maruyama(sde, x0, T / steps, steps, generator())
    assert x.dtype == torch.float64 and x.shape == (8000,)
    close(x, mean, variance, bias=0.02)


@pytest.mark.parametrize("name", SDES)
def test_the_exact_step_has_the_exact_law_in_one_step_and_in_many(name: str) -> None:
    sde, T, g = make_sde(name), HORIZON.get(name, 1.0), generator(1)
    mean, variance = TRUTH[name]
    for steps in (1, 7):
        x, h = torch.full((20_000,), sde.start, dtype=torch.float64), T / steps
        for n in range(steps):
            dW, z = torch.randn(2, 20_000, dtype=torch.float64, generator=g)
            x = sde.step(x, n * h, h, math.sqrt(h) * dW, z)
        close(x, mean, variance)


@pytest.mark.parametrize("name", SDES)
def test_the_exact_solution_is_what_fine_euler_steps_on_its_path_tend_to(name: str) -> None:
    *_, found = errors(make_sde(name), HORIZON.get(name, 1.0), generator(), finest=4000, levels=1)
    assert found.strong.item() < 0.02 * math.sqrt(TRUTH[name][1])


@pytest.mark.parametrize(
    ("name", "strong", "grid"),
    [
        ("geometric", 0.5, {}),
        ("drift", 1.0, {}),
        ("ornstein-uhlenbeck", 1.0, {}),
        ("variance-preserving", 1.0, {}),
    ],
)
def test_strong_and_weak_order(name: str, strong: float, grid: dict) -> None:
    *_, found = errors(make_sde(name), HORIZON.get(name, 1.0), generator(2), **grid)
    assert found.paths == 1000
    assert order(found.dt, found.strong) == pytest.approx(strong, abs=0.08)
    assert order(found.dt, found.weak) == pytest.approx(1.0, abs=0.15)
    # what is sampled agrees with what needs no sampling
    apart = (found.strong**2 - found.difference**2) / (found.paths - 1)
    se = (found.strong_se**2 + apart).sqrt()  # of the difference: both are of the same squares
    assert (found.difference.abs() - found.weak).abs().le(5 * se).all()


def test_brownian_motion_and_noise_that_is_absent_leave_no_error_but_rounding() -> None:
    *_, found = errors(make_sde("brownian"), 2.0, generator(), paths=50)
    assert found.strong.max() < 1e-13 and found.weak.max() == 0
    assert math.isnan(order(found.dt, found.strong))
    *_, still = errors(make_sde("geometric", sigma=0.0), 1.0, generator(), paths=4)
    assert torch.allclose(still.strong, still.weak, rtol=1e-9)


def test_without_noise_is_the_eulers_polygon_and_the_mean_of_the_steps() -> None:
    sde = make_sde("drift")
    *_, end = without_noise(sde, torch.tensor([10.0]), 0.5, 20)
    assert end.item() == pytest.approx(10 * 1.05**20, rel=1e-12)
    x0 = torch.full((20_000,), 10.0)
    *_, noisy = euler_maruyama(sde, x0, 0.5, 20, generator())
    assert abs(noisy.mean().item() - end.item()) < 5 * noisy.std().item() / math.sqrt(20_000)


# ---- the forward process ----------------------------------------------------------------------


@given(name=st.sampled_from(sorted(SCHEDULES)), T=st.integers(1, 1500))
def test_beta_integrates_to_alpha_bar_at_every_step(name: str, T: int) -> None:
    schedule = make_schedule(name, T)
    beta = beta_of(schedule)
    s = torch.arange(T + 1, dtype=torch.float64) / T
    assert (beta.alpha_bar(s) - schedule.alpha_bar).abs().max() < 1e-10
    # and the rate is the integral's slope, step by step
    rates = torch.tensor([beta.rate(t / T) for t in range(T)], dtype=torch.float64)
    sums = torch.cat([torch.zeros(1, dtype=torch.float64), rates.cumsum(0) / T])
    assert ((-sums).exp() - schedule.alpha_bar).abs().max() < 1e-10


@given(T=st.sampled_from([10, 100, 1000]), share=st.floats(0, 1))
def test_between_the_steps_ln_alpha_bar_is_linear(T: int, share: float) -> None:
    schedule = make_schedule("linear", T, beta_end=0.02)
    s = (0.3 * T + share) / T
    t = round(0.3 * T)
    ends = schedule.alpha_bar[[t, t + 1]].log()
    found = -beta_of(schedule).integral(torch.tensor(s, dtype=torch.float64))
    assert found.item() == pytest.approx(torch.lerp(ends[0], ends[1], share).item(), rel=1e-9)


def test_the_linear_schedule_tends_to_a_linear_beta() -> None:
    """∫_0^s β = s β_min + s²/2 (β_max − β_min) for T → ∞: Song et al. 2021, appendix C."""
    s = torch.linspace(0, 1, 11, dtype=torch.float64)
    limit, gaps = 0.1 * s + (20.0 - 0.1) / 2 * s**2, []
    for T in (1000, 10_000, 100_000):
        scaled = make_schedule("linear", T, beta_start=0.1 / T, beta_end=20.0 / T)
        gaps.append((beta_of(scaled).integral(s) - limit).abs().max().item())
    assert gaps[1] < gaps[0] / 8 and gaps[2] < gaps[1] / 8 and gaps[2] < 2e-3


def test_over_a_whole_step_the_sde_does_what_the_forward_process_does() -> None:
    schedule = make_schedule("linear")
    sde = variance_preserving(beta_of(schedule))
    x = torch.linspace(-1, 1, 5, dtype=torch.float64).reshape(5, 1)
    zero = torch.zeros_like(x)
    for t in (1, 2, 500, 1000):
        law, s, h = forward_step(schedule, x, t), (t - 1) / 1000, 1e-3
        assert torch.allclose(sde.step(x, s, h, zero, zero), law.mean, rtol=1e-10)
        # ΔW and z are independent, so the parts that they move add up as variances
        parts = [sde.step(zero, s, h, zero + w, zero + z) for w, z in ((h**0.5, 0), (0, 1))]
        std = (parts[0] ** 2 + parts[1] ** 2).sqrt()
        assert torch.allclose(std, law.std.expand_as(std), rtol=1e-9)
        # and Euler–Maruyama does so up to β_t²
        beta = schedule.betas[t - 1].item()
        step = euler_step(sde, x, s, h, zero)
        assert (step - law.mean).abs().max() < beta**2
        spread = euler_step(sde, zero, s, h, zero + h**0.5)
        assert (spread - law.std).abs().max() < beta**1.5


def test_a_picture_ends_in_q() -> None:
    schedule = make_schedule("linear")
    sde = variance_preserving(beta_of(schedule))
    picture = torch.linspace(-1, 1, 6, dtype=torch.float64)
    *_, x = euler_maruyama(sde, picture.expand(2000, 2, 6), 1 / 1000, 400, generator())
    law = forward(schedule, picture[None], 400)
    for mean, pixel in zip(law.mean[0], x.unbind(-1), strict=True):
        close(pixel.flatten(), mean.item(), law.std.item() ** 2, bias=0.01)


@pytest.mark.parametrize("t", [100, 400, 1000])
def test_mean_and_variance_of_the_steps_tend_to_q_as_dt_goes_to_zero(t: int) -> None:
    """Both follow from a step's two factors without sampling: m' = fm, v' = f²v + g²."""
    schedule = make_schedule("linear")
    sde = variance_preserving(beta_of(schedule))
    law = forward(schedule, torch.ones(1, 1, dtype=torch.float64), t)
    zero, one = torch.zeros(1, dtype=torch.float64), torch.ones(1, dtype=torch.float64)
    gaps = []
    for steps in (t // 10, t, 10 * t):
        dt, m, v = t / 1000 / steps, one, zero
        for n in range(steps):
            factor = euler_step(sde, one, n * dt, dt, zero)
            noise = euler_step(sde, zero, n * dt, dt, one * math.sqrt(dt))
            m, v = factor * m, factor**2 * v + noise**2
        gaps.append([(m - law.mean[0]).abs().item(), (v - law.std**2).abs().item()])
    for before, after in zip(gaps, gaps[1:], strict=False):
        assert after[0] < before[0] / 4 and after[1] < before[1] / 4
    assert max(gaps[-1]) < 2e-3


@given(name=st.sampled_from(sorted(SCHEDULES)), T=st.integers(1, 1500))
def test_smooth_beta_integrates_to_alpha_bar_and_does_not_jump(name: str, T: int) -> None:
    schedule = make_schedule(name, T)
    beta = smooth_beta_of(schedule)
    s = torch.arange(T + 1, dtype=torch.float64) / T
    assert (beta.alpha_bar(s) - schedule.alpha_bar).abs().max() < 1e-10
    largest = -T * math.log1p(-schedule.betas.max().item())
    for k in {0, T // 3, T // 2, T - 1}:
        inside = [k / T + share / T for share in (1e-9, 0.2, 0.5, 0.8, 1 - 1e-9)]
        assert all(-1e-9 * largest <= beta.rate(t) <= 3.001 * largest for t in inside)
        assert abs(beta.rate(k / T) - beta.rate(k / T + 1e-9 / T)) <= 1e-6 * largest
        assert abs(beta.rate((k + 1) / T) - beta.rate((k + 1) / T - 1e-9 / T)) <= 1e-6 * largest
        for t in inside[1:-1]:  # the rate is the integral's slope
            ends = torch.tensor([t - 1e-4 / T, t + 1e-4 / T], dtype=torch.float64)
            slope = beta.integral(ends).diff().item() / (2e-4 / T)
            assert slope == pytest.approx(beta.rate(t), rel=1e-4, abs=1e-4 * largest)


def test_the_noise_of_a_step_is_coupled_to_its_brownian_increment_exactly() -> None:
    """Cov(∫ √β(u) e^{−½∫_u β} dW, ΔW) by many short steps, against the one step's three nodes."""
    beta = smooth_beta_of(make_schedule("linear"))
    sde = variance_preserving(beta)
    zero, one = torch.zeros(1, dtype=torch.float64), torch.ones(1, dtype=torch.float64)
    for t, h in ((0.1, 1 / 64), (0.5, 1 / 32), (0.9, 1 / 16)):
        covariance, n = 0.0, 4000
        for k in range(n):
            u = t + (k + 0.5) * h / n
            ends = beta.integral(torch.tensor([u, t + h], dtype=torch.float64)).diff().item()
            covariance += math.sqrt(beta.rate(u)) * math.exp(-ends / 2) * h / n
        assert sde.step(zero, t, h, one, zero).item() == pytest.approx(covariance / h, rel=3e-6)


def euler_std(rate: object, dt: list[float], times: list[float]) -> float:
    """The std that Euler–Maruyama ends with, exactly: v' = (1 − ½β dt)² v + β dt."""
    v = 0.0
    for t, step in zip(times, dt, strict=True):
        v = (1 - rate(t) * step / 2) ** 2 * v + rate(t) * step
    return math.sqrt(v)


@pytest.mark.parametrize("name", SCHEDULES)
def test_smaller_steps_are_better_steps_with_every_schedule(name: str) -> None:
    """To the SDE's end, with each dt on offer, the last step cut: exact moments, no sampling."""
    schedule = make_schedule(name)
    end = steep_from(schedule)
    assert end == (0.98 if name == "cosine" else 1)
    for beta in (beta_of(schedule), smooth_beta_of(schedule)):
        target = math.sqrt(1 - beta.alpha_bar(torch.tensor(end)).item())
        gaps = []
        for n in STEPS:
            times = torch.arange(math.ceil(n * end - 1e-9) + 1).double().div(n).clamp(max=end)
            found = euler_std(beta.rate, times.diff().tolist(), times[:-1].tolist())
            gaps.append(found / target - 1)
        assert all(0 < after < before for before, after in itertools.pairwise(gaps))
        assert gaps[-1] < 0.012


def test_to_its_very_end_the_cosine_schedule_lets_no_step_be_small() -> None:
    """What the prose says of it: β dt ≈ 2 in the last step, and stds of 1.4 to 4.0."""
    schedule = make_schedule("cosine")
    beta, stds, last = beta_of(schedule), [], []
    for n in STEPS:
        times = [k / n for k in range(n)]
        stds.append(euler_std(beta.rate, [1 / n] * n, times))
        u = (1 - 1 / n + 0.008) / 1.008 * math.pi / 2
        last.append(math.pi / 1.008 * math.tan(u) / n)  # −d ln ᾱ/dt, not capped
    assert stds == sorted(stds) and stds[0] == pytest.approx(1.4, abs=0.05)
    assert stds[-1] == pytest.approx(4.0, abs=0.05)
    assert all(1.6 < each < 2.01 for each in last)
    assert beta.rate(0.9995) / 1000 == pytest.approx(6.9, abs=0.05)
    bar = schedule.alpha_bar[980].item()
    assert 10 * math.log10(bar / (1 - bar)) == pytest.approx(-30, abs=0.5)
    others = [
        -1000 * torch.log1p(-make_schedule(n).betas).min() for n in SCHEDULES if n != "cosine"
    ]
    assert max(others) < 21
    with pytest.raises(ValueError, match="begins with β"):
        steep_from(make_schedule("constant", 1000, beta=0.5))
    with pytest.raises(ValueError, match="the variance-preserving SDE ends at 0.98"):
        euler_maruyama(
            make_sde("variance-preserving", schedule=schedule), torch.zeros(1), 1e-3, 981
        )


@pytest.mark.parametrize("name", SCHEDULES)
def test_the_orders_hold_with_every_schedule(name: str) -> None:
    """Also where β(t) becomes steep: those steps are left out."""
    sde = make_sde("variance-preserving", schedule=make_schedule(name))
    *_, found = errors(sde, sde.end, generator(4), paths=300)
    fit = orders(found)
    assert fit.strong == pytest.approx(1, abs=0.06) and fit.weak == pytest.approx(1, abs=0.06)
    assert 0 < fit.strong_se < 0.03 and fit.used[:5].all()
    assert fit.used.all() == (name != "cosine")


def test_no_order_is_fitted_to_steps_that_are_not_small() -> None:
    sde = make_sde("ornstein-uhlenbeck", theta=10.0)
    *_, wild = errors(sde, 100.0, generator(), paths=20, batch=20)
    assert wild.reach[0] == pytest.approx(10 * 100 / 1024) and wild.reach[-1] > 30
    fit = orders(wild)
    assert fit.used.tolist() == [True] + [False] * 5 and math.isnan(fit.strong + fit.strong_se)
    *_, some = errors(sde, 10.0, generator(), paths=400)
    fit = orders(some)
    assert fit.used.tolist() == [True] * 4 + [False] * 2
    assert fit.strong == pytest.approx(order(some.dt[:4], some.strong[:4]))


def test_the_error_of_an_order_is_that_of_many_measurements() -> None:
    """Its standard error against the scatter of 40 independent ones."""
    sde, found = make_sde("geometric", sigma=1.0), []
    for seed in range(40):
        *_, each = errors(sde, 1.0, generator(seed), finest=64, levels=4, paths=200)
        found.append(orders(each)[:2])
    slopes, claimed = torch.tensor(found, dtype=torch.float64).T
    assert claimed.median().item() == pytest.approx(slopes.std().item(), rel=0.35)


@pytest.mark.parametrize("name", SDES)
def test_quantiles_are_those_of_exact_draws(name: str) -> None:
    sde, T, n = make_sde(name), HORIZON.get(name, 1.0), 40_000
    dW, z = torch.randn(2, n, dtype=torch.float64, generator=generator(5))
    x = sde.step(torch.full((n,), sde.start).double(), 0.0, T, math.sqrt(T) * dW, z)
    for p in (0.025, 0.5, 0.975):
        edge = sde.quantile(p, torch.tensor(T, dtype=torch.float64))
        share = (x <= edge).double().mean().item()
        assert abs(share - p) < 5 * math.sqrt(p * (1 - p) / n)
    steep = make_sde("geometric", sigma=1.5)
    times = torch.linspace(0, 100, 50, dtype=torch.float64)
    assert (steep.quantile(0.025, times) > 0).all()


# ---- what is refused --------------------------------------------------------------------------


@pytest.mark.parametrize("dt", [0, -0.1, math.nan, math.inf, True, "1", None])
def test_dt_must_be_a_number_above_0(dt: object) -> None:
    with pytest.raises(ValueError, match="dt = .*above 0"):
        euler_maruyama(make_sde("brownian"), torch.zeros(1), dt, 1)


@pytest.mark.parametrize("steps", [0, -1, 1.5, True, MOST_STEPS + 1, 10**30])
def test_steps_are_bounded(steps: object) -> None:
    with pytest.raises(ValueError, match="steps = .*1,000,000"):
        euler_maruyama(make_sde("brownian"), torch.zeros(1), 0.1, steps)


def test_other_things_that_are_refused() -> None:
    with pytest.raises(ValueError, match="x0 is not finite"):
        euler_maruyama(make_sde("brownian"), torch.tensor([math.nan]), 0.1, 1)
    for x0 in (torch.zeros(0), torch.zeros(2, dtype=torch.complex64)):
        with pytest.raises(ValueError, match="a real number for each of one or more paths"):
            euler_maruyama(make_sde("brownian"), x0, 0.1, 1)
    for dW, says in (
        ([torch.zeros(2)], "1 increments for 3 steps"),
        ([torch.zeros(2, 1)], "shaped"),
    ):
        with pytest.raises(ValueError, match=says):
            list(euler_maruyama(make_sde("brownian"), torch.zeros(2), 0.1, 3, increments=dW))
    with pytest.raises(ValueError, match="11 steps of dt = 0.1 end at t = 1.1"):
        euler_maruyama(make_sde("variance-preserving"), torch.zeros(1), 0.1, 11)
    with pytest.raises(ValueError, match="no SDE 'heat'; there are: brownian"):
        make_sde("heat")
    with pytest.raises(ValueError, match="sigma = nan is not allowed: give 0 to 5"):
        make_sde("brownian", sigma=math.nan)
    with pytest.raises(ValueError, match="has no 'mu'; it takes: sigma, x0"):
        make_sde("brownian", mu=1.0)
    with pytest.raises(ValueError, match="has no schedule"):
        make_sde("brownian", schedule=make_schedule("linear", 10))


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"finest": 100}, "multiple of 32"),
        ({"levels": 0}, "levels = 0"),
        ({"paths": 1}, "paths = 1"),
        ({"paths": 2.5}, "paths = 2.5"),
        ({"batch": 1}, "batch = 1"),
        ({"horizon": 0}, "horizon = 0"),
        ({"horizon": 2.0, "sde": make_sde("variance-preserving")}, "end at t = 2"),
    ],
)
def test_errors_are_refused_at_once(changes: dict, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        errors(**{"sde": make_sde("drift"), "horizon": 1.0} | changes)


def test_as_many_paths_as_were_asked_for() -> None:
    grid = {"finest": 8, "levels": 2}
    seen = [found.paths for found in errors(make_sde("drift"), 1.0, paths=7, batch=3, **grid)]
    assert seen == [3, 6, 7]
