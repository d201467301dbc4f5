"""Whoever is observed learns the same, and is looked at where it was said."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
import torch

from explorer.data import ImageSet
from explorer.training import Run, fit, load_state, observe, save_state
from tests.training.helpers import begin, differing, everything


@pytest.fixture
def free(monkeypatch: pytest.MonkeyPatch) -> None:
    """Looking costs nothing: the clock no longer decides."""
    monkeypatch.setitem(observe.__globals__, "COST", math.inf)


def test_who_is_observed_learns_the_same(small_digits: ImageSet) -> None:
    watched, alone = begin(small_digits, steps=12), begin(small_digits, steps=12)
    seen = [(each.step.step, each.step.loss) for each in observe(watched)]
    torch.manual_seed(5)
    assert seen == [(step.step, step.loss) for step in fit(alone)]
    assert differing(everything(watched), everything(alone)) == []
    assert watched.history.losses == alone.history.losses and alone.history.probes == []


def test_the_probe_is_looked_at_first_last_and_where_it_was_said(
    small_digits: ImageSet,
) -> None:
    run = begin(small_digits, steps=12)
    fresh = run.probe()
    lengths = []
    for seen in observe(run):
        lengths.append(len(run.history.probes))
        assert seen.probed == (run.history.probes[-1].step == seen.step.step)
    points = run.history.probes
    assert points[0] == (0, *fresh[:2]) and points[-1] == (12, *run.probe()[:2])
    assert lengths[-1] == len(points) and lengths == sorted(lengths)


def test_looks_are_spread_over_log_steps(small_digits: ImageSet, free: None) -> None:
    run = begin(small_digits, steps=60, batch=2)
    list(observe(run))
    steps = [point.step for point in run.history.probes]
    expected = [0]
    for step in range(1, 61):
        if step >= max(expected[-1] * 1.12, expected[-1] + 1) or step == 60:
            expected.append(step)
    assert steps == expected and len(steps) < 30


@pytest.mark.parametrize(("steps", "count"), [(3, 3), (6, 4), (130, 8)])
def test_snapshots_are_log_spaced_and_about_eight(
    steps: int, count: int, small_digits: ImageSet
) -> None:
    run = begin(small_digits, steps=steps, batch=1)
    found = [seen.step.step for seen in observe(run) if seen.snapshot]
    assert found == sorted({math.ceil(steps * 2.0**-i) for i in range(8)})
    assert len(found) == count and found[-1] == steps


def test_a_resumed_run_is_looked_at_as_if_it_had_not_stopped(
    small_digits: ImageSet, tmp_path: Path, free: None
) -> None:
    def looked_at(run: Run, most: int) -> list[tuple[int, bool, bool]]:
        found = []
        for _, seen in zip(range(most), observe(run), strict=False):
            found.append((seen.step.step, seen.probed, seen.snapshot))
        return found

    whole = begin(small_digits, steps=24)
    expected = looked_at(whole, 99)
    for stop in (1, 7, 12, 24):
        first = begin(small_digits, steps=24)
        begun = looked_at(first, stop)
        save_state(first, tmp_path / "state")
        second = begin(small_digits, steps=24)
        load_state(second, tmp_path / "state")
        assert begun + looked_at(second, 99) == expected
        assert second.history == whole.history
        assert differing(everything(second), everything(whole)) == []
