"""As on ZeroGPU: every turn of a run in a forked process, which hands back what it yields."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from explorer.gui.frame.context import HOME

SCRIPT = """
import multiprocessing, pickle, sys
from pathlib import Path
import torch
from explorer.gui.frame import device
from explorer.gui.frame.device import Device, StopFlag
from explorer.gui.train import look, watch
from explorer.gui.train.task import Job
from tests.gui.small import kept, small

look.SAMPLES, look.FILM_PICTURES, watch.SHOW_EVERY = 4, 2, 0.0
FORK = multiprocessing.get_context("fork")
turns = []

def child(pipe, job, arguments):
    for result in job(*arguments):
        pipe.send(result)
    pipe.send(None)

def in_fork(job, arguments, seconds):
    job, arguments = pickle.loads(pickle.dumps((job, arguments)))
    near, far = FORK.Pipe()
    process = FORK.Process(target=child, args=(far, job, arguments))
    process.start()
    turns.append(process.pid)
    far.close()
    while (result := near.recv()) is not None:
        yield result
    process.join()

def trained(name, slice_seconds=None):
    job = Job(small(steps=6), Path(sys.argv[1]) / f"{name}.safetensors")
    flag = StopFlag(name)
    flag.start()
    run = Device(torch.device("cpu")).runner(flag)
    *_, last = watch.train(job, run, flag.read, flag, slice_seconds=slice_seconds)
    flag.stop()
    return kept(job), last

here, _ = trained("here")
device._work = in_fork
there, last = trained("there", slice_seconds=1e-9)
assert len(set(turns)) == 6, turns
assert last.over and last.saved == "there" and last.history.steps == [1, 2, 3, 4, 5, 6]
rows = [snapshot.step for snapshot in last.film.snapshots]
assert (rows[0], rows[-1]) == (0, 6) and last.neighbours
assert here.keys() == there.keys()
assert all(torch.equal(here[name], there[name]) for name in here)
print("the same")
"""


def test_a_run_goes_from_fork_to_fork(tmp_path: Path) -> None:
    environment = os.environ | {"OMP_NUM_THREADS": "1", "TMPDIR": str(tmp_path)}
    ended = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(tmp_path)],
        cwd=HOME,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.strip() == "the same"
