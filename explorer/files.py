"""Files: those we write appear whole or not at all, those that people bring are checked."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from reprlib import repr as short
from typing import TYPE_CHECKING, Any, TypeVar, cast

if TYPE_CHECKING:
    from pydantic import TypeAdapter, ValidationError

Model = TypeVar("Model")
OPEN_FILES_STAY = os.name == "nt"
"""Whether the system refuses to replace or delete a file that somebody has open: Windows does."""
PATIENCE = 2.0
"""Seconds that one waits there for those who read it."""
WORDS = {
    "a valid boolean": "true or false",
    "a valid integer": "a whole number",
    "a valid string, unable to parse raw data as a unicode string": "text: some of it is not",
    "a valid dictionary": "a table",
    "a valid ": "a ",
    "greater than or equal to": "at least",
    "less than or equal to": "at most",
}
"""Pydantic's words -> ours."""


@contextmanager
def written_whole(path: Path, *, lasting: bool = True) -> Iterator[Path]:
    """A file to write to, in a folder beside `path`, which takes its place in one step at the end.

    Folders on the way are made. If writing fails, what was there before stays. `lasting` waits
    until the disk has it, so that it survives a power cut too. OSError as any writing.
    """
    folder = _folder_beside(path)
    part = folder / "part"
    try:
        yield part
        if lasting:
            with open(part, "r+b") as file:  # Windows syncs only what may be written
                os.fsync(file.fileno())
        os.chmod(part, 0o644)  # what safetensors writes is its maker's alone
        once_closed(lambda: os.replace(part, path))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def once_closed(work: Callable[[], object]) -> None:
    """Replace or delete a file: where an open one refuses that, once whoever reads it has done.

    PermissionError if that takes longer than `PATIENCE`.
    """
    end = time.monotonic() + PATIENCE
    while True:
        try:
            work()
            return
        except PermissionError:
            if not OPEN_FILES_STAY or time.monotonic() > end:
                raise
        time.sleep(0.01)


def _folder_beside(path: Path) -> Path:
    """An empty folder in the same one, which is made: safetensors writes beside the file that it
    is given, under a name of its own."""
    for attempts_left in (4, 3, 2, 1, 0):  # somebody may sweep away empty folders meanwhile
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            return Path(tempfile.mkdtemp(".part", f".{path.name}.", path.parent))
        except (FileNotFoundError, FileExistsError):
            if not attempts_left:
                raise
    raise AssertionError("the last attempt returns or raises")


def validated(kind: type[Model], value: Any, what: str) -> Model:
    """`value`, JSON if it is bytes, as this pydantic model or dataclass.

    ValueError with a clause, in our words, that names the first field that is wrong.
    what : what the whole is called in that clause.
    """
    from pydantic import ValidationError  # here: training needs it not, and runs without

    adapter: TypeAdapter[Model] = _adapter(cast(Any, kind))
    try:
        found: Model = (
            adapter.validate_json(value, strict=True)
            if isinstance(value, bytes)
            else adapter.validate_python(value)
        )
    except ValidationError as error:
        raise ValueError(_clause(error, what)) from error
    return found


@cache
def _adapter(kind: Any) -> TypeAdapter[Any]:
    from pydantic import TypeAdapter

    return TypeAdapter(kind)


def _clause(error: ValidationError, what: str) -> str:
    first = error.errors(include_url=False)[0]
    place, kind, given = first["loc"], first["type"], short(first["input"])
    names = [short(part)[1:-1] for part in place if isinstance(part, str)]
    name = ".".join(names) if names else what
    if kind == "missing" and isinstance(place[-1], int):
        return f"{name} has too few entries"
    if kind in ("missing", "extra_forbidden"):
        found = "no" if kind == "missing" else "an unknown entry"
        return f"{'.'.join(names[:-1]) or what} has {found} {names[-1]!r}"
    message = first["msg"]
    if kind == "value_error":  # a sentence of our own: about the field, or about a whole table
        message = message.removeprefix("Value error, ")
        return message if isinstance(first["input"], dict) else f"{name} = {given} {message}"
    message = re.sub(r"^\w+ (should .*?)( after validation)?(, not .*)?$", r"\1\3", message)
    message = re.sub(r" or instance of \w+$", "", message)
    for theirs, ours in WORDS.items():
        message = message.replace(theirs, ours)
    return (
        f"{name} {message}"
        if "items" in message or "item," in message
        else f"{name} = {given} {message}"
    )
