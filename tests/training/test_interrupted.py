"""The command line's run when the process is killed or the disk is full."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest
from safetensors.torch import load_file

from explorer import checkpoints
from explorer.cli.main import main
from explorer.training.state import read_state
from tests.training.helpers import differing

ROOT = Path(__file__).parents[2]
TINY = "train --size 8 --batch 4 --network tiny --device cpu --learning-rate 0.005".split()


def train(out: Path, steps: int, *words: str) -> int:
    """The exit code of a run in this process."""
    return main([*TINY, "--steps", str(steps), "--out", str(out), *words])


def test_kill_9_and_resume_equal_a_run_that_was_left_alone(tmp_path: Path) -> None:
    steps, out = 120, tmp_path / "killed" / "a.safetensors"
    state = out.with_suffix(".run") / "state.safetensors"
    command = [sys.executable, "-m", "explorer", *TINY, "--steps", str(steps)]
    with subprocess.Popen(
        [*command, "--out", str(out), "--save-every", "0"], stderr=subprocess.PIPE, cwd=ROOT
    ) as process:
        try:
            while not (state.is_file() and read_state(state).step >= 3):  # never half written
                assert process.poll() is None, process.stderr.read()
                time.sleep(0.005)
        finally:
            process.kill()
        process.wait()
    assert process.returncode == -9
    stopped = read_state(state).step
    assert 3 <= stopped < steps
    catalogue = checkpoints.catalogue(out.parent)
    assert list(catalogue) == [out]  # no broken checkpoint in the list
    assert 0 <= stopped - catalogue[out].training["steps"] <= 1
    checkpoints.load(out)

    assert train(out, steps, "--resume") == 0
    whole = tmp_path / "whole" / "a.safetensors"
    assert train(whole, steps) == 0
    assert differing(load_file(out), load_file(whole)) == []
    states = [path.with_suffix(".run") / "state.safetensors" for path in (out, whole)]
    assert differing(*map(load_file, states)) == []
    a, b = (read_state(path).history for path in states)
    assert (a.steps, a.losses, a.smooth) == (b.steps, b.losses, b.smooth)
    snapshots = [sorted(p.name for p in path.parent.rglob("step-*")) for path in states]
    assert snapshots[0] == snapshots[1]


def test_a_full_disk_keeps_what_was_there_and_says_so_in_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    resource = pytest.importorskip("resource")
    out = tmp_path / "a.safetensors"
    assert train(out, 4) == 0
    state = out.with_suffix(".run") / "state.safetensors"
    before = out.read_bytes(), state.read_bytes()
    capsys.readouterr()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_500_000, hard))  # snapshots pass, states do not
    try:
        code = train(out, 7, "--resume")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    captured = capsys.readouterr()
    said = captured.err.replace("\r", "\n").splitlines()
    assert code == 1 and captured.out == "" and "Traceback" not in captured.err
    sentences = [line for line in said if line.startswith("explorer: ")]
    assert len(sentences) == 1 and "could not be written (" in sentences[0]
    assert (out.read_bytes(), state.read_bytes()) == before
    assert not list(tmp_path.rglob(".*.part"))
    assert train(out, 7, "--resume") == 0 and read_state(state).step == 7
