"""How every program of ours begins and ends: its imports can be interrupted, its failures told."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from importlib import import_module
from types import FrameType, TracebackType

from explorer.printing import flush, make_printing_safe, say

STOPPED, FAILED = 130, 1
"""Exit codes: 128 and SIGINT's number, as in a shell; and of what could not be done."""
CLOSED = 141
"""Nobody reads any more: 128 and SIGPIPE's number, as in a shell."""


def run(module: str, function: str = "main", *, called: str = "explorer") -> int:
    """Import `module`, call its function, and return its exit code; a failure is one line.

    called : who says that line.
    """
    make_printing_safe()
    interrupt_imports(called)
    try:
        code = _told(lambda: getattr(import_module(module), function)(), called)
    except KeyboardInterrupt:
        say(f"{called}: stopped", error=True)
        code = STOPPED
    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
        signal.signal(signal.SIGINT, lambda number, frame: os._exit(code))  # while Python ends
    return code


def _told(work: Callable[[], int | None], called: str) -> int:
    """The exit code of some work; what goes wrong is told in one line."""
    try:
        code = work() or 0
        flush()
        return code
    except BrokenPipeError:
        forget_output()
        return CLOSED
    except Exception as error:
        if sys.flags.dev_mode:  # python -X dev: who asks for it gets the traceback
            raise
        _tell(error, called)
        return FAILED


def begin(called: str) -> None:
    """For a program whose modules are imported before anything of it runs, python -m NAME.

    From here on it can be interrupted, prints anywhere, and ends with one line where it fails.
    """
    make_printing_safe()
    interrupt_imports(called)

    def hook(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if sys.flags.dev_mode:
            sys.__excepthook__(kind, error, trace)
        elif isinstance(error, BrokenPipeError):
            forget_output()
        elif isinstance(error, KeyboardInterrupt):
            say(f"{called}: stopped", error=True)
            os._exit(STOPPED)
        else:
            _tell(error, called)

    sys.excepthook = hook


def _tell(error: BaseException, called: str) -> None:
    from explorer.failures import told, unforeseen

    say(f"{called}: {told(error, paths=True) or unforeseen(error)}", error=True)


def forget_output() -> None:
    """What is still to be printed goes nowhere: Python would try once more at its end."""
    for number in (1, 2):
        try:
            os.dup2(os.open(os.devnull, os.O_WRONLY), number)
        except OSError:
            pass


def interrupt_imports(called: str) -> None:
    """Ctrl-C ends an import at once; elsewhere it is the KeyboardInterrupt that it always is.

    Libraries take an exception in the middle of their import for one of their own, and hide it or
    leave half of themselves behind. Ignored signals stay ignored (a shell's background).
    """

    def end(number: int, frame: FrameType | None) -> None:
        while frame is not None:
            if frame.f_code.co_filename.startswith("<frozen importlib"):
                say(f"{called}: stopped", error=True)
                os._exit(STOPPED)
            frame = frame.f_back
        raise KeyboardInterrupt

    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, end)
