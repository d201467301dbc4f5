"""One run at a time into one place, whoever starts it and however it ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from explorer import checkpoints
from explorer.cli.main import main
from explorer.data import ImageSet
from explorer.training import Record
from explorer.training.lock import LOCK, RunTaken
from explorer.training.record import prune
from tests.training.helpers import advance, begin

ROOT = Path(__file__).parents[2]
TINY = "train --size 8 --batch 4 --network tiny --device cpu".split()
HOLDER = """
import sys, time
from pathlib import Path
from explorer.training import Record
with Record(Path(sys.argv[1])).held():
    print("held", flush=True)
    time.sleep(600)
"""


@pytest.fixture
def record(tmp_path: Path) -> Record:
    return Record(tmp_path / "digits.safetensors")


@pytest.fixture
def holder(record: Record) -> Iterator[subprocess.Popen[bytes]]:
    """Another process that trains there."""
    command = [sys.executable, "-c", HOLDER, str(record.model)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT) as process:
        try:
            assert process.stdout is not None and process.stdout.readline() == b"held\n"
            yield process
        finally:
            process.kill()


def test_a_second_job_is_refused_in_one_sentence_and_a_later_one_is_not(record: Record) -> None:
    for _ in range(2):
        with record.held():
            with pytest.raises(RunTaken, match="the run digits .* wait .* --out") as error:
                with Record(record.model).held():
                    raise AssertionError("two hold it")
            assert "\n" not in str(error.value) and str(record.folder) not in str(error.value)
            with Record(record.model.with_name("other.safetensors")).held():
                assert (record.folder / LOCK).exists()
        assert list(record.model.parent.iterdir()) == []  # no empty folder stays


def test_a_failed_job_leaves_no_lock(record: Record) -> None:
    with pytest.raises(ZeroDivisionError), record.held():
        raise ZeroDivisionError
    with record.held():
        pass


def test_what_was_learnt_stays_without_the_lock(record: Record, small_digits: ImageSet) -> None:
    with record.held():
        record.keep(advance(begin(small_digits), 1), "")
    assert [path.name for path in record.folder.iterdir()] == ["state.safetensors"]


def test_a_job_whose_steps_run_in_several_threads_gives_it_back(record: Record) -> None:
    def job() -> Iterator[int]:
        with record.held():
            yield 1
            yield 2

    steps = job()
    for work in (lambda: next(steps), lambda: next(steps), lambda: next(steps, None)):
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
    with record.held():
        pass
    with closing(job()) as ended:
        next(ended)
    with record.held():
        pass


def test_another_processes_run_is_refused_until_it_is_killed(
    record: Record,
    holder: subprocess.Popen[bytes],
    capsys: pytest.CaptureFixture[str],
) -> None:
    words = [*TINY, "--steps", "2", "--out", str(record.model)]
    assert main(words) == 1
    said = capsys.readouterr()
    assert said.out == "" and said.err.count("\n") == 1
    assert said.err.startswith("explorer: the run digits is being trained right now")
    assert not record.model.exists() and os.listdir(record.folder) == [LOCK]
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    assert main(words) == 0  # its file is still there, its lock is not
    assert checkpoints.describe(record.model).training["steps"] == 2
    assert not (record.folder / LOCK).exists()


def test_many_who_come_and_go_never_hold_it_together(record: Record) -> None:
    """The lock's file and the folder are deleted and made again meanwhile."""
    inside, most, entered = [], [], []

    def visit() -> None:
        for _ in range(60):
            try:
                with record.held():
                    inside.append(1)
                    most.append(len(inside))
                    entered.append(1)
                    inside.pop()
            except RunTaken:
                pass

    with ThreadPoolExecutor(4) as pool:
        for visited in [pool.submit(visit) for _ in range(4)]:
            visited.result()
    assert set(most) == {1} and len(entered) > 60
    assert not record.folder.exists()


def test_pruning_leaves_a_run_that_goes_on(record: Record, small_digits: ImageSet) -> None:
    record.keep(advance(begin(small_digits, steps=1), 1), "")
    with record.held():
        prune(record.model.parent, 0)
        assert record.state.is_file()
    prune(record.model.parent, 0)
    assert not record.folder.exists() and record.model.is_file()


def test_a_place_that_cannot_be_made_is_one_sentence(record: Record) -> None:
    record.folder.write_text("a file where the folder should be")
    with pytest.raises(OSError, match=r"no folder digits\.run here \(.*exists\)") as error:
        with record.held():
            raise AssertionError("held")
    assert error.value.errno is None and str(record.folder) not in str(error.value)
