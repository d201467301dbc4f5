"""Numbers in the race's prose, against what they are of."""

from __future__ import annotations

from pathlib import Path

import pytest

from explorer.checkpoints import describe
from explorer.diffusion import make_schedule
from explorer.diffusion.times import strided_times
from explorer.gui.frame.context import HOME
from explorer.gui.reverse import tab
from explorer.race.lanes import lane_of
from explorer.race.view import FRAMES, kept

PROSE = Path(tab.__file__).with_name("prose.md").read_text(encoding="utf-8")


def test_how_far_the_first_of_ten_even_steps_goes_on_the_cosine_schedule() -> None:
    assert "from $\\tilde\\sigma =$ $20{,}291$ to $6.4$" in PROSE
    paths = (HOME / "checkpoints").glob("*.safetensors")
    schedules = [describe(path).make_schedule() for path in paths]
    for schedule in (make_schedule("cosine"), *schedules):
        if schedule.name != "cosine":
            continue
        first, second, *_ = strided_times(schedule.T, 10)
        far, near = (((1 - a) / a) ** 0.5 for a in (schedule.values[t] for t in (first, second)))
        assert round(far) == 20_291 and near == pytest.approx(6.4, abs=0.05)


def test_how_many_frames_of_a_long_lane_are_kept() -> None:
    assert "A long lane keeps at most about 120 frames" in PROSE and FRAMES == 120
    assert len(kept(lane_of("ddpm", make_schedule("cosine")))) == 121
