"""Which command is asked for, and what is said of one that fails."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import tyro

from explorer import __version__
from explorer.cli import describe, evaluate, recipe, sample, train
from explorer.cli.console import Stopped, complain, first_process, signals_end_it
from explorer.cli.words import UsageError, read_words, suggestion
from explorer.entry import CLOSED, FAILED, STOPPED, forget_output
from explorer.printing import flush

PROGRAM = "diffusion-explorer"
SHELLS = ("bash", "zsh", "fish")
ABOUT = f"""Train, sample, describe and evaluate models.

--version says which version this is; --print-completion {"|".join(SHELLS)} prints what completes
words in a shell, for example: source <({PROGRAM} --print-completion bash)"""
PATIENCE = 20.0
"""Seconds that all processes but the first wait before they say why they failed. Where all fail
alike, the first one's end ends them before; if they went first, it would never be heard."""


class Command(NamedTuple):
    """What one can be asked to do."""

    kind: Callable[..., Any]
    """Its settings."""
    read: Callable[[Sequence[str], str], Any]
    """(words, program) -> settings."""
    run: Callable[[Any, Sequence[str]], int | None]
    """(settings, all words) -> the exit code."""


def _plain(kind: type[Any], run: Callable[[Any], int | None]) -> Command:
    return Command(
        kind, lambda words, prog: read_words(kind, words, prog=prog), lambda args, _: run(args)
    )


COMMANDS: Mapping[str, Command] = {
    "train": Command(recipe.Train, recipe.read_train, train.run_train),
    "sample": _plain(sample.Sample, sample.run_sample),
    "describe": _plain(describe.Describe, describe.run_describe),
    "evaluate": _plain(evaluate.Evaluate, evaluate.run_evaluate),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code: 0 only on success; an error is one line on stderr."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    try:
        with signals_end_it():
            return _told(words)
    except KeyboardInterrupt:  # also while an error waits to be told
        complain("stopped")
        return STOPPED


def _told(words: Sequence[str]) -> int:
    """The exit code of what is asked for; what goes wrong is told."""
    try:
        code = run(words)
        flush()
        return code
    except UsageError as error:
        complain(str(error), always=True)
        return 2
    except Stopped as stop:
        complain(f"stopped; {stop}")
        return STOPPED
    except BrokenPipeError:
        forget_output()
        return CLOSED
    except Exception as error:
        from explorer.failures import told, unforeseen

        if sys.flags.dev_mode:  # python -X dev: who asks for it gets the traceback
            raise
        if not first_process():
            time.sleep(PATIENCE)
        complain(told(error, paths=True) or unforeseen(error), always=True)
        return FAILED


def run(words: Sequence[str]) -> int:
    """Do what is asked for; the exit code."""
    prog = PROGRAM if Path(sys.argv[0]).stem == PROGRAM else "python -m explorer"
    first = words[0] if words else ""
    if first in ("-h", "--help"):
        return _of_all(["--help"], prog)
    if first == "--version":
        print(PROGRAM, __version__)
        return 0
    if first == "--print-completion":
        if len(words) != 2 or words[1] not in SHELLS:
            raise UsageError(
                f"--print-completion: for which shell? Choose one of {', '.join(SHELLS)}"
            )
        return _of_all(["--tyro-print-completion", words[1]], PROGRAM)
    if first not in COMMANDS:
        near = suggestion(first, [*COMMANDS, "--help", "--version", "--print-completion"])
        what = f"there is no {first}{near}" if first else "choose a command"
        raise UsageError(f"{what}: {' | '.join(COMMANDS)} (see {prog} --help)")
    command = COMMANDS[first]
    try:
        args = command.read(words[1:], f"{prog} {first}")
    except SystemExit:  # its help was printed
        return 0
    return command.run(args, words) or 0


def _of_all(words: Sequence[str], prog: str) -> int:
    """Print what tyro knows of all commands."""
    kinds = {name: command.kind for name, command in COMMANDS.items()}
    with suppress(SystemExit):
        tyro.extras.subcommand_cli_from_dict(kinds, prog=prog, description=ABOUT, args=words)
    return 0
