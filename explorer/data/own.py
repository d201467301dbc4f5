"""Pictures of one's own: files, folders and zips -> an `ImageSet`, and what was skipped."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, closing
from functools import partial
from pathlib import Path

import torch
from torch import Tensor

from explorer.data.images import ImageSet, check_size
from explorer.data.limits import HOSTED, LOCAL, OwnLimits
from explorer.data.progress import DataError, Loading
from explorer.data.skipped import Skip, Skipped, clean
from explorer.data.squares import PictureFile, read_squares
from explorer.data.zips import HIDDEN, Budget, OpenZip, is_zip

__all__ = ["HOSTED", "LEAST", "LOCAL", "OwnLimits", "read_own"]

LEAST = 8
"""Fewer pictures are no data set."""
SPLITS = {"train", "training", "test", "testing", "val", "valid", "validation"}
"""Folders of these names are parts of a set, not classes of pictures."""


def read_own(
    paths: Sequence[str | Path],
    *,
    size: int,
    name: str = "your images",
    limits: OwnLimits = LOCAL,
) -> Iterator[Loading]:
    """Pictures from files, folders (with all below) and zips, as middle squares, sorted by path.

    The set has one channel if every picture is grey, else three. If every picture lies in a
    folder and there are at least two, the folders are the classes: those first below what all
    have in common, not counting "train", "test" and the like. Zips and folders that are given
    count as folders. Hidden files and links to folders are not followed.

    Yields `Loading`s, the last with the set and a note on what was read and skipped. DataError
    for fewer than `LEAST` pictures or more than `limits` allow; ValueError for a wrong size.
    """
    check_size(size)
    skipped = Skipped(limits)
    with ExitStack() as stack:
        files = _gather(paths, skipped, stack)
        squares = yield from read_squares(files, size, skipped)
    n = len(squares.kept)
    if n < LEAST:
        raise DataError(
            f"at least {LEAST} pictures are needed, and {n} could be read; {skipped}. "
            "JPEG, PNG, WebP, GIF, BMP and TIFF work"
        )
    labels, classes = _folders([files[i].name for i in squares.kept])
    images = squares.images[:, :1].contiguous() if squares.grey else squares.images
    data = ImageSet(images, labels, classes, name, "your own pictures", name)
    note = f"Read {n:,} pictures as their middle squares, {size} × {size} pixels"
    note += ", all grey" if squares.grey else ""
    note += f", in {len(classes)} classes by folder" if classes else ""
    note += f"; {skipped}."
    yield Loading(f"read {n:,} pictures", len(files), len(files), data, note)


def _gather(paths: Sequence[str | Path], skipped: Skipped, stack: ExitStack) -> list[PictureFile]:
    """All files there are, sorted; zips stay open until the stack is closed."""
    limits = skipped.limits
    budget, files, several = Budget(limits), [], len(paths) > 1
    for path in map(Path, paths):
        found: Iterable[PictureFile]
        if os.path.isdir(path):
            found = _below(path, f"{path.resolve().name}/" if several else "", skipped)
        else:
            found = _file(path, f"{path.stem}/" if several else "", budget, skipped, stack)
        for file in found:
            files.append(file)
            if len(files) + len(skipped) > limits.entries:
                raise DataError(
                    f"there are more than {limits.entries:,} files in {clean(path.name)!r}; "
                    "take fewer pictures"
                )
    return sorted(files, key=lambda file: file.name)


def _file(
    path: Path, prefix: str, budget: Budget, skipped: Skipped, stack: ExitStack
) -> list[PictureFile]:
    """A picture, or what is in a zip: there the prefix goes before the names."""
    try:
        if not is_zip(_plain(path)):
            return [PictureFile(path.name, partial(_plain, path))]
        return stack.enter_context(closing(OpenZip(path, budget))).files(prefix, skipped)
    except Skip as skip:
        skipped.add(skip.kind, path.name)
        return []


def _below(folder: Path, prefix: str, skipped: Skipped) -> Iterator[PictureFile]:
    """The files in a folder and its folders; links to folders are reported, not followed."""

    def closed(error: OSError) -> None:
        skipped.add("closed", Path(error.filename).name)

    for where, folders, names in os.walk(folder, onerror=closed):
        place = Path(where)
        below = place.relative_to(folder).as_posix()
        shown = prefix if below == "." else f"{prefix}{below}/"
        folders[:] = sorted(name for name in folders if not HIDDEN.search(name))
        for name in folders:
            if (place / name).is_symlink():
                skipped.add("link", shown + name)
        for name in sorted(names):
            if HIDDEN.search(name):
                continue
            if name.lower().endswith(".zip"):
                skipped.add("nested", shown + name)
            else:
                yield PictureFile(shown + name, partial(_plain, place / name))


def _plain(path: Path) -> Path:
    """The path, if a plain file is there; opening a pipe would wait for ever."""
    try:
        kind = path.stat().st_mode
    except PermissionError as error:
        raise Skip("closed") from error
    except (OSError, ValueError) as error:
        raise Skip("missing") from error
    if not stat.S_ISREG(kind):
        raise Skip("special")
    return path


def _folders(names: Sequence[str]) -> tuple[Tensor | None, tuple[str, ...]]:
    """labels int64 (N,) and classes by folder; None and () where the folders tell no classes."""
    places = [
        [part for part in name.split("/")[:-1] if part.lower() not in SPLITS | {".", ""}]
        for name in names
    ]
    common = len(os.path.commonprefix(places))
    if any(len(place) <= common for place in places):
        return None, ()
    found = [clean(place[common]) for place in places]
    classes = sorted(set(found))
    if len(classes) < 2:
        return None, ()
    index = {name: i for i, name in enumerate(classes)}
    return torch.tensor([index[name] for name in found]), tuple(classes)
