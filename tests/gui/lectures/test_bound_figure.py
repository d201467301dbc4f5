"""The bound's figures show the numbers that they are given."""

from __future__ import annotations

import base64
import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from explorer.diffusion import SCHEDULES, VARIANCES, Mean, bound_weights, make_schedule
from explorer.evaluation.bound import BoundResult, VarianceTerms, noise_bits
from explorer.gui.lectures.bound.figure import bars_figure, in_powers, noise_figure, share_figure
from explorer.gui.lectures.bound.terms import (
    errors_per_time,
    per_time,
    terms_figure,
    weights_figure,
)

RANGES = ((2, 2), (3, 10), (11, 100))
STEPS = (Mean(0.2, 0.01), Mean(0.05, 0.01), Mean(0.001, 1e-4))
LINE = VarianceTerms(STEPS, Mean(0.69, 0.02), Mean(0.7, 0.03), Mean(1.39, 0.04))
RESULT = BoundResult(
    model="tiny", pictures="4 digits", n=4, seed=0, T=100, schedule="linear", options={}, dims=64,
    power=0.9, count=3, hardware="CPU", date="2025-01-01", share=1.0, seconds=1.0,
    prior=Mean(1e-5, 1e-7), ranges=RANGES, errors=(0.5, 0.25, 0.01), first_error=0.8,
    lines={"beta": LINE, "posterior": replace(LINE, total=Mean(1.2, 0.05))},
)  # fmt: skip
HALF = replace(
    RESULT,
    share=0.5,
    ranges=RANGES[2:],
    errors=(0.01,),
    first_error=None,
    lines={name: VarianceTerms(STEPS[2:], Mean(0.09, 0.01)) for name in VARIANCES},
)
NOTHING = replace(
    HALF,
    share=0.0,
    ranges=(),
    errors=(),
    lines={n: VarianceTerms((), Mean(0.0, 0.0)) for n in VARIANCES},
)


def test_bars_stack_the_three_parts() -> None:
    figure = bars_figure(RESULT, VARIANCES)
    *bars, totals = figure.data
    assert [bar.x for bar in bars] == [(0.7, 0.7), (0.69, 0.69), (1e-5, 1e-5)]
    assert figure.layout.barmode == "stack" and figure.layout.xaxis.range == (0, 2.5)
    assert totals.text == (" 1.390 ± 0.040", " 1.200 ± 0.050")
    assert totals.x == pytest.approx((1.39001,) * 2)
    assert bars_figure(HALF, VARIANCES).data[-1].text == (" so far",) * 2
    assert bars_figure(NOTHING, VARIANCES).data[-1].text == ("", "")
    assert len(bars_figure(RESULT, ["beta"]).data[0].x) == 1


def test_terms_go_from_the_reconstruction_to_noise() -> None:
    figure = terms_figure(RESULT, VARIANCES)
    for curve in figure.data:
        assert curve.x == (1, 2, 6.5, 55.5) and curve.y == (0.7, 0.2, 0.05, 0.001)
        assert curve.customdata == ("1", "2", "3…10", "11…100")
    assert terms_figure(HALF, VARIANCES).data[0].x == (55.5,)
    ranges = {
        tuple(terms_figure(r, VARIANCES).layout.yaxis.range) for r in (HALF, NOTHING, RESULT)
    }
    assert ranges == {(-5, 0)}  # the axis stands while the curve grows


def unpacked(text: str) -> np.ndarray:
    return np.frombuffer(base64.b64decode(text), "<f8")


@pytest.mark.parametrize("draw", [terms_figure, weights_figure])
def test_the_cursor_has_every_number_of_the_formula(draw: object) -> None:
    cursor = draw(RESULT, VARIANCES).layout.meta["cursor"]
    schedule = make_schedule("linear", 100)
    for variance, series in zip(VARIANCES, cursor["series"], strict=True):
        table = dict(zip(cursor["columns"], map(unpacked, series["values"]), strict=True))
        assert {len(values) for values in table.values()} == {101}
        beta, sigma2, noise = (table[name][5] for name in ("β_t", "σ_t²", "1−ᾱ_t"))
        weight = beta**2 / (2 * sigma2 * (1 - beta) * noise)
        assert table["weight"][5] == pytest.approx(weight)
        assert weight == pytest.approx(bound_weights(schedule, variance)[5].item())
        assert table["bits/dim"][[1, 2, 5, 50]].tolist() == [0.7, 0.2, 0.05, 0.001]
        assert table["‖ε−ε̂‖²/D"][[1, 2, 5, 50]].tolist() == [0.8, 0.5, 0.25, 0.01]
        assert math.isnan(table["β_t"][0]) and math.isnan(table["bits/dim"][0])


def test_weights_beside_the_one_of_l_simple() -> None:
    *weights, simple = weights_figure(RESULT, VARIANCES).data
    assert simple.y == (1, 1)
    for variance, curve in zip(VARIANCES, weights, strict=True):
        truth = bound_weights(make_schedule("linear", 100), variance)
        np.testing.assert_allclose(curve.y[2:], truth[2:].numpy())
    assert math.isnan(weights[1].y[1])  # β̃_1 = 0


def test_shares_sum_to_one_and_are_of_the_right_t() -> None:
    figure = share_figure(RESULT, VARIANCES)
    assert figure.data[0].y == ("t = 1 (L<sub>0</sub>)", "2–5", "6–20", "21–100")
    for bars in figure.data:
        assert sum(bars.x) == pytest.approx(1)
    total = 0.7 + 0.2 + 8 * 0.05 + 90 * 0.001
    assert figure.data[0].x[:2] == pytest.approx((0.7 / total, 0.35 / total))
    errors = 0.8 + 0.5 + 8 * 0.25 + 90 * 0.01
    assert figure.data[2].x[:2] == pytest.approx((0.8 / errors, 1.25 / errors))
    assert share_figure(HALF, VARIANCES).data[0].x == pytest.approx((0, 0, 10 / 90, 80 / 90))
    assert share_figure(NOTHING, VARIANCES).data[0].x == (0, 0, 0, 0)
    assert per_time(RESULT, "beta").nansum() == pytest.approx(total)
    assert errors_per_time(NOTHING).isnan().all()


def test_every_schedule_says_how_noise_like_its_end_is() -> None:
    figure = noise_figure(1000, 0.9)
    assert [bar.y[0] for bar in figure.data] == list(SCHEDULES)
    for bar in figure.data:
        schedule = make_schedule(bar.y[0], 1000)
        ab = schedule.alpha_bar[-1].item()
        truth = 0.5 * (ab * 0.9 - ab - math.log1p(-ab)) / math.log(2)
        assert bar.x[0] == pytest.approx(max(truth, 1e-10), rel=1e-5)
        assert noise_bits(schedule, 0.9) == pytest.approx(truth, rel=1e-5)
    assert all(torch.tensor(bar.x[0]) > 0 for bar in noise_figure(2, 0.0).data)


def test_powers_of_ten() -> None:
    assert [in_powers(v) for v in (2.7e-5, 0.0, 0.12, 1.63e-9)] == [
        "2.7·10⁻⁵", "0", "0.12", "1.6·10⁻⁹",
    ]  # fmt: skip
