"""A run that was put away and taken up again is the run that was never interrupted."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from explorer.checkpoints import CheckpointError
from explorer.data import ImageSet, load
from explorer.training import Run, TrainConfig, fit, load_state, save_state


@pytest.fixture(scope="module")
def digits() -> ImageSet:
    return load("mnist-5k", size=16)


def begin(data: ImageSet, **changes: Any) -> Run:
    settings = {"size": 16, "steps": 8, "batch": 8, "warmup": 2, "learning_rate": 0.01}
    return Run(TrainConfig(**settings | {"network_options": {"width": 16}} | changes), data)


def advance(run: Run, steps: int) -> Run:
    for _ in zip(range(steps), fit(run), strict=False):
        pass
    return run


def everything(run: Run) -> dict[str, torch.Tensor]:
    return {
        **{f"network.{k}": v for k, v in run.network.state_dict().items()},
        **{f"ema.{k}": v for k, v in run.ema.state_dict().items()},
        **{
            f"optimizer.{i}.{k}": v
            for i, state in run.optimizer.state_dict()["state"].items()
            for k, v in state.items()
        },
        "generator": run.generator.get_state(),
    }


@pytest.mark.parametrize("stop", [0, 1, 4, 8])
@pytest.mark.parametrize("changes", [{}, {"target": "x0", "conditional": False, "seed": 5}])
def test_a_resumed_run_equals_an_uninterrupted_one_bit_by_bit(
    stop: int, changes: dict[str, Any], digits: ImageSet, tmp_path: Path
) -> None:
    path = tmp_path / "run.resume"
    first = advance(begin(digits, **changes), stop)
    save_state(first, path)
    second = begin(digits, **changes)
    load_state(second, path)
    assert (second.step, second.seconds, second.smooth_loss) == (
        *(first.step, first.seconds, first.smooth_loss),
    )
    advance(second, 8)
    whole = advance(begin(digits, **changes), 8)
    assert (second.step, second.smooth_loss) == (8, whole.smooth_loss)
    a, b = everything(second), everything(whole)
    assert a.keys() == b.keys()
    assert [name for name in a if not torch.equal(a[name], b[name])] == []


def test_saving_does_not_disturb_the_run(digits: ImageSet, tmp_path: Path) -> None:
    run = advance(begin(digits), 3)
    save_state(run, tmp_path / "run.resume")
    run.save(tmp_path / "model.safetensors")
    a, b = everything(advance(run, 8)), everything(advance(begin(digits), 8))
    assert all(torch.equal(a[name], b[name]) for name in b)


def test_a_finished_run_goes_on_with_a_larger_budget(digits: ImageSet, tmp_path: Path) -> None:
    path = tmp_path / "run.resume"
    first = advance(begin(digits, steps=3), 3)
    save_state(first, path)
    longer = begin(digits, steps=5, seconds=1e6)
    load_state(longer, path)
    steps = list(fit(longer))
    assert [step.step for step in steps] == [4, 5]
    assert all(step.seconds > first.seconds for step in steps)
    again = begin(digits, steps=3)
    load_state(again, path)
    assert list(fit(again)) == []


@pytest.mark.parametrize(
    ("changes", "names"),
    [
        ({"batch": 16}, ["batch = 8"]),
        ({"seed": 1, "target": "x0"}, ["seed = 0", "target = 'v'"]),
        ({"network_options": {"width": 24}}, ["network_options = {'width': 16}"]),
        ({"schedule_options": {"s": 0.1}}, ["schedule_options = {}"]),
    ],
)
def test_other_settings_are_refused_naming_them(
    changes: dict[str, Any], names: list[str], digits: ImageSet, tmp_path: Path
) -> None:
    path = tmp_path / "run.resume"
    save_state(begin(digits), path)
    run = begin(digits, **changes)
    before = {name: value.clone() for name, value in everything(run).items()}
    with pytest.raises(CheckpointError, match="was started with") as error:
        load_state(run, path)
    assert all(name in str(error.value) for name in names) and str(error.value).count("=") == (
        len(names)
    )
    assert all(torch.equal(before[name], value) for name, value in everything(run).items())


def test_a_file_that_is_no_state_is_refused(digits: ImageSet, tmp_path: Path) -> None:
    run = begin(digits)
    run.save(tmp_path / "model.safetensors")
    with pytest.raises(CheckpointError, match="does not hold the state of a run"):
        load_state(run, tmp_path / "model.safetensors")
    save_state(run, tmp_path / "run.resume")
    content = (tmp_path / "run.resume").read_bytes()
    for wrong in (b"", b"hello", content[:1000], content[:-1]):
        (tmp_path / "run.resume").write_bytes(wrong)
        with pytest.raises(CheckpointError, match="truncated"):
            load_state(run, tmp_path / "run.resume")
    with pytest.raises(CheckpointError, match="no checkpoint"):
        load_state(run, tmp_path / "absent.resume")
