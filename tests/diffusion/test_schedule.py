"""Schedules against their published formulas, and every way to ask for a wrong one."""

from __future__ import annotations

import copy
import math
import pickle

import diffusers
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from explorer.diffusion import SCHEDULES, Schedule, make_schedule


@pytest.mark.parametrize("name", SCHEDULES)
@pytest.mark.parametrize("T", [1, 2, 3, 50, 1000])
def test_every_schedule_keeps_the_promises_of_alpha_bar(name: str, T: int) -> None:
    schedule = make_schedule(name, T)
    assert schedule.T == T
    assert schedule.alpha_bar.dtype == torch.float64
    assert schedule.alpha_bar.shape == (T + 1,)
    assert schedule.alpha_bar[0] == 1
    assert (schedule.alpha_bar.diff() < 0).all()
    assert schedule.betas.shape == schedule.alphas.shape == schedule.posterior_variance.shape
    assert schedule.betas.shape == (T,)
    assert ((schedule.betas > 0) & (schedule.betas < 1)).all()


def test_linear_is_ho_et_al_2020() -> None:
    betas = np.linspace(1e-4, 0.02, 1000)
    schedule = make_schedule("linear")
    np.testing.assert_allclose(schedule.betas, betas, rtol=1e-10)
    np.testing.assert_allclose(schedule.alpha_bar[1:], np.cumprod(1 - betas), rtol=1e-12)


def test_cosine_is_nichol_and_dhariwal_eq_17() -> None:
    T, s = 1000, 0.008
    f = [math.cos((t / T + s) / (1 + s) * math.pi / 2) ** 2 for t in range(T + 1)]
    schedule = make_schedule("cosine")
    clipped = 1 - f[1000] / f[999] > 0.999
    assert clipped and schedule.betas[-1] == pytest.approx(0.999, rel=1e-12)
    np.testing.assert_allclose(schedule.alpha_bar[:1000], np.array(f[:1000]) / f[0], rtol=1e-9)


def test_clipped_cosine_stays_in_its_bounds() -> None:
    schedule = make_schedule("cosine-clipped")
    assert schedule.betas.min() >= 1e-5 - 1e-15
    assert schedule.betas.max() <= 0.02 + 1e-15
    free = make_schedule("cosine").betas < 0.02
    np.testing.assert_allclose(schedule.betas[free], make_schedule("cosine").betas[free])
    assert schedule.alpha_bar[-1] > 100 * make_schedule("cosine").alpha_bar[-1]


@pytest.mark.parametrize(
    ("ours", "theirs", "rtol"),
    [
        ("linear", "linear", 1e-5),
        ("quadratic", "scaled_linear", 1e-5),
        ("cosine", "squaredcos_cap_v2", 1e-4),
        ("sigmoid", "sigmoid", 1e-4),
    ],
)
def test_agrees_with_diffusers(ours: str, theirs: str, rtol: float) -> None:
    peer = diffusers.DDPMScheduler(beta_schedule=theirs, beta_start=1e-4, beta_end=0.02)
    np.testing.assert_allclose(make_schedule(ours).betas, peer.betas.double(), rtol=rtol)


@pytest.mark.parametrize("T", [2, 50, 500, 1000, 4000])
def test_betas_are_as_made_and_within_their_bounds_to_the_last_digit(T: int) -> None:
    assert make_schedule("cosine", T).betas.max() <= 0.999
    clipped = make_schedule("cosine-clipped", T).betas
    assert clipped.min() >= 1e-5 and clipped.max() <= 0.02
    linear = make_schedule("linear", T).betas
    assert torch.equal(linear, torch.linspace(1e-4, 0.02, T, dtype=torch.float64))


def test_a_schedule_can_be_copied_and_sent() -> None:
    schedule = make_schedule("cosine", 10)
    for twin in (copy.deepcopy(schedule), pickle.loads(pickle.dumps(schedule))):
        assert torch.equal(twin.alpha_bar, schedule.alpha_bar) and twin.options == {"s": 0.008}


def test_constant_adds_the_same_in_every_step() -> None:
    schedule = make_schedule("constant", 10, beta=0.25)
    np.testing.assert_allclose(schedule.alpha_bar, 0.75 ** np.arange(11), rtol=1e-14)


def test_derived_tables_by_hand() -> None:
    schedule = make_schedule("constant", 2, beta=0.5)  # alpha_bar: 1, 1/2, 1/4
    assert schedule.snr.tolist() == [math.inf, 1, pytest.approx(1 / 3)]
    assert schedule.log_snr.tolist() == [math.inf, 0, pytest.approx(-math.log(3))]
    assert schedule.posterior_variance.tolist() == [0, pytest.approx(0.5 * 0.5 / 0.75)]
    assert schedule.alphas.tolist() == [0.5, 0.5]


def test_options_are_remembered() -> None:
    assert make_schedule("cosine", 10, s=0.1).options == {"s": 0.1}
    assert make_schedule("linear", 10).options == {"beta_start": 1e-4, "beta_end": 0.02}


@pytest.mark.parametrize(
    ("name", "T", "options", "says"),
    [
        ("cosin", 10, {}, ["'cosin'", "linear, cosine"]),
        ("linear", 0, {}, ["T = 0", ">= 1"]),
        ("linear", -3, {}, ["T = -3"]),
        ("linear", 10.5, {}, ["T = 10.5"]),
        ("linear", True, {}, ["T = True"]),
        ("linear", 10, {"beta_end": 1}, ["beta_end = 1", "between 0 and 1"]),
        ("linear", 10, {"beta_end": 1.5}, ["beta_end = 1.5"]),
        ("linear", 10, {"beta_start": -1e-4}, ["beta_start = -0.0001"]),
        ("linear", 10, {"beta_start": 0}, ["beta_start = 0"]),
        ("linear", 10, {"beta_start": math.nan}, ["beta_start = nan"]),
        ("linear", 10, {"beta_start": "0.1"}, ["beta_start = '0.1'"]),
        ("linear", 10, {"s": 0.1}, ["'s'", "beta_start, beta_end"]),
        ("cosine", 10, {"s": -1}, ["s = -1", ">= 0"]),
        ("cosine", 10, {"s": math.inf}, ["s = inf"]),
        ("cosine", 10, {"s": math.nan}, ["s = nan"]),
        ("cosine", 10, {"s": 1e30}, ["s = 1e+30", "T = 10"]),
        ("cosine-clipped", 10, {"beta_min": 0.5, "beta_max": 0.1}, ["beta_min = 0.5"]),
        ("constant", 10, {"beta": 1}, ["beta = 1"]),
        ("constant", 2000, {"beta": 0.9}, ["beta = 0.9", "T = 2000"]),
        ("constant", 10, {"beta": 1e-18}, ["beta = 1e-18"]),
        ("linear", 10, {"beta_end": 10**400}, ["beta_end = 1000"]),
        ("cosine", 10, {"s": 10**400}, ["s = 1000"]),
        ("linear", 10**400, {}, ["T = 1000"]),
    ],
)
def test_refuses_with_the_option_its_value_and_what_is_allowed(
    name: str, T: int, options: dict, says: list[str]
) -> None:
    with pytest.raises(ValueError) as error:
        make_schedule(name, T, **options)
    for part in says:
        assert part in str(error.value)


@given(
    st.sampled_from(["linear", "quadratic", "sigmoid"]),
    st.integers(1, 400),
    st.floats(1e-6, 0.999),
    st.floats(1e-6, 0.999),
)
def test_any_allowed_options_give_a_schedule_or_a_sentence(
    name: str, T: int, start: float, end: float
) -> None:
    try:
        schedule = make_schedule(name, T, beta_start=start, beta_end=end)
    except ValueError as error:
        assert "T = " in str(error)  # options that pass alone can underflow together
        return
    assert (schedule.alpha_bar.diff() < 0).all() and schedule.alpha_bar[-1] > 0
    assert ((schedule.betas > 0) & (schedule.betas < 1)).all()


@pytest.mark.parametrize(
    "alpha_bar",
    [
        torch.ones(3, dtype=torch.float64),
        torch.tensor([1.0, 0.5]),
        torch.tensor([0.9, 0.5], dtype=torch.float64),
        torch.tensor([1.0, 0.0], dtype=torch.float64),
        torch.tensor([1.0], dtype=torch.float64),
    ],
)
def test_a_table_that_is_no_schedule_is_refused(alpha_bar: torch.Tensor) -> None:
    with pytest.raises(ValueError, match="alpha_bar"):
        Schedule("mine", alpha_bar)


def test_an_option_may_be_given_what_its_bounds_allow_below_zero_too() -> None:
    """sigmoid's u goes from start to end; the defaults are GeoDiff's, −6…6."""
    given = make_schedule("sigmoid", 100, start=-3)
    u = torch.linspace(-3, 6, 100, dtype=torch.float64)
    torch.testing.assert_close(given.betas, 1e-4 + 0.0199 * u.sigmoid(), rtol=1e-12, atol=0)
    usual = make_schedule("sigmoid", 100, start=-6, end=np.float32(6))
    assert torch.equal(usual.betas, make_schedule("sigmoid", 100).betas)
    for wrong in ({"start": 6}, {"start": 7}, {"end": -6.5}, {"start": -101}, {"start": True}):
        with pytest.raises(ValueError, match="start|end"):
            make_schedule("sigmoid", 100, **wrong)
