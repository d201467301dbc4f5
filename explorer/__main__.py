"""python -m explorer train | sample | describe: the work without a browser."""

from __future__ import annotations

import argparse
import json
import os
import shlex
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from explorer.devices import find_device
from explorer.diffusion import SCHEDULES, TARGETS, WEIGHTINGS
from explorer.networks import PRESETS

if TYPE_CHECKING:
    from explorer.data import ImageSet
    from explorer.training import Record, Run, TrainStep

KEEP_RUNS = 20
"""Beside so many models in a folder, the newest, their runs' states and snapshots are kept."""


PATIENCE = 10.0
"""Seconds that all processes but the first wait before they say why they failed. Where all fail
alike, the first one's end ends them before; if they went first, it would never be heard."""


class Stopped(Exception):
    """The user (Ctrl-C) or the system (SIGTERM) asked to stop."""


class Parser(argparse.ArgumentParser):
    """Says what is wrong in one line."""

    def error(self, message: str) -> NoReturn:
        print(f"explorer: {message} (see {self.prog} --help)", file=sys.stderr)
        raise SystemExit(2)


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code: 0 only on success; an error is one line on stderr."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    args = parser().parse_args(words)
    args.words = words
    try:
        return args.run(args) or 0
    except Stopped as stop:
        complain(f"stopped; {stop}")
        return 130
    except KeyboardInterrupt:
        complain("stopped")
        return 130
    except (ValueError, OSError, RuntimeError, FloatingPointError) as error:
        if not first_process():
            time.sleep(PATIENCE)
        complain(" ".join(str(error).split()), always=True)
        return 1


def first_process() -> bool:
    """Whether this is the first of several processes, or the only one."""
    return os.environ.get("RANK", "0") == "0"


def complain(sentence: str, *, always: bool = False) -> None:
    """On stderr; of several processes only the first speaks, unless it must be said."""
    if always or first_process():
        print(f"explorer: {sentence}", file=sys.stderr)


def parser() -> argparse.ArgumentParser:
    top = Parser(prog="python -m explorer", description="Train, sample and describe models.")
    commands = top.add_subparsers(required=True, metavar="train | sample | describe")

    train = commands.add_parser("train", help="train a model")
    train.set_defaults(run=run_train)
    train.add_argument(
        "--data", default="mnist-5k", help="a data set's name, or a folder or zip of pictures"
    )
    train.add_argument("--size", type=int, default=28, help="side of the pictures in pixels")
    train.add_argument("--schedule", default="cosine", help=", ".join(SCHEDULES))
    train.add_argument("--T", type=int, default=1000, help="steps of the schedule")
    train.add_argument(
        "--option",
        action="append",
        default=[],
        metavar="NAME=NUMBER",
        help="of the schedule, for example beta_end=0.01; may be repeated",
    )
    train.add_argument("--target", default="v", choices=TARGETS, help="what the network predicts")
    train.add_argument(
        "--weighting", default="simple", choices=WEIGHTINGS, help="of the loss over t"
    )
    train.add_argument("--gamma", type=float, default=5.0, help="of the weighting min-snr")
    train.add_argument("--network", default="base", choices=PRESETS, help="how large it is")
    train.add_argument("--minutes", type=float, help="budget in time (5 without --steps)")
    train.add_argument("--steps", type=int, help="budget in steps")
    train.add_argument("--batch", type=int, default=64)
    train.add_argument("--learning-rate", type=float, default=2e-3)
    train.add_argument("--ema", type=float, default=0.999, help="decay of the weights' average")
    train.add_argument("--flips", action="store_true", help="mirror half of the pictures")
    train.add_argument("--unconditional", action="store_true", help="do not tell it the classes")
    train.add_argument("--seed", type=int, default=0)
    train.add_argument("--device", help="cpu, cuda or mps; the fastest there is by default")
    train.add_argument("--root", type=Path, help="folder of the downloaded data sets")
    train.add_argument("--resume", action="store_true", help="go on where FILE's run stopped")
    train.add_argument(
        "--save-every", type=float, default=60.0, help="seconds between writing to disk (60)"
    )
    train.add_argument("--out", type=Path, required=True, metavar="FILE")

    sample = commands.add_parser("sample", help="make pictures with a trained model")
    sample.set_defaults(run=run_sample)
    sample.add_argument("file", type=Path, metavar="FILE")
    sample.add_argument("--sampler", choices=("ddim", "ddpm"), default="ddim")
    sample.add_argument(
        "--steps", type=int, help="of DDIM (50, or T if that is less); DDPM takes all T"
    )
    sample.add_argument("--eta", type=float, help="noise of DDIM, 0 to 1 (0)")
    sample.add_argument(
        "--guidance", type=float, default=1.0, help="weight of the class; 1 is plain sampling"
    )
    sample.add_argument("--n", type=int, default=64, help="how many pictures")
    sample.add_argument("--seed", type=int, default=0)
    sample.add_argument("--label", help="a class for all; without it the classes take turns")
    sample.add_argument("--device", help="cpu, cuda or mps; the fastest there is by default")
    sample.add_argument("--out", type=Path, default=Path("grid.png"), metavar="PNG")

    describe = commands.add_parser("describe", help="print what a checkpoint says of itself")
    describe.set_defaults(run=run_describe)
    describe.add_argument("file", type=Path, metavar="FILE")
    return top


def run_train(args: argparse.Namespace) -> int:
    from accelerate import Accelerator

    from explorer.devices import choose_threads
    from explorer.training import Record, Run, TrainConfig, launch, load_state
    from explorer.training.record import prune

    if settings := launch.asked_for():
        return launch.start(settings, args.words)

    if args.out.suffix != ".safetensors":
        raise ValueError(f"--out {args.out}: checkpoints end in .safetensors")
    if not args.save_every >= 0:
        raise ValueError(f"--save-every {args.save_every}: seconds, 0 or more")
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
        network_options=PRESETS[args.network],
        steps=args.steps,
        seconds=None if minutes is None else 60 * minutes,
        batch=args.batch,
        learning_rate=args.learning_rate,
        ema=args.ema,
        seed=args.seed,
    )
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
    prune(args.out.parent, KEEP_RUNS)
    if stopped:
        raise Stopped(f"{run.step} steps are kept in {args.out}; go on with --resume")
    if run.accelerator.is_main_process:
        print(
            f"{args.out}: {run.step} steps of {config.batch} in {run.seconds:.0f} s, "
            f"loss {run.smooth_loss:.4f}, probe {run.history.probes[-1].loss:.4f}"
        )
    return 0


def read(name: str, size: int, root: Path | None) -> ImageSet:
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


def run_sample(args: argparse.Namespace) -> None:
    from explorer.checkpoints import load
    from explorer.figures.pictures import grid
    from explorer.race import choose_labels, ddim, ddpm, pictures

    if args.n < 1:
        raise ValueError(f"--n {args.n}: at least one picture")
    if args.seed < 0:
        raise ValueError(f"--seed {args.seed}: a whole number, 0 or more")
    device = find_device(args.device)
    denoiser, spec = load(args.file, device)
    if args.sampler == "ddim":
        steps = min(50, spec.T) if args.steps is None else args.steps
        lane = ddim(spec.T, steps, eta=args.eta or 0.0)
    else:
        lane = ddpm(spec.T)
        if args.eta is not None or args.steps not in (None, spec.T):
            print(
                f"explorer: DDPM takes all {spec.T} steps; --steps and --eta are for DDIM",
                file=sys.stderr,
            )
    labels = choose_labels(spec.classes, args.n, args.label)
    if args.guidance != 1 and not spec.classes:
        raise ValueError(f"--guidance {args.guidance}: this model was trained without classes")
    denoiser = replace(denoiser, guidance=args.guidance)
    check_writable(args.out)
    if args.out.suffix.lower() not in (".png", ".webp", ".jpg", ".jpeg"):
        raise ValueError(f"--out {args.out}: pictures end in .png (.webp and .jpg work too)")
    shape = (spec.channels, spec.size, spec.size)
    x = pictures(denoiser, lane, shape, seed=args.seed, labels=labels, n=args.n, device=device)
    grid(x).save(args.out)
    print(f"{args.out}: {args.n} pictures, {lane.name}, {lane.evaluations} evaluations each")


def run_describe(args: argparse.Namespace) -> None:
    from explorer.checkpoints import describe

    print(json.dumps(asdict(describe(args.file)), indent=2, ensure_ascii=False))


def check_writable(out: Path) -> None:
    """ValueError before the work is done, not after it, if `out` cannot be written."""
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=out.parent):
            pass
    except OSError as error:
        raise ValueError(f"--out {out}: cannot be written ({error.strerror})") from error
    if out.is_dir():
        raise ValueError(f"--out {out}: there is a folder of this name")


if __name__ == "__main__":
    sys.exit(main())
