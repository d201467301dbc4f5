"""Who trains into a folder: one at a time, among all processes that share it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

LOCK = ".training"
"""The file in a run's folder that is locked while somebody trains into it."""
PATIENCE = 0.2
"""Seconds in which whoever is just leaving may leave."""

ATTEMPTS = 100
"""Whoever leaves removes the empty folder, also between its making and its locking."""


class RunTaken(ValueError):
    """Somebody else trains into this place just now."""


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """Within, the folder is this job's alone: RunTaken for another job of any process.

    The folder is made, and removed at the end if it is empty then. The system gives the lock back
    when a process dies, however it dies. OSError if the folder cannot be written.
    """
    # a job's steps may run in several threads, one after the other
    lock = FileLock(folder / LOCK, timeout=PATIENCE, thread_local=False)
    _take(lock, folder)
    try:
        yield
    finally:
        with suppress(OSError):  # Windows deletes no open file; there filelock does it itself
            (folder / LOCK).unlink()  # while it is locked: who waits for it sees that it is gone
        lock.release()
        with suppress(OSError):  # not empty: something was learnt
            folder.rmdir()


def _take(lock: FileLock, folder: Path) -> None:
    for attempt in range(ATTEMPTS):
        try:
            folder.mkdir(parents=True, exist_ok=True)
            lock.acquire()
            return
        except Timeout as error:
            raise RunTaken(
                f"the run {folder.stem} is being trained right now by another process or page: "
                "wait until it ends, stop it there, or choose another name (on the command line, "
                "another --out)"
            ) from error
        except (FileNotFoundError, FileExistsError):
            if folder.is_file() or attempt == ATTEMPTS - 1:
                raise
