"""The bound against quadrature, trajectories, and data whose exact denoiser is known."""

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
    Schedule,
    bound,
    bound_weights,
    decoder,
    denoising_term,
    discrete_log_likelihood,
    forward,
    forward_step,
    make_schedule,
    picture_generators,
    prior_term,
    ranges,
    reverse,
)

STEPS = Schedule("toy", torch.tensor([1.0, 0.7, 0.3, 0.05], dtype=torch.float64))
X0 = 2 * 180 / 255 - 1


def guess(x_t: Tensor, t: Tensor | int) -> Tensor:
    """A denoiser that is neither exact nor linear."""
    t = torch.as_tensor(t).reshape(-1, *[1] * (x_t.dim() - 1))
    return torch.tanh(x_t / (1 + 0.2 * t)) + 0.05 * t


def near(found: Tensor, truth: float, errors: float = 4) -> None:
    """The mean of independent values, within so many of its standard errors."""
    error = found.std().item() / math.sqrt(len(found))
    assert abs(found.mean().item() - truth) < errors * error, (found.mean().item(), truth, error)


def one(value: float, n: int = 1) -> Tensor:
    return torch.full((n, 1), value, dtype=torch.float64)


def by_quadrature(variance: str) -> tuple[float, list[float]]:
    """L_T and L_0, L_1, L_2 of x_0 = X0, integrated over each q(x_t | x_0)."""
    z = torch.linspace(-10, 10, 20_001, dtype=torch.float64)[:, None]
    density = Normal(0.0, 1.0).log_prob(z).exp().squeeze(1)
    x0, terms = one(X0, len(z)), []
    for t in (1, 2, 3):
        q = forward(STEPS, x0, t)
        x_t = q.mean + q.std * z
        if t == 1:
            nats = -discrete_log_likelihood(decoder(STEPS, x_t, guess(x_t, 1), variance), x0)
        else:
            nats = denoising_term(STEPS, x0, x_t, t, guess(x_t, t), variance)
        terms.append(torch.trapezoid(nats * density, z.squeeze(1)).item())
    return prior_term(STEPS, one(X0)).item(), terms


def by_trajectories(variance: str, n: int = 200_000) -> Tensor:
    """ln q(x_1…x_3 | x_0) − ln p(x_0…x_3) of n ways into noise: its mean is the bound."""
    g = torch.Generator().manual_seed(2)
    x, path, log_ratio = one(X0, n), [one(X0, n)], torch.zeros(n, dtype=torch.float64)
    for t in (1, 2, 3):
        q = forward_step(STEPS, x, t)
        x = q.sample(g)
        log_ratio += Normal(q.mean, q.std).log_prob(x).squeeze(1)
        path.append(x)
    log_ratio -= Normal(0.0, 1.0).log_prob(x).squeeze(1)
    for t in (2, 3):
        p = reverse(STEPS, guess(path[t], t), path[t], t, t - 1, variance=variance)
        log_ratio -= Normal(p.mean, p.std).log_prob(path[t - 1]).squeeze(1)
    p = decoder(STEPS, path[1], guess(path[1], 1), variance)
    return log_ratio - discrete_log_likelihood(p, path[0])


def minus_log_likelihood(variance: str) -> float:
    """−ln p(x_0) itself: the chain integrated over a grid of x_3, x_2, x_1."""
    grid = torch.linspace(-9, 9, 1501, dtype=torch.float64)
    density = Normal(0.0, 1.0).log_prob(grid).exp()
    for t in (3, 2):
        p = reverse(STEPS, guess(grid[:, None], t), grid[:, None], t, t - 1, variance=variance)
        kernel = Normal(p.mean, p.std).log_prob(grid[None]).exp()  # from row to column
        density = torch.trapezoid(density[:, None] * kernel, grid, dim=0)
    x_1 = grid[:, None]
    p = decoder(STEPS, x_1, guess(x_1, 1), variance)
    found = discrete_log_likelihood(p, one(X0, len(grid))).exp()
    return -math.log(torch.trapezoid(density * found, grid).item())


@pytest.mark.parametrize("variance", VARIANCES)
def test_terms_add_up_to_the_bound_of_a_toy_model(variance: str) -> None:
    prior, terms = by_quadrature(variance)
    near(by_trajectories(variance), prior + sum(terms))
    *_, last = bound(guess, STEPS, one(X0, 100_000), generator=torch.Generator().manual_seed(1))
    assert last.finished and last.share == 1
    near(last.total(variance), prior + sum(terms))
    near(last.reconstruction(variance), terms[0])
    near(last.matching(variance), terms[1] + terms[2])
    torch.testing.assert_close(last.prior, torch.full_like(last.prior, prior))
    assert minus_log_likelihood(variance) < prior + sum(terms)


def test_bits_per_dimension_and_their_error() -> None:
    x0 = torch.tensor([0.0, 255.0]).repeat(5, 2)[:, :3].double() / 127.5 - 1  # (5, 3)
    first, *_, last = bound(guess, STEPS, x0, generator=torch.Generator().manual_seed(1))
    nats = last.total("beta")
    mean, error = last.bits(nats)
    assert last.dims == 3 and mean == pytest.approx(nats.mean().item() / 3 / math.log(2))
    assert error == pytest.approx(nats.std().item() / math.sqrt(5) / 3 / math.log(2))
    assert math.isnan(first.bits(first.prior[:1]).error)


# ---- a Gaussian data set -----------------------------------------------------------------------

SPREAD, DIMS = 0.25, 48


def gaussian_pictures(n: int) -> tuple[Tensor, float]:
    """N(0, 0.25²) in 256 steps, and the variance of these."""
    levels = 2 * torch.arange(256, dtype=torch.float64) / 255 - 1
    edges = (levels[:-1] + levels[1:]) / 2
    cdf = torch.special.ndtr(edges / SPREAD)
    mass = torch.cat([cdf, cdf.new_ones(1)]) - torch.cat([cdf.new_zeros(1), cdf])
    g = torch.Generator().manual_seed(8)
    drawn = torch.multinomial(mass, n * DIMS, replacement=True, generator=g)
    return levels[drawn].reshape(n, DIMS), (mass * levels**2).sum().item()


def exact_denoiser(schedule: Schedule) -> object:
    """E[x_0 | x_t] = √ᾱ_t s² / (ᾱ_t s² + 1 − ᾱ_t) · x_t."""
    ab = schedule.alpha_bar
    gain = ab.sqrt() * SPREAD**2 / (ab * SPREAD**2 + 1 - ab)
    return lambda x_t, t: gain[t].reshape(-1, 1) * x_t


def analytic(schedule: Schedule, power: float, variance: str) -> tuple[float, Tensor, float]:
    """L_T, L_{t−1} for t = 2…T and L_0 of that data in nats for each number."""
    ab = schedule.alpha_bar[1:]
    gain = ab.sqrt() * SPREAD**2 / (ab * SPREAD**2 + 1 - ab)
    miss = (1 - gain * ab.sqrt()) ** 2 * power + gain**2 * (1 - ab)  # E (x_0 − x̂_0)²
    prior = 0.5 * (ab[-1] * power - ab[-1] - torch.log1p(-ab[-1])).item()
    posterior = schedule.posterior_variance
    sigma2 = schedule.betas if variance == "beta" else posterior
    widths = 0.5 * (posterior / sigma2 - 1 - (posterior / sigma2).log())
    terms = widths + bound_weights(schedule, variance)[1:] * ab / (1 - ab) * miss
    first = schedule.betas[0] if variance == "beta" else posterior[1]
    # the density at the middle of a bin, 2/255 wide: σ_1 is six bins or more
    density = -0.5 * torch.log(2 * math.pi * first) - miss[0] / (2 * first)
    return prior, terms[1:], -(density + math.log(2 / 255)).item()


@pytest.mark.parametrize("variance", VARIANCES)
def test_gaussian_data_and_their_exact_denoiser_give_the_analytic_bound(variance: str) -> None:
    schedule = make_schedule("linear", 60, beta_start=0.005, beta_end=0.2)
    x0, power = gaussian_pictures(600)
    prior, terms, reconstruction = analytic(schedule, power, variance)
    exact = exact_denoiser(schedule)
    *_, last = bound(exact, schedule, x0, generator=torch.Generator().manual_seed(3))
    by_time = {term.first: term.nats[variance] / DIMS for term in last.terms}
    near(last.prior / DIMS, prior)
    near(by_time[1], reconstruction, 4.5)
    for t in range(2, 61):
        near(by_time[t], terms[t - 2].item(), 4.5)
    total = prior + terms.sum().item() + reconstruction
    near(last.total(variance) / DIMS, total)
    *_, few = bound(exact, schedule, x0, count=12, generator=torch.Generator().manual_seed(4))
    assert len(few.terms) == 13
    near(few.total(variance) / DIMS, total)
    entropy = 0.5 * math.log(2 * math.pi * math.e * SPREAD**2) - math.log(2 / 255)
    assert entropy < total  # nothing needs fewer bits


def test_with_many_small_steps_the_bound_comes_down_to_the_entropy() -> None:
    signal = torch.linspace(9, -9, 4000, dtype=torch.float64).sigmoid()
    schedule = Schedule("even in log-SNR", torch.cat([signal.new_ones(1), signal]))
    prior, terms, reconstruction = analytic(schedule, SPREAD**2, "beta")
    entropy = 0.5 * math.log(2 * math.pi * math.e * SPREAD**2) - math.log(2 / 255)
    assert entropy < prior + terms.sum().item() + reconstruction < entropy + 0.01


# ---- ranges of t -------------------------------------------------------------------------------


@given(st.integers(1, 1200), st.integers(1, 1500))
def test_ranges_are_a_partition(T: int, count: int) -> None:
    found = ranges(T, count)
    assert len(found) == min(count, T - 1)
    assert [t for a, b in found for t in range(a, b + 1)] == list(range(2, T + 1))


def test_few_ranges_are_unbiased_for_terms_that_differ() -> None:
    schedule = make_schedule("linear", 40)
    x0 = one(X0, 40_000)
    known = dict(denoise=lambda x_t, t: torch.full_like(x_t, X0), schedule=schedule, x0=x0)
    *_, full = bound(**known, generator=torch.Generator().manual_seed(1))
    *_, few = bound(**known, count=4, generator=torch.Generator().manual_seed(1))
    near(few.matching("beta"), full.matching("beta")[0].item())  # widths alone: no noise
    assert few.matching("posterior").abs().max() < 1e-9


def test_what_is_yielded_grows_from_noise_to_picture() -> None:
    schedule = make_schedule("cosine", 20)
    states = list(bound(guess, schedule, one(X0, 3), count=5))
    assert [len(state.terms) for state in states] == list(range(7))
    assert [state.share for state in states] == pytest.approx([i / 6 for i in range(7)])
    assert [state.finished for state in states] == [False] * 6 + [True]
    firsts = [term.first for term in states[-1].terms]
    assert firsts == sorted(firsts, reverse=True) and firsts[-1] == 1
    assert sum(term.count for term in states[-1].terms) == 20
    with pytest.raises(ValueError, match="not come to L_0"):
        states[-2].total("beta")


def test_a_picture_does_not_change_with_its_batch() -> None:
    schedule = make_schedule("linear", 30)
    x0 = one(X0, 4)
    *_, together = bound(guess, schedule, x0, count=6, generator=picture_generators(7, 4))
    last = picture_generators(7, 1, first=3)
    *_, alone = bound(guess, schedule, x0[:1], count=6, generator=last)
    torch.testing.assert_close(alone.total("beta"), together.total("beta")[3:])


@given(st.sampled_from(list(SCHEDULES)), st.integers(1, 6))
def test_every_schedule_however_short(name: str, T: int) -> None:
    *_, last = bound(guess, make_schedule(name, T), one(X0, 2).float())
    assert len(last.terms) == T
    for variance in VARIANCES:
        assert last.total(variance).isfinite().all() and (last.total(variance) > 0).all()


def test_eps_errors_are_what_l_simple_adds_up() -> None:
    schedule = make_schedule("linear", 6)
    x0 = one(X0, 5)
    *_, last = bound(guess, schedule, x0, generator=picture_generators(1, 5))
    term, widths = last.terms[0], schedule.posterior_variance[5] / schedule.betas[5]
    widths = 0.5 * (widths - 1 - widths.log())
    found = (term.nats["beta"] - widths) / bound_weights(schedule)[6]
    torch.testing.assert_close(term.error, found)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"count": 0}, "count = 0"),
        ({"count": 2.5}, "count = 2.5"),
        ({"count": True}, "count = True"),
        ({"count": 0, "schedule": make_schedule("linear", 1)}, "count = 0"),
        ({"variances": ["hat"]}, "there are: beta, posterior"),
        ({"variances": []}, "there are: beta, posterior"),
        ({"x0": torch.zeros(0, 1)}, "no images"),
        ({"x0": one(0.0)}, "256 steps"),
        ({"x0": one(math.nan)}, "NaN"),
        ({"x0": torch.full((2, 1), 200, dtype=torch.uint8)}, "floating point"),
        ({"generator": picture_generators(1, 2)}, "2 generators for 1 images"),
    ],
)
def test_refuses_at_once(changes: dict, says: str) -> None:
    arguments = {"denoise": guess, "schedule": STEPS, "x0": one(X0)} | changes
    with pytest.raises(ValueError, match=says):
        bound(**arguments)


@pytest.mark.parametrize("t", [1, 3])
def test_a_model_that_answers_with_nan_is_said_so(t: int) -> None:
    states = bound(lambda x_t, at: x_t.where(at[0] != t, torch.nan), STEPS, one(X0, 2))
    with pytest.raises(ValueError, match="NaN or infinite"):
        list(states)
