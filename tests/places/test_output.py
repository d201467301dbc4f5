"""Output in a narrow encoding, into a pipe that nobody reads, and to a full disk."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from safetensors import safe_open

from explorer.gui.frame.context import HOME
from tests.places.places import run

COMMANDS = {
    "sample --help": "sample --help",
    "train --help": "train --help",
    "an error": "evaluate {model} --eta η",
    "sample": "sample {model} --n 1 --sampler ddim --steps 2 --out {tmp}/ᾱ.png",
    "evaluate": "evaluate {model} --n 8 --steps 2 --eta 0,hat --reference 64 --out {tmp}/t.json",
    "bound": "evaluate {model} --bound --n 2 --times 2 --out {tmp}/b.json",
    "train": "train --size 8 --T 10 --network tiny --steps 1 --out {tmp}/σ.safetensors",
}


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A digits model of ten steps, hardly trained."""
    path = tmp_path_factory.mktemp("model") / "tiny.safetensors"
    words = f"-m explorer train --size 8 --T 10 --network tiny --steps 2 --out {path}"
    assert run(words.split()).returncode == 0
    return path


def words_of(name: str, model: Path, tmp_path: Path) -> list[str]:
    return ["-m", "explorer", *shlex.split(COMMANDS[name].format(model=model, tmp=tmp_path))]


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_prints_in_ascii(name: str, model: Path, tmp_path: Path) -> None:
    environment = os.environ | {"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    done = run(words_of(name, model, tmp_path), environment=environment)
    assert done.returncode == (1 if name == "an error" else 0), done.stderr.decode()
    assert (done.stdout + done.stderr).isascii() and b"Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("name", "where"),
    [
        ("sample", "nobody reads"),
        ("evaluate", "nobody reads"),
        ("bound", "nobody reads"),
        ("train", "nobody reads"),
        ("bound", "the disk is full"),
        ("bound", "closed"),
    ],
)
def test_results_are_written_before_they_are_printed(
    name: str, where: str, model: Path, tmp_path: Path
) -> None:
    """And what comes of printing is no traceback: 141 as in a shell, or a sentence."""
    ours, theirs = os.pipe()
    os.close(ours)
    if where == "the disk is full":
        if not Path("/dev/full").exists():
            pytest.skip("this machine has no /dev/full")
        os.close(theirs)
        theirs = os.open("/dev/full", os.O_WRONLY)
    closed = (lambda: os.close(1)) if where == "closed" else None
    done = subprocess.run(
        [sys.executable, *words_of(name, model, tmp_path)],
        cwd=HOME,
        stdout=theirs,
        stderr=subprocess.PIPE,
        preexec_fn=closed,
        timeout=300,
    )
    os.close(theirs)
    assert done.returncode == {"nobody reads": 141, "the disk is full": 1, "closed": 0}[where]
    assert b"Traceback" not in done.stderr and b"Exception" not in done.stderr
    written = [path for path in tmp_path.iterdir() if path.is_file() and path.stat().st_size]
    assert written
    for path in written:
        if path.suffix == ".json":
            assert json.loads(path.read_text("utf-8"))
        if path.suffix == ".safetensors":
            with safe_open(path, "pt") as file:
                assert file.keys()
