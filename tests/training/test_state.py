"""What else a run's state brings back: the rate, the losses, the threads; and what it refuses."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from explorer.checkpoints import CheckpointError, read_header, write_tensors
from explorer.data import ImageSet
from explorer.training import Run, fit, load_state, save_state
from explorer.training.state import KEY, read_state
from tests.training.helpers import advance, begin, differing, everything


def put_away(run: Run, path: Path, data: ImageSet) -> Run:
    """The run as another process would take it up."""
    save_state(run, path)
    again = begin(data)
    load_state(again, path)
    return again


@pytest.mark.parametrize("stop", [3, 4, 6])
def test_a_rate_that_was_changed_meanwhile_survives_bit_by_bit(
    stop: int, small_digits: ImageSet, tmp_path: Path
) -> None:
    def changed(run: Run) -> Run:
        run.peak = 0.003
        return run

    whole = advance(changed(advance(begin(small_digits), 3)), 5)
    first = advance(changed(advance(begin(small_digits), 3)), stop - 3)
    second = put_away(first, tmp_path / "state", small_digits)
    assert second.peak == 0.003
    rates = [step.learning_rate for step in fit(second)]
    assert differing(everything(second), everything(whole)) == []
    assert second.history == whole.history
    never = advance(begin(small_digits), 8)
    assert differing(everything(second), everything(never)) != []
    assert rates[-1] == pytest.approx(0.3 * next(rate_at(small_digits, 8)))


def rate_at(data: ImageSet, step: int) -> Iterator[float]:
    """The rate of a step whose peak nobody changed."""
    yield [each.learning_rate for each in fit(begin(data))][step - 1]


def test_the_rate_lies_in_the_optimiser_after_loading(
    small_digits: ImageSet, tmp_path: Path
) -> None:
    run = put_away(advance(begin(small_digits), 2), tmp_path / "state", small_digits)
    step = next(fit(run))
    assert run.optimizer.param_groups[0]["lr"] is run.rate
    assert run.rate.item() == pytest.approx(step.learning_rate)


def test_losses_and_clock_come_back_and_can_be_read_alone(
    small_digits: ImageSet, tmp_path: Path
) -> None:
    run = advance(begin(small_digits, schedule="linear", schedule_options={"beta_end": 0.03}), 5)
    run.history.add_probe(run.step, run.probe())
    save_state(run, tmp_path / "state")
    stored = read_state(tmp_path / "state")
    assert stored.config.schedule_options == {"beta_end": 0.03}
    assert json.dumps(stored.config.__dict__) == json.dumps(run.config.__dict__)
    assert (stored.history, stored.step, stored.seconds) == (run.history, 5, run.seconds)


def test_a_resumed_run_uses_as_many_threads_as_before(
    small_digits: ImageSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With another number the last digits differ: continuing would not be exact."""
    monkeypatch.setattr("explorer.training.state.cores", lambda: 2)
    try:
        torch.set_num_threads(2)
        save_state(begin(small_digits), tmp_path / "state")
        for variable, expected in (("3", 1), (None, 2)):
            torch.set_num_threads(1)
            if variable:
                monkeypatch.setenv("OMP_NUM_THREADS", variable)
            else:
                monkeypatch.delenv("OMP_NUM_THREADS")
            load_state(begin(small_digits), tmp_path / "state")
            assert torch.get_num_threads() == expected
        torch.set_num_threads(1)
        monkeypatch.setattr("explorer.training.state.cores", lambda: 1)
        load_state(begin(small_digits), tmp_path / "state")
        assert torch.get_num_threads() == 1
    finally:
        torch.set_num_threads(1)


@pytest.mark.parametrize(
    ("where", "value"),
    [
        *[("history", value) for value in (None, {}, [], {"steps": 3})],
        *[("progress", value) for value in (None, {}, [], {"step": "x"})],
        ("config", {"batch": 0}),
        ("config", None),
    ],
)
def test_a_damaged_header_is_refused_in_one_sentence(
    where: str, value: Any, small_digits: ImageSet, tmp_path: Path
) -> None:
    run = advance(begin(small_digits), 1)
    save_state(run, tmp_path / "whole")
    header = json.loads(read_header(tmp_path / "whole")[KEY]) | {where: value}
    tensors = {"generator": run.generator.get_state()}
    write_tensors(tmp_path / "state", tensors, {KEY: json.dumps(header)})
    for read in (lambda: load_state(begin(small_digits), tmp_path / "state"), None):
        with pytest.raises(CheckpointError) as error:
            read() if read else read_state(tmp_path / "state")
        assert "\n" not in str(error.value) and "state" in str(error.value)


def test_tensors_of_another_network_are_refused(small_digits: ImageSet, tmp_path: Path) -> None:
    run = advance(begin(small_digits), 1)
    save_state(run, tmp_path / "whole")
    header = read_header(tmp_path / "whole")
    cut = {"generator": run.generator.get_state()}
    write_tensors(tmp_path / "state", cut, header)
    with pytest.raises(CheckpointError, match="does not contain such a run's state") as error:
        load_state(begin(small_digits), tmp_path / "state")
    assert "\n" not in str(error.value)


def test_a_run_goes_on_with_another_learning_rate(small_digits: ImageSet, tmp_path: Path) -> None:
    path = tmp_path / "state.safetensors"
    first = advance(begin(small_digits), 3)
    first.peak = 0.5
    save_state(first, path)
    same, other = begin(small_digits), begin(small_digits, learning_rate=0.001)
    for run in (same, other):
        load_state(run, path)
    assert (same.peak, other.peak) == (0.5, 0.001)


@pytest.mark.parametrize("where", ["network.", "ema.", "optimizer."])
def test_a_state_that_is_not_finite_is_refused(
    where: str, small_digits: ImageSet, tmp_path: Path
) -> None:
    save_state(advance(begin(small_digits), 1), tmp_path / "state")
    tensors, header = load_file(tmp_path / "state"), read_header(tmp_path / "state")
    name = next(n for n in sorted(tensors) if n.startswith(where) and tensors[n].dim())
    tensors[name].flatten()[0] = float("nan")
    write_tensors(tmp_path / "state", tensors, header)
    run = begin(small_digits)
    before = everything(run)
    with pytest.raises(CheckpointError, match=f"state does not contain .*{name}") as error:
        load_state(run, tmp_path / "state")
    assert "\n" not in str(error.value) and differing(everything(run), before) == []
