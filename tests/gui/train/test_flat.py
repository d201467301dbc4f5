"""Why is my loss flat? What is said is what the numbers say."""

from __future__ import annotations

import math
import re

import pytest

from explorer.gui.train.flat import NOT_YET, levels_of, why_flat
from explorer.gui.train.stored import RUNS, stored_run
from explorer.training import History
from explorer.training.floor import Floor
from explorer.training.probe import ProbeLoss


def history(shares: list[float], *, pictures: int = 50, told: bool = True) -> History:
    """A run of 200 steps whose floor is these shares of its probe's loss, 0.2 everywhere."""
    found = History()
    for step in range(1, 201):
        found.add(step, 0.2 * (1.1 if step % 2 else 0.9), 0.2)
    n = len(shares)
    for step, loss in ((0, 1.0), (150, 0.25), (200, 0.2)):
        found.add_probe(step, ProbeLoss(loss, (loss,) * n, 0.01, (0.01,) * n))
    seen = tuple(0.2 * share for share in shares)
    found.floor = Floor(seen, (0.001,) * n, (1.0,) * n, pictures, 50, told)
    return found


def test_the_share_of_the_floor_is_the_ratio_of_what_is_drawn() -> None:
    run = history([0.0, 0.01, 0.5, 0.81, 0.99])
    text = why_flat(run, 1000)
    floor, _, probe = levels_of(run, 1000).data
    levels = [value for value in floor.y if value is not None][::3]
    assert levels == pytest.approx([0.1, 0.162, 0.198])  # what is next to nothing is not drawn
    assert "**Floor: 0.0924 ± 0.0004**, 46% of the probe's 0.2 ± 0.004 after 200 steps" in text
    assert list(probe.y) == [0.2] * 5
    assert (
        "at least 80% of the loss at t = 601…1000, and at most 5% of the loss at t = 1…400 "
        f"(standard errors of these shares: up to {math.hypot(0.001, 0.99 * 0.01) / 0.2:.1%})."
    ) in text
    assert "all 50 training images" in text and "given their classes" in text
    assert (
        "deviated from its average by 10.0% (standard deviation), while the probe fell by 20.0%"
        in text
    )


def test_an_estimate_from_a_part_says_so() -> None:
    text = why_flat(history([0.5], pictures=20, told=False), 10)
    assert "20 of the 50 training images, drawn at random" in text
    assert "on average over such draws, no lower" in text and "told" not in text


def test_ranges_that_are_apart_are_named_apart() -> None:
    text = why_flat(history([0.9, 0.5, 0.9, 0.9]), 400)
    assert "at least 80% of the loss at t = 1…100 and 201…400 (" in text
    assert "By noise level" not in why_flat(history([0.5, 0.5]), 400)
    assert "as much as all of the probe's" in why_flat(history([1.0, 1.0]), 400)
    assert ", 130% of the probe's" in why_flat(history([1.3, 1.3]), 400)


def test_a_probe_below_the_floor_is_told_in_standard_errors() -> None:
    run = history([0.5, 1.1, 0.9])
    run.errors = [0.003] * 3
    gap = 0.02 / (0.003**2 + 0.001**2) ** 0.5
    text = why_flat(run, 30)
    assert f"At t = 11…20 the probe lies below the floor, by at most {gap:.1f} standard" in text
    assert "lies below" not in why_flat(history([0.5]), 30)


def test_what_is_not_known_yet_is_not_said() -> None:
    assert why_flat(History(), 1000) == NOT_YET
    short = history([0.5])
    short.steps, short.losses, short.smooth = [1], [0.2], [0.2]
    assert "standard deviation" not in why_flat(short, 1000)
    rising = history([0.5])
    rising.add_probe(200, ProbeLoss(0.3, (0.3,), 0.01, (0.01,)))
    assert "the probe rose by 20.0%" in why_flat(rising, 1000)


@pytest.mark.parametrize("name", RUNS)
def test_a_stored_runs_words_are_its_numbers(name: str) -> None:
    run = stored_run(name)
    floor, newest = run.history.floor, run.history.probes[-1]
    assert floor is not None and len(floor.seen) == len(newest.buckets)
    said = re.search(r"Floor: ([\d.]+) ± ([\d.]+)\*\*, (\d+)% of", why_flat(run.history, run.T))
    assert float(said[1]) == pytest.approx(floor.loss, rel=0.01)
    assert int(said[3]) == round(100 * floor.loss / newest.loss)
    for low, error, loss in zip(floor.seen, floor.errors, newest.buckets, strict=True):
        assert low <= loss + 4 * (error + max(run.history.errors))  # nothing is below its floor
