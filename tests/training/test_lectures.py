"""The lectures' runs: they learn, and with BatchNorm too they go on bit by bit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from explorer.checkpoints import load
from explorer.data import ImageSet
from explorer.lectures import LECTURES, adapt, differences, run_settings
from explorer.training import Record, Run, TrainConfig, fit, load_state, save_state
from explorer.training.state import read_state
from tests.networks.test_lecture import KINDS, SIDES
from tests.training.helpers import advance, differing, everything


def begin(kind: str, data: ImageSet, **changes: Any) -> Run:
    """A lecture's optimiser on a narrow network of its kind."""
    adapted = adapt(next(iter(LECTURES.values())), ["mnist-5k"])
    settings = run_settings(next(iter(LECTURES.values())), adapted) | {
        **{"data": "mnist-5k", "size": SIDES[kind], "network": kind, "T": 100, "batch": 8},
        **{"network_options": {"width": 8}, "steps": 8, "learning_rate": 0.003},
    }
    return Run(TrainConfig(**settings | changes), data)


@pytest.mark.parametrize("kind", KINDS)
def test_thirty_steps_lower_the_loss(kind: str, small_digits: ImageSet) -> None:
    losses = [step.loss for step in fit(begin(kind, small_digits, steps=30, batch=16))]
    assert sum(losses[-8:]) < 0.75 * sum(losses[:3]) * 8 / 3


def test_adam_keeps_its_rate_and_decays_nothing(small_digits: ImageSet) -> None:
    run = begin("plain-net", small_digits)
    assert [step.learning_rate for step in fit(run)] == [0.003] * 8
    (group,) = run.optimizer.param_groups
    assert group["weight_decay"] == 0 and (run.config.warmup, run.config.ema) == (0, 0)


def test_without_averaging_the_model_is_the_network(small_digits: ImageSet) -> None:
    run = advance(begin("simple-unet", small_digits), 3)
    for name, value in run.network.state_dict().items():
        assert torch.equal(run.ema.state_dict()[name], value), name
    assert run.ema.state_dict()["down.0.norm1.num_batches_tracked"] == 3


@pytest.mark.parametrize("stop", [1, 5])
@pytest.mark.parametrize("ema", [0.0, 0.9])
def test_a_run_with_batchnorm_goes_on_bit_by_bit(
    stop: int, ema: float, small_digits: ImageSet, tmp_path: Path
) -> None:
    first = advance(begin("simple-unet", small_digits, ema=ema), stop)
    save_state(first, tmp_path / "state.safetensors")
    second = begin("simple-unet", small_digits, ema=ema)
    load_state(second, tmp_path / "state.safetensors")
    whole = advance(begin("simple-unet", small_digits, ema=ema), 8)
    assert differing(everything(advance(second, 8)), everything(whole)) == []
    assert second.history == whole.history


def test_a_step_that_is_not_finite_leaves_batchnorm_as_it_was(small_digits: ImageSet) -> None:
    run = advance(begin("simple-unet", small_digits), 2)
    before = everything(run)
    run.weights.fill_(float("nan"))
    with pytest.raises(FloatingPointError):
        advance(run, 1)
    same = {k: v for k, v in everything(run).items() if k.startswith(("network", "ema"))}
    assert differing(same, {k: before[k] for k in same}) == []


def test_snapshots_and_models_keep_what_batchnorm_counted(
    small_digits: ImageSet, tmp_path: Path
) -> None:
    run, record = (
        advance(begin("simple-unet", small_digits), 3),
        Record(tmp_path / "a.safetensors"),
    )
    record.keep(run, "test")
    run.ema.down[0].norm1.num_batches_tracked.fill_(10**6)  # more than half precision holds
    snapshot = record.keep_snapshot(run)
    found = load(snapshot)[0].network.state_dict()
    assert found["down.0.norm1.num_batches_tracked"] == 10**6
    kept, now = load(record.model)[0].network.state_dict(), run.network.state_dict()
    for name in ("down.0.norm1.running_mean", "down.0.norm1.running_var"):
        assert torch.equal(kept[name], now[name]) and now[name].std() > 0
        torch.testing.assert_close(found[name], now[name], rtol=1e-2, atol=1e-3)


def test_runs_from_before_a_setting_existed_go_on(
    small_digits: ImageSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "state.safetensors"
    config = TrainConfig(
        size=8, steps=4, batch=4, network_options={"width": 16, "patch": 1, "attention": ()}
    )
    older = {k: v for k, v in vars(config).items() if k not in ("final_rate", "weight_decay")}
    monkeypatch.setattr("explorer.training.state.asdict", lambda _: older)
    monkeypatch.setattr("explorer.training.state.newest", lambda _: 1)
    save_state(advance(Run(config, small_digits), 2), path)
    monkeypatch.undo()
    run = Run(config, small_digits)
    load_state(run, path)
    assert run.step == 2 and read_state(path).config.final_rate == 0.1


@pytest.mark.parametrize("changes", [{"final_rate": 1.5}, {"weight_decay": -1.0}])
def test_settings_out_of_range_are_refused(changes: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=f"{next(iter(changes))} = .* is not allowed"):
        TrainConfig(steps=1, **changes)


def test_what_differs_from_a_lecture_is_named() -> None:
    for lecture in LECTURES.values():
        here = adapt(lecture, lecture.data[:1] if lecture.data[0] == "mnist" else ())
        own = here._replace(data=lecture.data[0], network=lecture.network, size=lecture.size)
        config = TrainConfig(**run_settings(lecture, own), steps=300)
        assert differences(lecture, config) == []
        other = TrainConfig(**run_settings(lecture, own) | {"batch": 5}, steps=300)
        assert differences(lecture, other) == [f"batch 5 in place of {lecture.batch}"]
