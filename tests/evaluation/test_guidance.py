"""What a curve over the strength of guidance is refused for."""

from __future__ import annotations

import math

import pytest

from explorer.checkpoints import Spec
from explorer.diffusion import Denoiser
from explorer.evaluation.guidance import measure


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"kind": "v"}, "kind = 'v'"),
        ({"kind": "s"}, "with a classifier"),
        ({"strengths": []}, "one or more numbers"),
        ({"strengths": [1.0, -1.0]}, "numbers from 0"),
        ({"strengths": [math.nan]}, "numbers from 0"),
        ({"n": 1}, "n = 1"),
        ({"batch": 0}, "batch = 0"),
    ],
)
def test_refused_at_once(model: tuple[Denoiser, Spec], changes: dict, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        measure(*model, **{"kind": "w", "strengths": [1.0], "n": 2} | changes)
