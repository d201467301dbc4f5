"""The app as a process: what becomes of a running training when it is ended or killed."""

from __future__ import annotations

import os
import random
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from explorer.gui.frame.context import HOME
from explorer.gui.train.earlier import how_far, unfinished
from explorer.training import Record, Run, load_state
from explorer.training.state import read_state
from tests.gui.small import until

APP = """
import asyncio, sys, threading, time
from pathlib import Path
from types import SimpleNamespace
import torch
from explorer.gui.app import create_app
from explorer.gui.frame.context import Context
from explorer.gui.frame.device import Device
from explorer.gui.frame.limits import LOCAL
from explorer.gui.serve import serve

context = Context(Device(torch.device("cpu")), LOCAL, Path(sys.argv[1]), datasets=("mnist-5k",))
demo = create_app(context)
begin = next(f for f in demo.fns.values() if f.name == "begin" and "train" in f.fn.__module__)
values = {c.label: c.value for c in begin.inputs}
chosen = {"Size, pixels": 8, "Budget in": "steps", "Budget": 10**6, "Batch size, images": 4}
chosen |= {"T, steps": 10, "Network": "tiny"}
assert chosen.keys() <= values.keys()
values |= chosen

async def train():
    async for changes in begin.fn(SimpleNamespace(session_hash="one"), *values.values()):
        said = {getattr(block, "elem_id", None): value for block, value in changes.items()}
        if status := said.get("train-status"):
            print(status, flush=True)

threading.Thread(target=asyncio.run, args=(train(),), daemon=True).start()
serve(demo, context)
"""


class Running:
    """An app that trains at home, on a folder of its own."""

    def __init__(self, folder: Path, log: Path) -> None:
        self.folder, self.log = folder, log
        environment = os.environ | {
            "OMP_NUM_THREADS": "1",
            "GRADIO_TEMP_DIR": str(folder / "gradio"),
            "GRADIO_SERVER_PORT": "",
        }
        with log.open("w") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-c", APP, str(folder)],
                cwd=HOME,
                env=environment,
                stdout=output,
                stderr=output,
                preexec_fn=heard,
            )

    def text(self) -> str:
        return self.log.read_text(encoding="utf-8")

    @property
    def step(self) -> int:
        """The last step that it told of."""
        return max(map(int, re.findall(r"step (\d+)", self.text())), default=0)

    @property
    def record(self) -> Record:
        return Record(self.folder / "runs" / "mnist-5k-8-cosine.safetensors")


def heard() -> None:
    """Signals are as at a terminal, also where the tests run in the background."""
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)


@contextmanager
def running(tmp_path: Path) -> Iterator[Running]:
    app = Running(tmp_path, tmp_path / "log")
    try:
        until(lambda: app.step or app.process.poll() is not None, 180)
        yield app
    finally:
        app.process.kill()
        app.process.wait()


def goes_on(record: Record) -> int:
    """The step that a run can be continued from; it is continued for one more."""
    from dataclasses import replace

    from explorer.data import load

    stored = read_state(record.state)
    config = replace(stored.config, steps=stored.step + 1)
    run = Run(config, load(config.data, size=config.size))
    load_state(run, record.state)
    assert run.step == stored.step
    return stored.step


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_a_signal_saves_what_trains_and_ends_in_peace(tmp_path: Path, name: str) -> None:
    with running(tmp_path) as app:
        before = app.step
        app.process.send_signal(getattr(signal, name))
        assert app.process.wait(60) == 0
    assert "Traceback" not in app.text() and "training runs are saved" in app.text()
    assert "not finished in time" not in app.text()
    assert goes_on(app.record) >= before  # all that it had told of
    found = unfinished(tmp_path / "runs")
    assert found == app.record and "stopped at step" in how_far(found)


def test_killed_at_any_moment_it_goes_on_from_where_it_was_saved(tmp_path: Path) -> None:
    """Every kill is at another moment of another run; the times are printed for whoever asks."""
    rng, kills = random.Random(11), int(os.environ.get("KILLS", "2"))
    for n in range(kills):
        folder = tmp_path / str(n)
        folder.mkdir()
        with running(folder) as app:
            until(app.record.state.is_file, 60)  # from the first snapshot on, or ten seconds
            time.sleep(rng.uniform(0, 8))
            app.process.kill()
            app.process.wait()
        saved = goes_on(app.record)
        age = app.log.stat().st_mtime - app.record.state.stat().st_mtime
        print(f"kill {n}: told of step {app.step}, kept {saved}, {age:.1f} s before")
        assert 0 < saved and unfinished(folder / "runs") == app.record
        with app.record.held():  # nobody holds it any more
            pass
