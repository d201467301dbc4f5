"""Downloads in the background: how far they are, and a clear end where there is no network."""

from __future__ import annotations

import http.client
import pickle
import socket
import tarfile
import threading
import time
import zlib
from collections.abc import Callable, Generator
from concurrent.futures import Future, wait
from pathlib import Path
from typing import TypeVar

from explorer.data.bundled import BUNDLED
from explorer.data.progress import DataError, Loading
from explorer.text import without_codes

T = TypeVar("T")

SOCKET_TIMEOUT = 10.0
"""Seconds without an answer after which a connection fails."""
FIRST_BYTE = 15.0
"""Seconds for the first byte to arrive; sockets alone do not bound a name that is looked up."""
STALLED = 60.0
"""Seconds without a new byte, once there are some: checking and unpacking take a while."""
LOOK_EVERY = 0.2
DAMAGE = (
    *(AssertionError, ValueError, TypeError, LookupError, EOFError, FileNotFoundError),
    *(tarfile.TarError, zlib.error, pickle.UnpicklingError),
)
"""What reading a file that is damaged or missing raises."""
_one_at_a_time = threading.Lock()


def obtain(
    name: str, opened: Callable[[bool], T], root: Path, folder: str, archives: str, total: int
) -> Generator[Loading, None, T]:
    """`opened(download=False)`, or `opened(True)` in the background where that finds nothing.

    folder : below root, where the set lies; named when it is damaged.
    archives : pattern of the downloaded files below root; `total` bytes when all are there.

    Who stops pulling leaves the download to go on; whoever asks next finds it. DataError if it
    fails or makes no progress, naming the bundled sets.
    """
    instead = ", ".join(BUNDLED)
    try:
        try:
            return opened(False)
        except (RuntimeError, FileNotFoundError):
            root.mkdir(parents=True, exist_ok=True)
        return (yield from _download(name, lambda: opened(True), root, archives, total))
    except ImportError as error:
        raise DataError(
            f"{name} needs {error.name}: pip install {error.name}; or use a bundled data set: "
            f"{instead}"
        ) from error
    except DAMAGE as error:
        raise DataError(
            f"{name} is damaged or only partly unpacked; remove {root / folder} to download it "
            f"again, or use a bundled data set: {instead}"
        ) from error
    except (RuntimeError, OSError, http.client.HTTPException) as error:
        said = str(error).split("\n")  # torchvision tells the cause in its last line
        last = next((line for line in reversed(said) if line.strip()), type(error).__name__)
        why = without_codes(last).strip()
        raise DataError(
            f"{name} is not in {root} and could not be downloaded ({why}); "
            f"without a network use a bundled data set: {instead}"
        ) from error


def _download(
    name: str, job: Callable[[], T], root: Path, archives: str, total: int
) -> Generator[Loading, None, T]:
    """What the job returns; meanwhile yields how many bytes of the archives there are."""
    while not _one_at_a_time.acquire(timeout=LOOK_EVERY):
        yield Loading("waiting for another download", 0, total)
    size = _size(root, archives)
    future: Future[T] = Future()
    threading.Thread(target=_work, args=(job, future), daemon=True, name=f"get {name}").start()
    patience, since = STALLED if size else FIRST_BYTE, time.monotonic()
    while True:
        what = "downloading" if size < total else "unpacking"
        yield Loading(f"{what} {name}", min(size, total), total)
        if wait([future], LOOK_EVERY).done:
            return future.result()
        now = _size(root, archives)
        if now != size:
            size, since, patience = now, time.monotonic(), STALLED
        elif size < total and time.monotonic() - since > patience:
            raise TimeoutError(f"nothing arrived for {patience:.0f} s")


def _work(job: Callable[[], T], future: Future[T]) -> None:
    """Do the job; torchvision gives its sockets no timeout, hence a default for all meanwhile."""
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(SOCKET_TIMEOUT)
    try:
        future.set_result(job())
    except BaseException as error:
        future.set_exception(error)
    finally:
        socket.setdefaulttimeout(before)
        _one_at_a_time.release()


def _size(root: Path, archives: str) -> int:
    total = 0
    for path in root.glob(archives):
        try:
            total += path.stat().st_size
        except OSError:  # it is just being replaced
            continue
    return total
