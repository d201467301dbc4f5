"""What is said before a run starts, against what is built."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from explorer.networks import PRESETS
from explorer.training import Record, Run, TrainConfig, observe
from explorer.training.estimate import (
    COPIES,
    Estimate,
    _estimate,
    estimate,
    measure_speed,
    run_bytes,
    state_bytes,
)
from tests.training.helpers import stripes

BASE = TrainConfig(size=16, steps=10, batch=8, network_options=PRESETS["tiny"])


@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize("conditional", [True, False])
def test_parameters_are_those_of_the_network(preset: str, conditional: bool) -> None:
    config = replace(BASE, network_options=PRESETS[preset], conditional=conditional)
    run = Run(config, stripes(10))
    found = estimate(config, 1, 3)
    assert found.parameters == sum(weight.numel() for weight in run.network.parameters())
    assert found.memory > 4 * COPIES * found.parameters


def test_presets_grow_and_have_the_weights_they_are_said_to_have() -> None:
    found = [
        estimate(replace(BASE, network_options=PRESETS[name]), 1, 10).parameters / 1e6
        for name in ("tiny", "small", "base")
    ]
    assert found == pytest.approx([0.5, 1.1, 2.0], rel=0.1)


def test_work_grows_with_the_batch_and_the_area() -> None:
    one = estimate(BASE, 1, 10)
    double = estimate(replace(BASE, batch=16), 1, 10)
    assert double.flops == pytest.approx(2 * one.flops, rel=1e-9)
    assert one.memory < double.memory < 2 * one.memory  # the weights stay the same
    wide = estimate(replace(BASE, size=32), 1, 10)
    assert 3.5 < wide.flops / one.flops < 4.5
    assert one.parameters == double.parameters == wide.parameters


def test_its_arithmetic_is_that_of_the_convolutions_by_hand() -> None:
    """Forward 2·k²·C_in·C_out a pixel, and twice that backward."""
    options = {"width": 64, "multipliers": (1,), "attention": (), "patch": 1}
    config = replace(BASE, network_options=options, conditional=False)
    pixels = 8 * 16 * 16
    convolutions = 2 * 9 * pixels * (64 * 64 * 7 + 64 * 64 + 2 * 64)  # up joins 128 channels
    found = estimate(config, 1, 0).flops
    assert 3 * convolutions * 0.9 < found < 3 * convolutions * 1.2


class OnlyMeta(TorchDispatchMode):
    """Refuses every tensor that would take memory."""

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple = (), kwargs: dict | None = None
    ) -> Any:
        out = func(*args, **kwargs or {})
        for value in out if isinstance(out, (tuple, list)) else (out,):
            if isinstance(value, torch.Tensor) and value.numel() > 1000:
                assert value.device.type == "meta", f"{func} made {value.shape} on {value.device}"
        return out


def test_nothing_is_computed() -> None:
    _estimate.cache_clear()
    before = torch.get_rng_state()
    config = replace(BASE, size=64, batch=4096, network_options=PRESETS["base"])
    network = config.make_network_config(3, 10)
    with OnlyMeta():
        found = _estimate("unet", network, 64, 4096)
    assert found.memory > 1e10 and torch.equal(torch.get_rng_state(), before)


def test_what_cannot_be_built_is_refused() -> None:
    with pytest.raises(ValueError, match="multiples of 4"):
        estimate(replace(BASE, size=18), 1, 10)


def test_time_and_steps_are_each_others_inverse() -> None:
    found = Estimate(parameters=1, memory=1, flops=2e9)
    assert found.seconds(100, 1e11) == pytest.approx(2.0)
    assert found.steps(2.0, 1e11) == 100 and found.steps(0.001, 1e11) == 0


def test_speed_is_measured_and_leaves_no_trace() -> None:
    before = torch.get_rng_state()
    speed = measure_speed()
    assert 1e7 < speed < 1e14
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize(
    ("network", "options"), [("unet", PRESETS["tiny"]), ("naive-unet", {"width": 32})]
)
def test_what_a_run_leaves_is_what_it_was_said_to_leave(
    network: str, options: dict[str, Any], tmp_path: Path
) -> None:
    config = replace(BASE, network=network, network_options=options, conditional=False, steps=128)
    config = replace(config, size=32, batch=2)
    run, record = Run(config, stripes(10)), Record(tmp_path / "a.safetensors")
    record.folder.mkdir()
    for seen in observe(run):
        if seen.snapshot:
            record.keep_snapshot(run)
    record.keep(run, "test")
    assert len(record.snapshots()) == 8
    assert record.state.stat().st_size == pytest.approx(state_bytes(config, 1, 0), rel=0.03)
    left = sum(file.stat().st_size for file in tmp_path.rglob("*.safetensors"))
    assert left == pytest.approx(run_bytes(config, 1, 0), rel=0.03)


def test_a_batch_in_parts_takes_less_memory_for_the_same_arithmetic() -> None:
    whole = estimate(TrainConfig(steps=1), 1, 10)
    parts = estimate(TrainConfig(steps=1, accumulate=4), 1, 10)
    small = estimate(TrainConfig(steps=1, batch=16), 1, 10)
    assert parts.flops == whole.flops and parts.parameters == whole.parameters
    assert parts.memory == small.memory < 0.7 * whole.memory
