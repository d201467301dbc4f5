"""The two forms of the bound: against each other, against draws, and against known numbers."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch

from explorer.diffusion import denoising_term, forward, make_schedule, prior_term
from explorer.diffusion.bound_forms import (
    FORMS,
    Spread,
    consistency_form,
    draw_part,
    matching_form,
    printed_consistency,
)
from explorer.diffusion.pixel_gaussian import PixelGaussian, framed
from explorer.diffusion.process import forward_step

LINEAR = make_schedule("linear", 1000)
DIGITS = framed()
BITS = DIGITS.dims * math.log(2)
"""Nats of one bit per dimension."""


def test_the_numbers_of_784_pixels() -> None:
    """Both total 5.77 bits/dim; prior 2.82 against 0; noise at t = 100 about 30 against 0.29."""
    first, second = consistency_form(DIGITS, LINEAR), matching_form(DIGITS, LINEAR)
    assert first.total == pytest.approx(second.total, rel=1e-12)
    assert round(first.total / BITS, 2) == round(second.total / BITS, 2) == 5.77
    assert round(float(first.prior.mean) / BITS, 2) == 2.82
    assert float(second.prior.mean) / BITS < 1e-4
    assert first.term_at(100)[1] == pytest.approx(30, rel=0.1)
    assert round(second.term_at(100)[1], 2) == 0.29


def test_the_bound_of_exact_steps_back_is_tight() -> None:
    """The entropy of the grey values of the pixels that vary, and how far q(x_T) is from noise."""
    exact = 500 * (0.5 * math.log(2 * math.pi * math.e) + math.log(127.5))
    ab, v = LINEAR.alpha_bar[-1], DIGITS.variances(LINEAR)[-1]
    noise = 0.5 * (v + ab * DIGITS.mean**2 - 1 - v.log()).sum().item()
    assert matching_form(DIGITS, LINEAR).total == pytest.approx(exact + noise, rel=1e-12)


@pytest.mark.parametrize(
    "schedule", [LINEAR, make_schedule("cosine", 7), make_schedule("linear", 2)]
)
@pytest.mark.parametrize("varying", [1, 500, 784])
@pytest.mark.parametrize("std", [0.1, 1.0, 3.0])
def test_the_totals_are_equal_for_other_data_and_schedules(
    schedule: object, varying: int, std: float
) -> None:
    data = framed(varying, std)
    first, second = consistency_form(data, schedule), matching_form(data, schedule)  # type: ignore[arg-type]
    assert first.total == pytest.approx(second.total, rel=1e-9)
    assert first.reconstruction.mean == second.reconstruction.mean


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("part", [0, 2, 100, 999, 1001])
def test_draws_have_the_mean_and_the_spread_of_the_closed_form(form: str, part: int) -> None:
    data = PixelGaussian(torch.linspace(-1, 1, 60).double(), torch.linspace(0, 1.5, 60).double())
    closed, n = FORMS[form](data, LINEAR), 4000
    known = {0: closed.reconstruction, 1001: closed.prior}.get(part)
    mean, std = map(float, known or Spread(*map(torch.tensor, closed.term_at(part))))
    drawn = draw_part(data, LINEAR, form, part, n, seed=3)
    assert drawn.shape == (n,)
    assert abs(drawn.mean().item() - mean) < 5 * std / math.sqrt(n) + 1e-9
    assert drawn.std().item() == pytest.approx(std, rel=0.08)


def test_draws_of_a_seed_are_the_same_and_terms_have_their_own() -> None:
    one, again, other = (draw_part(DIGITS, LINEAR, "matching", t, 3, seed=1) for t in (9, 9, 10))
    assert torch.equal(one, again) and not torch.equal(one, other)
    assert not torch.equal(one, draw_part(DIGITS, LINEAR, "matching", 9, 3, seed=2))


def test_the_second_form_is_that_of_the_bound_of_models() -> None:
    """Its prior is `prior_term`; its term at a width like β̃'s is `denoising_term`'s."""
    x0 = DIGITS.sample(3000, torch.Generator().manual_seed(0))
    prior = matching_form(DIGITS, LINEAR).prior
    assert prior_term(LINEAR, x0).mean().item() == pytest.approx(float(prior.mean), rel=0.01)
    t, g = 400, torch.Generator().manual_seed(1)
    x_t = forward(LINEAR, x0, t).sample(g)
    ab = LINEAR.alpha_bar[t]
    v = DIGITS.variances(LINEAR)[t]
    guess = DIGITS.mean + ab.sqrt() * DIGITS.std**2 / v * (x_t - ab.sqrt() * DIGITS.mean)
    model = denoising_term(LINEAR, x0, x_t, t, guess).mean().item()
    assert model == pytest.approx(matching_form(DIGITS, LINEAR).term_at(t)[0], rel=0.02)


def test_what_is_printed_is_no_part_of_the_bound() -> None:
    """Its closed form is the mean of D_KL over pairs, and its sum far above the bound."""
    data, t, n = framed(20, 0.8, 30), 50, 20000
    schedule = make_schedule("linear", 100)
    g = torch.Generator().manual_seed(0)
    before = forward(schedule, data.sample(n, g), t - 1).sample(g)
    step = forward_step(schedule, before, t)
    after = forward_step(schedule, step.sample(g), t + 1).sample(g)
    drawn = step.kl(data.reverse(schedule, after, t + 1))
    printed = printed_consistency(data, schedule)
    assert drawn.mean().item() == pytest.approx(float(printed.mean[t - 1]), rel=0.01)
    assert drawn.std().item() == pytest.approx(float(printed.std[t - 1]), rel=0.05)
    assert printed_consistency(DIGITS, LINEAR).mean.sum() / BITS > 1000


def test_errors_are_those_of_parts_drawn_apart() -> None:
    first = consistency_form(DIGITS, LINEAR)
    assert first.total_error == first.matching_error == 0
    drawn = replace(first, draws=16)
    parts = [first.prior.std**2, first.terms.std.square().sum(), first.reconstruction.std**2]
    assert drawn.total_error == pytest.approx(math.sqrt(float(sum(parts)) / 16))
    assert drawn.matching_error == pytest.approx(math.sqrt(float(parts[1]) / 16))


def test_what_there_is_not_is_refused() -> None:
    with pytest.raises(ValueError, match="from T = 2 on"):
        consistency_form(DIGITS, make_schedule("linear", 1))
    with pytest.raises(ValueError, match="from T = 2 on"):
        matching_form(DIGITS, make_schedule("linear", 1))
    for form, t in (("consistency", 1000), ("matching", 1), ("matching", -1)):
        with pytest.raises(ValueError, match="has terms for t in"):
            draw_part(DIGITS, LINEAR, form, t, 2)
    with pytest.raises(ValueError, match="no form 'third'"):
        draw_part(DIGITS, LINEAR, "third", 2, 2)
    with pytest.raises(ValueError, match=r"t = 1: this form has terms for t in 2…1000"):
        matching_form(DIGITS, LINEAR).term_at(1)
