"""What a run measures of itself, line by line: metrics.jsonl in its folder, and elsewhere."""

from __future__ import annotations

import importlib.util
import json
import shutil
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict

from explorer.checkpoints import CheckpointError
from explorer.files import written_whole
from explorer.training.observe import Seen
from explorer.training.record import Record
from explorer.training.run import Run
from explorer.training.state import read_state

FILE = "metrics.jsonl"
EVERY, RAREST = 1.0, 10.0
"""Seconds between two lines: at first, and after ten minutes; after a look at the probe there is
one at once."""
SHOWN = ("step", "loss", "smooth_loss", "learning_rate", "seconds", "images_per_second")
"""Of a `TrainStep`."""
BOARD = "tensorboard"

Log = Callable[[Mapping[str, float], int], None]
"""(name -> value, step), called for every line."""


class Metrics:
    """One JSON object a line: step, losses, learning rate, seconds, pictures a second, probe.

    Written once the run's state lies in the folder: until then all that an earlier run left there
    stays. A run that is continued goes on in its file, after the step that it goes on from.
    """

    def __init__(
        self,
        record: Record,
        clock: Callable[[], float] = time.monotonic,
        log: Log | None = None,
    ) -> None:
        self.path, self.record, self.clock, self.log = record.folder / FILE, record, clock, log
        self.last: float | None = None
        self.waiting: list[dict[str, float]] = []
        self.begun = False

    def note(self, run: Run, seen: Seen) -> None:
        """Take a line down if one is due."""
        if self.last is None:
            self._go_on_from(run)
        now = self.clock()
        pause = min(RAREST, max(EVERY, seen.step.seconds / 60))
        if self.last is not None and now - self.last < pause and not seen.probed:
            return
        self.last = now
        step = asdict(seen.step)
        line = {name: step[name] for name in SHOWN}
        if seen.probed:
            line["probe_loss"] = run.history.probes[-1].loss
        self.waiting.append(line)

    def write(self, run: Run) -> None:
        """Append what waits, if the folder is the run's; on a full disk it waits on."""
        if not self.waiting or not self.record.belongs_to(run):
            return
        try:
            with self.path.open("a" if self.begun else "w", encoding="utf-8") as file:
                file.writelines(json.dumps(line) + "\n" for line in self.waiting)
        except OSError:  # what is lost without it is said where the state is written
            return
        self.begun = True
        if self.log:
            for line in self.waiting:
                step = int(line["step"])
                self.log({name: line[name] for name in line if name != "step"}, step)
        self.waiting.clear()

    def _go_on_from(self, run: Run) -> None:
        """Drop the lines after the step that a run was saved at, which it has taken anew."""
        if not self.record.belongs_to(run):
            return
        self.begun = True
        with suppress(CheckpointError, OSError):
            kept = read_state(self.record.state).step
            lines = self.path.read_text(encoding="utf-8").splitlines(keepends=True)
            with written_whole(self.path) as part:
                part.write_text(
                    "".join(line for line in lines if _step(line) <= kept), encoding="utf-8"
                )


def _step(line: str) -> float:
    """Infinite for half a line, as a killed process may leave it."""
    try:
        return float(json.loads(line)["step"]) if line.endswith("\n") else float("inf")
    except (KeyError, TypeError, ValueError):
        return float("inf")


def board(record: Record, name: str | None, *, fresh: bool = False) -> Log | None:
    """Who shows the metrics elsewhere, as --log names it; ValueError if it is not installed.

    fresh : whether what an earlier run showed there goes with the first line.
    """
    if name is None:
        return None
    if not any(map(importlib.util.find_spec, (BOARD, "tensorboardX"))):
        raise ValueError(f"--log {name} needs the package {BOARD}: pip install {BOARD}")
    from accelerate import Accelerator

    accelerator = Accelerator(mixed_precision="no", log_with=BOARD, project_dir=record.folder)

    def log(values: Mapping[str, float], step: int) -> None:
        if not accelerator.trackers:
            if fresh:
                shutil.rmtree(record.folder / BOARD, ignore_errors=True)
            accelerator.init_trackers(BOARD)
        accelerator.log(dict(values), step=step)

    return log
