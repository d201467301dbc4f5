"""A model is loaded once for all who ask: no job may leave it otherwise than it was."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image

from explorer.gui.lectures.inside.work import run_look
from explorer.gui.reverse.guidance.work import run_strip
from explorer.gui.reverse.round_trip.work import run_trip
from explorer.gui.reverse.spread.work import run_spread
from explorer.inference import shared
from tests.gui.panel import CPU, tiny

GOING = (CPU, lambda: False)
CHOSEN = ("mine", Image.new("RGB", (8, 8), "red"))
JOBS: dict[str, Callable[[Path], Any]] = {
    "spread": lambda path: run_spread(path, "none given", 1, 2, *GOING),
    "trip": lambda path: run_trip(path, CHOSEN, 5, 1, *GOING),
    "strip": lambda path: run_strip(path, "w", [0.0, 2.0], 1, *GOING),
    "look": lambda path: run_look(path, 1, 5, 1, CPU),
}


@pytest.mark.parametrize("job", JOBS)
def test_a_job_changes_nothing_of_the_model(job: str, tmp_path: Path) -> None:
    path = tiny(tmp_path, classes=("a", "b"))
    denoiser, _ = shared(path)
    before = {name: value.clone() for name, value in denoiser.network.state_dict().items()}
    assert list(JOBS[job](path))
    assert shared(path)[0] is denoiser
    network = denoiser.network
    assert network.device == CPU and not network.training
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())
    for part in network.modules():
        assert not part._forward_hooks and not part._forward_pre_hooks
    assert not any(weight.requires_grad for weight in network.parameters())
