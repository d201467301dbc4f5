"""Two CPU processes by `accelerate launch`, as the README says it."""

from __future__ import annotations

import os
import subprocess
import sys
from argparse import Namespace
from pathlib import Path

import pytest

from explorer import checkpoints
from explorer.cli.main import main
from explorer.training import launch
from explorer.training.state import read_state

ROOT = Path(__file__).parents[2]
SCRIPT = str(Path(sys.executable).with_name("accelerate"))
MODULE = (sys.executable, "-m", "accelerate.commands.launch")
TINY = "train --size 8 --network tiny --learning-rate 0.005".split()
OURS = ("RANK", "WORLD_SIZE", "LOCAL_RANK", "MASTER_ADDR", "MASTER_PORT", "PMI_SIZE")


def launched(*words: str) -> subprocess.CompletedProcess[str]:
    environment = {
        name: value
        for name, value in os.environ.items()
        if name not in OURS and not name.startswith("ACCELERATE_")
    }
    return subprocess.run(
        words, capture_output=True, text=True, timeout=240, cwd=ROOT, env=environment
    )


def test_two_processes_learn_what_one_learns(tmp_path: Path) -> None:
    words = [*TINY, "--batch", "8", "--steps", "25", "--out"]
    two = tmp_path / "two" / "a.safetensors"
    command = [SCRIPT, *"launch --num_processes 2 --cpu -m explorer".split()]
    done = launched(*command, *words, str(two))
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("25 steps of 8 in") == 1  # only the first speaks
    one = tmp_path / "one" / "a.safetensors"
    assert main([*words, str(one), "--device", "cpu"]) == 0

    specs = [checkpoints.describe(path) for path in (two, one)]
    assert [spec.training["processes"] for spec in specs] == [2, 1]
    assert [spec.training["images"] for spec in specs] == [200, 200]
    a, b = (read_state(p.with_suffix(".run") / "state.safetensors").history for p in (two, one))
    assert a.steps == b.steps == list(range(1, 26))
    assert a.losses == pytest.approx(b.losses, rel=0.02)
    assert min(a.losses) < 0.7 * a.losses[0]  # the curve is not flat, agreeing means something
    assert a.probes[0].loss == pytest.approx(b.probes[0].loss, rel=1e-4)
    assert a.probes[-1].loss == pytest.approx(b.probes[-1].loss, rel=0.02)
    names = [sorted(p.name for p in path.parent.rglob("*.safetensors")) for path in (two, one)]
    assert names[0] == names[1]


def test_a_batch_that_cannot_be_shared_is_one_sentence_and_a_failure(tmp_path: Path) -> None:
    out = tmp_path / "a.safetensors"
    words = [*TINY, "--batch", "7", "--steps", "2", "--out", str(out)]
    done = launched(*MODULE, *"--num_processes 2 --cpu -m explorer".split(), *words)
    assert done.returncode != 0
    said = [line for line in done.stderr.splitlines() if line.startswith("explorer: ")]
    assert said == ["explorer: batch = 7 is not allowed: 2 processes need a multiple of 2"]
    assert not out.exists() and "steps" not in done.stdout


class Parent:
    """A process whose parent was called with these words."""

    def __init__(self, words: list[str]) -> None:
        self.words = words

    def parent(self) -> Parent:
        return self

    def cmdline(self) -> list[str]:
        return self.words


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """The environment that `accelerate launch --cpu --num_processes 2` prepares."""
    for name in OURS:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("ACCELERATE_USE_CPU", "true")
    monkeypatch.setenv("MASTER_ADDR", "127.0.0.1")
    return monkeypatch


@pytest.mark.parametrize(
    "called",
    [
        "python /venv/bin/accelerate launch",
        "/venv/bin/accelerate-launch",
        "python -m accelerate.commands.launch",
        "python /site-packages/accelerate/commands/launch.py",
    ],
)
def test_the_launchers_settings_are_read(called: str, asked: pytest.MonkeyPatch) -> None:
    words = f"{called} --cpu --num_processes 3 -m explorer train --out launch".split()
    asked.setattr(launch.psutil, "Process", lambda: Parent(words))
    settings = launch.asked_for()
    assert isinstance(settings, Namespace) and settings.num_processes == 3
    one = f"{called} --cpu --num_processes 1 -m explorer train".split()
    asked.setattr(launch.psutil, "Process", lambda: Parent(one))
    assert launch.asked_for() is None


def test_another_parent_is_refused_in_one_sentence(asked: pytest.MonkeyPatch) -> None:
    asked.setattr(launch.psutil, "Process", lambda: Parent(["make", "train"]))
    with pytest.raises(ValueError, match="accelerate launch --num_processes 2 --cpu -m"):
        launch.asked_for()


@pytest.mark.parametrize("started", ["WORLD_SIZE", "PMI_SIZE", "LOCAL_RANK"])
def test_a_process_that_was_started_starts_no_others(
    started: str, asked: pytest.MonkeyPatch
) -> None:
    asked.setenv(started, "2")
    assert launch.asked_for() is None


def test_without_accelerate_nothing_is_asked_for(asked: pytest.MonkeyPatch) -> None:
    asked.delenv("ACCELERATE_USE_CPU")
    assert launch.asked_for() is None
