"""Memory that does not suffice for a step: half the batch, once; then a sentence."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor

from explorer import checkpoints
from explorer.cli.main import main
from explorer.data import ImageSet
from explorer.failures import OutOfMemory, told
from explorer.training import Run, fit, load_state, loop, save_state
from explorer.training.loop import train_step
from explorer.training.memory import halve
from explorer.training.state import read_state
from tests.training.helpers import advance, begin, differing, everything

FAILURES = [
    torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB."),
    RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried to …"),
    RuntimeError("DefaultCPUAllocator: not enough memory: you tried to allocate 99 bytes."),
    RuntimeError("XPU out of memory. Tried to allocate 2.00 GiB."),
    RuntimeError(
        "level_zero backend failed with error: 39 (UR_RESULT_ERROR_OUT_OF_DEVICE_MEMORY)"
    ),
    RuntimeError("MPS backend out of memory (MPS allocated: 17.89 GiB, other allocations: …)"),
    RuntimeError("cuDNN error: CUDNN_STATUS_INTERNAL_ERROR_DEVICE_ALLOCATION_FAILED"),
    MemoryError(),
]


def failing(*at: int, failure: BaseException = FAILURES[0]) -> Callable[[Run], Tensor]:
    """`train_step`, whose calls of these numbers, 1, 2, …, end for want of memory."""
    calls = []

    def step(run: Run) -> Tensor:
        calls.append(1)
        if len(calls) in at:
            run.draw()
            raise failure
        return train_step(run)

    return step


@pytest.mark.parametrize("failure", FAILURES)
def test_the_batch_is_halved_and_the_run_goes_on(
    failure: BaseException, small_digits: ImageSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop, "train_step", failing(4, failure=failure))
    run = begin(small_digits)
    steps = fit(run)
    for _ in range(3):
        next(steps)
    before = everything(run)
    assert run.note == "" and run.seen == 12
    rest = [step.step for step in steps]
    assert rest == [4, 5, 6, 7, 8] and run.config.batch == 2
    assert run.seen == 3 * 4 + 5 * 2 == run.spec("a").training["images"]
    assert run.note == (
        "there was not enough memory for 4 images per step: after step 3 it continues with 2"
    )
    assert run.history.steps == list(range(1, 9)) and len(run.history.losses) == 8
    assert differing(everything(run), before) != []


def test_halving_changes_no_weights(small_digits: ImageSet) -> None:
    run = advance(begin(small_digits), 3)
    first, *_ = run.optimizer.state
    before = everything(run)
    halve(run)
    assert differing(everything(run), before) == [] and run.step == 3
    del run.optimizer.state[first]["exp_avg_sq"]  # as if memory had ended while it was made
    halve(run)
    assert first not in run.optimizer.state
    assert next(fit(run)).step == 4


@pytest.mark.parametrize("kind", ["cuda", "xpu", "mps"])
def test_what_the_failed_step_had_is_given_back_to_the_device(
    kind: str, small_digits: ImageSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, emptied = begin(small_digits), []
    run.device = torch.device(kind)

    def empty_cache() -> None:
        emptied.append(kind)
        raise RuntimeError("captures_underway.empty() INTERNAL ASSERT FAILED")

    monkeypatch.setattr(torch.get_device_module(kind), "empty_cache", empty_cache)
    halve(run)
    assert emptied == [kind]


def test_the_second_time_it_ends_with_what_to_choose(
    small_digits: ImageSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop, "train_step", failing(2, 5))
    run = begin(small_digits)
    with pytest.raises(OutOfMemory) as error:
        list(fit(run))
    assert run.step == 3 and run.config.batch == 2
    said = told(error.value)
    assert said == str(error.value) and "\n" not in said
    assert "2 images of 8 × 8" in said and "the network unet of" in said
    assert said.endswith(
        "weights: lower --batch: choose a batch below 2, smaller images or a smaller network"
    )


def test_a_single_picture_cannot_be_halved(
    small_digits: ImageSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop, "train_step", failing(1))
    run = begin(small_digits, batch=1)
    with pytest.raises(OutOfMemory, match="weights: choose smaller images or a smaller network"):
        list(fit(run))
    assert run.config.batch == 1 and run.step == 0


def test_other_failures_are_not_taken_for_it(
    small_digits: ImageSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop, "train_step", failing(1, failure=RuntimeError("shapes differ")))
    run = begin(small_digits)
    with pytest.raises(RuntimeError, match="shapes differ"):
        list(fit(run))
    assert run.config.batch == 4


def test_a_run_goes_on_with_the_halved_batch(
    small_digits: ImageSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop, "train_step", failing(3))
    run = advance(begin(small_digits), 4)
    save_state(run, tmp_path / "state")
    stored = read_state(tmp_path / "state")
    assert stored.config.batch == 2
    whole = everything(advance(run, 4))
    for batch in (4, 2):  # as it was asked for, and as it is now
        again = begin(small_digits, batch=batch)
        load_state(again, tmp_path / "state")
        assert (again.config.batch, again.note, again.seen) == (2, run.note, 2 * 4 + 2 * 2)
        assert differing(everything(advance(again, 4)), whole) == []
    smaller = begin(small_digits, batch=1)
    load_state(smaller, tmp_path / "state")
    assert (smaller.config.batch, smaller.seen, smaller.note) == (1, 12, "")
    with pytest.raises(checkpoints.CheckpointError, match="batch = 2"):
        load_state(begin(small_digits, batch=3), tmp_path / "state")


def test_the_command_line_says_it_and_keeps_what_was_learnt(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "a.safetensors"
    words = "train --size 8 --batch 8 --network tiny --device cpu --steps 6 --out".split()
    monkeypatch.setattr(loop, "train_step", failing(2, 5))
    assert main([*words, str(out)]) == 1
    said = [line for line in capsys.readouterr().err.splitlines() if "explorer: " in line]
    assert said[0] == (
        "explorer: there was not enough memory for 8 images per step: "
        "after step 1 it continues with 4"
    )
    assert len(said) == 2 and "a batch below 4" in said[1]
    assert checkpoints.describe(out).training["steps"] == 3
    monkeypatch.setattr(loop, "train_step", train_step)
    assert main([*words, str(out), "--resume"]) == 0
    assert "6 steps of 4 in" in capsys.readouterr().out
    assert main([*words, str(out), "--resume", "--steps", "7", "--batch", "2"]) == 0
    assert checkpoints.describe(out).training["images"] == 8 + 5 * 4 + 2
