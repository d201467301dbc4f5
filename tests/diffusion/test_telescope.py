"""The factors of the two chains: Bayes' rule, the cancelling, and their means."""

from __future__ import annotations

import pytest
import torch

from explorer.diffusion import make_schedule
from explorer.diffusion.bound_forms import consistency_form, matching_form
from explorer.diffusion.pixel_gaussian import framed
from explorer.diffusion.telescope import (
    Factor,
    chain_logs,
    draw_chain,
    expected_logs,
    strided,
)

FOUR = strided(make_schedule("linear", 1000), 4)
DATA = framed(12, 0.7, 20)


def test_strides_keep_the_noise_levels() -> None:
    whole = make_schedule("linear", 1000)
    assert FOUR.T == 4
    assert torch.equal(FOUR.alpha_bar, whole.alpha_bar[[0, 250, 500, 750, 1000]])
    with pytest.raises(ValueError, match="no multiple of 3"):
        strided(whole, 3)


@pytest.mark.parametrize("t", [2, 3, 4])
def test_bayes_rule_given_x0_holds_on_a_chain(t: int) -> None:
    chain = draw_chain(DATA, FOUR, torch.Generator().manual_seed(0))
    for logs in (chain_logs(DATA, FOUR, chain), expected_logs(DATA, FOUR)):
        right = (
            logs[Factor("posterior", t)]
            + logs[Factor("marginal", t)]
            - logs[Factor("marginal", t - 1)]
        )
        assert logs[Factor("step", t)] == pytest.approx(right)


def test_the_first_step_is_a_marginal() -> None:
    logs = chain_logs(DATA, FOUR, draw_chain(DATA, FOUR, torch.Generator().manual_seed(1)))
    assert logs[Factor("step", 1)] == pytest.approx(logs[Factor("marginal", 1)])


def test_means_over_chains_are_the_closed_forms() -> None:
    g = torch.Generator().manual_seed(0)
    drawn = [chain_logs(DATA, FOUR, draw_chain(DATA, FOUR, g)) for _ in range(1500)]
    for factor, value in expected_logs(DATA, FOUR).items():
        values = torch.tensor([logs[factor] for logs in drawn])
        error = values.std().item() / 1500**0.5
        assert abs(values.mean().item() - value) < 5 * error, factor


def test_they_add_up_to_the_bound_in_both_forms() -> None:
    logs = expected_logs(DATA, FOUR)
    steps = sum(logs[Factor("step", t)] - logs[Factor("back", t)] for t in range(1, 5))
    total = steps - logs[Factor("prior", 4)]
    assert total == pytest.approx(consistency_form(DATA, FOUR).total)
    assert total == pytest.approx(matching_form(DATA, FOUR).total)
