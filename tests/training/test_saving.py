"""When a run is saved, and that a write is tried again."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from explorer import checkpoints
from explorer.cli.main import main
from explorer.data import ImageSet
from explorer.failures import told
from explorer.training import Record, Run, Saving, observe
from explorer.training.state import read_state
from tests.training.helpers import Clock, advance, begin


def saved_at(run: Run, saving: Saving, clock: Clock, step_seconds: float) -> list[int]:
    """The steps after which the state was written."""
    found = []
    for seen in observe(run):
        clock.now += step_seconds
        if saving.after(run, seen):
            found.append(run.step)
            assert read_state(saving.record.state).step == run.step
    return found


def test_it_is_saved_with_the_first_snapshot_and_then_every_ten_seconds(
    small_digits: ImageSet, record: Record
) -> None:
    clock = Clock()
    run = begin(small_digits, steps=16)
    assert saved_at(run, Saving(record, "", clock=clock), clock, 4.0) == [1, 4, 7, 10, 13, 16]
    assert [step for step, _ in record.snapshots()] == [1, 2, 4, 8, 16]


def test_a_long_run_is_saved_before_its_first_snapshot(
    small_digits: ImageSet, record: Record
) -> None:
    clock, run = Clock(), begin(small_digits, steps=10_000)
    saving = Saving(record, "", clock=clock)
    for seen in observe(run):
        clock.now += 1.0
        if saving.after(run, seen):
            break
    assert (run.step, seen.snapshot, record.snapshots()) == (2, False, [])


def test_where_saving_takes_long_it_is_done_less_often(
    small_digits: ImageSet, record: Record, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock, keep = Clock(), Record.keep

    def slow(self: Record, run: Run, command: str) -> None:
        keep(self, run, command)
        clock.now += 2.0

    monkeypatch.setattr(Record, "keep", slow)
    saving = Saving(record, "", clock=clock)
    assert saving.pause == 2
    run = begin(small_digits, steps=40)
    assert saved_at(run, saving, clock, 4.0) == [1, 11, 21, 31]
    assert saving.pause == 40  # a twentieth of the time


def test_seconds_that_were_asked_for_are_kept(small_digits: ImageSet, record: Record) -> None:
    clock, run = Clock(), begin(small_digits, steps=10)
    assert saved_at(run, Saving(record, "", 3.0, clock), clock, 1.0) == [1, 4, 7, 10]
    clock, run = Clock(), begin(small_digits, steps=4)
    other = Record(record.model.with_name("other.safetensors"))
    assert saved_at(run, Saving(other, "", 0.0, clock), clock, 1.0) == [1, 2, 3, 4]


def once(failure: OSError, call: Callable[..., object]) -> Callable[..., object]:
    """`call`, whose first use fails."""
    uses = []

    def tried(*arguments: object, **options: object) -> object:
        uses.append(1)
        if len(uses) == 1:
            raise failure
        return call(*arguments, **options)

    return tried


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO, errno.ESTALE])
@pytest.mark.parametrize("where", ["replace", "fsync"])
def test_a_write_that_fails_once_ends_no_run(
    number: int,
    where: str,
    small_digits: ImageSet,
    record: Record,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run = advance(begin(small_digits), 2)
    failing = once(OSError(number, os.strerror(number)), getattr(os, where))
    monkeypatch.setattr(f"explorer.files.os.{where}", failing)
    record.keep(run, "")
    assert read_state(record.state).step == 2
    assert checkpoints.describe(record.model).training["steps"] == 2


def test_what_was_left_half_written_makes_room_for_the_second_attempt(
    small_digits: ImageSet, record: Record, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = advance(begin(small_digits), 1)
    record.keep_snapshot(run)
    mine = [
        record.model.with_name(".digits.safetensors.x1.part"),
        record.folder / ".state.safetensors.x2.part",
        record.folder / "snapshots" / ".step-00000001.safetensors.x3.part",
    ]
    another = record.model.with_name(".other.safetensors.x4.part")
    mine[0].write_bytes(b"half")
    for path in (*mine[1:], another):
        path.mkdir()
        (path / ".tmpAbCdEf").write_bytes(b"half")
    replace = os.replace

    def cramped(*paths: str) -> None:
        if any(path.exists() for path in mine):
            raise OSError(errno.ENOSPC, "No space left on device")
        replace(*paths)

    monkeypatch.setattr("explorer.files.os.replace", cramped)
    record.keep(run, "")
    assert [path.exists() for path in (*mine, another)] == [False, False, False, True]


def test_what_is_kept_and_what_is_not_is_said(
    small_digits: ImageSet, record: Record, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", str(record.state))

    def failed(write: Callable[[], object]) -> str:
        with monkeypatch.context() as patch:
            patch.setattr("explorer.files.os.replace", full)
            with pytest.raises(OSError) as error:
                write()
        said = str(error.value)
        assert "could not be written (No space left on device), twice; " in said
        assert str(record.model.parent) not in said and "\n" not in said
        assert told(error.value) == said  # nothing is to be left out
        return said

    run = advance(begin(small_digits), 1)
    assert "the state of digits could" in failed(lambda: record.keep(run, ""))
    assert "nothing of this run is saved: free some" in failed(lambda: record.keep(run, ""))
    record.keep(run, "")
    assert "; the run is kept up to step 1: free" in failed(lambda: record.keep_snapshot(run))
    advance(run, 3)
    assert "up to step 1, what it learnt up to step 4 is not" in failed(
        lambda: record.keep(run, "")
    )
    other = advance(begin(small_digits), 1)
    assert "earlier run of this name is intact" in failed(lambda: record.keep(other, ""))


def test_the_command_line_keeps_the_earlier_run_until_the_new_one_is_saved(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "a.safetensors"
    words = "train --size 8 --batch 4 --network tiny --device cpu --steps 4 --out".split()
    assert main([*words, str(out)]) == 0
    before = {path: path.read_bytes() for path in tmp_path.rglob("*.safetensors")}

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("explorer.files.os.replace", full)
        assert main([*words, str(out), "--seed", "1", "--overwrite"]) == 1
    said = capsys.readouterr().err.splitlines()[-1]
    assert said.startswith("explorer: the state of a could not be written")
    assert {path: path.read_bytes() for path in tmp_path.rglob("*.safetensors")} == before
    assert main([*words, str(out), "--steps", "6", "--resume"]) == 0
