"""Tables beside pictures that say which class each has: CSV, TSV, JSON and JSON lines."""

from __future__ import annotations

import codecs
import csv
import io
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

from explorer.data.skipped import SHOWN, Skip, Skipped, clean
from explorer.data.squares import PictureFile

KINDS = (".csv", ".tsv", ".json", ".jsonl")
FILES = (
    *("file", "file_name", "filename", "path", "filepath", "file_path"),
    *("image", "image_id", "id"),
)
"""What the column of files may be called; the first of them that is there counts."""
LABELS = ("label", "class", "labels", "category", "class_name")
"""What the column of classes may be called."""
MOST = 16
"""Tables that are tried: more are what some programs write beside every picture."""
BEFORE = re.compile(r"\A\s*(sep=.\r?\n\s*)?", re.I)
"""What may stand before a table."""
NO_TABLE = (
    *(OSError, ValueError, TypeError, LookupError, AttributeError, RecursionError, csv.Error),
)
"""What reading another kind of file as a table raises."""


class Table(NamedTuple):
    """A table's name, and its (file, class) pairs."""

    name: str
    rows: list[tuple[str, str]]


class Listed(NamedTuple):
    """What tables say of pictures."""

    labels: list[str | None]
    """The class of each picture; None if it is not listed."""
    names: str
    """Of the tables that list some of the pictures, or of all if none does."""
    said: str
    """A clause on what is listed twice, and on what is listed and not there; may be empty."""


def is_table(file: PictureFile) -> bool:
    """Whether a file may be one, by its name."""
    return file.name.lower().endswith(KINDS)


def read_tables(files: Iterable[PictureFile], skipped: Skipped) -> list[Table]:
    """Those of the files that are tables of files and classes; the others are `skipped`."""
    found: list[Table] = []
    for tried, file in enumerate(files):
        try:
            if tried >= MOST:
                raise Skip("table")
            found.append(Table(file.name, _rows(file, skipped.limits.table_bytes)))
        except Skip as skip:
            skipped.add(skip.kind, file.name)
    return found


def _rows(file: PictureFile, most: int) -> list[tuple[str, str]]:
    """Its pairs; `Skip` if it is no such table, or longer than `most` bytes."""
    source = file.source()
    try:
        if isinstance(source, Path):
            with source.open("rb") as opened:
                source = opened.read(most + 1)
        if len(source) > most:
            raise Skip("table")
        text = _text(source)
        suffix = PurePosixPath(file.name).suffix.lower()
        read = {".json": _json, ".jsonl": _json_lines}.get(suffix, _csv)
        rows = [(name, label) for name, label in read(text) if name and label]
    except PermissionError as error:
        raise Skip("closed") from error
    except NO_TABLE as error:
        raise Skip("table") from error
    if not rows:
        raise Skip("table")
    return rows


def _text(source: bytes) -> str:
    """UTF-8, UTF-16 with its mark, or what else spreadsheets write in the west."""
    if source.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return source.decode("utf-16")
    try:
        return source.decode("utf-8-sig")
    except UnicodeDecodeError:
        return source.decode("cp1252")


def _csv(text: str) -> Iterator[tuple[str, str]]:
    """Columns apart by tabs, semicolons or commas, whichever the first line has most of.

    What stands before the names of the columns, empty lines and a spreadsheet's "sep=;", is
    passed over.
    """
    text = BEFORE.sub("", text)
    first = text.split("\n", 1)[0]
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=max("\t;,", key=first.count))
    head = {name.strip().lower(): number for number, name in enumerate(next(lines, []))}
    file, label = _chosen(head, FILES), _chosen(head, LABELS)
    for line in lines:
        if len(line) > max(head[file], head[label]):
            yield line[head[file]].strip(), line[head[label]].strip()


def _json(text: str) -> Iterator[tuple[str, str]]:
    """{file: class} or a list of records."""
    found = json.loads(text)
    return _records(found) if isinstance(found, list) else map(_pair, found.items())


def _json_lines(text: str) -> Iterator[tuple[str, str]]:
    """A record a line."""
    return _records(json.loads(line) for line in text.splitlines() if line.strip())


def _records(records: Iterable[Any]) -> Iterator[tuple[str, str]]:
    for record in records:
        named = {name.lower(): value for name, value in record.items()}
        yield _pair((named[_chosen(named, FILES)], named[_chosen(named, LABELS)]))


def _pair(pair: tuple[Any, Any]) -> tuple[str, str]:
    """A file's name and its class, text or a whole number; TypeError for anything else."""
    file, label = pair
    if not isinstance(file, str) or not isinstance(label, (str, int)):
        raise TypeError("no pair of a file and a class")
    return file.strip(), str(label).strip()


def _chosen(names: Iterable[str], wanted: Sequence[str]) -> str:
    """The first of the wanted ones that is there; LookupError if none is."""
    return [name for name in wanted if name in names][0]


def _ends(path: str, folder: str) -> Iterator[str]:
    """What a path of a table may mean: of one from a disk's root, each end, the longest first."""
    parts = path.split("/")
    rooted = not parts[0] or parts[0].endswith(":")
    for first in range(len(parts) if rooted else 1):
        end = "/".join(parts[first:])
        yield f"{folder}/{end}" if folder else end


def match(names: Sequence[str], tables: Sequence[Table]) -> Listed:
    """What the tables say of these pictures.

    A table's files are paths from its own folder, with "/" or "\\", or from the root of a disk,
    whose last folders then lead there. A name without a path, or without its ending, also stands
    for the one picture that is called so, wherever it lies. The first line on a picture counts.
    """
    places = {name: number for number, name in enumerate(names)}
    alone: dict[str, int | None] = {}
    for number, name in enumerate(names):
        base = name.rpartition("/")[2]
        for called in {base, base.rpartition(".")[0] or base}:
            alone[called] = None if called in alone else number
    labels: list[str | None] = [None] * len(names)
    used, twice, missing = [], 0, 0
    for table in tables:
        folder, listed, absent = table.name.rpartition("/")[0], 0, 0
        for file, label in table.rows:
            path = file.replace("\\", "/").removeprefix("./")
            place = next(
                (places[end] for end in _ends(path, folder) if end in places), alone.get(path)
            )
            if place is None:
                absent += 1
                continue
            listed += 1
            twice += labels[place] is not None
            labels[place] = labels[place] or label
        if listed:
            used.append(clean(table.name))
            missing += absent
    said = [f"{twice:,} lines for an image that it has already listed"] if twice else []
    said += [f"{missing:,} lines for files that do not exist"] if missing else []
    used = used or [clean(table.name) for table in tables]
    called = " and ".join(used[:SHOWN]) + (" …" if len(used) > SHOWN else "")
    return Listed(labels, called, " and ".join(said))
