"""The Gaussians against closed forms, Bayes' rule and Monte Carlo."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor
from torch.distributions import Normal, kl_divergence

from explorer.diffusion import (
    SCHEDULES,
    Denoiser,
    Gaussian,
    GaussianMixture,
    IdealDenoiser,
    Schedule,
    denoising_term,
    forward,
    forward_step,
    losses,
    make_schedule,
    regression_target,
    reverse,
    reverse_step,
)
from explorer.diffusion.denoiser import noise_seen
from explorer.diffusion.guidance import noise_shift, shifted
from explorer.diffusion.process import amplitudes

NAMES = st.sampled_from(list(SCHEDULES))


def pictures(*shape: int) -> Tensor:
    return torch.rand(*shape, dtype=torch.float64) * 2 - 1


def pulled_back(schedule: Schedule, t: int, s: int, eta: float) -> tuple[float, float, float]:
    """Coefficients of x_0 and x_t in the mean of q(x_s | x_t, x_0), and its std."""
    one, zero = torch.ones(1, 1, dtype=torch.float64), torch.zeros(1, 1, dtype=torch.float64)
    a, std = reverse(schedule, one, zero, t, s, eta=eta)
    b = reverse(schedule, zero, one, t, s, eta=eta).mean
    return a.item(), b.item(), std.item()


@given(NAMES, st.integers(1, 200))
def test_single_steps_and_one_jump_agree(name: str, T: int) -> None:
    schedule = make_schedule(name, T)
    x0 = pictures(2, 3)
    mean, variance = x0, torch.zeros(1, dtype=torch.float64)
    for t in range(1, T + 1):
        step = forward_step(schedule, mean, t)
        mean, variance = step.mean, variance * (1 - schedule.betas[t - 1]) + step.std**2
        jump = forward(schedule, x0, t)
        torch.testing.assert_close(mean, jump.mean, rtol=0, atol=1e-9)
        torch.testing.assert_close(variance.expand(1, 1), jump.std**2, rtol=0, atol=1e-9)


def test_single_steps_and_one_jump_agree_by_monte_carlo() -> None:
    schedule = make_schedule("linear", 40, beta_end=0.2)
    g = torch.Generator().manual_seed(1)
    x0 = torch.full((200_000, 1), 0.7, dtype=torch.float64)
    x = x0
    for t in range(1, 41):
        x = forward_step(schedule, x, t).sample(g)
    jump = forward(schedule, x0, 40)
    error = 4 / math.sqrt(len(x0))  # four standard errors
    assert abs(x.mean() - jump.mean[0, 0]) < error * jump.std.item()
    assert abs(x.std() / jump.std.item() - 1) < error


@given(NAMES, st.integers(2, 1000), st.data())
def test_ddpm_posterior_is_bayes_rule(name: str, T: int, data: st.DataObject) -> None:
    """q(x_s | x_t, x_0) ∝ q(x_t | x_s) q(x_s | x_0): precisions add and weigh the means."""
    schedule = make_schedule(name, T)
    t = data.draw(st.integers(2, T))
    x0, x_t = pictures(2, 3), torch.randn(2, 3, dtype=torch.float64)
    prior, beta = forward(schedule, x0, t - 1), schedule.betas[t - 1]
    precision = 1 / prior.std**2 + (1 - beta) / beta
    mean = (prior.mean / prior.std**2 + (1 - beta).sqrt() / beta * x_t) / precision
    ours = reverse(schedule, x0, x_t, t, t - 1)
    torch.testing.assert_close(ours.mean, mean, rtol=1e-6, atol=1e-9)
    torch.testing.assert_close(ours.std, precision.rsqrt(), rtol=1e-6, atol=1e-12)
    torch.testing.assert_close(ours.std.flatten()[0] ** 2, schedule.posterior_variance[t - 1])


@given(NAMES, st.integers(2, 1000), st.floats(0, 1), st.data())
def test_marginals_are_preserved_for_every_eta(
    name: str, T: int, eta: float, data: st.DataObject
) -> None:
    """If x_t ~ q(x_t | x_0) then x_s ~ q(x_s | x_0), for any jump (DDIM, lemma 1)."""
    schedule = make_schedule(name, T)
    t = data.draw(st.integers(1, T))
    s = data.draw(st.integers(0, t - 1))
    a, b, std = pulled_back(schedule, t, s, eta)
    ab_t, ab_s = schedule.alpha_bar[t].item(), schedule.alpha_bar[s].item()
    assert a + b * math.sqrt(ab_t) == pytest.approx(math.sqrt(ab_s), abs=1e-9)
    assert b**2 * (1 - ab_t) + std**2 == pytest.approx(1 - ab_s, abs=1e-9)


def test_a_step_to_zero_is_x0() -> None:
    schedule, x0 = make_schedule("cosine"), pictures(2, 1, 4, 4)
    for eta in (0.0, 0.5, 1.0):
        step = reverse(schedule, x0, torch.randn_like(x0), 500, 0, eta=eta)
        torch.testing.assert_close(step.mean, x0)
        assert (step.std == 0).all()


def test_variance_beta_is_sigma_hat_with_the_same_mean() -> None:
    schedule, x0 = make_schedule("linear"), pictures(2, 5)
    x_t = torch.randn_like(x0)
    large = reverse(schedule, x0, x_t, 400, 399, variance="beta")
    small = reverse(schedule, x0, x_t, 400, 399)
    assert torch.equal(large.mean, small.mean)
    assert large.std.item() ** 2 == pytest.approx(schedule.betas[399].item(), rel=1e-12)
    ratio = 1 - schedule.alpha_bar[400] / schedule.alpha_bar[300]
    jump = reverse(schedule, x0, x_t, 400, 300, variance="beta")
    assert jump.std.item() ** 2 == pytest.approx(ratio.item(), rel=1e-12)


@pytest.mark.parametrize("shape", [(3, 2), (3, 2, 4, 4)])
def test_each_picture_may_have_its_own_time(shape: tuple[int, ...]) -> None:
    schedule, x0 = make_schedule("cosine", 100), pictures(*shape)
    x_t, t, s = torch.randn_like(x0), torch.tensor([100, 50, 1]), torch.tensor([99, 10, 0])
    for i in range(3):
        for together, alone in (
            (forward(schedule, x0, t), forward(schedule, x0[i : i + 1], int(t[i]))),
            (forward_step(schedule, x0, t), forward_step(schedule, x0[i : i + 1], int(t[i]))),
            (
                reverse(schedule, x0, x_t, t, s, eta=0.3),
                reverse(schedule, x0[i : i + 1], x_t[i : i + 1], int(t[i]), int(s[i]), eta=0.3),
            ),
        ):
            assert torch.equal(together.mean[i : i + 1], alone.mean)
            assert torch.equal(together.std[i : i + 1], alone.std)
            assert together.mean.dtype == torch.float64


def test_coefficients_are_cast_once() -> None:
    """1 − ᾱ_1 of the cosine schedule is wrong by 5e-4 if it is computed in float32."""
    schedule = make_schedule("cosine")
    std = forward(schedule, torch.zeros(1, 1), 1).std
    assert std.dtype == torch.float32
    assert std.item() == pytest.approx(math.sqrt(1 - schedule.alpha_bar[1].item()), rel=1e-7)


def test_kl_is_the_sum_of_torchs() -> None:
    a = Gaussian(torch.randn(3, 4), torch.rand(3, 1) + 0.5)
    b = Gaussian(torch.randn(3, 4), torch.rand(3, 1) + 0.5)
    theirs = kl_divergence(Normal(a.mean, a.std.expand(3, 4)), Normal(b.mean, b.std.expand(3, 4)))
    torch.testing.assert_close(a.kl(b), theirs.sum(1))


def test_kl_of_point_masses() -> None:
    mean, point = torch.zeros(1, 2), torch.zeros(1, 1)
    wide = Gaussian(mean, torch.ones(1, 1))
    assert Gaussian(mean, point).kl(Gaussian(mean, point)).tolist() == [0]
    assert Gaussian(mean, point).kl(Gaussian(mean + 1, point)).tolist() == [math.inf]
    assert wide.kl(Gaussian(mean, point)).tolist() == [math.inf]
    assert Gaussian(mean, point).kl(wide).tolist() == [math.inf]


def test_kl_of_nearly_equal_and_of_very_unequal_widths() -> None:
    """ln(b/a) + a²/2b² − ½, of which a = b(1 + d) leaves d² − …; and 0 for the same."""
    one, mean = torch.ones(1, 1, dtype=torch.float64), torch.zeros(1, 1, dtype=torch.float64)
    for d in (1e-9, -1e-6, 1e-3):
        near = Gaussian(mean, one * (1 + d)).kl(Gaussian(mean, one)).item()
        assert near == pytest.approx(d**2 - d**3 / 3, rel=2e-6)
    for width in (1e-3, 0.3, 7.0):
        assert Gaussian(mean, one * width).kl(Gaussian(mean, one * width)).item() == 0
    thin = Gaussian(mean, one * 1e-30).kl(Gaussian(mean, one)).item()
    assert thin == pytest.approx(30 * math.log(10) - 0.5, rel=1e-12)


def test_samples_follow_their_generators() -> None:
    normal = Gaussian(torch.zeros(2, 3), torch.ones(2, 1))
    one = normal.sample(torch.Generator().manual_seed(3))
    assert torch.equal(one, normal.sample(torch.Generator().manual_seed(3)))
    each = [torch.Generator().manual_seed(seed) for seed in (5, 6)]
    batch = normal.sample(each)
    alone = Gaussian(torch.zeros(1, 3), torch.ones(1, 1)).sample(
        [torch.Generator().manual_seed(6)]
    )
    assert torch.equal(batch[1:], alone)
    with pytest.raises(ValueError, match="1 generators for a batch of 2"):
        normal.sample(each[:1])


SCHEDULE = make_schedule("linear", 10)
TWO = torch.zeros(2, 3)
NETWORK = Denoiser(lambda x, t, label=None: x, SCHEDULE)
LABEL = torch.tensor([0, 1])


def _classes(x: Tensor, t: Tensor) -> Tensor:
    return x[:, :2]


TAKES_TIMES: dict[str, Callable[[Any], object]] = {
    "forward": lambda t: forward(SCHEDULE, TWO, t),
    "amplitudes": lambda t: amplitudes(SCHEDULE, TWO, t),
    "forward_step": lambda t: forward_step(SCHEDULE, TWO, t),
    "reverse_step, t": lambda t: reverse_step(SCHEDULE, t, 0),
    "reverse_step, s": lambda s: reverse_step(SCHEDULE, 10, s),
    "reverse, t": lambda t: reverse(SCHEDULE, TWO, TWO, t, 0),
    "reverse, s": lambda s: reverse(SCHEDULE, TWO, TWO, 10, s),
    "denoising_term": lambda t: denoising_term(SCHEDULE, TWO, TWO, t, TWO),
    "regression_target": lambda t: regression_target(SCHEDULE, TWO, TWO, t, "v"),
    "noise_seen": lambda t: noise_seen(SCHEDULE, TWO, t, TWO, "v"),
    "Denoiser": lambda t: NETWORK(TWO, t),
    "losses": lambda t: losses(NETWORK.network, SCHEDULE, TWO, t, TWO),
    "noise_shift": lambda t: noise_shift(SCHEDULE, _classes, TWO, t, LABEL),
    "shifted": lambda t: shifted(SCHEDULE, TWO, t, TWO, "v", TWO),
    "IdealDenoiser": lambda t: IdealDenoiser(TWO, SCHEDULE)(TWO, t),
    "GaussianMixture": lambda t: GaussianMixture(TWO, SCHEDULE, std=1.0)(TWO, t),
    "score": lambda t: GaussianMixture(TWO, SCHEDULE, std=1.0).score(TWO, t),
}
NO_TIMES = {
    "-1": -1,
    "11": 11,
    "10^400": 10**400,
    "2.5": 2.5,
    "nan": math.nan,
    "True": True,
    "None": None,
    "text": "3",
    "floats": torch.tensor([1.0, 2.0]),
    "complex": torch.tensor([1j, 2j], dtype=torch.complex128),
    "one outside": torch.tensor([1, 12]),
    "two dimensions": torch.tensor([[1, 2]]),
    "a column": torch.tensor([[1], [2]]),
}


@pytest.mark.parametrize("t", NO_TIMES.values(), ids=NO_TIMES)
@pytest.mark.parametrize("call", TAKES_TIMES.values(), ids=TAKES_TIMES)
def test_what_is_no_time_is_refused_everywhere(call: Callable[[Any], object], t: object) -> None:
    with pytest.raises(ValueError):
        call(t)


@pytest.mark.parametrize("call", TAKES_TIMES.values(), ids=TAKES_TIMES)
def test_every_one_of_them_takes_whole_times(call: Callable[[Any], object]) -> None:
    call(torch.tensor([5, 3]))
    call(torch.tensor([3]))
    call(np.int64(3))
    call(3)


def test_as_many_times_as_pictures() -> None:
    three = torch.tensor([1, 2, 3])
    for name, call in TAKES_TIMES.items():
        if not name.startswith("reverse_step"):
            with pytest.raises(ValueError, match="one for all or for each of the 2 images"):
                call(three)
    with pytest.raises(ValueError, match="3 times t and 2 times s"):
        reverse_step(SCHEDULE, three + 1, torch.tensor([0, 0]))
    assert reverse_step(SCHEDULE, three + 1, torch.tensor([0])).signal.shape == (1,)
    assert reverse_step(SCHEDULE, three + 1, three - 1).std.shape == (3,)


def test_whole_numbers_are_no_pictures() -> None:
    with pytest.raises(ValueError, match="uint8"):
        forward(make_schedule("linear", 10), torch.zeros(2, 3, dtype=torch.uint8), 5)


def test_reverse_refuses_what_makes_no_sense() -> None:
    schedule, x = make_schedule("linear", 10), torch.zeros(2, 3)
    for t, s in ((3, 3), (3, 4), (0, 0), (11, 2), (3, -1)):
        with pytest.raises(ValueError):
            reverse(schedule, x, x, t, s)
    for eta in (-0.1, 1.1, math.nan):
        with pytest.raises(ValueError, match="eta"):
            reverse(schedule, x, x, 3, 2, eta=eta)
    with pytest.raises(ValueError, match="posterior, beta"):
        reverse(schedule, x, x, 3, 2, variance="large")
    with pytest.raises(ValueError, match="shape"):
        reverse(schedule, x, x[:1], 3, 2)
    with pytest.raises(ValueError, match="t = 0"):
        forward_step(schedule, x, 0)


def test_a_devices_tables_are_the_amplitudes_cast_once_and_kept() -> None:
    schedule, cpu = make_schedule("cosine", 100), torch.device("cpu")
    signal, sigma = schedule.amplitudes_on(cpu, torch.float32)
    assert signal.dtype == sigma.dtype == torch.float32 and signal.shape == (101,)
    assert torch.equal(signal, schedule.alpha_bar.sqrt().float())
    assert torch.equal(sigma, (1 - schedule.alpha_bar).sqrt().float())
    assert all(
        a is b
        for a, b in zip(schedule.amplitudes_on(cpu, torch.float32), (signal, sigma), strict=True)
    )
    exact = schedule.amplitudes_on(cpu, torch.float64)
    assert torch.equal(exact[0], schedule.alpha_bar.sqrt())
    x, t = pictures(101, 2).float(), torch.arange(101)
    jump = forward(schedule, x, t)  # by the other way
    assert torch.equal(jump.mean, signal[:, None] * x) and torch.equal(jump.std, sigma[:, None])


def test_times_on_a_device_are_not_looked_at() -> None:
    x, t = torch.empty(3, 1, 4, 4, device="meta"), torch.zeros(3, dtype=torch.long, device="meta")
    jump = forward(make_schedule("linear", 10), x, t)
    assert jump.mean.shape == x.shape and jump.std.shape == (3, 1, 1, 1)
    for wrong in (t[:2], t[:, None], t.float()):
        with pytest.raises(ValueError, match="each of the 3 images"):
            forward(make_schedule("linear", 10), x, wrong)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA GPU")
def test_cuda_noises_as_the_cpu_does() -> None:
    schedule, x, t = make_schedule("linear", 10), torch.rand(4, 3), torch.tensor([0, 1, 5, 10])
    jump, there = forward(schedule, x, t), forward(schedule, x.cuda(), t.cuda())
    torch.testing.assert_close(there.mean.cpu(), jump.mean)
    torch.testing.assert_close(there.std.cpu(), jump.std)
