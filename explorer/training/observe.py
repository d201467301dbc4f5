"""A run as one follows it: every step, the fixed probe now and then, some snapshots."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass

from explorer.training.loop import TrainStep, fit
from explorer.training.run import Run

SNAPSHOTS = tuple(2.0**-i for i in range(7, -1, -1))
"""Shares of the budget after which the run is looked back at: log-spaced, up to its end."""
DENSER = 1.12
"""From one look at the probe to the next the steps grow at least by this factor …"""
COST = 0.06
"""… and looking takes at most this share of the time."""


@dataclass(frozen=True)
class Seen:
    """A step, and what was looked at after it."""

    step: TrainStep
    probed: bool
    """Whether `run.history.probes` has grown."""
    snapshot: bool
    """Whether this is one of the `SNAPSHOTS`."""


def observe(run: Run) -> Iterator[Seen]:
    """`fit`, with the probe's loss in `run.history` at about evenly spread log-steps.

    The probe is also looked at before the first step and after the last. It draws nothing from
    the run's generator: who is observed learns the same.
    """
    probes = run.history.probes
    cost, looked = 0.0, time.perf_counter()

    def look_now() -> None:
        nonlocal cost, looked
        begun = time.perf_counter()
        run.history.add_probe(run.step, run.probe())
        looked = time.perf_counter()
        cost = looked - begun

    if not probes:
        look_now()
    due = next_share(run.progress)
    for step in fit(run):
        last = run.progress >= 1
        wanted = run.step >= max(probes[-1].step * DENSER, probes[-1].step + 1)
        paid = time.perf_counter() - looked >= cost / COST
        probed = last or (wanted and paid)
        if probed:
            look_now()
        snapshot = run.progress >= due
        due = next_share(run.progress) if snapshot else due
        yield Seen(step, probed, snapshot)


def look_at_end(run: Run) -> None:
    """The probe once more, if it was not looked at after the last step: a run ends with a look."""
    probes = run.history.probes
    if not probes or probes[-1].step < run.step:
        run.history.add_probe(run.step, run.probe())


def next_share(progress: float) -> float:
    """The first of `SNAPSHOTS` that is still to come."""
    return next((share for share in SNAPSHOTS if share > progress), float("inf"))
