"""python -m explorer train | sample | describe: the work without a browser."""

from __future__ import annotations

import argparse
import json
import shlex
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import NoReturn

from explorer.devices import find_device
from explorer.diffusion import SCHEDULES, TARGETS

SAVE_EVERY = 60.0
"""Seconds between writing a running training to disk."""


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
        args.run(args)
    except Stopped as stop:
        print(f"explorer: stopped; {stop}", file=sys.stderr)
        return 130
    except KeyboardInterrupt:
        print("explorer: stopped", file=sys.stderr)
        return 130
    except (ValueError, OSError, RuntimeError, FloatingPointError) as error:
        print(f"explorer: {' '.join(str(error).split())}", file=sys.stderr)
        return 1
    return 0


def parser() -> argparse.ArgumentParser:
    top = Parser(prog="python -m explorer", description="Train, sample and describe models.")
    commands = top.add_subparsers(required=True, metavar="train | sample | describe")

    train = commands.add_parser("train", help="train a model")
    train.set_defaults(run=run_train)
    train.add_argument("--data", default="mnist-5k", help="the data set's name")
    train.add_argument("--size", type=int, default=28, help="side of the pictures in pixels")
    train.add_argument("--schedule", default="cosine", help=", ".join(SCHEDULES))
    train.add_argument("--T", type=int, default=1000, help="steps of the schedule")
    train.add_argument("--target", default="v", choices=TARGETS, help="what the network predicts")
    train.add_argument("--minutes", type=float, help="budget in time (5 without --steps)")
    train.add_argument("--steps", type=int, help="budget in steps")
    train.add_argument("--batch", type=int, default=64)
    train.add_argument("--learning-rate", type=float, default=2e-3)
    train.add_argument("--unconditional", action="store_true", help="do not tell it the classes")
    train.add_argument("--seed", type=int, default=0)
    train.add_argument("--device", help="cpu, cuda or mps; the fastest there is by default")
    train.add_argument("--root", type=Path, help="folder of the downloaded data sets")
    train.add_argument("--resume", action="store_true", help="go on where FILE's run stopped")
    train.add_argument("--out", type=Path, required=True, metavar="FILE")

    sample = commands.add_parser("sample", help="make pictures with a trained model")
    sample.set_defaults(run=run_sample)
    sample.add_argument("file", type=Path, metavar="FILE")
    sample.add_argument("--sampler", choices=("ddim", "ddpm"), default="ddim")
    sample.add_argument(
        "--steps", type=int, help="of DDIM (50, or T if that is less); DDPM takes all T"
    )
    sample.add_argument("--eta", type=float, help="noise of DDIM, 0 to 1 (0)")
    sample.add_argument("--n", type=int, default=64, help="how many pictures")
    sample.add_argument("--seed", type=int, default=0)
    sample.add_argument("--label", help="a class for all; without it the classes take turns")
    sample.add_argument("--device", help="cpu, cuda or mps; the fastest there is by default")
    sample.add_argument("--out", type=Path, default=Path("grid.png"), metavar="PNG")

    describe = commands.add_parser("describe", help="print what a checkpoint says of itself")
    describe.set_defaults(run=run_describe)
    describe.add_argument("file", type=Path, metavar="FILE")
    return top


def run_train(args: argparse.Namespace) -> None:
    from tqdm import tqdm

    from explorer.data import load
    from explorer.training import Run, TrainConfig, fit

    if args.out.suffix != ".safetensors":
        raise ValueError(f"--out {args.out}: checkpoints end in .safetensors")
    minutes = 5.0 if args.steps is None and args.minutes is None else args.minutes
    config = TrainConfig(
        data=args.data,
        size=args.size,
        conditional=not args.unconditional,
        schedule=args.schedule,
        T=args.T,
        target=args.target,
        steps=args.steps,
        seconds=None if minutes is None else 60 * minutes,
        batch=args.batch,
        learning_rate=args.learning_rate,
        seed=args.seed,
    )
    run = Run(config, load(args.data, root=args.root), find_device(args.device))
    state = args.out.with_suffix(".resume")
    if args.resume:
        if not state.is_file():
            raise ValueError(f"there is no {state} to resume from; leave --resume out")
        run.load_state(state)
    check_writable(args.out)
    command = "python -m explorer " + shlex.join(args.words)

    def keep() -> None:
        run.save_state(state)
        run.save(args.out, command=command)

    asked: list[int] = []  # the signals that came; a step is never cut in two
    handlers = {
        number: signal.signal(number, lambda number, frame: asked.append(number))
        for number in (signal.SIGINT, signal.SIGTERM)
    }
    kept = time.monotonic()
    layout = "{percentage:3.0f}%|{bar}|{postfix}"
    bar = tqdm(total=1.0, bar_format=layout, mininterval=0.5, miniters=0)
    try:
        with bar:
            for step in fit(run):
                bar.n = run.progress
                bar.set_postfix_str(
                    f"step {step.step}, loss {step.smooth_loss:.4f}, "
                    f"{step.images_per_second:.0f} images/s, {step.seconds_left:.0f} s left",
                    refresh=False,
                )
                bar.update(0)
                if asked:
                    break
                if time.monotonic() - kept > SAVE_EVERY:
                    keep()
                    kept = time.monotonic()
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
    keep()
    if asked:
        raise Stopped(f"{run.step} steps are kept in {args.out}; go on with --resume")
    print(
        f"{args.out}: {run.step} steps of {config.batch} in {run.seconds:.0f} s, "
        f"loss {run.smooth_loss:.4f}"
    )


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
