"""The bound's figures show the numbers that they are given."""

from __future__ import annotations

import base64
import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from explorer.diffusion import (
    SCHEDULES,
    VARIANCES,
    Mean,
    bound_weights,
    make_schedule,
    noise_weights,
)
from explorer.evaluation.bound import BoundResult, VarianceTerms
from explorer.evaluation.bound_shares import noise_bits
from explorer.gui.lectures.bound.figure import bars_figure, in_powers, noise_figure, share_figure
from explorer.gui.lectures.bound.terms import (
    errors_per_time,
    losses_per_time,
    per_time,
    terms_figure,
    weights_figure,
)
from explorer.gui.lectures.bound.words import conclusions

RANGES = ((2, 2), (3, 10), (11, 100))
STEPS = (Mean(0.2, 0.01), Mean(0.05, 0.01), Mean(0.001, 1e-4))
LINE = VarianceTerms(STEPS, Mean(0.69, 0.02), Mean(0.7, 0.03), Mean(1.39, 0.04))
RESULT = BoundResult(
    model="tiny", pictures="4 digits", n=4, seed=0, T=100, schedule="linear", options={}, dims=64,
    power=0.9, count=3, hardware="CPU", date="2025-01-01", share=1.0, seconds=1.0,
    target="v", weighting="simple", gamma=5.0, weights="",
    prior=Mean(1e-5, 1e-7), ranges=RANGES,
    errors=(Mean(0.5, 0.01), Mean(0.25, 0.01), Mean(0.01, 0.001)), first_error=Mean(0.8, 0.02),
    losses=(Mean(0.6, 0.01), Mean(0.4, 0.01), Mean(0.2, 0.01)), first_loss=Mean(0.9, 0.02),
    simple=Mean(0.0421, 0.0012), loss=Mean(0.227, 0.003),
    groups=((1, 1), (2, 5), (6, 20), (21, 100)),
    shares={
        "beta": (Mean(0.5, 0.01), Mean(0.25, 0.01), Mean(0.2, 0.01), Mean(0.05, 0.002)),
        "posterior": (Mean(0.4, 0.01), Mean(0.3, 0.01), Mean(0.2, 0.01), Mean(0.1, 0.003)),
        "simple": (Mean(0.1, 0.01), Mean(0.2, 0.01), Mean(0.18, 0.01), Mean(0.52, 0.004)),
        "loss": (Mean(0.02, 0.01), Mean(0.06, 0.01), Mean(0.1, 0.01), Mean(0.82, 0.003)),
    },
    lines={"beta": LINE, "posterior": replace(LINE, total=Mean(1.2, 0.05))},
)  # fmt: skip
HALF = replace(
    RESULT,
    share=0.5,
    ranges=RANGES[2:],
    errors=(Mean(0.01, 0.001),),
    losses=(Mean(0.2, 0.01),),
    first_error=None,
    first_loss=None,
    simple=None,
    loss=None,
    lines={name: VarianceTerms(STEPS[2:], Mean(0.09, 0.01)) for name in VARIANCES},
)
NOTHING = replace(
    HALF,
    share=0.0,
    ranges=(),
    errors=(),
    losses=(),
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
    for curve in figure.data[:2]:
        assert curve.x == (1, 2, 6.5, 55.5) and curve.y == (0.7, 0.2, 0.05, 0.001)
        assert curve.customdata == ("1", "2", "3…10", "11…100")
    assert terms_figure(HALF, VARIANCES).data[0].x == (55.5,)
    ranges = {
        tuple(terms_figure(r, VARIANCES).layout.yaxis.range) for r in (HALF, NOTHING, RESULT)
    }
    assert ranges == {(-5, 0)}  # the axis stands while the curve grows


def test_the_losses_stand_beside_the_terms_with_their_sum() -> None:
    *_, simple, loss = terms_figure(RESULT, VARIANCES).data
    assert simple.name.startswith("L<sub>simple</sub>, scaled")
    assert loss.name.startswith("trained with: ‖v − v̂‖², scaled")
    bits = per_time(RESULT, "beta").nansum().item()
    for curve, criterion in ((simple, "simple"), (loss, "loss")):
        assert curve.x == (1, 2, 6.5, 55.5)
        counts = (1, 1, 8, 90)
        summed = sum(count * value for count, value in zip(counts, curve.y, strict=True))
        assert summed == pytest.approx(bits)
        truth = losses_per_time(RESULT, criterion)[[1, 2, 3, 11]]
        np.testing.assert_allclose(np.array(curve.y) / curve.y[0], truth / truth[0])
    one = replace(RESULT, target="eps")
    assert [curve.name for curve in terms_figure(one, ["beta"]).data[1:]] == [
        "L<sub>simple</sub>, trained with, scaled to the same sum"
    ]
    assert len(terms_figure(NOTHING, VARIANCES).data) == 4


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


@pytest.mark.parametrize(
    ("target", "weighting", "name"),
    [
        ("v", "simple", "trained with: ‖v − v̂‖²"),
        ("x0", "simple", "trained with: ‖x₀ − x̂₀‖²"),
        ("eps", "min-snr", "trained with: ‖ε − ε̂‖², min-snr γ = 5"),
        ("v", "bound", "trained with: ‖v − v̂‖², weighted like the bound"),
    ],
)
def test_weights_beside_the_one_of_l_simple(target: str, weighting: str, name: str) -> None:
    result = replace(RESULT, target=target, weighting=weighting)
    *weights, simple, trained = weights_figure(result, VARIANCES).data
    assert simple.y == (1, 1) and trained.name == name
    schedule = make_schedule("linear", 100)
    for variance, curve in zip(VARIANCES, weights, strict=True):
        np.testing.assert_allclose(curve.y[2:], bound_weights(schedule, variance)[2:].numpy())
    assert math.isnan(weights[1].y[1])  # β̃_1 = 0
    np.testing.assert_allclose(trained.y, noise_weights(schedule, target, weighting).numpy())
    if (target, weighting) == ("v", "simple"):
        np.testing.assert_allclose(trained.y[1:], 1 / schedule.alpha_bar[1:].numpy())


def test_l_simple_is_drawn_once_if_it_is_what_was_trained_with() -> None:
    assert len(weights_figure(replace(RESULT, target="eps"), VARIANCES).data) == 3
    assert len(share_figure(replace(RESULT, target="eps"), VARIANCES).data) == 3


def test_shares_are_drawn_with_their_errors() -> None:
    figure = share_figure(RESULT, VARIANCES)
    assert figure.data[0].y == ("t = 1 (L<sub>0</sub>)", "2–5", "6–20", "21–100")
    assert [bars.name for bars in figure.data] == [
        "bound, σ² = β", "bound, σ² = β̃", "L<sub>simple</sub>", "trained with: ‖v − v̂‖²",
    ]  # fmt: skip
    for bars, name in zip(figure.data, ("beta", "posterior", "simple", "loss"), strict=True):
        assert bars.x == tuple(mean.value for mean in RESULT.shares[name])
        assert bars.customdata == tuple(mean.error for mean in RESULT.shares[name])
    assert figure.data[3].text[-1] == "82.0 ± 0.3%"
    assert per_time(RESULT, "beta").nansum() == pytest.approx(0.7 + 0.2 + 8 * 0.05 + 90 * 0.001)
    assert errors_per_time(NOTHING).isnan().all()


def test_what_is_said_is_what_was_measured() -> None:
    said = conclusions(RESULT, "beta")
    assert "50.0 ± 1.0 % of L₀ + Σ Lₜ₋₁ comes from L₀" in said
    assert "5.0 ± 0.2 % from t = 21…100" in said
    assert "(mean over t: 0.0421 ± 0.0012) 52.0 ± 0.4 % comes from there" in said
    assert "trained with, ‖v − v̂‖² (0.2270 ± 0.0030), 82.0 ± 0.3 %." in said
    schedule = make_schedule("linear", 100)
    r = (schedule.posterior_variance[1] / schedule.betas[1]).item()
    cost = 0.5 * (r - 1 - math.log(r)) / math.log(2)
    assert f"{cost:.3f} of the 0.200 ± 0.010 bits/dim" in said
    assert "unequal variances" not in conclusions(RESULT, "posterior")
    itself = conclusions(replace(RESULT, target="eps"), "beta")
    assert "trained with L_simple itself" in itself and "82" not in itself
    assert conclusions(HALF, "beta") == conclusions(NOTHING, "beta") == ""


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
