"""Counts and times as people say them."""

from __future__ import annotations

import pytest

from explorer.gui.frame.spoken import (
    about,
    after_steps,
    counted,
    exactly,
    lasting,
    noun_for,
    remaining,
)


def test_one_is_singular() -> None:
    assert [counted(n, "step") for n in (0, 1, 2, 1000)] == [
        *("0 steps", "1 step", "2 steps", "1,000 steps"),
    ]
    assert counted(2, "trajectory", "trajectories") == "2 trajectories"
    assert noun_for(1, "image") == "image" and noun_for(3, "image") == "images"


def test_the_first_step_has_no_number() -> None:
    assert [after_steps(n) for n in (0, 1, 2)] == [
        *("before the first step", "after the first step", "after 2 steps"),
    ]


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "less than a second"),
        (1, "1 second"),
        (1.4, "1 second"),
        (38.2, "38 seconds"),
        (99.9, "2 minutes"),
        (1200, "20 minutes"),
        (3600, "1 hour"),
        (9000, "2.5 hours"),
    ],
)
def test_times(seconds: float, said: str) -> None:
    assert lasting(seconds) == said
    assert about(seconds) == (said if seconds < 0.95 else f"about {said}")


def test_a_budget_is_not_rounded() -> None:
    assert [exactly(s) for s in (1, 90, 100, 600, 0.5, 7200)] == [
        *("1 second", "90 seconds", "100 seconds", "10 minutes", "0.5 seconds", "2 hours"),
    ]


def test_there_are_never_no_seconds_left() -> None:
    said = [remaining(s / 10) for s in range(0, 4000)]
    assert not [text for text in said if text.startswith("0 ") or " 0 " in text]
    assert said[0] == said[9] == "almost done" and said[10] == "about 1 second left"
    assert remaining(1300) == "about 22 minutes left"
