"""Pictures of one's own: files, folders, zips, arrays -> an `ImageSet`, and what was skipped."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, closing
from functools import partial
from pathlib import Path

from explorer.data.arrays import SUFFIX, read_arrays
from explorer.data.classes import classes_of, why_none, why_not_deeper
from explorer.data.images import FITS, ImageSet, check_fit, check_size
from explorer.data.limits import HOSTED, LEAST, LOCAL, OWN_SIDE, OwnLimits
from explorer.data.progress import DataError, Loading, Parts, Reading
from explorer.data.skipped import SHOWN, Skip, Skipped, clean
from explorer.data.squares import PictureFile, read_squares
from explorer.data.tables import Listed, is_table, match, read_tables
from explorer.data.uploads import formats_named
from explorer.data.zips import HIDDEN, Budget, OpenZip, is_zip

__all__ = ["HOSTED", "LEAST", "LOCAL", "OwnLimits", "made_of", "read_own"]

SQUARES = {"crop": "as their middle squares", "pad": "padded to squares with grey margins"}


def read_own(
    paths: Sequence[str | Path],
    *,
    size: int | None = None,
    name: str = "your images",
    limits: OwnLimits = LOCAL,
    fit: str = FITS[0],
    scratch: Path | None = None,
) -> Iterator[Loading]:
    """Pictures from files, folders (with all below) and zips, as squares, sorted by path; or a
    single .npz, see `read_arrays`.

    The set has one channel if every picture is grey, else three. The classes are told by tables
    of files and classes that lie among the pictures, see `tables`: those that they do not list
    are left out. Else by folders or names, see `classes_of`; zips and folders that are given
    count as folders. Hidden files and links to folders are not followed, but counted.

    size : of the squares; None for `OWN_SIDE`, or as they are in an array.
    fit : one of `FITS`.
    scratch : the folder for the temporary file that many pictures need.

    Yields `Loading`s, the last with the set and a note on what was read and skipped. DataError
    for fewer than `LEAST` pictures or more than `limits` allow; ValueError for a wrong size or
    fit.
    """
    if size is not None:
        check_size(size)
    check_fit(fit)
    if len(paths) == 1 and is_array(path := Path(paths[0])):
        parts = yield from read_arrays(path, size=size, fit=fit, limits=limits, scratch=scratch)
    else:
        parts = yield from _read_files(paths, size or OWN_SIDE, fit, limits, scratch)
    n = len(parts.images)
    yield Loading(f"read {n:,} images", n, n, made_of(parts, name), parts.note)


def made_of(parts: Parts, name: str) -> ImageSet:
    """The set of own pictures with these parts."""
    return ImageSet(parts.images, parts.labels, parts.classes, name, "your own images", name)


def is_array(path: Path) -> bool:
    """Whether a file calls itself a .npz."""
    return path.suffix.lower() == SUFFIX and not path.is_dir()


def _read_files(
    paths: Sequence[str | Path], size: int, fit: str, limits: OwnLimits, scratch: Path | None
) -> Reading:
    """The parts of a set of picture files."""
    skipped = Skipped(limits)
    with ExitStack() as stack:
        files = _gather(paths, skipped, stack)
        tables = read_tables(filter(is_table, files), skipped)
        files = [file for file in files if not is_table(file)]
        listed = match([file.name for file in files], tables)
        files, labels, said = _told(files, listed, skipped)
        squares = yield from read_squares(files, size, skipped, fit=fit, scratch=scratch)
    n = len(squares.kept)
    if n < LEAST:
        raise DataError(
            f"at least {LEAST} images are needed, and {n} could be read; {skipped}. "
            f"{formats_named()} work"
        )
    told = [labels[i] for i in squares.kept] if labels else None
    kept = [files[i].name for i in squares.kept]
    found = classes_of(kept, told, listed.names)
    note = f"Read {n:,} images {SQUARES[fit]}, {size} × {size} pixels"
    note += ", all grey" if squares.grey else ""
    note += f", in {len(found.names)} classes {found.by}" if found.names else ""
    note += "" if found.names else f", without classes: {why_none(kept)}"
    said = said or (why_not_deeper(kept) if found.by == "by folder" else "")
    note += f"; {said}" if said else ""
    note += _dark([files[i].name for i in squares.dark])
    return Parts(squares.images, found.labels, found.names, f"{note}; {skipped}.")


def _told(
    files: list[PictureFile], listed: Listed, skipped: Skipped
) -> tuple[list[PictureFile], list[str] | None, str]:
    """The files whose class is listed, their classes, and a clause on the tables.

    All files and None, if too few are or all in one class; the others are `skipped`.
    """
    pairs = [(file, label) for file, label in zip(files, listed.labels, strict=True) if label]
    classes = len({label for _, label in pairs})
    if len(pairs) < LEAST or classes < 2:
        said = f"{listed.names} is not used: it lists {len(pairs):,} of these {len(files):,} files"
        said += ", in one class" if classes == 1 else f", in {classes} classes"
        return files, None, said if listed.names else ""
    for file, label in zip(files, listed.labels, strict=True):
        if not label:
            skipped.add("unlisted", file.name)
    said = f"{listed.names} has {listed.said}" if listed.said else ""
    return [file for file, _ in pairs], [label for _, label in pairs], said


def _dark(names: list[str]) -> str:
    """A clause on images that use little of their 16 bits; "" for none."""
    if not names:
        return ""
    one, more = len(names) == 1, ", …" if len(names) > SHOWN else ""
    return (
        f"; {len(names):,} {'uses' if one else 'use'} less than a tenth of "
        f"{'its' if one else 'their'} 16-bit range and {'shows' if one else 'show'} almost no "
        f"contrast ({', '.join(map(clean, names[:SHOWN]))}{more}): scale "
        f"{'it' if one else 'them'} to 0…65,535 first"
    )


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
                    "take fewer images"
                )
    return sorted(files, key=lambda file: file.name)


def _file(
    path: Path, prefix: str, budget: Budget, skipped: Skipped, stack: ExitStack
) -> list[PictureFile]:
    """A picture, or what is in a zip: there the prefix goes before the names."""
    try:
        if is_array(path):
            raise Skip("array")
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
        for name in sorted(filter(HIDDEN.search, folders)):
            skipped.add("hidden", f"{shown}{name}/")
        folders[:] = sorted(name for name in folders if not HIDDEN.search(name))
        for name in folders:
            if (place / name).is_symlink():
                skipped.add("link", shown + name)
        for name in sorted(names):
            if HIDDEN.search(name):
                skipped.add("hidden", shown + name)
            elif name.lower().endswith((".zip", SUFFIX)):
                skipped.add("array" if name.lower().endswith(SUFFIX) else "nested", shown + name)
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
