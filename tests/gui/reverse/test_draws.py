"""A draw has twice the squared error of the mean: exactly, and for the shipped models."""

from __future__ import annotations

import html
import math
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
import torch
from torch import Tensor

from explorer.checkpoints import load, save
from explorer.diffusion import Denoiser, GaussianMixture, IdealDenoiser, forward, make_schedule
from explorer.evaluation.errors import Estimate
from explorer.evaluation.held_out import Pictures
from explorer.evaluation.weights import fingerprint
from explorer.gui.frame.context import HOME
from explorer.gui.frame.limits import HOSTED
from explorer.gui.reverse.round_trip import panel as trip_panel
from explorer.gui.reverse.round_trip.draws import (
    Draws,
    Moment,
    errors_back,
    gap,
    measure_draws,
    moment_text,
    overview,
    ratio_of_means,
    read,
    summarised,
    write,
)
from explorer.gui.reverse.round_trip.draws_figure import draws_figure
from explorer.gui.reverse.round_trip.draws_panel import check_cost
from explorer.gui.reverse.round_trip.trip import STEPS
from explorer.race.round_trip import ways_back
from tests.gui.panel import REQUEST, Panel, by_name, merged, tiny
from tools.make_stored import MAKERS

MEASURED = {name: HOME / "checkpoints" / f"{name}.safetensors" for name in MAKERS["draws"].models}
T = 400
COSINE = make_schedule("cosine", T)


def exact(points: Tensor) -> Denoiser:
    """Of data that are exactly these pictures."""
    return Denoiser(IdealDenoiser(points, COSINE), COSINE, "x0")


def within(found: Estimate, truth: float, sigmas: float = 3.5) -> bool:
    return abs(found.value - truth) < sigmas * found.error


# ---- the identity -----------------------------------------------------------------------------


@pytest.mark.parametrize("t", [40, 150, 300])
def test_an_exact_draw_errs_twice_as_much_as_the_mean(t: int) -> None:
    """x_0' from the exact posterior of a mixture of Gaussians: a component, then a Gaussian."""
    generator = torch.Generator().manual_seed(t)
    means = torch.tensor([[-0.6, 0.2], [0.5, 0.5], [0.3, -0.7]]).double()
    mixture = GaussianMixture(means, COSINE, std=0.15, weights=torch.tensor([0.5, 0.3, 0.2]))
    n, std = 20_000, 0.15
    x0 = mixture.sample(n, generator)
    q = forward(COSINE, x0, t)
    x_t = q.mean + q.std * torch.randn(n, 2, generator=generator, dtype=torch.float64)
    alpha_bar = COSINE.alpha_bar[t].double()
    signal, variance = alpha_bar.sqrt(), alpha_bar * std**2 + 1 - alpha_bar
    distance = (x_t[:, None] - signal * means).square().sum(2)
    chosen = torch.multinomial(
        (mixture.weights.log() - distance / (2 * variance)).softmax(1), 1, generator=generator
    )[:, 0]
    gain = signal * std**2 / variance
    centre = means[chosen] + gain * (x_t - signal * means[chosen])
    deviation = std * (1 - gain * signal).sqrt()
    draw = centre + deviation * torch.randn(n, 2, generator=generator, dtype=torch.float64)
    shot = mixture(x_t, t)
    ratio = ratio_of_means(*(((x - x0) ** 2).sum(1) for x in (draw, shot)))
    assert ratio.error < 0.05 and within(ratio, 2)


@pytest.fixture(scope="module")
def points() -> Tensor:
    return torch.rand(6, 1, 2, 2, generator=torch.Generator().manual_seed(3)) * 2 - 1


def test_ddpm_with_the_exact_denoiser_draws_from_the_posterior(points: Tensor) -> None:
    """The whole path of the panel: `errors_back` on pictures of a finite set, all steps."""
    generator = torch.Generator().manual_seed(1)
    x0 = points[torch.randint(len(points), (1500,), generator=generator)]
    denoiser = exact(points)
    *_, (share, errors) = errors_back(denoiser, x0, 240, seed=5, batch=1500)
    assert share == 1
    found = summarised(240, errors)
    assert found.n == 1500 and found.ratios["ddpm"].error < 0.1
    assert within(found.ratios["ddpm"], 2)


S = 0.2
"""Standard deviation of Gaussian data."""


def gain_of(a: float) -> float:
    """E[x_0 | x_t] = gain · x_t for x_0 ~ N(0, S²)."""
    return math.sqrt(a) * S**2 / (a * S**2 + 1 - a)


def ddim_gain(times: Sequence[int]) -> float:
    """DDIM is linear there: where it ends ÷ where it begins."""
    gain = 1.0
    for t, s in pairwise(times):
        a, b = COSINE.values[t], COSINE.values[s]
        eps = (1 - math.sqrt(a) * gain_of(a)) / math.sqrt(1 - a)
        gain *= math.sqrt(b) * gain_of(a) + math.sqrt(1 - b) * eps
    return gain


def test_ddim_is_a_function_with_a_ratio_of_its_own() -> None:
    """For x_0 ~ N(0, S²) it ends at a multiple of x_t, which tends to S/√v: ratio 2/(1 + ρ)."""
    t = 240

    def mean_of(x: Tensor, t: Tensor) -> Tensor:
        gains = [gain_of(COSINE.values[each]) for each in t.tolist()]
        return x * torch.tensor(gains).reshape(-1, 1, 1, 1)

    x0 = S * torch.randn(800, 1, 4, 4, generator=torch.Generator().manual_seed(2))
    *_, (_, errors) = errors_back(Denoiser(mean_of, COSINE, "x0"), x0, t, seed=5, batch=800)
    found = summarised(t, errors)
    a = COSINE.values[t]
    v = a * S**2 + 1 - a
    rho = math.sqrt(a / v) * S
    mean = S**2 * (1 - rho**2)
    assert within(found.shot, mean) and within(found.errors["ddpm"], 2 * mean)
    assert within(found.ratios["ddpm"], 2)
    _, lane = ways_back(T, t, STEPS)
    gain = ddim_gain(lane.times)
    assert within(
        found.ratios["ddim"], (S**2 * (1 - 2 * gain * math.sqrt(a)) + gain**2 * v) / mean
    )
    assert 1 < found.ratios["ddim"].value < 2
    many = ddim_gain(range(t, -1, -1))
    limit = (S**2 * (1 - 2 * many * math.sqrt(a)) + many**2 * v) / mean
    assert limit == pytest.approx(2 / (1 + rho), rel=0.02)


def test_the_error_of_a_ratio_is_what_repetition_gives() -> None:
    generator = torch.Generator().manual_seed(1)
    b = torch.rand(400, 200, generator=generator, dtype=torch.float64) + 0.5
    a = 2 * b + torch.randn(400, 200, generator=generator, dtype=torch.float64)
    found = [ratio_of_means(*pair) for pair in zip(a, b, strict=True)]
    values = torch.tensor([each.value for each in found])
    assert values.mean().item() == pytest.approx(2, abs=0.02)
    assert found[0].error == pytest.approx(values.std().item(), rel=0.15)
    assert ratio_of_means(3 * b[0], b[0]) == pytest.approx((3, 0), abs=1e-9)


# ---- measuring --------------------------------------------------------------------------------


def test_parts_are_the_whole_and_a_stop_keeps_what_arrived(points: Tensor) -> None:
    denoiser = exact(points)
    *_, (_, whole) = errors_back(denoiser, points, 30, seed=5, batch=6)
    found = list(errors_back(denoiser, points, 30, seed=5, batch=2))
    shares = [share for share, _ in found]
    assert shares == sorted(shares) and shares[-1] == 1
    for name, values in whole.items():
        torch.testing.assert_close(found[-1][1][name], values)
    assert {len(errors.get("shot", ())) for _, errors in found} == {0, 2, 4, 6}


@pytest.mark.parametrize("stop_after", [3, 90])
def test_a_stopped_measurement_says_what_it_has(tmp_path: Path, stop_after: int) -> None:
    denoiser, spec = load(tiny(tmp_path))
    x0 = torch.rand(10, 1, 8, 8, generator=torch.Generator().manual_seed(1)) * 2 - 1
    asked = iter(range(10**6))
    *_, last = measure_draws(
        denoiser, spec, Pictures(x0, "10 toys"), [20], stopped=lambda: next(asked) >= stop_after
    )
    assert not last.running and last.share < 1
    assert [moment.n for moment in last.moments] == ([] if stop_after == 3 else [8])
    *_, last = measure_draws(denoiser, spec, Pictures(x0, "10 toys"), [20, 5])
    assert [(moment.t, moment.n) for moment in last.moments] == [(5, 10), (20, 10)]
    assert last.share == 1 and last.weights == fingerprint(denoiser.network, spec)


# ---- words and figure -------------------------------------------------------------------------


def moment(t: int, ratio: float, error: float = 0.05) -> Moment:
    return Moment(
        t,
        64,
        Estimate(0.02, 0.001),
        {"ddpm": Estimate(0.02 * ratio, 0.002), "ddim": Estimate(0.03, 0.001)},
        {"ddpm": Estimate(ratio, error), "ddim": Estimate(1.5, 0.04)},
    )


DRAWS = Draws("toy", "abc", 1000, "64 toys", 11, (moment(100, 1.9), moment(400, 1.6)), 1.0)


def test_the_words_are_the_numbers() -> None:
    text = moment_text(moment(400, 1.6))
    assert "64 images from t = 400" in text and "0.0200 ± 0.0010" in text
    assert "1.60 ± 0.05 times as large, 0.40 below an exact network's 2" in text
    assert "1.50 ± 0.04 times the error of one shot" in text
    assert "agrees" in gap(Estimate(1.91, 0.05)) and "agrees" in gap(Estimate(2.09, 0.05))
    assert gap(Estimate(2.3, 0.05)) == "0.30 above an exact network's 2"
    said = overview(DRAWS)
    assert "t = 100 the ratio is nearest to 2: 1.90 ± 0.05, 0.10 below an exact" in said
    assert "t = 400 the ratio is farthest from 2: 1.60 ± 0.05, 0.40 below an exact" in said
    one = overview(replace(DRAWS, moments=DRAWS.moments[:1]))
    assert "nearest" in one and "farthest" not in one
    assert overview(replace(DRAWS, moments=())) == ""


def test_the_figure_shows_ratios_with_their_errors() -> None:
    here = replace(DRAWS, moments=(moment(700, 2.2),))
    traces = {trace.name: trace for trace in draws_figure(DRAWS, here).data}
    assert list(traces["DDPM"].x) == [100, 400] and list(traces["DDPM"].y) == [1.9, 1.6]
    assert list(traces["DDPM"].error_y.array) == [0.05, 0.05]
    assert list(traces["DDPM, here"].x) == [700] and list(traces["DDIM"].y) == [1.5, 1.5]
    assert set(traces["a draw from an exact network"].y) == {2}
    assert len(draws_figure(None).data) == 1


def test_what_is_stored_is_read_again(tmp_path: Path) -> None:
    write(DRAWS, tmp_path)
    assert read("toy", tmp_path) == DRAWS
    assert read("other", tmp_path) is None and read("../toy", tmp_path / "x") is None


@pytest.mark.parametrize("name", MEASURED)
def test_the_stored_ratios_are_the_shipped_models(name: str) -> None:
    found = read(name)
    denoiser, spec = load(MEASURED[name])
    assert found is not None, f"python -m tools.make_stored draws 64 {name}"
    assert found.weights == fingerprint(denoiser.network, spec) and found.model == spec.name
    assert all(each.n >= 64 for each in found.moments) and len(found.moments) >= 4
    for each in found.moments:
        ratio = each.ratios["ddpm"]
        assert ratio.value == pytest.approx(each.errors["ddpm"].value / each.shot.value)
        assert 0 < ratio.error < 0.5
        assert ratio.value > 1 + 2 * ratio.error  # a draw errs more than the mean


# ---- the panel --------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def panel(tmp_path_factory: pytest.TempPathFactory) -> Panel:
    """With a model whose kind of pictures comes with the package."""
    folder = tmp_path_factory.mktemp("models")
    path = tiny(folder)
    denoiser, spec = load(path)
    save(path, denoiser.network.state_dict(), replace(spec, data="mnist-5k"))
    return Panel(folder, trip_panel.build)


def test_a_measurement_ends_in_words_and_points(panel: Panel) -> None:
    answers = list(panel("measure", "toys", 60, 7, 8))
    last = merged(answers)
    assert "8 images from t = 12:" in html.unescape(last["draws-said"])
    assert "here" in last["draws-plot"].data[-1].name and not last["trouble"]
    assert last["draws-status"].startswith("toys: 8 images of mnist")
    assert last["draws-run"].interactive and not panel.context.device.busy


@pytest.mark.parametrize(
    ("values", "says"),
    [
        (("gone", 40, 7, 8), "is no longer available"),
        (("toys", 0, 7, 8), "0 is not allowed"),
        (("toys", 40, -1, 8), "1 is not allowed"),
        (("toys", 40, 7, 1), "1 is not allowed"),
        (("toys", 40, 7, 10**6), "is not allowed"),
        (("toys", 40, 7, None), "is empty"),
    ],
)
def test_what_is_wrong_is_said(panel: Panel, values: tuple, says: str) -> None:
    *_, last = panel("measure", *values)
    assert says in html.unescape(last["trouble"]) and last["draws-run"].interactive


def test_a_model_of_nobody_knows_what_is_told_so(tmp_path: Path) -> None:
    tiny(tmp_path)
    *_, last = Panel(tmp_path, trip_panel.build)("measure", "toys", 40, 7, 8)
    assert "not one of the data sets" in html.unescape(last["trouble"])


def test_another_model_shows_what_is_stored_of_it() -> None:
    shipped = Panel(HOME / "checkpoints", trip_panel.build)
    for name in MEASURED:
        answer = by_name(shipped.handlers["show_draws"](REQUEST, name, 40, 7, 8))
        assert name in html.unescape(answer["draws-facts"]) and not answer["trouble"]
        assert {trace.name for trace in answer["draws-plot"].data} >= {"DDPM", "DDIM"}


def test_what_costs_too_much_is_refused() -> None:
    with pytest.raises(ValueError, match="64,000 evaluations of the network; here 12,000"):
        check_cost(64, 1000, HOSTED)
    check_cost(16, 400, HOSTED)
