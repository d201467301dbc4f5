"""What a run leaves on disk is whole, whatever happens while it is written."""

from __future__ import annotations

import errno
import json
import os
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file

from explorer import checkpoints
from explorer.checkpoints import write_tensors
from explorer.data import ImageSet
from explorer.training import History, Record, Run, TrainConfig, load_state, save_state
from explorer.training.record import prune
from explorer.training.state import KEY, read_state
from tests.training.helpers import advance, begin, differing, everything


@pytest.fixture
def run(small_digits: ImageSet) -> Run:
    return advance(begin(small_digits), 2)


@pytest.fixture
def record(tmp_path: Path) -> Record:
    return Record(tmp_path / "digits.safetensors")


def files(folder: Path) -> dict[str, bytes]:
    """Everything below a folder."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_the_model_and_the_state_lie_side_by_side(run: Run, record: Record) -> None:
    record.keep(run, "as it was called")
    assert sorted(files(record.model.parent)) == [
        "digits.run/state.safetensors",
        "digits.safetensors",
    ]
    spec = checkpoints.describe(record.model)
    assert (spec.name, spec.training["command"]) == ("digits", "as it was called")
    assert spec.training["steps"] == read_state(record.state).step == 2
    assert list(checkpoints.catalogue(record.model.parent)) == [record.model]
    assert os.stat(record.model).st_mode & 0o777 == 0o644


def test_snapshots_are_checkpoints_in_half_precision(run: Run, record: Record) -> None:
    first = record.keep_snapshot(run)
    kept = {name: value.clone() for name, value in run.ema.state_dict().items()}
    advance(run, 6)
    second = record.keep_snapshot(run)
    assert record.snapshots() == [(2, first), (8, second)]
    stored = load_file(first)
    assert stored.keys() == kept.keys()
    assert all(torch.equal(stored[name], kept[name].half()) for name in kept)
    denoiser, spec = checkpoints.load(first)
    assert spec.training["steps"] == 2 and "after 2 steps" in spec.name
    x, label = torch.randn(2, 1, 8, 8), torch.tensor([1, -1])
    latest, _ = checkpoints.load(second)
    torch.testing.assert_close(
        latest(x, 500, label), run.denoiser()(x, 500, label), rtol=0, atol=0.01
    )
    assert not torch.equal(denoiser(x, 500, label), latest(x, 500, label))
    assert second.stat().st_size < 0.7 * run_bytes(run)


def run_bytes(run: Run) -> int:
    return sum(4 * parameter.numel() for parameter in run.ema.parameters())


def test_snapshots_of_steps_not_yet_taken_are_dropped(run: Run, record: Record) -> None:
    """They are of one that was killed later than it saved."""
    for step in (1, 2, 3, 50):
        run.step = step
        record.keep_snapshot(run)
    run.step = 3
    record.drop_others(run)
    assert [step for step, _ in record.snapshots()] == [1, 2, 3]
    run.step = 2
    record.keep_snapshot(run)
    assert [step for step, _ in record.snapshots()] == [1, 2]
    run.step = 0
    record.drop_others(run)
    assert record.snapshots() == []


def test_an_earlier_runs_snapshots_go_only_when_the_new_run_is_saved(
    run: Run, record: Record, small_digits: ImageSet
) -> None:
    record.keep_snapshot(run)
    (record.folder / "film").mkdir()
    (record.folder / "samples.png").write_bytes(b"of the first run")
    before = files(record.model.parent)
    other = advance(begin(small_digits, seed=1), 1)
    record.drop_others(other)
    assert files(record.model.parent) == before
    record.keep(other, "")
    assert record.snapshots() == [] and list(record.folder.iterdir()) != []
    assert sorted(files(record.folder)) == ["state.safetensors"]
    first = record.keep_snapshot(other)
    assert record.snapshots() == [(1, first)]


def test_an_earlier_runs_snapshots_are_not_the_new_ones(
    run: Run, record: Record, small_digits: ImageSet
) -> None:
    """As a process leaves them that is killed between the first state and tidying."""
    record.keep_snapshot(run)
    save_state(other := advance(begin(small_digits, seed=1), 5), record.state)
    assert record.snapshots() == [] and len(list(record.folder.rglob("step-*"))) == 1
    again = begin(small_digits, seed=1)
    load_state(again, record.state)
    assert again.begun == other.begun != run.begun
    record.drop_others(again)
    assert list(record.folder.rglob("step-*")) == []


def test_runs_of_before_there_were_names_keep_their_snapshots(
    run: Run, record: Record, small_digits: ImageSet
) -> None:
    run.begun = ""
    path = record.keep_snapshot(run)
    again = begin(small_digits)
    load_state(again, record.state)
    record.drop_others(again)
    assert record.snapshots() == [(2, path)]


def test_removing_takes_all_of_it(run: Run, record: Record) -> None:
    (record.model.parent / "other.txt").write_text("stays")
    record.keep(run, "")
    record.keep_snapshot(run)
    record.remove()
    assert list(files(record.model.parent)) == ["other.txt"]
    record.remove()


def full(*_: Any, **__: Any) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


def half_written(tensors: Any, path: str, metadata: Any = None) -> None:
    Path(path).write_bytes(b"half")
    raise SafetensorError("I/O error: No space left on device (os error 28)")


@pytest.mark.parametrize(
    ("where", "failure"),
    [
        ("explorer.checkpoints.save_file", half_written),
        ("explorer.files.os.replace", full),
        ("explorer.files.os.fsync", full),
        ("explorer.files.tempfile.mkdtemp", full),
    ],
)
def test_a_full_disk_leaves_what_was_there_and_one_sentence(
    where: str, failure: Callable, run: Run, record: Record, monkeypatch: pytest.MonkeyPatch
) -> None:
    record.keep(run, "")
    record.keep_snapshot(run)
    before = files(record.model.parent)
    advance(run, 3)
    with monkeypatch.context() as patch:
        patch.setattr(where, failure)
        for write in (lambda: record.keep(run, ""), lambda: record.keep_snapshot(run)):
            with pytest.raises(OSError, match=r"could not be written .*No space left") as error:
                write()
            assert "\n" not in str(error.value)
    assert files(record.model.parent) == before
    record.keep(run, "")  # there is room again
    assert read_state(record.state).step == 5


def test_a_process_killed_while_writing_leaves_what_was_there(
    run: Run, record: Record, small_digits: ImageSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    record.keep(run, "")
    before = everything(run)

    def die(*_: Any) -> None:
        raise KeyboardInterrupt

    advance(run, 1)
    with monkeypatch.context() as patch:
        patch.setattr("explorer.files.os.replace", die)
        patch.setattr("explorer.files.shutil.rmtree", lambda *_, **__: None)  # nobody tidies
        with pytest.raises(KeyboardInterrupt):
            record.keep(run, "")
    assert len(list(record.folder.glob(".*.part"))) == 1
    assert list(checkpoints.catalogue(record.model.parent, record.folder)) == [record.model]
    again = begin(small_digits)
    load_state(again, record.state)
    assert differing(everything(again), before) == []


def aged(path: Path, seconds: float) -> None:
    os.utime(path, (time.time() - seconds,) * 2)


def made_run(folder: Path, name: str, seconds: float, step: int = 2) -> None:
    """A run of two steps that was written to so many seconds ago."""
    (folder / f"{name}.run" / "snapshots").mkdir(parents=True)
    header = {
        "config": asdict(TrainConfig(steps=2)),
        "history": History().to_json(),
        "progress": {"step": step, "seconds": 1.0, "peak": 0.002},
    }
    state = folder / f"{name}.run" / "state.safetensors"
    write_tensors(state, {"x": torch.zeros(1)}, {KEY: json.dumps(header)})
    (folder / f"{name}.safetensors").write_bytes(b"model")
    aged(folder / f"{name}.run", seconds)


def test_of_all_but_the_newest_runs_only_the_model_is_kept(tmp_path: Path) -> None:
    for i in range(5):
        made_run(tmp_path, f"run-{i}", 1000 * i)
    prune(tmp_path, 5)
    assert len(list(tmp_path.glob("*.run"))) == 5
    assert prune(tmp_path, 2) == ["run-2", "run-3", "run-4"]
    assert sorted(path.name for path in tmp_path.glob("*.run")) == ["run-0.run", "run-1.run"]
    assert len(list(tmp_path.glob("*.safetensors"))) == 5
    assert prune(tmp_path, 2) == [] == prune(tmp_path / "absent", 2)


def test_pruning_leaves_runs_that_somebody_may_go_on_with(tmp_path: Path) -> None:
    made_run(tmp_path, "stopped", 3000, step=1)
    made_run(tmp_path, "damaged", 2000)
    (tmp_path / "damaged.run" / "state.safetensors").write_bytes(b"state")
    made_run(tmp_path, "finished", 1000)
    before = files(tmp_path)
    assert prune(tmp_path, 0) == ["finished"]
    gone = {name for name in before if name.startswith("finished.run")}
    assert files(tmp_path) == {name: before[name] for name in before.keys() - gone}


def test_pruning_leaves_alone_what_is_not_ours(tmp_path: Path) -> None:
    """The command line prunes the folder that --out names, which may be anybody's."""
    (tmp_path / "nightly.run").mkdir()
    (tmp_path / "nightly.run" / "results.csv").write_text("1,2,3")
    (tmp_path / "notes.run").write_text("a file")
    (tmp_path / ".download.part").write_text("half a film")
    for path in tmp_path.iterdir():
        aged(path, 1e6)
    before = files(tmp_path)
    made_run(tmp_path, "mine", 0)
    prune(tmp_path, 0)
    assert files(tmp_path) == before | {"mine.safetensors": b"model"}


def test_what_a_killed_process_left_half_written_goes_after_an_hour(tmp_path: Path) -> None:
    made_run(tmp_path, "a", 0)
    places = [
        tmp_path / ".a.safetensors.x1.part",
        tmp_path / "a.run" / ".state.safetensors.x2.part",
        tmp_path / "a.run" / "snapshots" / ".step-00000001.safetensors.x3.part",
    ]
    for part in places:
        part.mkdir()
        (part / ".tmpAbCdEf").write_bytes(b"half")
    aged(places[0], 4000)
    aged(places[2], 4000)
    prune(tmp_path, 5)
    assert [part.exists() for part in places] == [False, True, False]


def test_a_run_that_is_kept_again_counts_as_new(run: Run, record: Record, tmp_path: Path) -> None:
    record.keep(run, "")
    aged(record.folder, 1e5)
    made_run(tmp_path, "other", 1000)
    record.keep(run, "")
    prune(tmp_path, 1)
    assert record.state.is_file() and not (tmp_path / "other.run").exists()
