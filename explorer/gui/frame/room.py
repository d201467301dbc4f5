"""Room on the disk: what may still be written, and what is said where it may not.

Counted from the files themselves, since several processes may share the folders.
"""

from __future__ import annotations

import math
import shutil
import stat
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from explorer.gui.frame.limits import Limits
from explorer.training.lock import RunTaken, held

SHOWN = "shown"
"""The folder of what browsers fetch, in Gradio's, where uploads lie too."""
LIFE = 20.0
"""Seconds for which it is believed how much lies in a folder of many."""


class File(NamedTuple):
    """What is known of a file without opening it."""

    path: Path
    bytes: int
    written: float
    """When, in seconds as `time.time` counts them."""


def files_below(path: Path) -> Iterator[File]:
    """A file, or all files in a folder and its folders; links are not followed.

    Somebody else may delete meanwhile: what is gone by then is left out.
    """
    with suppress(OSError):
        about = path.lstat()
        if not stat.S_ISDIR(about.st_mode):
            yield File(path, about.st_size, about.st_mtime)
            return
        for below in list(path.iterdir()):
            yield from files_below(below)


def bytes_of(paths: Iterable[Path]) -> int:
    """Of files, and of folders with all that is below."""
    return sum(file.bytes for path in paths for file in files_below(path))


class Filling:
    """How much lies in a folder that many write to.

    It is looked up now and then; in between what this process writes is added.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._bytes, self._until = 0, -math.inf

    @property
    def bytes(self) -> int:
        if time.monotonic() > self._until:
            self._bytes = bytes_of([self.folder])
            self._until = time.monotonic() + LIFE
        return self._bytes

    def add(self, size: int) -> None:
        """So much more was just written here."""
        self._bytes += size

    def look_again(self) -> None:
        """Something was deleted."""
        self._until = -math.inf


@lru_cache(maxsize=8)
def filling(folder: Path) -> Filling:
    """One for each folder, so that all of this process know what each of them writes."""
    return Filling(folder)


@dataclass(frozen=True)
class Room:
    """The room that one visitor has. It can be pickled: a job takes it to its own process."""

    folder: Path
    """The visitor's runs and own pictures."""
    shared: Path
    """The folder of all visitors' folders."""
    limits: Limits

    def check(self, size: float, what: str, *instead: Path) -> None:
        """OSError, a sentence, unless `size` bytes can be written here.

        what : is to be written, such as "this run".
        instead : the files and folders that it takes the place of. If a run's folder is among
            them, all other runs' states may free some space (`tidy`), else all but the newest's.
        """
        check_disk(self.folder, size, what, self.limits.spare_bytes)
        more = max(0.0, size - bytes_of(instead))
        most = self.limits.visitor_bytes
        if most < math.inf:
            used = bytes_of([self.folder])
            given = bytes_of(self._older(instead))
            if used - given + more > most:
                left = max(0.0, most - used + given)
                raise OSError(
                    f"{what} would take {amount(more)} more of the disk, and {amount(left)} are "
                    f"left of the {amount(most)} that each visitor has here for models and "
                    "images; "
                    "choose a smaller network or fewer images. What you do not use is "
                    f"deleted after {self.limits.keep / 3600:g} hours"
                )
        if self.limits.runs_bytes < math.inf:
            left = self.limits.runs_bytes - filling(self.shared).bytes
            if more > left:
                raise OSError(
                    f"{what} would take {amount(more)} more of the disk, and "
                    f"{amount(max(0, left))} are left of the {amount(self.limits.runs_bytes)} "
                    "that all visitors share here; choose a smaller network, or try again "
                    "in a few minutes"
                )

    def tidy(self, *instead: Path) -> None:
        """After it was written: older runs' states go, the oldest first, until all is in bounds.

        Their models stay. `instead` as in `check`.
        """
        filling(self.shared).look_again()
        for older in self._older(instead):
            if bytes_of([self.folder]) <= self.limits.visitor_bytes:
                return
            with suppress(RunTaken, OSError), held(older):  # not while somebody trains into it
                shutil.rmtree(older, ignore_errors=True)

    def _older(self, instead: Sequence[Path]) -> list[Path]:
        """The folders of runs that may go, the oldest first."""
        others = [path for path in self.folder.glob("*.run") if path not in instead]
        others.sort(key=newest)
        newer = any(path.suffix == ".run" for path in instead)
        return others if newer else others[:-1]


def newest(path: Path) -> float:
    """When a file, or the last one in a folder, was written; an empty folder's own time."""
    found = max((file.written for file in files_below(path)), default=None)
    try:
        return path.stat().st_mtime if found is None else found
    except OSError:
        return 0.0


def check_disk(folder: Path, size: float, what: str, spare: float) -> None:
    """OSError unless the disk that a folder is on, or will be, takes `size` bytes and `spare`."""
    there = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    free = shutil.disk_usage(there).free
    if size + spare > free:
        raise OSError(
            f"{what} would take {amount(size)}, and the disk has {amount(free)} left, of which "
            f"{amount(spare)} "
            f"must stay free; free some space on it and try again"
        )


def check_temporary(folder: Path, size: int, limits: Limits) -> None:
    """OSError unless so many bytes can be put where browsers fetch them; then they are counted."""
    what, filled = "what is shown here", filling(folder)
    check_disk(folder, size, what, 0)
    if filled.bytes + size > limits.temporary_bytes:
        raise OSError(
            f"{what} would take {amount(size)}, and the {amount(limits.temporary_bytes)} reserved "
            "here for what browsers load are in use; please try again in a few minutes"
        )
    filled.add(size)


def amount(size: float) -> str:
    """ "1.6 GB", "40 MB" or "3 kB"."""
    for unit, name in ((1e9, "GB"), (1e6, "MB")):
        if size >= unit:
            return f"{size / unit:.1f} {name}" if name == "GB" else f"{size / unit:.0f} {name}"
    return f"{size / 1e3:.0f} kB"
