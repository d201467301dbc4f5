"""python -m explorer train | sample | describe | evaluate: the work without a browser."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, NoReturn

from explorer.cli.console import Stopped, complain, first_process
from explorer.cli.evaluate import add_arguments
from explorer.cli.sample import add_sample_arguments
from explorer.cli.train import as_in_the_lecture, run_train
from explorer.diffusion import SCHEDULES, TARGETS, WEIGHTINGS
from explorer.diffusion.names import CLASS
from explorer.failures import told
from explorer.lectures import LECTURES
from explorer.networks import CHOICES
from explorer.optimisers import OPTIMISERS
from explorer.text import printable

PATIENCE = 10.0
"""Seconds that all processes but the first wait before they say why they failed. Where all fail
alike, the first one's end ends them before; if they went first, it would never be heard."""


class Parser(argparse.ArgumentParser):
    """Says what is wrong in one line."""

    def error(self, message: str) -> NoReturn:
        print(f"explorer: {message} (see {self.prog} --help)", file=sys.stderr)
        raise SystemExit(2)


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code: 0 only on success; an error is one line on stderr."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    args = parser().parse_args(words)
    try:
        if getattr(args, "lecture", None):  # its settings are the defaults of the other flags
            args = parser(**as_in_the_lecture(args)).parse_args(words)
        args.words = words
        return args.run(args) or 0
    except Stopped as stop:
        complain(f"stopped; {stop}")
        return 130
    except KeyboardInterrupt:
        complain("stopped")
        return 130
    except Exception as error:
        if sys.flags.dev_mode:  # python -X dev: who asks for it gets the traceback
            raise
        if not first_process():
            time.sleep(PATIENCE)
        complain(told(error, paths=True) or unforeseen(error), always=True)
        return 1


def unforeseen(error: Exception) -> str:
    """What is said of an error that nobody foresaw."""
    said = " ".join(f"{type(error).__name__}: {error}".split())
    return f"something went wrong ({said}); python -X dev -m explorer … shows where"


def parser(**train_defaults: Any) -> argparse.ArgumentParser:
    """`train_defaults` take the place of the defaults of train's flags."""
    top = Parser(
        prog="python -m explorer", description="Train, sample, describe and evaluate models."
    )
    commands = top.add_subparsers(required=True, metavar="train | sample | describe | evaluate")

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
    train.add_argument(
        "--target",
        default="v",
        choices=(*TARGETS, CLASS),
        help="what the network predicts; class trains a classifier, for guidance",
    )
    train.add_argument(
        "--weighting", default="simple", choices=WEIGHTINGS, help="of the loss over t"
    )
    train.add_argument("--gamma", type=float, default=5.0, help="of the weighting min-snr")
    train.add_argument(
        "--network", default="base", choices=CHOICES, help="how large it is, or a lecture's"
    )
    train.add_argument(
        "--lecture",
        choices=LECTURES,
        help="data, schedule, network and optimiser as a lecture has them; flags override it",
    )
    train.add_argument(
        "--optimiser",
        default="AdamW",
        choices=OPTIMISERS,
        help="AdamW warms up, decays the weights and slows down; Adam does not",
    )
    train.add_argument("--minutes", type=float, help="budget in time (5 without --steps)")
    train.add_argument("--steps", type=int, help="budget in steps")
    train.add_argument("--batch", type=int, default=64)
    train.add_argument("--learning-rate", type=float, default=2e-3)
    train.add_argument("--ema", type=float, default=0.999, help="decay of the weights' average")
    train.add_argument("--flips", action="store_true", help="mirror half of the pictures")
    train.add_argument("--unconditional", action="store_true", help="do not tell it the classes")
    train.add_argument(
        "--label-dropout",
        type=float,
        default=0.1,
        metavar="P",
        help="how often the class is withheld, for classifier-free guidance (0.1)",
    )
    train.add_argument("--seed", type=int, default=0)
    train.add_argument("--device", help="cpu, cuda or mps; the fastest there is by default")
    train.add_argument("--root", type=Path, help="folder of the downloaded data sets")
    train.add_argument("--resume", action="store_true", help="go on where FILE's run stopped")
    train.add_argument(
        "--save-every",
        type=float,
        help="seconds between writing to disk, after the first snapshot (10, more where it takes "
        "long)",
    )
    train.add_argument("--out", type=Path, required=True, metavar="FILE")
    train.set_defaults(**train_defaults)

    add_sample_arguments(commands.add_parser("sample", help="make pictures with a trained model"))

    describe = commands.add_parser("describe", help="print what a checkpoint says of itself")
    describe.set_defaults(run=run_describe)
    describe.add_argument("file", type=Path, metavar="FILE")

    add_arguments(commands.add_parser("evaluate", help="steps against quality, as a table"))
    return top


def run_describe(args: argparse.Namespace) -> None:
    from explorer.checkpoints import describe

    text = json.dumps(asdict(describe(args.file)), indent=2, ensure_ascii=False)
    print(*(printable(line, len(line)) for line in text.split("\n")), sep="\n")
