"""python -m explorer train: a run from the command line, alone or as one of several processes."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

from explorer.cli.console import (
    Stopped,
    check_writable,
    complain,
    first_process,
    progress_bar,
    signals_noted,
)
from explorer.cli.recipe import Train, as_yaml, make_config
from explorer.cli.words import UsageError
from explorer.diffusion.names import CLASS
from explorer.lectures import LECTURES, differences
from explorer.settings.names import FITS

if TYPE_CHECKING:
    import torch

    from explorer.data import ImageSet
    from explorer.settings.training import TrainConfig
    from explorer.training import Record, Run, Saving, TrainStep

KEEP_RUNS = 20
"""Beside so many models in a folder, the newest, their runs' states and snapshots are kept."""


def run_train(args: Train, words: Sequence[str]) -> int:
    """Train as asked; the exit code."""
    if args.print_config:
        make_config(args)
        print(as_yaml(args), end="")
        return 0
    if args.out is None:
        raise UsageError("--out is missing: say where to write the model")
    from explorer.data.images import check_size
    from explorer.devices import find_device
    from explorer.training import Record, launch

    if settings := launch.asked_for():
        return launch.start(settings, words)

    if args.out.suffix != ".safetensors":
        raise ValueError(f"--out {args.out}: checkpoints end in .safetensors")
    if args.save_every is not None and not args.save_every >= 0:
        raise ValueError(f"--save-every {args.save_every:g}: seconds, 0 or more")
    config = make_config(args)
    # what is wrong with the pictures' size or the network is said before the data are read
    check_size(config.size)
    config.make_network_config(channels=1, classes=2 if config.target == CLASS else 0)
    if args.lecture and (other := differences(LECTURES[args.lecture], config)):
        complain(f"different from the lecture {args.lecture}: {', '.join(other)}")
    for sentence in config.advice():
        complain(sentence)
    device = find_device(args.device)
    record = Record(args.out)
    check_place(args, record)
    check_writable(args.out)
    with record.held() if first_process() else nullcontext():
        return run_alone(args, words, config, device, record)


def check_place(args: Train, record: Record) -> None:
    """ValueError if there is nothing to go on with, or something that would be lost."""
    if args.resume and args.overwrite:
        raise ValueError("--resume continues and --overwrite starts over: give only one of them")
    if args.resume and not record.state.is_file():
        raise ValueError(f"there is no {record.state} to resume from; leave out --resume")
    there = next((path for path in (record.model, record.state) if path.is_file()), None)
    if there and not args.resume and not args.overwrite:
        raise ValueError(
            f"{there} already exists: continue it (--resume), replace it (--overwrite), or "
            "choose another --out"
        )


def run_alone(
    args: Train, words: Sequence[str], config: TrainConfig, device: torch.device, record: Record
) -> int:
    """Train, while nobody else trains into the same place; the exit code."""
    from accelerate import Accelerator

    from explorer.devices import choose_threads
    from explorer.training import Run, Saving, load_state
    from explorer.training.metrics import board
    from explorer.training.probe import few_held_out
    from explorer.training.record import prune

    with Accelerator(mixed_precision="no").local_main_process_first():  # one downloads for all
        data = read(config.data, config.size, args.root, fit=config.fit)
    if device.type == "cpu":
        choose_threads()
    run = Run(config, data, device)
    if args.resume:
        for sentence in load_state(run, record.state):
            complain(sentence)
    if few := few_held_out(len(data)):
        complain(few)
    command = "python -m explorer " + shlex.join(words)
    log = board(record, args.log, fresh=not args.resume)
    saving = Saving(record, command, args.save_every, log=log)
    stopped = train(run, saving)
    if run.accelerator.is_main_process and (pruned := prune(record.model.parent, KEEP_RUNS)):
        complain(
            f"of the finished runs {', '.join(pruned)} only the models are kept: there are "
            f"{KEEP_RUNS} newer ones"
        )
    if stopped:
        raise Stopped(f"{run.step} steps are saved in {record.model}; continue with --resume")
    if run.accelerator.is_main_process:
        print(
            f"{record.model}: {run.step} steps of {run.config.batch} in {run.seconds:.0f} s, "
            f"loss {run.smooth_loss:.4f}, probe {run.history.probes[-1].loss:.4f}"
        )
    return 0


def read(name: str, size: int, root: str | Path | None, *, fit: str = FITS[0]) -> ImageSet:
    """The data set, with a progress bar while it is read, and what is to be said of it."""
    from explorer.data import loading

    with progress_bar(delay=1.0) as show:
        for state in loading(name, size=size, root=root, fit=fit):
            show(state.done / state.total if state.total else 0.0, state.what)
    if state.note:
        complain(state.note)
    assert state.data is not None  # the last one carries the set
    return state.data


def train(run: Run, saving: Saving) -> bool:
    """Train to the end of the budget with a progress bar; whether a signal ended it before.

    With several processes only the first writes, and all stop after the same step.
    """
    from explorer.failures import out_of_memory
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
            good = isinstance(error, FloatingPointError | BrokenPipeError) or out_of_memory(error)
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
