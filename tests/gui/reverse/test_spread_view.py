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
from explorer.gui.reverse.spread.work import (
    GAP,
    LaneSpread,
    SpreadView,
    decided,
    fork_at_moments,
    moments,
    read,
    sheet_of,
    spread_lanes,
    summary,
    write,
)
from explorer.race import ddim, race
from explorer.race.fork import fork, spread

T = 40
SHAPE = (1, 4, 4)
VIEW = SpreadView("toy", T, 5, None)


def toy() -> Denoiser:
    return Denoiser(lambda x, t: torch.tanh(2 * x.roll(1, -1)), make_schedule("cosine", T), "x0")


@pytest.fixture(scope="module")
def found() -> list[SpreadView]:
    return list(fork_at_moments(toy(), SHAPE, VIEW, every=0))


def test_moments_are_tenths_of_the_way() -> None:
    assert moments(ddim(1000, 100)) == moments(ddim(1000, 20)) == list(range(1000, 0, -100))
    assert moments(ddim(7, 7)) == [7, 6, 5, 4, 3, 2, 1] and moments(ddim(2, 2)) == [2, 1]


def test_the_curves_are_those_of_forks(found: list[SpreadView]) -> None:
    last = found[-1]
    assert last.finished and not last.running
    for shown, lane in zip(last.lanes, spread_lanes(T).values(), strict=True):
        states = {e.frame.t: e.frame.x[0] for e in race(toy(), [lane], SHAPE, seed=5, n=1)}
        for t, value in list(zip(shown.times, shown.values, strict=True))[::3]:
            _, on = fork(toy(), [lane], states[t], t, seed=5)
            assert spread([e.frame.x for e in on][-1]) == pytest.approx(value, abs=1e-4)
    ddpm, still = last.lanes
    assert set(still.values) == {0.0} and ddpm.values[0] > 0.1
    assert ddpm.rows == 4 and still.rows == 1


def test_it_says_how_far_it_is(found: list[SpreadView]) -> None:
    shares = [view.share for view in found]
    assert shares == sorted(shares) and 0 < shares[0] < 0.02 and shares[-1] == 1
    assert all(view.running for view in found[:-1])
    begun = [len(view.lanes[0].values) for view in found]
    assert begun == sorted(begun) and begun[0] == 0 and begun[-1] == 10
    assert {summary(view) for view in found[:-1]} == {""} and "DDIM" in summary(found[-1])


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


def test_the_figure_shows_the_values(found: list[SpreadView]) -> None:
    figure = spread_figure(found[-1])
    for trace, lane in zip(figure.data, found[-1].lanes, strict=True):
        assert list(trace.x) == [0, *sorted(lane.times)]
        assert list(trace.y) == [0, *reversed(lane.values)]
        style = TITLED[lane.name].style
        assert (trace.line.color, trace.line.dash) == (style.light, style.dash)
    low, high = figure.layout.xaxis.range
    assert (low, high) == (-T / 20, T + T / 20)  # eleven columns fit under it
    part = next(view for view in found if len(view.lanes[0].values) == 2)
    assert 0 not in spread_figure(part).data[0].x  # no line over what is not known yet


def test_decided_is_where_half_is_gone() -> None:
    lane = LaneSpread("DDPM", "", (100, 50), 4, (0.8, 0.2))
    assert decided(lane) == pytest.approx(50 + 50 * (0.4 - 0.2) / 0.6)
    assert decided(replace(lane, values=(0.8, 0.6))) == pytest.approx(50 * 0.4 / 0.6)
    assert decided(replace(lane, values=(0.0, 0.0))) is None


def test_what_is_stored_is_read_again(tmp_path: Path, found: list[SpreadView]) -> None:
    write(found[-1], tmp_path)
    again = read(tmp_path)
    for one, other in zip(found[-1].lanes, again.lanes, strict=True):
        assert (np.asarray(one.sheet) == np.asarray(other.sheet)).all()
        assert replace(one, sheet=None).__dict__ == replace(other, sheet=None).__dict__
    assert (again.model, again.T, again.label, again.share) == ("toy", T, None, 1.0)
