"""When a run is written to disk while it trains."""

from __future__ import annotations

import time
from collections.abc import Callable

from explorer.training.metrics import Log, Metrics
from explorer.training.observe import Seen
from explorer.training.record import Record
from explorer.training.run import Run

FIRST = 2.0
"""Seconds after which a run is saved that has reached no snapshot by then."""
EVERY = 10.0
"""Seconds from one saving to the next, at least …"""
TIMES = 20
"""… and at least so many times what the last one took: saving costs at most a twentieth."""


class Saving:
    """Saves a run with its first snapshot or after `FIRST` seconds, then again and again.

    A run that is killed so goes on from about ten seconds before, where it is saved within half a
    second.
    """

    def __init__(
        self,
        record: Record,
        command: str,
        every: float | None = None,
        clock: Callable[[], float] = time.monotonic,
        log: Log | None = None,
    ) -> None:
        """every : seconds, if the user said so; None goes by what saving costs.
        log : who is told of the metrics too.
        """
        self.record, self.command, self.every, self.clock = record, command, every, clock
        self.metrics = Metrics(record, clock, log)
        self.last = clock()
        self.cost: float | None = None
        """Seconds that the last saving took."""

    @property
    def pause(self) -> float:
        """Seconds from the last saving to the next."""
        if self.every is not None:
            return self.every
        return FIRST if self.cost is None else max(EVERY, TIMES * self.cost)

    def after(self, run: Run, seen: Seen) -> bool:
        """Write what is due after this step; whether the state was written.

        OSError, a sentence, as of `Record`.
        """
        self.metrics.note(run, seen)
        first = seen.snapshot and not self.record.belongs_to(run)
        due = first or self.clock() - self.last >= self.pause
        if due:
            self.keep(run)
        if seen.snapshot:
            self.record.keep_snapshot(run, self.command)
        self.metrics.write(run)
        return due

    def keep(self, run: Run) -> None:
        """Write the state and the model now."""
        begun = self.clock()
        self.record.keep(run, self.command)
        self.metrics.write(run)
        self.last = self.clock()
        self.cost = self.last - begun
