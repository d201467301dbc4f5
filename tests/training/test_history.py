"""What a run remembers: bounded, true, and the same after JSON."""

from __future__ import annotations

import copy
import json
import math
from typing import Any

import pytest

from explorer.training import History
from explorer.training.floor import Floor
from explorer.training.history import POINTS, ProbePoint, spread
from explorer.training.probe import ProbeLoss


def remembered(steps: int) -> History:
    history = History()
    for step in range(1, steps + 1):
        history.add(step, 1 / step, 2 / step)
        if step % 10 == 0 or step == 1:
            history.add_probe(step, ProbeLoss(3 / step, (1 / step, 5 / step), 0.1))
    return history


@pytest.mark.parametrize(
    ("steps", "stride"), [(10, 1), (POINTS, 1), (POINTS + 1, 2), (3 * POINTS, 4), (20_000, 16)]
)
def test_a_long_run_keeps_every_so_manieth_loss(steps: int, stride: int) -> None:
    history = remembered(steps)
    assert history.stride == stride and len(history.steps) <= POINTS
    assert history.steps == list(range(stride, steps + 1, stride))
    assert history.losses == [1 / step for step in history.steps]
    assert history.smooth == [2 / step for step in history.steps]


def test_json_gives_it_back_exactly() -> None:
    history = remembered(2500)
    history.add(2502, math.pi / 1e9, math.inf)
    again = History.from_json(json.loads(json.dumps(history.to_json())))
    assert again == history and isinstance(again.probes[0], ProbePoint)
    for each in (history, again):
        for step in range(2503, 4100):
            each.add(step, 0.1, 0.2)
    assert again == history


@pytest.mark.parametrize(
    ("where", "value"),
    [
        *[(name, value) for name in ("steps", "losses", "smooth") for value in (None, 3, [1.0])],
        *[("losses", value) for value in (["a"] * 10, [None] * 10, [[]] * 10)],
        *[("probes", value) for value in (None, 4, [3], [[1, 2]], [[1, 2, 3]], [["x", 1, []]])],
        *[("stride", value) for value in (None, "x", 0, -2, math.inf, math.nan)],
    ],
)
def test_json_that_is_no_history_is_refused(where: str, value: Any) -> None:
    values = copy.deepcopy(remembered(10).to_json())
    values[where] = value
    with pytest.raises((TypeError, ValueError, KeyError, OverflowError)):
        History.from_json(values)
    del values[where]
    with pytest.raises(KeyError):
        History.from_json(values)


def test_rates_and_floor_are_kept_and_may_lack() -> None:
    history = remembered(20)
    history.add_rate(5, 1e-3)
    history.add_rate(9, 2e-3)
    history.add_rate(9, 5e-4)
    assert history.rates == [(5, 1e-3), (9, 5e-4)]
    history.floor = Floor((0.1,), (0.01,), (0.5,), 10, 20, False)
    assert History.from_json(json.loads(json.dumps(history.to_json()))) == history
    earlier = {n: v for n, v in history.to_json().items() if n not in ("rates", "floor", "errors")}
    again = History.from_json(earlier)
    assert (again.rates, again.floor, again.errors) == ([], None, [])
    assert math.isnan(again.probe_error)


def test_how_much_was_learnt_never_falls_back() -> None:
    history = History()
    for step, loss in ((0, 1.0), (10, 0.5), (20, 0.7), (30, math.nan), (40, 0.0), (50, 0.25)):
        history.add_probe(step, ProbeLoss(loss, (loss,), 0.1, (0.1,)))
    found = [math.exp(history.learnt(step)) for step in (0, 9, 10, 25, 45, 50)]
    assert found == pytest.approx([1.0, 1.0, 0.5, 0.5, 0.5, 0.25])
    assert math.isnan(History().learnt(3)) and history.end == 50 and History().end == 0
    assert history.probe_error == pytest.approx(0.1)


@pytest.mark.parametrize("values", [None, [], 3, "steps"])
def test_what_is_no_table_is_refused(values: Any) -> None:
    with pytest.raises((TypeError, KeyError)):
        History.from_json(values)


def test_the_digest_is_a_dozen_points_of_the_curve() -> None:
    history = remembered(1000)
    rows = history.digest()
    steps = [row["step"] for row in rows]
    assert len(rows) == 12 and (steps[0], steps[-1]) == (1, 1000)
    assert steps == sorted(set(steps))
    assert max(b - a for a, b in zip(steps, steps[1:], strict=False)) <= 100
    for row in rows:
        step = row["step"]
        assert row["probe"] == pytest.approx(3 / step, rel=1e-3)
        assert row["buckets"] == pytest.approx([1 / step, 5 / step], rel=1e-3)
        assert row["loss"] == pytest.approx(2 / step, rel=1e-3)
    assert len(json.dumps(rows)) < 2000
    assert History().digest() == []


@pytest.mark.parametrize("count", [2, 3, 12])
@pytest.mark.parametrize("n", [0, 1, 2, 12, 13, 1000])
def test_spread_keeps_the_first_and_the_last(count: int, n: int) -> None:
    chosen = spread(list(range(n)), count)
    assert len(chosen) == min(n, count) and chosen == sorted(set(chosen))
    assert n == 0 or (chosen[0], chosen[-1]) == (0, n - 1) or count > n == 1
