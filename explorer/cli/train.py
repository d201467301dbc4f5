"""python -m explorer train: a run from the command line, alone or as one of several processes."""

from __future__ import annotations

import argparse
import shlex
import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from explorer.cli.console import Stopped, check_writable, complain
from explorer.devices import find_device
from explorer.lectures import LECTURES, adapt, differences
from explorer.networks import CHOICES
from explorer.optimisers import OPTIMISERS

if TYPE_CHECKING:
    from explorer.data import ImageSet
    from explorer.training import Record, Run, TrainStep

KEEP_RUNS = 20
"""Beside so many models in a folder, the newest, their runs' states and snapshots are kept."""


def run_train(args: argparse.Namespace) -> int:
    from accelerate import Accelerator

    from explorer.devices import choose_threads
    from explorer.diffusion.objective import CLASS
    from explorer.training import Record, Run, TrainConfig, launch, load_state
    from explorer.training.config import CLASSIFIER
    from explorer.training.record import prune

    if settings := launch.asked_for():
        return launch.start(settings, args.words)

    if args.out.suffix != ".safetensors":
        raise ValueError(f"--out {args.out}: checkpoints end in .safetensors")
    if not args.save_every >= 0:
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
    with Accelerator(mixed_precision="no").local_main_process_first():  # one downloads for all
        data = read(args.data, args.size, args.root)
    if device.type == "cpu":
        choose_threads()
    run = Run(config, data, device)
    record = Record(args.out)
    if args.resume:
        if not record.state.is_file():
            raise ValueError(f"there is no {record.state} to resume from; leave --resume out")
        load_state(run, record.state)
    check_writable(args.out)
    stopped = follow(run, record, "python -m explorer " + shlex.join(args.words), args.save_every)
    if run.accelerator.is_main_process:
        prune(args.out.parent, KEEP_RUNS)
    if stopped:
        raise Stopped(f"{run.step} steps are kept in {args.out}; go on with --resume")
    if run.accelerator.is_main_process:
        print(
            f"{args.out}: {run.step} steps of {config.batch} in {run.seconds:.0f} s, "
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
    from tqdm import tqdm

    from explorer.data import loading

    with tqdm(bar_format="{desc}: {percentage:3.0f}%|{bar}|", leave=False, delay=1) as bar:
        for state in loading(name, size=size, root=root):
            bar.set_description(state.what, refresh=False)
            bar.total, bar.n = state.total, state.done
            bar.update(0)
    if state.note:
        complain(state.note)
    assert state.data is not None  # the last one carries the set
    return state.data


def follow(run: Run, record: Record, command: str, save_every: float) -> bool:
    """Train to the end of the budget with a progress bar; whether a signal ended it before.

    With several processes only the first writes, and all stop after the same step.
    """
    from tqdm import tqdm

    from explorer.training import observe

    asked: list[int] = []  # the signals that came; a step is never cut in two
    handlers = {
        number: signal.signal(number, lambda number, frame: asked.append(number))
        for number in (signal.SIGINT, signal.SIGTERM)
    }
    first = run.accelerator.is_main_process
    if first:
        record.drop_after(run.step)
    kept = time.monotonic()
    layout = "{percentage:3.0f}%|{bar}|{postfix}"
    try:
        with tqdm(
            total=1.0, bar_format=layout, mininterval=0.5, miniters=0, disable=not first
        ) as bar:
            for seen in observe(run):
                bar.n = run.progress
                bar.set_postfix_str(summary(seen.step, run), refresh=False)
                bar.update(0)
                if run.any_process(bool(asked)):
                    break
                if first and seen.snapshot:
                    record.keep_snapshot(run)
                if first and time.monotonic() - kept > save_every:
                    record.keep(run, command)
                    kept = time.monotonic()
        if first:
            record.keep(run, command)
        run.accelerator.wait_for_everyone()  # who ends first ends the others
    except FloatingPointError:  # the weights are those of the last good step
        if first and run.step:
            record.keep(run, command)
        raise
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
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
