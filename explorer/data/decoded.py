"""Own pictures are decoded once: the set is kept below the data root and mapped from there."""

from __future__ import annotations

import atexit
import hashlib
import json
import os
import shutil
import tempfile
import weakref
from collections.abc import Callable, Generator, Iterator
from contextlib import suppress
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import IO

from explorer.data.cache import read_cache, write_cache
from explorer.data.images import ImageSet
from explorer.data.limits import OwnLimits
from explorer.data.pixels import IN_MEMORY
from explorer.data.progress import Loading, Parts
from explorer.data.zips import HIDDEN

try:
    import fcntl
except ImportError:  # on Windows a file that is mapped cannot be deleted anyway
    fcntl = None  # type: ignore[assignment]

VERSION = "2"
"""Of what is made from files; another one decodes them anew."""
FOLDER = "decoded"
"""Below the data root."""
MOST = 24 * 2**30
"""Bytes of all that is kept; beyond, what was used longest ago is deleted."""
LISTED = 10_000
"""Files between two words of progress."""


def decoded_once(
    path: Path,
    reading: Callable[..., Iterator[Loading]],
    made: Callable[[Parts], ImageSet],
    *,
    root: Path,
    size: int | None,
    fit: str,
    limits: OwnLimits,
) -> Iterator[Loading]:
    """The `Loading`s of `reading(scratch=folder)`, or the set that an earlier one has left.

    It counts as the same while the files below `path` have the same names, sizes and times, and
    is asked for in the same way. Where root cannot be written it is kept for this process.

    reading : begins to read; the folder is for temporary files.
    made : the set from its parts.
    """
    yield Loading("looking for what was read before", 0, 1)
    key = yield from _fingerprint(path, [VERSION, size, fit, asdict(limits)], limits.entries)
    folder = _writable(root / FOLDER)
    name = f"{key}.safetensors"
    for place in dict.fromkeys((root / FOLDER, folder)):  # what lies there may be read-only
        if parts := _mapped(place / name):
            n = len(parts.images)
            yield Loading(f"read {n:,} images", n, n, made(parts), parts.note)
            return
    for step in reading(scratch=folder):
        if step.data is None:
            yield step
    data, note = step.data, step.note
    assert data is not None  # a reading that could not end with a set has raised
    if write_cache(folder / name, Parts(data.images, data.labels, data.classes, note)):
        delete_least_used(folder, folder / name)
        if data.images.nbytes > IN_MEMORY and (parts := _mapped(folder / name)):
            data = made(parts)
    yield Loading(step.what, step.done, step.total, data, note)


def delete_least_used(folder: Path, but: Path, most: int = MOST) -> None:
    """Until no more than `most` bytes are left; what somebody uses stays, and so does `but`."""
    files = []
    for path in folder.glob("*.safetensors"):
        with suppress(OSError):
            about = path.stat()
            files.append((about.st_mtime_ns, about.st_size, path))
    total = sum(size for _, size, _ in files)
    for _, size, path in sorted(files):
        if total <= most:
            return
        if path == but:
            continue
        with suppress(OSError):
            _delete_unless_used(path)
            total -= size


def _delete_unless_used(path: Path) -> None:
    """OSError if somebody uses it; Windows itself deletes no file that is open."""
    if not fcntl:
        path.unlink()
        return
    with path.open("rb") as file:
        _lock(file, shared=False)
        path.unlink()


def _mapped(path: Path) -> Parts | None:
    """The parts that are kept there, in use as long as their tensor of pictures; else None."""
    try:
        file = path.open("rb")
    except OSError:
        return None
    with suppress(OSError):
        _lock(file, shared=True)
        os.utime(path)
    parts = read_cache(path)
    if parts is None:
        file.close()
    else:
        weakref.finalize(parts.images, file.close)
    return parts


def _lock(file: IO[bytes], *, shared: bool) -> None:
    """OSError if it cannot be had at once. It goes with the file's closing, or the process."""
    if fcntl:
        fcntl.flock(file, fcntl.LOCK_NB | (fcntl.LOCK_SH if shared else fcntl.LOCK_EX))


def _fingerprint(path: Path, asked: object, most: int) -> Generator[Loading, None, str]:
    """A file's name: tells apart files, whatever changed in them, and what is made of them.

    Stops after `most` files: more are refused by who reads them.
    """
    digest = hashlib.sha256(json.dumps([str(path.resolve()), asked]).encode())
    for number, file in enumerate(_files(path)):
        if number > most:
            break
        if number % LISTED == LISTED - 1:
            yield Loading("listing the images", min(number, most), most)
        try:
            about = file.stat()
            found = (os.fsencode(file), about.st_size, about.st_mtime_ns)
        except (OSError, ValueError):
            found = (os.fsencode(file), -1, -1)
        digest.update(repr(found).encode())
    return digest.hexdigest()


def _files(path: Path) -> Iterator[Path]:
    """The file, or all below the folder that are read, always in the same order."""
    if not path.is_dir():
        yield path
    for where, folders, names in os.walk(path):
        folders[:] = sorted(name for name in folders if not HIDDEN.search(name))
        yield from (Path(where, name) for name in sorted(names) if not HIDDEN.search(name))


def _writable(folder: Path) -> Path:
    """The folder, or one of this process's own where it cannot be made or written."""
    with suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return folder
    return _own_folder()


@cache
def _own_folder() -> Path:
    folder = tempfile.mkdtemp(prefix="diffusion-explorer-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return Path(folder)
