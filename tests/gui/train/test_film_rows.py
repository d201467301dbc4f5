"""Rows of the film: as something is learnt, on curves that were recorded."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from types import SimpleNamespace

import pytest
import torch

from explorer.diffusion import Frame
from explorer.gui.train import look
from explorer.gui.train.look import FILM_SNAPSHOTS, add_row, new_film, row_due
from explorer.gui.train.stored import FOLDER, RUNS
from explorer.training import History, TrainConfig
from explorer.training.probe import ProbeLoss
from tests.gui.small import small

STEADY = [(round(1.12**k), math.exp(-0.05 * k)) for k in range(20, 80)]
"""Log-steps at which the probe falls by the same share each."""
AT_ONCE = [*((step, 1.0 / step) for step in range(1, 9)), *((20 * k, 0.12) for k in range(1, 40))]
"""All is learnt in eight steps."""


def recorded(name: str) -> list[tuple[int, float]]:
    stored = json.loads((FOLDER / name / "run.json").read_text(encoding="utf-8"))
    return [(step, loss) for step, loss, _ in stored["history"]["probes"]]


CURVES = {name: recorded(name) for name in RUNS} | {"steady": [(0, 1.0), *STEADY]}


@pytest.fixture(autouse=True)
def frames(monkeypatch: pytest.MonkeyPatch) -> None:
    def trajectory(run: object) -> Iterator[Frame]:
        black = torch.zeros(look.FILM_PICTURES, 1, 8, 8)
        return (Frame(t, black, black) for t in new_film(small()).times)

    monkeypatch.setattr(look, "trajectory", trajectory)


def watched(curve: list[tuple[int, float]], config: TrainConfig) -> tuple[list[int], History]:
    """The film's rows of a run with this probe, as `watch` asks for them."""
    run = SimpleNamespace(step=0, history=History())
    film = new_film(config)
    for step, loss in curve:
        run.step = step
        run.history.add_probe(step, ProbeLoss(loss, (loss,), 0.0, (0.0,)))
        if row_due(film, run.history):
            add_row(film, run)
    add_row(film, run, last=True)
    assert film.expected == len(film.snapshots)
    return [snapshot.step for snapshot in film.snapshots], run.history


@pytest.mark.parametrize("name", CURVES)
def test_rows_are_spread_evenly_in_what_is_learnt(name: str) -> None:
    curve = CURVES[name]
    steps, history = watched(curve, small())
    assert steps[0] == curve[0][0] and steps[-1] == curve[-1][0]
    assert 6 <= len(steps) <= FILM_SNAPSHOTS
    levels = [history.learnt(step) for step in steps]
    falls = [a - b for a, b in zip(levels, levels[1:], strict=False)]
    mean = sum(falls) / len(falls)
    looks = [history.learnt(step) for step, _ in curve]
    jump = max(a - b for a, b in zip(looks, looks[1:], strict=False))  # between two looks
    assert max(falls) <= max(2 * mean, jump + mean) and min(falls) >= 0.3 * mean
    assert sum(step <= 8 for step in steps) <= 2


def test_what_is_learnt_at_once_and_nothing_after_it() -> None:
    steps, history = watched(AT_ONCE, small())
    assert steps == [1, 5, 20, AT_ONCE[-1][0]]  # not a row more while the probe stands still
    assert history.learnt(20) == history.learnt(steps[-1])


def test_nothing_learnt_is_two_rows() -> None:
    steps, _ = watched([(step, 1.0) for step in range(0, 100, 10)], small())
    assert steps == [0, 90]
    steps, _ = watched([(step, math.nan) for step in range(0, 100, 10)], small())
    assert steps == [0, 90]


def test_pausing_again_and_again_leaves_no_crowd() -> None:
    run, film = SimpleNamespace(step=0, history=History()), new_film(small())
    for step, loss in ((0, 1.0), (50, 0.5), *((50 + k, 0.5 - 0.001 * k) for k in range(1, 12))):
        run.step = step
        run.history.add_probe(step, ProbeLoss(loss, (loss,), 0.0, (0.0,)))
        add_row(film, run, last=step > 50)
    assert [snapshot.step for snapshot in film.snapshots] == [0, 50, 61]
