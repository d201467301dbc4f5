"""The tiny models that `evaluate` is tested with, and signals that are heard."""

from __future__ import annotations

import signal
from collections.abc import Iterator

import pytest

from tests.evaluation.conftest import digits, free

__all__ = ["digits", "free"]


@pytest.fixture(autouse=True)
def interruptible() -> Iterator[None]:
    """Ctrl-C is heard, also where the suite runs in a shell's background, which ignores it."""
    before = signal.getsignal(signal.SIGINT)
    if before is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)
