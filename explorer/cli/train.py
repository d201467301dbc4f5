"""python -m explorer train: a run from the command line, alone or as one of several processes."""

from __future__ import annotations

import argparse
import shlex
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

from explorer.cli.console import (
    Stopped,
    check_writable,
    complain,
    first_process,
    progress_bar,
    signals_noted,
)
from explorer.devices import find_device
from explorer.failures import out_of_memory
from explorer.lectures import LECTURES, adapt, differences
from explorer.networks import CHOICES
from explorer.optimisers import OPTIMISERS

if TYPE_CHECKING:
    import torch

    from explorer.data import ImageSet
    from explorer.training import Run, Saving, TrainConfig, TrainStep
    from explorer.training.record import Record

KEEP_RUNS = 20
"""Beside so many models in a folder, the newest, their runs' states and snapshots are kept."""


def run_train(args: argparse.Namespace) -> int:
    from explorer.diffusion.names import CLASS
    from explorer.training import Record, TrainConfig, launch
    from explorer.settings.training import CLASSIFIER

    if settings := launch.asked_for():
        return launch.start(settings, args.words)

    if args.out.suffix != ".safetensors":
        raise ValueError(f"--out {args.out}: checkpoints end in .safetensors")
    if args.save_every is not None and not args.save_every >= 0:
        raise ValueError(f"--save-every {args.save_every}: seconds, 0 or more")
    network, options = CHOICES[args.network]
    minutes = 5.0 if args.steps is None and args.minutes is None else args.minutes
    config = TrainConfig(
        data=args.data,
        size=args.size,
        conditional=not args.unconditional,
        flips=args.flips,
        schedule=args.schedule,
        T=args.T,
        schedule_options=dict(map(option, args.option)),
        target=args.target,
        weighting=args.weighting,
        gamma=args.gamma,
        network=CLASSIFIER if args.target == CLASS else network,
        network_options={} if args.target == CLASS else options,
        steps=args.steps,
        seconds=None if minutes is None else 60 * minutes,
        batch=args.batch,
        learning_rate=args.learning_rate,
        ema=args.ema,
        label_dropout=0.0 if args.target == CLASS else args.label_dropout,
        seed=args.seed,
        **OPTIMISERS[args.optimiser],
    )
    if args.lecture and (other := differences(LECTURES[args.lecture], config)):
        complain(f"not as in the lecture {args.lecture}: {', '.join(other)}")
    for sentence in config.advice():
        complain(sentence)
    device = find_device(args.device)
    record = Record(args.out)
    if args.resume and not record.state.is_file():
        raise ValueError(f"there is no {record.state} to resume from; leave --resume out")
    check_writable(args.out)
    with record.held() if first_process() else nullcontext():
        return run_alone(args, config, device, record)


def run_alone(
    args: argparse.Namespace, config: TrainConfig, device: torch.device, record: Record
) -> int:
    """Train, while nobody else trains into the same place; the exit code."""
    from accelerate import Accelerator

    from explorer.devices import choose_threads
    from explorer.training import Run, Saving, load_state
    from explorer.training.record import prune

    with Accelerator(mixed_precision="no").local_main_process_first():  # one downloads for all
        data = read(args.data, args.size, args.root)
    if device.type == "cpu":
        choose_threads()
    run = Run(config, data, device)
    if args.resume:
        load_state(run, record.state)
    command = "python -m explorer " + shlex.join(args.words)
    stopped = train(run, Saving(record, command, args.save_every))
    if run.accelerator.is_main_process:
        prune(args.out.parent, KEEP_RUNS)
    if stopped:
        raise Stopped(f"{run.step} steps are kept in {args.out}; go on with --resume")
    if run.accelerator.is_main_process:
        print(
            f"{args.out}: {run.step} steps of {run.config.batch} in {run.seconds:.0f} s, "
            f"loss {run.smooth_loss:.4f}, probe {run.history.probes[-1].loss:.4f}"
        )
    return 0


def as_in_the_lecture(args: argparse.Namespace) -> dict[str, Any]:
    """The flags' defaults for --lecture: its settings, with the pictures that are at hand."""
    from explorer.data import DATASETS

    lecture = LECTURES[args.lecture]
    fast = find_device(args.device).type == "cuda"
    adapted = adapt(lecture, tuple(DATASETS), args.root, fast=fast)
    return {
        "data": adapted.data,
        "size": adapted.size,
        "network": adapted.network,
        "unconditional": True,
        "schedule": lecture.schedule,
        "T": lecture.T,
        "target": "eps",
        "batch": lecture.batch,
        "learning_rate": lecture.rate,
        "ema": 0.0,
        "optimiser": "Adam",
    }


def read(name: str, size: int, root: str | Path | None) -> ImageSet:
    """The data set, with a progress bar while it is read, and what is to be said of it."""
    from explorer.data import loading

    with progress_bar(delay=1.0) as show:
        for state in loading(name, size=size, root=root):
            show(state.done / state.total if state.total else 0.0, state.what)
    if state.note:
        complain(state.note)
    assert state.data is not None  # the last one carries the set
    return state.data


def train(run: Run, saving: Saving) -> bool:
    """Train to the end of the budget with a progress bar; whether a signal ended it before.

    With several processes only the first writes, and all stop after the same step.
    """
    from explorer.training import observe

    first, note = run.accelerator.is_main_process, run.note
    if first:
        saving.record.drop_others(run)
    with signals_noted() as asked:
        try:
            with progress_bar(shown=first) as show:
                for seen in observe(run):
                    show(run.progress, summary(seen.step, run))
                    if run.note != note:
                        note = run.note
                        complain(note)
                    if run.any_process(bool(asked)):
                        break
                    if first:
                        saving.after(run, seen)
            if first:
                saving.keep(run)
            run.accelerator.wait_for_everyone()  # who ends first ends the others
        except Exception as error:
            good = isinstance(error, FloatingPointError) or out_of_memory(error)
            if first and run.step and good:  # the weights are those of the last good step
                saving.keep(run)
            raise
    return run.progress < 1


def summary(step: TrainStep, run: Run) -> str:
    """What the progress bar says."""
    return (
        f"step {step.step}, loss {step.smooth_loss:.4f}, probe {run.history.probes[-1].loss:.4f}, "
        f"{step.images_per_second:.0f} images/s, {step.seconds_left:.0f} s left"
    )


def option(text: str) -> tuple[str, float]:
    """NAME=NUMBER."""
    name, _, value = text.partition("=")
    try:
        return name, float(value)
    except ValueError as error:
        raise ValueError(f"--option {text}: give it as NAME=NUMBER, for example s=0.01") from error
