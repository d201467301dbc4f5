"""Pictures that a visitor brought to train on: read once, kept in the visitor's folder."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from explorer.data import ImageSet, OwnLimits, read_own
from explorer.data.cache import read_cache, read_cache_size, write_cache
from explorer.data.progress import Loading, Parts
from explorer.gui.frame.memory import heavy
from explorer.gui.frame.room import Room

OWN = "your images"
"""The data set's name in menus and checkpoints."""
NONE_YET = "you have not added any images yet: add some under “Your own images”"
SIDE = 64
"""Kept at this side where no larger ones are trained on; training makes them smaller."""


def keep(
    files: Sequence[str | Path],
    folder: Path,
    limits: OwnLimits,
    room: Room | None = None,
    side: int = SIDE,
) -> Iterator[tuple[str, ImageSet | None]]:
    """Read pictures, zips or an array, at most `limits` of them, and store them at this side: what
    is being done, at last a report and the set.

    DataError if they make no data set, OSError if the disk or the visitor's room on it takes them
    not; what was stored before then stays.
    """
    for loading in in_turns(read_own(files, size=side, name=OWN, limits=limits)):
        data = loading.data
        if data is None:
            yield f"{loading.what} … {loading.done} of {loading.total}", None
            continue
        path, what = _path(folder), f"your {len(data):,} images"
        if room:
            room.check(data.images.nbytes, what, path)
        if not write_cache(path, Parts(data.images, data.labels, data.classes, loading.note)):
            raise OSError(f"{what} could be read but not saved: the disk is full or read-only")
        if room:
            room.tidy(path)
        yield loading.note, data


def forget(folder: Path) -> None:
    """Delete what this visitor has brought; runs that learn from it go on."""
    _path(folder).unlink(missing_ok=True)


def in_turns(reading: Iterator[Loading]) -> Iterator[Loading]:
    """The same, each part of the work in a turn of its own: others may come in between."""
    while True:
        with heavy():
            loading = next(reading, None)
        if loading is None:
            return
        yield loading


def stored(folder: Path) -> tuple[int, int, int] | None:
    """How many pictures, channels and classes this visitor has brought; None without any."""
    return read_cache_size(_path(folder))


def read_stored(folder: Path) -> ImageSet:
    """What was brought last; ValueError if there is nothing."""
    parts = read_cache(_path(folder))
    if parts is None:
        raise ValueError(NONE_YET)
    licence = "your own images"
    return ImageSet(parts.images, parts.labels, parts.classes, OWN, licence, licence)


def _path(folder: Path) -> Path:
    return folder / "your-images.cache"
