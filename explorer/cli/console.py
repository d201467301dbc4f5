"""How the command line speaks, and what it checks before it works."""

from __future__ import annotations

import math
import os
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from explorer.printing import say
from explorer.text import printable

LINE_EVERY = 10.0
"""Seconds between two lines of progress where no terminal shows a bar."""
DRAW_EVERY = 0.1
SIGNALS = (signal.SIGINT, signal.SIGTERM, *filter(None, [getattr(signal, "SIGHUP", None)]))
"""What asks to stop; Windows has no SIGHUP."""


class Stopped(Exception):
    """The user (Ctrl-C) or the system (SIGTERM, SIGHUP) asked to stop."""


def first_process() -> bool:
    """Whether this is the first of several processes, or the only one."""
    return os.environ.get("RANK", "0") == "0"


def complain(sentence: str, *, always: bool = False) -> None:
    """On stderr; of several processes only the first speaks, unless it must be said."""
    if always or first_process():
        say(f"explorer: {printable(sentence)}", error=True)


def check_writable(out: Path, flag: str = "--out") -> None:
    """ValueError before the work is done, not after it, if what `flag` gave cannot be written."""
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=out.parent):
            pass
    except OSError as error:
        raise ValueError(f"{flag} {out}: cannot be written ({error.strerror})") from error
    if out.is_dir():
        raise ValueError(f"{flag} {out}: a folder of this name exists")


@contextmanager
def progress_bar(
    *, shown: bool = True, delay: float = 0.0
) -> Iterator[Callable[[float, str], None]]:
    """Within, call it with the share of the work that is done, 0…1, and what to say of it.

    On stderr: a live bar in a terminal; elsewhere a line at first, now and then, and at the end.
    With a `delay`, in seconds, quick work shows nothing, and the bar goes when the work is done.
    """
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn

    begun, last, unsaid, live = time.monotonic(), -math.inf, "", None
    if sys.stderr and sys.stderr.isatty():
        columns = (
            TextColumn("{task.percentage:3.0f}%"),
            BarColumn(bar_width=None),
            TextColumn("{task.description}", markup=False),
        )
        console = Console(stderr=True)
        # drawn when told: no thread takes time from what is measured
        live = Progress(
            *columns, console=console, auto_refresh=False, expand=True, transient=delay > 0
        )
        task = live.add_task("", total=1.0)

    def show(share: float, note: str) -> None:
        nonlocal last, unsaid
        now = time.monotonic()
        if not shown or now - begun < delay:
            return
        due = now - last >= (DRAW_EVERY if live else LINE_EVERY)
        last = now if due else last
        if live:
            live.start()
            live.update(task, completed=share, description=note, refresh=due)
            return
        unsaid = f"{share:4.0%}| {note}"
        if due:
            _write(unsaid)
            unsaid = ""

    try:
        yield show
    finally:
        if live:
            live.stop()
        elif unsaid:
            _write(unsaid)


def _write(line: str) -> None:
    """On stderr, if there is one: a full disk ends no work; that nobody reads any more does."""
    try:
        if sys.stderr:
            print(line, file=sys.stderr, flush=True)
    except BrokenPipeError:
        raise
    except OSError:
        pass


@contextmanager
def signals_noted() -> Iterator[list[int]]:
    """Within, Ctrl-C, SIGTERM and SIGHUP interrupt nothing: they are listed, no step is cut."""
    asked: list[int] = []
    with _handled(lambda number, frame: asked.append(number), SIGNALS):
        yield asked


@contextmanager
def signals_end_it() -> Iterator[None]:
    """Within, SIGTERM and SIGHUP are as Ctrl-C: what is open is closed, and it is told."""
    if threading.current_thread() is not threading.main_thread():  # which has no signals
        yield
        return
    interrupt = signal.getsignal(signal.SIGINT)
    handler = interrupt if callable(interrupt) else signal.default_int_handler
    with _handled(handler, SIGNALS[1:]):
        yield


@contextmanager
def _handled(handler: Callable[[int, Any], object], numbers: Sequence[int]) -> Iterator[None]:
    """Within, these signals go to `handler`; what is ignored stays so: SIGHUP under nohup,
    SIGINT in a shell's background."""
    before = {number: signal.getsignal(number) for number in numbers}
    before = {number: was for number, was in before.items() if was is not signal.SIG_IGN}
    for number in before:
        signal.signal(number, handler)
    try:
        yield
    finally:
        for number, was in before.items():
            signal.signal(number, was)
