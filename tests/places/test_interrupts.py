"""Ctrl-C at any moment, none at all in a shell's background, and too little memory to begin."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from explorer import checkpoints
from explorer.gui.frame.context import HOME
from tests.gui.small import until
from tests.places.places import heard, run

TRAIN = "-m explorer train --size 8 --T 10 --network tiny --batch 4 --steps 1000000 --out"
STARTS = [
    ["-m", "explorer", "describe", "checkpoints/mnist.safetensors"],
    ["app.py"],
    ["-m", "tools.make_cards"],
]
CODE = """
import os, runpy, signal, sys

kind, program, module = sys.argv[1:4]

class Interrupting:
    def find_spec(self, name, *_):
        if name == module and not self.seen:
            self.seen = True
            os.kill(os.getpid(), signal.SIGINT)

    seen = False

sys.path.insert(0, os.getcwd())
sys.meta_path.insert(0, Interrupting())
sys.argv = ["-m", *sys.argv[4:]]  # as python -m has it while it looks for the module
if kind == "module":
    runpy.run_module(program, run_name="__main__")
else:
    runpy.run_path(program, run_name="__main__")
print("it was not interrupted")
"""
"""Runs a program that gets a Ctrl-C in the moment in which it begins to import a module."""
MOMENTS = [
    ("explorer", "explorer.cli.main"),
    ("explorer", "torch"),
    ("explorer", "torch.nn"),
    ("app.py", "explorer.gui.app"),
    ("app.py", "numpy"),
    ("app.py", "gradio.components"),
    ("tools.judge", "torch"),
    ("benchmarks.digits", "torch.optim"),
]


@pytest.mark.parametrize(("program", "module"), MOMENTS)
def test_ctrl_c_while_it_begins_is_one_line(program: str, module: str, tmp_path: Path) -> None:
    """Whoever imports it may hide or lose the exception: torch and its kind do."""
    words = {"explorer": ["describe", "checkpoints/mnist.safetensors"]}.get(program, [])
    kind = "file" if program.endswith(".py") else "module"
    environment = os.environ | {"GRADIO_SERVER_PORT": "", "TMPDIR": str(tmp_path)}
    begun = ["-c", CODE, kind, program, module, *words]
    done = run(begun, environment=environment, before=heard)
    assert done.returncode == 130, done.stderr.decode()
    (line,) = done.stderr.decode().splitlines()
    assert line.endswith(": stopped") and not done.stdout


def ignoring() -> None:
    """As `sh -c 'program &'` starts it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def test_in_the_background_ctrl_c_is_for_others(tmp_path: Path) -> None:
    """An ignored SIGINT stays ignored while it imports, trains and ends; SIGTERM still saves."""
    out = tmp_path / "a.safetensors"
    process = subprocess.Popen(
        [sys.executable, *TRAIN.split(), str(out), "--save-every", "0"],
        cwd=HOME,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        preexec_fn=ignoring,
    )
    for _ in range(8):
        time.sleep(0.2)
        process.send_signal(signal.SIGINT)
    until(lambda: out.exists() or process.poll() is not None, 120)
    process.send_signal(signal.SIGINT)
    time.sleep(1)
    assert process.poll() is None, process.communicate()[1]
    process.terminate()
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130 and b"steps are saved" in said
    assert checkpoints.describe(out).training["steps"] > 0


@pytest.mark.parametrize("words", STARTS)
@pytest.mark.parametrize("megabytes", [500, 1200])
def test_too_little_memory_to_begin_is_a_sentence(words: list[str], megabytes: int) -> None:
    resource = pytest.importorskip("resource", reason="this system has no limits of memory")

    def limited() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (megabytes * 10**6, megabytes * 10**6))

    done = run(words, environment=os.environ | {"OMP_NUM_THREADS": "1"}, before=limited)
    (line,) = done.stderr.decode().splitlines()
    assert done.returncode == 1 and "not enough memory" in line, line
