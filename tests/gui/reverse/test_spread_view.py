"""When a picture is decided: the curve and the columns."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from explorer.data import from_tensor
from explorer.diffusion import Denoiser, make_schedule
from explorer.diffusion.samplers import TITLED
from explorer.gui.reverse.spread.figure import spread_figure
from explorer.gui.reverse.spread.view import (
    GAP,
    LaneSpread,
    SpreadView,
    band,
    decided,
    halves,
    read,
    read_for,
    sheet_of,
    status,
    summary,
    write,
)
from explorer.gui.reverse.spread.work import fork_at_moments, moments, spread_lanes
from explorer.race import ddim, race
from explorer.race.fork import BRANCHES, FIRST, by_scale, spread, spreads

T = 40
SHAPE = (1, 4, 4)
WAYS = 3
VIEW = SpreadView("toy", T, 5, None, WAYS)


def toy() -> Denoiser:
    return Denoiser(lambda x, t: torch.tanh(2 * x.roll(1, -1)), make_schedule("cosine", T), "x0")


@pytest.fixture(scope="module")
def found() -> list[SpreadView]:
    return list(fork_at_moments(toy(), SHAPE, VIEW, every=0))


def test_moments_are_tenths_of_the_way() -> None:
    assert moments(ddim(1000, 100)) == moments(ddim(1000, 20)) == list(range(1000, 0, -100))
    assert moments(ddim(7, 7)) == [7, 6, 5, 4, 3, 2, 1] and moments(ddim(2, 2)) == [2, 1]


def test_the_curves_are_those_of_forks(found: list[SpreadView]) -> None:
    """Every trajectory from an x_T of its own, every continuation with noise of its own."""
    last = found[-1]
    assert last.finished and not last.running
    for shown, lane in zip(last.lanes, spread_lanes(T).values(), strict=True):
        at = moments(lane)
        for way, values in enumerate(shown.ways):
            walked = race(toy(), [lane], SHAPE, seed=5, n=1, first=way)
            x = torch.cat([e.frame.x for e in walked if e.frame.t in at])
            *_, fanned = spreads(toy(), lane, x, at, seed=5, first=FIRST + way * BRANCHES)
            assert fanned.spreads == pytest.approx(list(values), abs=1e-4)
            coarse, fine = zip(*map(by_scale, fanned.x0), strict=True)
            expected = [decided(at, [spread(x) for x in each]) for each in (coarse, fine)]
            assert shown.scales[way] == pytest.approx(expected)
    ddpm, still = last.lanes
    assert len(ddpm.ways) == WAYS and len(set(ddpm.ways)) == WAYS and len(still.ways) == 1
    assert ddpm.ways[0] == ddpm.values and set(still.values) == {0.0}
    assert ddpm.values[0] > 0.1 and ddpm.rows == 4 and still.rows == 1


def test_it_says_how_far_it_is(found: list[SpreadView]) -> None:
    shares = [view.share for view in found]
    assert shares == sorted(shares) and 0 < shares[0] < 0.02 and shares[-1] == 1
    assert all(view.running for view in found[:-1])
    begun = [len(view.lanes[0].values) for view in found]
    assert begun == sorted(begun) and begun[0] == 0 and begun[-1] == 10
    ended = [len(view.lanes[0].ways) for view in found]
    assert ended == sorted(ended) and set(ended) == {0, 1, 2, 3}
    for view in found:
        assert bool(summary(view)) == bool(view.lanes[0].ways)
    assert "2 of 3 trajectories" in status(found[ended.index(2)])


def test_a_stop_ends_it() -> None:
    asked = iter([False, True])
    views = list(fork_at_moments(toy(), SHAPE, VIEW, every=0, stopped=lambda: next(asked)))
    assert [view.running for view in views] == [True, False] and not views[-1].finished


def test_columns_stand_at_their_places() -> None:
    pictures = torch.linspace(-1, 1, 2 * 4 * 4).reshape(2, 1, 4, 4)
    sheet = np.asarray(sheet_of({0: pictures, 10: -pictures}))
    pitch = 4 + GAP
    assert sheet.shape == (2 * pitch, 11 * pitch, 4)
    half = GAP // 2
    for place, expected in ((0, pictures), (10, -pictures)):
        left = place * pitch + half
        tile = sheet[pitch + half : pitch + half + 4, left : left + 4, 0]
        assert (tile == from_tensor(expected)[1, 0].numpy()).all()
    assert (sheet[:, pitch : 10 * pitch, 3] == 0).all()
    assert sheet_of({}) is None


def test_the_figure_shows_mean_band_and_every_way(found: list[SpreadView]) -> None:
    view = found[-1]
    traces = {trace.name: trace for trace in spread_figure(view).data}
    ddpm, still = view.lanes
    table = np.array(ddpm.ways)
    mean, std = table.mean(0), table.std(0, ddof=1)
    line = traces[f"{ddpm.title}, mean of 3 ± 1 σ"]
    assert list(line.x) == [0, *sorted(ddpm.times)]
    assert list(line.y) == pytest.approx([0, *reversed(mean)])
    around = traces["DDPM, ± 1 standard deviation"]
    assert list(around.y) == pytest.approx([*(mean - std), 0, 0, *reversed(mean + std)])
    ways = traces["DDPM, single trajectories"]
    assert len(ways.x) == WAYS * 12 and [y for y in ways.y[:10]] == list(ddpm.ways[0])
    at = [decided(ddpm.times, values) for values in ddpm.ways]
    half = traces["DDPM, half"]
    assert half.x[0] == pytest.approx(np.mean(at))
    assert half.error_x.array is None and half.error_x.value == pytest.approx(np.std(at, ddof=1))
    assert list(traces[still.title].y) == [0] * 11
    for name, lane in ((line.name, ddpm), (still.title, still)):
        style = TITLED[lane.name].style
        assert (traces[name].line.color, traces[name].line.dash) == (style.light, style.dash)
    low, high = spread_figure(view).layout.xaxis.range
    assert (low, high) == (-T / 20, T + T / 20)  # eleven columns fit under it
    part = next(view for view in found if len(view.lanes[0].values) == 2)
    assert 0 not in spread_figure(part).data[0].x  # no line over what is not known yet


TIMES = (100, 50)


def test_decided_is_where_half_is_gone() -> None:
    assert decided(TIMES, (0.8, 0.2)) == pytest.approx(50 + 50 * (0.4 - 0.2) / 0.6)
    assert decided(TIMES, (0.8, 0.6)) == pytest.approx(50 * 0.4 / 0.6)
    assert decided((90, 60, 30), (0.8, 0.3, 0.7)) == pytest.approx(90 - 30 * 0.4 / 0.5)
    assert decided(TIMES, (0.0, 0.0)) is None


def viewed(*ways: tuple[float, ...], **lane: object) -> SpreadView:
    made = LaneSpread("DDPM", "DDPM", TIMES, 4, ways[0], ways, **lane)
    still = LaneSpread("DDIM", "DDIM", TIMES, 1, (0.0, 0.0), ((0.0, 0.0),))
    return replace(VIEW, T=100, lanes=(made, still), share=1.0, wanted=len(ways))


def test_mean_and_errors_are_those_of_the_trajectories() -> None:
    view = viewed((0.8, 0.2), (0.8, 0.4), (0.6, 0.2))
    at = np.array([decided(TIMES, way) for way in view.lanes[0].ways])
    found = halves(view.lanes[0])
    assert found.mean == pytest.approx((at.mean(), at.std(ddof=1) / 3**0.5))
    assert found.std == pytest.approx(at.std(ddof=1)) and (found.without, found.late) == (0, 0)
    assert band(view.lanes[0])[0] == pytest.approx((2.2 / 3, np.std([0.8, 0.8, 0.6], ddof=1)))
    said = summary(view)
    assert f"t = {at.mean():.0f} ± {at.std(ddof=1) / 3**0.5:.0f} (mean of 3" in said
    assert f"{at.min():.0f} to {at.max():.0f}" in said
    assert f"standard deviation of {at.std(ddof=1):.0f}" in said
    assert "without a class" in said and "given the class 7" in summary(replace(view, label="7"))


def test_every_case_has_its_words() -> None:
    one = summary(viewed((0.8, 0.2)))
    assert "a single trajectory cannot show" in one and "±" not in one
    late = summary(viewed((0.8, 0.6), (0.8, 0.2)))
    assert "In 1 of them it is half only after the last fork, at t = 50" in late
    none = summary(viewed((0.0, 0.0), (0.8, 0.2), (0.8, 0.3)))
    assert "In 1 of 3 nothing differs even from t = 100" in none and "mean of 2" in none
    alike = summary(viewed((0.0, 0.0), (0.0, 0.0)))
    assert "nothing is left to decide" in alike and "Half" not in alike
    assert "DDIM's differ by 0 wherever" in one
    view = viewed((0.8, 0.2))
    moved = replace(view.lanes[1], ways=((0.5, 0.25),))
    assert "DDIM's differ by up to 0.500" in summary(replace(view, lanes=(view.lanes[0], moved)))
    assert summary(replace(view, lanes=(replace(view.lanes[0], ways=()),))) == ""


@pytest.mark.parametrize(
    ("scales", "says"),
    [
        (((90.0, 60.0), (88.0, 61.0)), "89 ± 1, what is finer at 60 ± 0: the large is decided"),
        (((60.0, 90.0), (61.0, 88.0)), "the small is decided before the large"),
        (((60.0, 90.0), (90.0, 62.0)), "no difference beyond two standard errors"),
    ],
)
def test_coarse_is_compared_with_fine(scales: tuple, says: str) -> None:
    assert says in summary(viewed((0.8, 0.2), (0.8, 0.2), scales=scales))
    assert "Coarse" not in summary(viewed((0.8, 0.2), (0.8, 0.2), scales=((60.0, None),)))


def test_what_is_stored_is_read_again(tmp_path: Path, found: list[SpreadView]) -> None:
    write(found[-1], tmp_path)
    again = read(tmp_path)
    for one, other in zip(found[-1].lanes, again.lanes, strict=True):
        assert (np.asarray(one.sheet) == np.asarray(other.sheet)).all()
        assert replace(one, sheet=None).__dict__ == replace(other, sheet=None).__dict__
    assert (again.wanted, again.seed) == (WAYS, 5)
    assert (again.model, again.T, again.label, again.share) == ("toy", T, None, 1.0)


def test_only_what_is_stored_of_this_model_and_class_is_found(
    tmp_path: Path, found: list[SpreadView]
) -> None:
    write(found[-1], tmp_path / "none")
    assert read_for("toy", None, tmp_path).finished
    assert read_for("other", None, tmp_path) is None and read_for("toy", "7", tmp_path) is None
    assert read_for("toy", "/../none", tmp_path) is None
