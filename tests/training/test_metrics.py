"""What a run measures of itself, line by line."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from explorer.data import ImageSet
from explorer.training import Record, Saving, load_state, observe
from explorer.training.metrics import SHOWN, Metrics, board
from tests.training.helpers import Clock, begin


def lines(record: Record) -> list[dict[str, Any]]:
    text = (record.folder / "metrics.jsonl").read_text()
    return [json.loads(line) for line in text.splitlines()]


def test_a_line_a_second_and_after_every_look_at_the_probe(
    small_digits: ImageSet, record: Record
) -> None:
    clock, run, probed = Clock(), begin(small_digits, steps=20), []
    saving = Saving(record, "", clock=clock)
    for seen in observe(run):
        clock.now += 0.25
        saving.after(run, seen)
        probed += [run.step] if seen.probed else []
    found = lines(record)
    steps = [line["step"] for line in found]
    assert steps == sorted(set(steps)) and {1, 20, *probed} <= set(steps)
    assert max(b - a for a, b in zip(steps, steps[1:], strict=False)) <= 4
    for line in found:
        assert set(SHOWN) <= line.keys() and ("probe_loss" in line) == (line["step"] in probed)
    losses = dict(zip(run.history.steps, run.history.losses, strict=True))
    assert all(line["loss"] == pytest.approx(losses[line["step"]]) for line in found)


def test_a_run_that_goes_on_drops_what_it_takes_anew(
    small_digits: ImageSet, record: Record
) -> None:
    run, clock = begin(small_digits, steps=12), Clock()
    saving = Saving(record, "", 1e9, clock)
    for seen in observe(run):
        clock.now += 2
        saving.after(run, seen)  # saved at the first snapshot, step 1, alone
        if run.step == 6:
            break
    with (record.folder / "metrics.jsonl").open("a") as file:
        file.write('{"step": 1, "lo')  # killed while it wrote
    assert [line["step"] for line in lines_whole(record)] == [1, 2, 3, 4, 5, 6]
    again = begin(small_digits, steps=12)
    load_state(again, record.state)
    kept = again.step
    saving = Saving(record, "", 1e9, clock)
    for seen in observe(again):
        clock.now += 2
        saving.after(again, seen)
        if again.step == kept + 1:
            assert [line["step"] for line in lines(record)] == list(range(1, kept + 2))
    assert [line["step"] for line in lines(record)] == list(range(1, 13))


def lines_whole(record: Record) -> list[dict[str, Any]]:
    text = (record.folder / "metrics.jsonl").read_text()
    return [json.loads(line) for line in text.splitlines(keepends=True) if line.endswith("\n")]


def test_an_earlier_runs_lines_stay_until_the_new_one_is_saved(
    small_digits: ImageSet, record: Record
) -> None:
    record.folder.mkdir(parents=True)
    (record.folder / "metrics.jsonl").write_text('{"step": 99}\n')
    run, told = begin(small_digits, steps=3), []

    def log(values: Mapping[str, float], step: int) -> None:
        told.append((step, sorted(values)))

    metrics = Metrics(record, Clock(), log)
    steps = observe(run)
    metrics.note(run, next(steps))
    metrics.write(run)
    assert [line["step"] for line in lines(record)] == [99] and told == []
    record.keep(run, "")
    metrics.write(run)
    assert [line["step"] for line in lines(record)] == [1]
    assert [step for step, _ in told] == [1] and "loss" in told[0][1] and "step" not in told[0][1]


def test_without_tensorboard_it_is_said_how_to_get_it(
    record: Record, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert board(record, None) is None
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(ValueError, match="pip install tensorboard"):
        board(record, "tensorboard")
