"""Memory: decoding takes turns, what was allocated is given back."""

from __future__ import annotations

import ctypes
import gc
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache

import torch

AT_ONCE = 2
"""So many handlers decode or compute beside the queue at one time."""
PATIENCE = 60.0
"""Seconds that one waits for the others."""
ARENAS = 2
"""Of glibc's memory. By default each thread has its own and hardly gives back what is in it."""
M_ARENA_MAX, M_MMAP_THRESHOLD = -8, -3
"""From glibc's malloc.h."""
MAPPED = 4 * 2**20
"""Blocks from this size on, in bytes, go back to the system as soon as they are free."""

_turns = threading.BoundedSemaphore(AT_ONCE)


@contextmanager
def heavy(patience: float = PATIENCE) -> Iterator[None]:
    """Hold one of the turns; also decorates a handler. Not to be nested: the inner would wait.

    TimeoutError, a sentence, if there was none for so many seconds.
    """
    if not _turns.acquire(timeout=patience):
        raise TimeoutError(
            f"too many images are being processed here at once, and none was finished within "
            f"{patience:.0f} s; please try again in a minute"
        )
    try:
        yield
    finally:
        _turns.release()


def limit_arenas() -> bool:
    """Few arenas, large blocks apart; whether this system can. Before threads start.

    What the environment says (MALLOC_ARENA_MAX) stays.
    """
    library = _glibc()
    if library is None:
        return False
    if "MALLOC_ARENA_MAX" not in os.environ:
        library.mallopt(M_ARENA_MAX, ARENAS)
    if "MALLOC_MMAP_THRESHOLD_" not in os.environ:
        library.mallopt(M_MMAP_THRESHOLD, MAPPED)
    return True


def settle() -> None:
    """Once the app is built: what it is made of is no rubbish, and is not looked through again.

    It holds the interpreter for a third of a second each time.
    """
    gc.collect()
    gc.freeze()


def give_back() -> None:
    """After a job: what nobody holds any more goes back to the system and the GPU's driver."""
    gc.collect()
    if library := _glibc():
        library.malloc_trim(0)
    with suppress(RuntimeError):  # PyTorch before 2.12 fails once a recording has failed
        for module in (torch.cuda, torch.xpu):
            if module.is_initialized():
                module.empty_cache()
        if torch.backends.mps.is_available():
            torch.mps.empty_cache()


@cache
def _glibc() -> ctypes.CDLL | None:
    """The C library, if it is glibc; others have other ways."""
    try:
        library = ctypes.CDLL(None)
        return library if hasattr(library, "gnu_get_libc_version") else None
    except (OSError, TypeError):  # Windows
        return None
