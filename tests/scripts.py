"""Runs what a button copies, in a process of its own."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path

from explorer.gui.parts.copy_text import COMMAND, PYTHON, Texts, fill

ROOT = Path(__file__).parents[1]


def run_python(copied: Texts, folder: Path, **values: object) -> str:
    """What the script prints; values : those that a browser would know."""
    script = fill(copied.texts[PYTHON], {**copied.values, **values})
    (folder / "script.py").write_text(script, encoding="utf-8")
    return _run([sys.executable, "script.py"], folder)


def run_commands(copied: Texts, folder: Path) -> str:
    """What the commands print, one after the other."""
    lines = [line for line in copied.texts[COMMAND].splitlines() if not line.startswith("#")]
    found = ""
    for line in lines:
        words = shlex.split(line)
        assert words[:3] == ["python", "-m", "explorer"]
        found += _run([sys.executable, *words[1:]], folder)
    return found


def _run(words: list[str], folder: Path) -> str:
    link = folder / "checkpoints"
    if not link.exists():
        link.symlink_to(ROOT / "checkpoints")
    environment = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    environment["PYTHONIOENCODING"] = "ascii"  # a narrow output ends nothing that is copied
    done = subprocess.run(words, cwd=folder, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout
