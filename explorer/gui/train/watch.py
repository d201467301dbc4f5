"""A training run as the page watches it: loss, probe, samples and film while it learns."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

import torch
from PIL import Image

from explorer.data import ImageSet, loading
from explorer.gui.frame.device import Ended
from explorer.gui.frame.shared import plain
from explorer.gui.frame.spoken import counted, lasting, remaining
from explorer.gui.train import growth
from explorer.gui.train.growth import Growth
from explorer.gui.train.look import (
    add_row,
    keep_sheet,
    neighbours,
    new_film,
    row_due,
    samples,
    sheet,
    stored_film,
)
from explorer.gui.train.own_pictures import OWN, read_stored
from explorer.gui.train.task import Job
from explorer.training import (
    History,
    Run,
    Saving,
    TrainStep,
    load_state,
    observe,
)
from explorer.training.floor import ideal_floor
from explorer.training.observe import look_at_end

SHOW_EVERY = 0.4
"""Seconds between two looks at the loss."""
SAMPLE_EVERY = 4.0
"""Seconds between two looks at the samples, more if they take long."""
COMMAND = "Train tab"
"""What a model's description says of how it was made."""


@dataclass
class Progress:
    """What a run has shown so far; yielded again and again while it grows."""

    status: str = ""
    history: History = field(default_factory=History)
    probed: bool = False
    """Whether the probe was looked at since the last time."""
    samples: tuple[Image.Image, str] | None = None
    """The newest samples and their caption; None if they have not changed."""
    film: Growth | None = None
    """None if it has not changed."""
    neighbours: tuple[Image.Image, str] | None = None
    """At the end: samples beside the nearest training pictures."""
    speed: float | None = None
    """Steps per second, of training alone."""
    saved: str | None = None
    """The model's name, once the run has ended or stopped."""
    paused: bool = False
    over: bool = False
    """Whether nothing more comes: the budget is spent, or somebody stopped it."""


def train(
    job: Job,
    run: Callable[..., Iterator[Progress]],
    wishes: Callable[[], str],
    stopped: Callable[[], bool],
    *,
    slice_seconds: float | None = None,
) -> Generator[Progress, None, None]:
    """Train, look and save: yields a growing `Progress`, at the end one that is `over`.

    Whatever ends the run, its budget, a stop, a closed page or a failure, the model and all that
    is needed to go on are kept as they stood at the last good step. With `slice_seconds` the run
    gives the device back every so often, and the memory too: each slice begins from what the last
    one wrote, so that it may run in another process.

    run : what `run(worker, *arguments)` yields is what worker(*arguments, device, stopped) does.
    """
    with job.record.held():
        yield from _slices(job, run, wishes, stopped, slice_seconds)


def _slices(
    job: Job,
    run: Callable[..., Iterator[Progress]],
    wishes: Callable[[], str],
    stopped: Callable[[], bool],
    slice_seconds: float | None,
) -> Generator[Progress, None, None]:
    progress = Progress(status="reading the images …")
    yield progress
    data = None
    for state in read(job):
        if stopped():
            raise Ended
        if isinstance(state, ImageSet):
            data = state
        else:
            progress.status = state
            yield progress
    resume, film = job.resume, None
    longest = slice_seconds or job.config.seconds or 3600
    expected = min(job.expected, slice_seconds or job.expected)
    while not progress.over:
        arguments = (job, data, wishes, slice_seconds, resume, film)
        for progress in run(work, *arguments, seconds=longest, expected=expected):
            film = progress.film or film
            yield progress
        resume, job = True, replace(job, rate=None)


def read(job: Job) -> Iterator[str | ImageSet]:
    """What is being read or downloaded, and at last the data set."""
    config = job.config
    if config.data == OWN:
        yield read_stored(job.model.parent)
        return
    for state in loading(config.data, size=config.size, root=job.root, fit=config.fit):
        if state.data is not None:
            yield state.data
        elif state.total:
            yield f"{state.what}: {state.done / state.total:.0%}"


def work(
    job: Job,
    data: ImageSet,
    wishes: Callable[[], str],
    limit: float | None,
    resume: bool,
    film: Growth | None,
    device: torch.device,
    stopped: Callable[[], bool],
) -> Iterator[Progress]:
    """One slice of a run on the device: until it is over, stopped, or `limit` seconds are gone."""
    run = Run(job.config, data, device)
    if resume:
        load_state(run, job.record.state)
    if job.rate is not None:
        change_rate(run, job.rate)
    film = film or (stored_film(job.record) if job.resume else None) or new_film(job.config)
    progress = Progress(history=run.history)
    try:
        yield from watch(run, job, progress, film, wishes, stopped, limit)
        if progress.over:
            look_at_end(run)
            add_row(film, run, last=True)
    finally:
        if run.step:
            job.record.keep(run, COMMAND)
            growth.write(film, job.record.folder / "film")
    progress.film, progress.probed = film, True
    if progress.over:
        x = samples(run)
        progress.samples = sheet(run, x)
        progress.neighbours = neighbours(run, x)
        keep_sheet(job.record, "samples", progress.samples)
        keep_sheet(job.record, "neighbours", progress.neighbours)
        progress.saved = job.model.stem
        ended = "paused and saved" if progress.paused else "saved"
        progress.status = (
            f"**{plain(job.model.stem)}** {ended}: {counted(run.step, 'step')} in "
            f"{lasting(run.seconds)}, "
            f"loss {run.smooth_loss:.3f}, probe {run.history.probes[-1].loss:.3f} "
            f"± {run.history.probe_error:.3f}" + (f" · {plain(run.note)}" if run.note else "")
        )
    yield progress


def watch(
    run: Run,
    job: Job,
    progress: Progress,
    film: Growth,
    wishes: Callable[[], str],
    stopped: Callable[[], bool],
    limit: float | None,
) -> Iterator[Progress]:
    """Follow the run; show loss, samples and film now and then."""
    begun = shown = sampled = time.perf_counter()
    pause, saving = SAMPLE_EVERY, Saving(job.record, COMMAND)
    if run.step == 0:
        progress.samples = sheet(run, samples(run))
        add_row(film, run)
    progress.film, progress.probed = film, True
    with halted(run):
        yield progress
    progress.samples, progress.film, progress.probed = None, None, False
    if run.history.floor is None:
        run.history.floor = ideal_floor(run)
        progress.probed = True
    for seen in observe(run):
        progress.paused = obey(run, wishes())
        progress.probed |= seen.probed
        now = time.perf_counter()
        if seen.probed and row_due(film, run.history):
            add_row(film, run)
            progress.film = film
        if saving.after(run, seen):
            growth.write(film, job.record.folder / "film")
        if now - shown < SHOW_EVERY and not progress.paused:
            continue
        progress.status = " · ".join(filter(None, (status(seen.step), plain(run.note))))
        progress.speed = seen.step.images_per_second / run.config.batch
        if now - sampled > pause:
            progress.samples = sheet(run, samples(run))
            sampled = time.perf_counter()
            pause = max(SAMPLE_EVERY, 12 * (sampled - now))
        with halted(run):
            yield progress
        progress.samples, progress.film, progress.probed = None, None, False
        shown = time.perf_counter()
        progress.over = stopped() or progress.paused
        spent = shown - begun - run.away
        if progress.over or (limit and spent > limit and run.progress < 1):
            return
    progress.over = True


@contextmanager
def halted(run: Run) -> Iterator[None]:
    """While others may have the device: the run's time stands still."""
    begun = time.perf_counter()
    yield
    run.away += time.perf_counter() - begun


def obey(run: Run, wishes: str) -> bool:
    """What was wished while the run goes on, {"rate": …} or {"pause": true}; whether to pause."""
    try:
        wish = json.loads(wishes or "{}")
    except ValueError:  # half written: next time
        return False
    change_rate(run, float(wish.get("rate", run.peak)))
    return bool(wish.get("pause"))


def change_rate(run: Run, rate: float) -> None:
    """From the next step on its schedule scales another learning rate, as its history notes."""
    if rate != run.peak:
        run.peak = rate
        run.history.add_rate(run.step, rate)


def status(step: TrainStep) -> str:
    """ "step 412 · 426 images/s · about 38 seconds left"."""
    return (
        f"step {step.step} · loss {step.smooth_loss:.3f} · "
        f"{step.images_per_second:.0f} images/s · {remaining(step.seconds_left)}"
    )
