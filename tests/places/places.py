"""Rough places: an account without a name, namespaces, a bare environment; an app in there."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import pytest

from explorer.gui.frame.context import HOME
from tests.gui.small import until

NUMBER = 4242
"""Of an account that no list of accounts has."""
NAMELESS = ("unshare", "--user", f"--map-user={NUMBER}", f"--map-group={NUMBER}")
"""A user namespace in which whoever runs the tests has that number, and may do no more than its
files allow."""
APART = ("unshare", "--user", "--map-root-user", "--mount")
"""Namespaces in which folders can be mounted that nobody else sees."""
SYSTEM = ("PATH", "LD_LIBRARY_PATH", "PYTHONPATH")
"""Variables without which nothing runs here; a container has no others."""


@cache
def _allowed(way: Sequence[str]) -> bool:
    return shutil.which("unshare") is not None and (
        subprocess.run([*way, "true"], capture_output=True).returncode == 0
    )


def needs(way: Sequence[str]) -> None:
    """Skip the test where the machine has or allows no such namespace."""
    if not _allowed(tuple(way)):
        pytest.skip(f"{' '.join(way)} is not allowed on this machine")


def bare(**more: str) -> dict[str, str]:
    """The environment of a process that has hardly any."""
    kept = {name: os.environ[name] for name in SYSTEM if name in os.environ}
    return kept | {"OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""} | more


def heard() -> None:
    """Ctrl-C is as at a terminal, also where the tests run in the background."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def run(
    words: Sequence[object],
    *,
    environment: Mapping[str, str] | None = None,
    way: Sequence[str] = (),
    folder: Path = HOME,
    before: Callable[[], None] | None = None,
) -> subprocess.CompletedProcess[bytes]:
    """`python WORDS`, in a place."""
    return subprocess.run(
        [*way, sys.executable, *map(str, words)],
        cwd=folder,
        env=dict(environment) if environment is not None else os.environ | {"PYTHONPATH": HOME},
        capture_output=True,
        preexec_fn=before,
        timeout=300,
    )


class App:
    """`python app.py` in a place, and what it prints."""

    def __init__(self, process: subprocess.Popen[bytes], log: Path) -> None:
        self.process, self.log = process, log

    @property
    def text(self) -> str:
        return self.log.read_text(encoding="utf-8", errors="replace")

    @property
    def address(self) -> str:
        """Where it says that it listens; "" before."""
        found = re.search(r"Running on local URL: +(http://\S+)", self.text)
        return found[1] if found and "public link" in self.text else ""


@contextmanager
def running(
    log: Path,
    environment: Mapping[str, str],
    *,
    way: Sequence[str] = (),
    app: Path = HOME / "app.py",
    folder: Path = HOME,
) -> Iterator[App]:
    """The app, once it says where it listens; AssertionError with its log if it ends before."""
    with log.open("wb") as out:
        process = subprocess.Popen(
            [*way, sys.executable, "-u", str(app)],
            cwd=folder,
            env=dict(environment),
            stdout=out,
            stderr=out,
            preexec_fn=heard,
        )
    started = App(process, log)
    try:
        until(lambda: started.address or process.poll() is not None, 240)
        assert process.poll() is None and started.address, started.text
        yield started
    finally:
        process.kill()
        process.wait()
