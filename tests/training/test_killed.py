"""kill -9 at any moment: what lies there is one run that can be continued, old or new."""

from __future__ import annotations

import multiprocessing
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from explorer import checkpoints
from explorer.cli.main import main
from explorer.training import Record
from explorer.training.lock import LOCK
from explorer.training.record import RUN
from explorer.training.state import begun_as, read_state

ROOT = Path(__file__).parents[2]
TINY = "train --size 8 --batch 4 --network tiny --device cpu --save-every 0".split()
EARLIER = [1, 2, 3]
"""The snapshots of an earlier run, which a new one must not lose before it is saved."""


def words(out: Path, seed: int, steps: int) -> list[str]:
    return [*TINY, "--seed", str(seed), "--steps", str(steps), "--out", str(out)]


@pytest.fixture(scope="module")
def earlier(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a run of three steps, of the seed 0."""
    folder = tmp_path_factory.mktemp("earlier")
    assert main(words(folder / "a.safetensors", 0, 3)) == 0
    return folder


def check_what_lies_there(out: Path) -> tuple[int, int]:
    """The seed and the steps of the run there, after its files were checked against each other."""
    record = Record(out)
    state, begun, snapshots = read_state(record.state), begun_as(record.state), record.snapshots()
    for step, path in snapshots:
        checkpoints.load(path)
        spec = checkpoints.describe(path)
        assert (spec.training["seed"], spec.training[RUN]) == (state.config.seed, begun)
        assert spec.training["steps"] == step <= state.step + 1
    if state.config.seed == 0:
        assert [step for step, _ in snapshots][:3] == EARLIER
    checkpoints.load(out)
    return state.config.seed, state.step


def die_before(change: int, command: list[str]) -> None:
    """Run the command; be killed before this one of its changes to what lies there."""
    done = 0

    def counted(work: Callable[..., object]) -> Callable[..., object]:
        def changed(*arguments: object, **options: object) -> object:
            nonlocal done
            done += 1
            if done == change:
                os.kill(os.getpid(), signal.SIGKILL)
            return work(*arguments, **options)

        return changed

    os.replace = counted(os.replace)
    Path.unlink = counted(Path.unlink)  # type: ignore[method-assign]
    sys.stderr = sys.stdout = open(os.devnull, "w")
    os._exit(main(command))


def test_before_every_change_of_what_lies_there(earlier: Path, tmp_path: Path) -> None:
    """A new run over an earlier one, killed before its first change, its second, … to its end."""
    fork, seen = multiprocessing.get_context("fork"), set()
    for change in range(1, 200):
        out = tmp_path / str(change) / "a.safetensors"
        shutil.copytree(earlier, out.parent)
        child = fork.Process(target=die_before, args=(change, [*words(out, 1, 2), "--overwrite"]))
        child.start()
        child.join()
        seed, steps = check_what_lies_there(out)
        seen.add((seed, steps))
        if child.exitcode == 0:
            break
        assert child.exitcode == -signal.SIGKILL
        if change % 5 == 1:  # each would take long
            assert main([*words(out, seed, steps + 1), "--resume"]) == 0
            assert check_what_lies_there(out) == (seed, steps + 1)
    assert child.exitcode == 0 and change > 10
    assert seen == {(0, 3), (1, 1), (1, 2)}


@pytest.mark.parametrize("trial", range(6))
def test_at_a_random_moment(trial: int, earlier: Path, tmp_path: Path) -> None:
    moments = random.Random(trial)
    out = tmp_path / "new" / "a.safetensors"
    shutil.copytree(earlier, out.parent)
    command = [sys.executable, "-m", "explorer", *words(out, 1, 10_000), "--overwrite"]
    wanted, pause = moments.randrange(0, 30), moments.random() / 20
    with subprocess.Popen(command, stderr=subprocess.DEVNULL, cwd=ROOT) as process:
        try:
            while wanted and process.poll() is None:
                state = read_state(Record(out).state)
                if state.config.seed == 1 and state.step >= wanted:
                    break
                time.sleep(0.01)
            time.sleep(pause)
        finally:
            process.kill()
    seed, steps = check_what_lies_there(out)
    assert process.returncode == -signal.SIGKILL
    assert seed == (1 if wanted else 0) and steps >= wanted
    assert main([*words(out, seed, steps + 2), "--resume"]) == 0
    assert check_what_lies_there(out) == (seed, steps + 2)
    assert not list(tmp_path.rglob(LOCK))
