"""What a run's step is computed in, and that it is remembered."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.profiler import ProfilerActivity, profile

from explorer.data import ImageSet
from explorer.networks import layers
from explorer.networks.layers import Attention
from explorer.training import Run, fit, load_state, run, save_state
from explorer.training.run import FIRST_SCALE
from explorer.training.state import _take_precision, read_state
from tests.training.helpers import advance, begin, differing, everything

CPU = torch.device("cpu")


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """What "auto" finds on this machine."""
    found = {"auto": "bfloat16"}
    monkeypatch.setattr(run, "choose_precision", lambda name, device: found.get(name, name))
    return found


def test_a_run_keeps_the_precision_that_was_measured_when_it_began(
    small_digits: ImageSet, tmp_path: Path, measured: dict[str, str]
) -> None:
    whole = advance(begin(small_digits), 6)
    save_state(advance(begin(small_digits), 3), tmp_path / "state")
    measured["auto"] = "float32"  # as on a machine that is busy
    again = begin(small_digits)
    assert again.precision == "float32"
    assert load_state(again, tmp_path / "state") == [] and again.precision == "bfloat16"
    assert differing(everything(advance(again, 3)), everything(whole)) == []
    assert again.spec("a").training["precision"] == "bfloat16" and again.note == ""
    other = advance(begin(small_digits), 6)
    assert differing(everything(other), everything(whole)) != []


def test_a_gpu_that_suits_another_precision_does_not_take_the_first_ones(
    small_digits: ImageSet, tmp_path: Path, measured: dict[str, str]
) -> None:
    """From an A100 to a T4, which would emulate bfloat16; to a CPU a GPU is stood in for."""
    save_state(advance(begin(small_digits), 3), tmp_path / "state")
    measured["auto"] = "float16"
    again = begin(small_digits)
    again.device = torch.device("cuda")
    said = list(_take_precision(again, {"precision": "bfloat16", "suited": "bfloat16"}))
    assert again.precision == "float16" and "trained in float16, before in bfloat16" in said[0]
    same = {"precision": "float32", "suited": "float16", "scale": {}}  # was asked for there
    assert list(_take_precision(again, same)) == [] and again.precision == "float32"


def test_another_precision_that_is_asked_for_is_taken_and_said(
    small_digits: ImageSet, tmp_path: Path, measured: dict[str, str]
) -> None:
    save_state(advance(begin(small_digits), 3), tmp_path / "state")
    again = begin(small_digits, precision="float32")
    (said,) = load_state(again, tmp_path / "state")
    assert said == "from step 3 on it is trained in float32, before in bfloat16"
    assert again.note == said and again.spec("a").training["changes"] == [said]
    save_state(advance(again, 1), tmp_path / "state")
    third = begin(small_digits, precision="float32")
    assert load_state(third, tmp_path / "state") == [] and third.note == said


def test_a_run_of_another_kind_of_device_goes_on_with_new_draws(
    small_digits: ImageSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A GPU's random state is of 16 bytes and says nothing to a CPU."""
    first = advance(begin(small_digits), 3)
    state = first.generator
    first.generator = type("OnGpu", (), {"get_state": lambda _: torch.zeros(16).byte()})()
    save_state(first, tmp_path / "state")
    found = []
    for _ in range(2):
        again = begin(small_digits)
        (said,) = load_state(again, tmp_path / "state")
        assert "from step 3 on it is trained on another kind of device, cpu" in said
        assert again.step == 3 and not torch.equal(again.generator.get_state(), state.get_state())
        found.append(everything(advance(again, 5)))
    assert differing(*found) == []  # by seed and step
    fresh = torch.Generator().manual_seed(first.config.seed).get_state()
    assert not torch.equal(found[0]["generator"], fresh)
    assert read_state(tmp_path / "state").step == 3


@pytest.mark.parametrize("where", ["loss", "gradient"])
def test_within_a_chunk_nothing_is_applied_after_a_step_that_was_not_finite(
    where: str, small_digits: ImageSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    good = advance(begin(small_digits, steps=25), 2)
    monkeypatch.setattr("explorer.training.loop.FETCH_EVERY", {"cpu": 25})
    broken = begin(small_digits, steps=25)
    calls: list[int] = []

    def once(value: Tensor) -> Tensor:
        calls.append(1)
        return value * math.nan if len(calls) == 3 else value

    if where == "loss":
        broken.network.register_forward_hook(lambda module, inputs, output: once(output))
    else:
        broken.network.head.bias.register_hook(once)
    with pytest.raises(FloatingPointError, match=f"the {where} became nan at step 3"):
        list(fit(broken))
    assert len(calls) == 25 and broken.step == 2 and len(broken.history.steps) == 2
    same = {k: v for k, v in everything(good).items() if k != "generator"}
    mine = {k: v for k, v in everything(broken).items() if k != "generator"}
    assert differing(mine, same) == []
    assert next(fit(broken)).step == 25 and broken.sound  # and it can be taken up again


def test_where_the_fused_optimiser_is_not_relied_on_the_step_is_not_made(
    stumbling_mps: Run,
) -> None:
    before = everything(stumbling_mps)
    with pytest.raises(FloatingPointError):
        next(fit(stumbling_mps))
    now = everything(stumbling_mps)
    assert [name for name in differing(now, before) if name != "generator"] == []


@pytest.fixture
def stumbling_mps(small_digits: ImageSet, monkeypatch: pytest.MonkeyPatch) -> Run:
    """A run whose next gradient is not finite, whose optimiser does not know `found_inf`."""
    monkeypatch.setattr("explorer.training.loop.LEAVES_OUT", ("cuda",))
    run = advance(begin(small_digits), 2)
    step = run.optimizer.step

    def deaf() -> None:
        run.optimizer.__dict__.pop("found_inf", None)
        step()

    monkeypatch.setattr(run.optimizer, "step", deaf)
    run.network.head.bias.register_hook(lambda gradient: gradient * math.nan)
    return run


@pytest.mark.parametrize("parts", [2, 4])
def test_a_batch_in_parts_is_the_same_step(parts: int, small_digits: ImageSet) -> None:
    whole = advance(begin(small_digits, precision="float32"), 3)
    sizes: list[int] = []
    run = begin(small_digits, precision="float32", accumulate=parts)
    run.network.register_forward_pre_hook(lambda module, inputs: sizes.append(len(inputs[0])))
    advance(run, 3)
    assert sizes == [4 // parts] * (3 * parts)
    assert run.history.losses == pytest.approx(whole.history.losses, rel=1e-5)
    for name, value in everything(run).items():
        torch.testing.assert_close(value, everything(whole)[name], rtol=1e-3, atol=5e-4)
    assert torch.equal(run.generator.get_state(), whole.generator.get_state())


def test_parts_that_do_not_share_a_batch_out_are_refused(
    small_digits: ImageSet, tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match="accumulate = 3 is not allowed: at least 1, and the b"):
        begin(small_digits, accumulate=3)
    run = begin(small_digits, batch=6, accumulate=6)
    run.shrink(3)  # what memory sufficed for
    assert run.config.accumulate == 3
    save_state(advance(run, 1), tmp_path / "state")
    again = begin(small_digits, batch=6, accumulate=6)  # as the same command line asks for
    load_state(again, tmp_path / "state")
    assert (again.config.batch, again.config.accumulate) == (3, 3)


def half_run(data: ImageSet, **changes: Any) -> Run:
    """A run in float16, as on an old GPU; a CPU computes it too, slowly."""
    run = begin(data, **{"steps": 40, "batch": 8} | changes)
    run.reckon_in("float16")
    return run


def test_float16_learns_what_float32_learns(small_digits: ImageSet) -> None:
    calm = {"steps": 40, "batch": 8, "learning_rate": 2e-3}
    half = advance(half_run(small_digits, **calm), 20)
    full = advance(begin(small_digits, **calm, precision="float32"), 20)
    assert half.history.losses == pytest.approx(full.history.losses, rel=0.05)
    assert full.history.losses[-1] < 0.9 * full.history.losses[0]
    assert half.scaler.get_scale() == FIRST_SCALE and half.sound


def test_float16_goes_on_where_memory_ended_after_the_gradients_were_unscaled(
    small_digits: ImageSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = half_run(small_digits)
    advance(run, 2)
    scale = run.scaler.get_scale()
    step, calls = run.optimizer.step, []

    def first_fails() -> None:
        calls.append(1)
        if len(calls) == 1:
            raise torch.OutOfMemoryError("CUDA out of memory.")
        step()

    monkeypatch.setattr(run.optimizer, "step", first_fails)
    advance(run, 2)
    assert run.halved and run.step == 4 and run.scaler.get_scale() == scale


def test_a_gradient_that_overflows_in_float16_is_left_out_and_the_scale_falls(
    small_digits: ImageSet, tmp_path: Path
) -> None:
    run = advance(half_run(small_digits), 2)
    calls: list[int] = []

    def once(gradient: Tensor) -> Tensor:
        calls.append(1)
        return gradient * math.inf if len(calls) == 1 else gradient

    run.network.head.bias.register_hook(once)
    before = everything(run)
    advance(run, 1)
    after = everything(run)
    assert [name for name in differing(after, before) if name != "generator"] == []
    assert run.scaler.get_scale() == FIRST_SCALE / 2 and run.sound and run.step == 3
    advance(run, 1)
    assert differing(everything(run), after) != []
    save_state(run, tmp_path / "state")
    again = half_run(small_digits)
    again.config = run.config
    load_state(again, tmp_path / "state")
    assert again.scaler.get_scale() == FIRST_SCALE / 2
    assert differing(everything(advance(again, 2)), everything(advance(run, 2))) == []


def test_a_gradient_that_overflows_at_every_scale_ends_the_run(small_digits: ImageSet) -> None:
    run = advance(half_run(small_digits), 2)
    run.network.head.bias.register_hook(lambda gradient: gradient * math.inf)
    with pytest.raises(FloatingPointError, match="gradient became"):
        list(fit(run))
    assert run.scaler.get_scale() <= 1


@pytest.mark.parametrize("bfloat16", [False, True])
def test_a_step_on_a_cpu_takes_no_flash_backward(bfloat16: bool) -> None:
    attention = Attention(64)
    x = torch.randn(2, 64, 7, 7)
    with profile(activities=[ProfilerActivity.CPU]) as record:
        with torch.autocast("cpu", torch.bfloat16, enabled=bfloat16):
            attention(x).sum().backward()
    names = {event.key for event in record.key_averages()}
    assert "aten::bmm" in names and not any("flash" in name for name in names)


def test_plain_attention_is_the_fused_one(monkeypatch: pytest.MonkeyPatch) -> None:
    torch.manual_seed(0)
    q, k, v = (torch.randn(2, 4, 49, 32, requires_grad=True) for _ in range(3))
    plain = layers.attend(q, k, v)
    found = torch.autograd.grad(plain.sin().sum(), (q, k, v))
    monkeypatch.setattr(layers, "PLAIN", 0)
    fused = layers.attend(q, k, v)
    expected = torch.autograd.grad(fused.sin().sum(), (q, k, v))
    torch.testing.assert_close(plain, fused, rtol=0, atol=1e-5)
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-5)
    assert plain.grad_fn is not None and "Scaled" not in type(plain.grad_fn).__name__
    assert "Scaled" in type(fused.grad_fn).__name__ or "Flash" in type(fused.grad_fn).__name__
