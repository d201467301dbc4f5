"""Whatever the page lets through, handlers check again."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

import explorer.gui
from explorer.gui.frame.limits import HOSTED, LOCAL, detect, number, whole


@pytest.mark.parametrize(
    "value", [None, "7", True, math.nan, math.inf, 1.5, 0, 11, -math.inf, [3], 10**30]
)
def test_whole_numbers_outside_are_refused_with_value_and_bounds(value: object) -> None:
    with pytest.raises(ValueError, match="Seed.*from 1 to 10"):
        whole("Seed", value, (1, 10))


def test_whole_numbers_inside_become_ints() -> None:
    assert whole("Seed", 7.0, (1, 10)) == 7
    assert isinstance(whole("Seed", 7.0, (1, 10)), int)


@pytest.mark.parametrize("value", [None, "0.5", True, math.nan, 1.01, -0.01])
def test_numbers_outside_are_refused(value: object) -> None:
    with pytest.raises(ValueError, match="give 0 to 1"):
        number("η", value, (0, 1))


def test_the_place_decides(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SPACE_ID", raising=False)
    monkeypatch.delenv("EXPLORER_HOSTED", raising=False)
    assert detect() is LOCAL
    monkeypatch.setenv("SPACE_ID", "someone/space")
    assert detect() is HOSTED
    monkeypatch.delenv("SPACE_ID")
    monkeypatch.setenv("EXPLORER_HOSTED", "1")
    assert detect() is HOSTED


def test_strangers_get_less_than_the_owner() -> None:
    for name in ("pictures", "sizes", "seconds", "steps"):
        assert getattr(HOSTED, name)[1] < getattr(LOCAL, name)[1]
    assert HOSTED.upload_bytes < LOCAL.upload_bytes
    for name in (
        *("plane_points", "plane_samples", "plane_seconds", "sde_paths", "autoencoder_steps"),
        *("bound_pictures", "bound_times", "form_draws"),
    ):
        (low, high), (least, most) = getattr(HOSTED, name), getattr(LOCAL, name)
        assert low == least and high < most
    assert LOCAL.patience is None and HOSTED.patience == 60


def test_every_limit_stands_in_one_place() -> None:
    """Elsewhere it matters only whose models and jobs are shown, and that a run by steps ends."""
    gui = Path(explorer.gui.__file__).parent
    asking = {
        path.relative_to(gui).as_posix()
        for path in gui.rglob("*.py")
        if "limits.hosted" in path.read_text(encoding="utf-8")
    }
    assert asking == {
        *("app.py", "frame/context.py", "frame/manager.py", "train/choices.py"),
        "answers/photo.py",  # which says what becomes of a photo here
    }
