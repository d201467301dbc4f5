"""Deleting what is too old, and the oldest of what is too much.

Others may write and sweep in the same folders: what is gone already was theirs to delete.
"""

from __future__ import annotations

import math
import os
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import NamedTuple

from explorer.gui.frame.limits import Limits
from explorer.gui.frame.room import SHOWN, File, files_below, newest
from explorer.training.lock import LOCK, RunTaken, held

YOUNG = 300.0
"""Seconds for which nothing goes to free some space for others: somebody is about to fetch it."""
PART = 3600.0
"""Seconds after which a half-written file is left behind by a process that was killed."""
FULL = 0.9
"""Of a bound: over it the oldest go, so that there is room until the next sweep."""


def sweep_temporary(folder: Path, limits: Limits, now: float) -> set[str]:
    """The paths of what was deleted: by age, then, over the bound, the oldest first."""
    files, gone = sorted(files_below(folder), key=lambda file: file.written), set()
    for file in _too_old(files, folder, limits, now):
        gone.add(_deleted(file))
    left = [file for file in files if str(file.path) not in gone]
    for file in _too_much(left, limits.temporary_bytes, now):
        gone.add(_deleted(file))
    for path in folder.glob("*/"):
        _remove_empty(path, now)
    return gone


def _too_old(files: Iterable[File], folder: Path, limits: Limits, now: float) -> Iterator[File]:
    for file in files:
        shown = file.path.is_relative_to(folder / SHOWN)
        keep = limits.shown_keep if shown else limits.temporary_keep
        if now - file.written > (min(keep, PART) if _is_part(file.path) else keep):
            yield file


def _too_much(files: Iterable[File], bound: float, now: float) -> Iterator[File]:
    """From the oldest of `files`, those that a bound has no room for."""
    files = list(files)
    over = sum(file.bytes for file in files) - FULL * bound
    for file in files:
        if over <= 0 or now - file.written < YOUNG:
            return
        over -= file.bytes
        yield file


def _deleted(file: File) -> str:
    with suppress(OSError):  # somebody else was first
        if file.path.lstat().st_mtime == file.written:  # not written anew since
            file.path.unlink()
    return str(file.path)


def sweep_runs(folder: Path, limits: Limits, now: float) -> None:
    """Half-written files, and, where strangers share the machine, what they leave alone for long.

    A run's model and folder go together, once the newest file of both is too old: one that still
    trains, or waits for its next turn, is never touched.
    """
    for file in files_below(folder):
        if _is_part(file.path) and now - file.written > PART:
            _deleted(file)
    if math.isinf(limits.keep):
        return
    items = sorted(_items(folder), key=lambda item: item.written)
    over = sum(item.bytes for item in items) - FULL * limits.runs_bytes
    for item in items:
        age = now - item.written
        if age > limits.keep or (over > 0 and age > YOUNG):
            with suppress(RunTaken, OSError), ExitStack() as stack:
                for path in item.folders:
                    if path.suffix == ".run":
                        stack.enter_context(held(path))
                for file in item.files:
                    if file.path.name != LOCK:
                        _deleted(file)
                for path in item.folders:
                    _remove_empty(path)
                over -= item.bytes
    for visitor in folder.glob("*/"):
        if now - newest(visitor) > YOUNG:
            with suppress(OSError):  # not empty
                visitor.rmdir()


class Item(NamedTuple):
    """What goes together in a visitor's folder: a run, or a single file."""

    written: float
    files: list[File]
    folders: list[Path]

    @property
    def bytes(self) -> int:
        return sum(file.bytes for file in self.files)


def _items(folder: Path) -> Iterator[Item]:
    for visitor in folder.glob("*/"):
        groups: dict[str, list[Path]] = {}
        with suppress(OSError):  # somebody else was first
            for path in visitor.iterdir():
                run = path.suffix in (".run", ".safetensors")
                groups.setdefault(path.stem if run else path.name, []).append(path)
        for paths in groups.values():
            files = [file for path in paths for file in files_below(path)]
            yield Item(max(map(newest, paths)), files, [p for p in paths if p.is_dir()])


def _is_part(path: Path) -> bool:
    """Whether it looks like what `written_whole` writes to: a file in a folder of its own."""
    return any(p.name.startswith(".") and p.suffix == ".part" for p in (path, path.parent))


def _remove_empty(folder: Path, now: float = math.inf) -> None:
    """A folder and those below it that are empty, and have been for a while before `now`:
    somebody may be about to fill a new one."""
    for where, _, _ in os.walk(folder, topdown=False):
        path = Path(where)
        with suppress(OSError):  # not empty, or gone
            written = path.stat().st_mtime
            left_behind = time.time() - written > PART if _is_part(path) else now - written > YOUNG
            if left_behind:
                path.rmdir()
