"""How progress is shown: a bar in a terminal, lines elsewhere; and signals that wait."""

from __future__ import annotations

import os
import pty
import re
import select
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import pytest

from explorer.cli import console
from explorer.cli.console import progress_bar, signals_end_it, signals_noted


def test_without_a_terminal_a_line_at_first_now_and_then_and_at_the_end(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = iter(range(0, 1000, 3)).__next__  # three seconds from call to call
    monkeypatch.setattr(time, "monotonic", clock)
    with progress_bar() as show:
        for step in range(1, 8):
            show(step / 8, f"step {step} [of 8]")
    assert capsys.readouterr().err.splitlines() == [
        " 12%| step 1 [of 8]",
        " 62%| step 5 [of 8]",
        " 88%| step 7 [of 8]",
    ]


def test_quick_work_shows_nothing_and_of_several_processes_one_speaks(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with progress_bar(delay=60) as show:
        show(0.5, "half")
    with progress_bar(shown=False) as show:
        show(0.5, "half")
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("stream", [None, "/dev/full"])
def test_progress_that_nobody_can_read_ends_nothing(
    stream: str | None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stderr", None if stream is None else open(stream, "w"))
    with progress_bar() as show:
        show(0.5, "half")
        show(1.0, "whole")
    console.complain("this too")
    with suppress(OSError):
        if sys.stderr:
            sys.stderr.close()
    assert capsys.readouterr().out == ""  # nor is it said elsewhere


def test_a_closed_pipe_ends_the_work(monkeypatch: pytest.MonkeyPatch) -> None:
    ours, theirs = os.pipe()
    os.close(ours)
    with suppress(BrokenPipeError), open(theirs, "w") as stream:
        monkeypatch.setattr(sys, "stderr", stream)
        with pytest.raises(BrokenPipeError), progress_bar() as show:
            show(0.5, "half")


@contextmanager
def terminal(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], str]]:
    """stderr as a terminal, and what stands on it; set up within a test, as pytest captures."""
    ours, theirs = pty.openpty()
    os.set_blocking(ours, False)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "60")
    with os.fdopen(theirs, "w") as stream, monkeypatch.context() as patch:
        patch.setattr(sys, "stderr", stream)

        def read() -> str:
            stream.flush()
            found = b""
            while select.select([ours], [], [], 0.3 if found else 10)[0]:  # it comes in parts
                found += os.read(ours, 65536)
            return found.decode()

        yield read
    os.close(ours)


def test_a_terminal_gets_a_live_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(console, "DRAW_EVERY", 0)
    with terminal(monkeypatch) as read:
        with progress_bar() as show:
            for step in (1, 2, 4):
                show(step / 4, f"step {step} [of 4]")
        drawn = read()
    plain = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", drawn)
    for share, step in ((25, 1), (50, 2), (100, 4)):
        assert re.search(rf"{share}% ━+.* step {step} \[of 4\]", plain)
    assert "\x1b[" in drawn and "\r" in drawn  # drawn over itself
    assert "|" not in plain


def test_an_error_leaves_the_terminal_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    with terminal(monkeypatch):
        screen = sys.stderr
        with pytest.raises(ValueError, match="no"), progress_bar() as show:
            show(0.5, "half")
            assert sys.stderr is not screen  # what others write comes above the bar
            raise ValueError("no")
        assert sys.stderr is screen


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_signals_wait_until_the_work_looks(number: signal.Signals) -> None:
    before = signal.getsignal(number)
    with signals_noted() as asked:
        signal.raise_signal(number)
        assert asked == [number]
    assert signal.getsignal(number) is before


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_elsewhere_they_end_the_work_as_ctrl_c_does(number: signal.Signals) -> None:
    before = signal.getsignal(number)
    with pytest.raises(KeyboardInterrupt), signals_end_it():
        signal.raise_signal(number)
    assert signal.getsignal(number) is before


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_that_is_ignored_stays_so(number: signal.Signals) -> None:
    """As SIGHUP under nohup, and SIGINT in the background of a shell."""
    before = signal.signal(number, signal.SIG_IGN)
    try:
        with signals_end_it(), signals_noted() as asked:
            signal.raise_signal(number)
        assert asked == []
        assert signal.getsignal(number) is signal.SIG_IGN
    finally:
        signal.signal(number, before)
