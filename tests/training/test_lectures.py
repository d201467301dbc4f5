"""The lectures' runs: they learn, and with BatchNorm too they go on bit by bit."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
import torch

from explorer.checkpoints import CheckpointError, load
from explorer.data import ImageSet
from explorer.data import load as read
from explorer.diffusion import sample, strided_times
from explorer.lectures import LECTURES, Lecture, adapt, differences, run_settings
from explorer.networks import CHOICES, PRESETS
from explorer.settings.networks import CONFIGS
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
def test_some_steps_lower_the_loss(kind: str, small_digits: ImageSet) -> None:
    slow = kind in ("timeless-unet", "ladder-unet")  # without norms and skips it begins so
    steps, options = (300, {"width": 16}) if slow else (30, {"width": 8})
    run = begin(kind, small_digits, steps=steps, batch=16, network_options=options)
    losses = [step.loss for step in fit(run)]
    assert sum(losses[-8:]) < 0.75 * sum(losses[:3]) * 8 / 3


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("ema", [0.0, 0.9])
def test_samples_of_a_short_run_are_numbers(
    kind: str, ema: float, small_digits: ImageSet, tmp_path: Path
) -> None:
    run = begin(kind, small_digits, steps=20, ema=ema)
    assert [step.step for step in fit(run)][-1] == 20
    run.save(tmp_path / "a.safetensors")
    times = strided_times(run.schedule, 10)
    noise = torch.randn(2, 1, SIDES[kind], SIDES[kind])
    made = []
    for denoiser in (run.denoiser(), load(tmp_path / "a.safetensors")[0]):
        *_, last = sample(denoiser, run.schedule, noise, times, eta=0.0)
        assert last.x.isfinite().all() and last.x.shape == noise.shape
        made.append(last.x)
    torch.testing.assert_close(*made, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("kind", KINDS)
def test_they_are_trained_in_bfloat16_too(kind: str, small_digits: ImageSet) -> None:
    run = begin(kind, small_digits, steps=3, precision="bfloat16")
    assert all(math.isfinite(step.loss) for step in fit(run))
    dtypes = {value.dtype for value in run.ema.state_dict().values() if value.is_floating_point()}
    assert dtypes == {torch.float32}


def test_what_batchnorm_counted_reaches_the_model_that_samples(small_digits: ImageSet) -> None:
    run = begin("simple-unet", small_digits, steps=20, precision="float32")
    norm = run.network.get_submodule("down.0.norm1")
    means: list[torch.Tensor] = []
    norm.register_forward_pre_hook(lambda _, given: means.append(given[0].mean((0, 2, 3))))
    *_, _ = fit(run)
    expected = torch.zeros_like(means[0])
    for mean in means:  # a moving average of the batches' own
        expected = 0.9 * expected + 0.1 * mean.detach()
    kept = run.denoiser().network.get_submodule("down.0.norm1")
    torch.testing.assert_close(kept.running_mean, expected)
    assert not kept.training and kept.num_batches_tracked == len(means) == 20


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


def test_a_run_of_a_former_network_is_not_gone_on_with(
    small_digits: ImageSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, run = tmp_path / "old.safetensors", begin("plain-net", small_digits)
    monkeypatch.setattr("explorer.training.state.newest", lambda _: 2)
    save_state(advance(run, 2), path)
    monkeypatch.undo()
    with pytest.raises(CheckpointError, match="continued .PlainNet has since been rebuilt"):
        load_state(run, path)


@pytest.mark.parametrize("changes", [{"final_rate": 1.5}, {"weight_decay": -1.0}])
def test_settings_out_of_range_are_refused(changes: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=f"{next(iter(changes))} = .* is not allowed"):
        TrainConfig(steps=1, **changes)


def as_in(lecture: Lecture, **changes: Any) -> TrainConfig:
    """A run as the lecture has it, whatever is at hand here."""
    here = adapt(lecture, lecture.data[:1] if lecture.data[0] == "mnist" else ())
    own = here._replace(data=lecture.data[0], network=lecture.network, size=lecture.size)
    return TrainConfig(**run_settings(lecture, own) | changes, steps=300)


@pytest.mark.parametrize("lecture", LECTURES.values(), ids=LECTURES)
def test_what_differs_from_a_lecture_is_named(lecture: Lecture) -> None:
    holes = [*lecture.otherwise, *lecture.holes]
    assert differences(lecture, as_in(lecture)) == holes
    other = as_in(lecture, batch=5)
    assert differences(lecture, other) == [f"batch 5 instead of {lecture.batch}", *holes]
    kind, options = CHOICES[lecture.network]
    narrow = as_in(lecture, network_options={"width": 8})
    width = f"{CONFIGS[kind].called} of width 8 instead of {options['width']}"
    assert differences(lecture, narrow) == [*lecture.otherwise, width, *lecture.holes]
    ours = as_in(lecture, network="unet", network_options=dict(PRESETS["tiny"]))
    network = f"network tiny instead of {lecture.network}"
    assert differences(lecture, ours) == [*lecture.otherwise, network]


def test_what_only_a_lectures_training_does_is_said() -> None:
    assert {name for name, each in LECTURES.items() if each.otherwise} == {"jax", "scinet"}
    (index,) = LECTURES["jax"].otherwise
    assert "t drawn from 1…T" in index and "0…T − 1" in index and "ᾱ = 1 at index 0" in index
    (epsilon,) = LECTURES["scinet"].otherwise
    (group,) = torch.optim.AdamW([torch.zeros(1)]).param_groups
    assert group["eps"] == 1e-8 and epsilon == "Adam's ε 1e-8 instead of 1e-7, Keras's default"
    run = Run(as_in(LECTURES["oslo"]), read("mnist-5k", size=28))
    assert run.optimizer.param_groups[0]["eps"] == group["eps"]


def test_what_stands_in_a_networks_holes_is_said() -> None:
    assert {name for name, lecture in LECTURES.items() if lecture.holes} == {"scinet", "sutd"}
    said = " ".join(LECTURES["scinet"].holes)
    assert "strides" in said and "TimeLayer" in said and "2n, n, n" in said
    sutd = LECTURES["sutd"]
    skips = as_in(sutd, network_options=dict(CHOICES["timeless-skips"][1]))
    assert differences(sutd, skips) == [
        "TimelessUnet with skips instead of without",
        "a forward pass of our own instead of one that is not printed",
    ]
    told = as_in(sutd, network_options={"width": 64, "skips": False})
    assert differences(sutd, told) == list(sutd.holes)
    for lecture in LECTURES.values():
        assert bool(lecture.holes) == ("filled.**" in lecture.note)
