"""A whole race in one file, `NAME.race.zip`: it replays anywhere, without the model.

`race.json` describes the race, `{lane}-{k}.bin` are its sheets as they are. Capsules are passed
on, so nothing in one is believed: not the zip's list, no size, no field.
"""

from __future__ import annotations

import io
import json
import struct
import zipfile
import zlib
from pathlib import Path
from typing import Any, NoReturn

from explorer.export.check import MAX_FRAMES, MAX_LANES, described, race_from
from explorer.race.view import RaceView, Sheet, read, write

SUFFIX = ".race.zip"
FORMAT, VERSION = "Diffusion Explorer race", 1
MAX_BYTES = 64 * 2**20
"""Of a capsule; and of all its frames when they are unpacked."""
MAX_JSON = 2**20
MAX_ENTRIES = 1 + MAX_LANES * MAX_FRAMES
CHUNK = 2**16
EPOCH = (1980, 1, 1, 0, 0, 0)
"""A fixed time for every entry: the same race is the same file."""
END, LISTED, ZIP64 = 22, 128, b"PK\x06\x07"
"""Bytes of the record that ends a zip, and at most of each entry in its list; what announces
another, longer list."""
AGAIN = "ask its author for another copy, or run the race again"
LIES = (
    *(zipfile.BadZipFile, zlib.error, struct.error, NotImplementedError, OverflowError),
    *(OSError, EOFError, RuntimeError, ValueError, LookupError, TypeError, AttributeError),
)
"""What damaged or forged content makes zipfile, zlib and json raise (RecursionError is one)."""


class CapsuleError(ValueError):
    """A race cannot be opened or packed; one sentence says what is wrong and what to do."""


def pack(view: RaceView) -> bytes:
    """The race as a file that `unpack` opens; the same race gives the same bytes.

    What a running race has so far is packed. CapsuleError if its frames are gone, or if it is
    more than a capsule may hold.
    """
    try:
        sheets = {
            f"{i}-{k}.bin": sheet.data or Path(sheet.path or "").read_bytes()
            for i, lane in enumerate(view.lanes)
            for k, sheet in enumerate(lane.sheets)
        }
    except OSError as error:
        raise CapsuleError(
            "The frames of this race are no longer available; run it again."
        ) from error
    stored = {"format": FORMAT, "version": VERSION} | described(view)
    text = json.dumps(stored, ensure_ascii=False, separators=(",", ":"))
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        _add(file, "race.json", text.encode("utf-8", "surrogatepass"), zipfile.ZIP_DEFLATED)
        for name, data in sheets.items():
            _add(file, name, data, zipfile.ZIP_STORED)  # they are compressed
    packed = buffer.getvalue()
    _opened(packed)
    return packed


def unpack(source: str | Path | bytes, folder: Path) -> RaceView:
    """Check a capsule, store its race in `folder` as `write` does, and read it from there.

    source : a file's path, or what is in it. The race gets an id of its own.

    CapsuleError, before anything is written, if it is not a race from the first byte to the last.
    """
    view = _opened(_bytes(source))
    write(view, folder)
    return read(folder)


def _add(file: zipfile.ZipFile, name: str, data: bytes, method: int) -> None:
    info = zipfile.ZipInfo(name, EPOCH)
    info.compress_type, info.create_system, info.external_attr = method, 3, 0o100644 << 16
    file.writestr(info, data)


def _bytes(source: str | Path | bytes) -> bytes:
    if isinstance(source, bytes):
        return source
    try:
        with Path(source).open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        raise CapsuleError("The file did not arrive; please choose it again.") from error


def _opened(data: bytes) -> RaceView:
    """The race with its sheets in memory, every byte of it checked."""
    if len(data) > MAX_BYTES:
        raise CapsuleError(
            f"This race takes more than {MAX_BYTES / 2**20:.0f} MB; run it with fewer or smaller "
            "images."
        )
    with _zip(data) as file:
        view = _described(_entry(file, "race.json", MAX_JSON))
        expected = {"race.json"} | {
            f"{i}-{k}.bin" for i, lane in enumerate(view.lanes) for k in range(len(lane.counts))
        }
        found = [info.filename for info in file.infolist()]
        if len(found) != len(expected) or set(found) != expected:
            _refuse("it contains files that do not belong to a race")
        left = MAX_BYTES
        for i, lane in enumerate(view.lanes):
            size = lane.frame_bytes(view.values)
            left -= size * len(lane.times)
            if left < 0:
                _refuse(f"its frames unpack to more than {MAX_BYTES / 2**20:.0f} MB")
            for k, count in enumerate(lane.counts):
                room = count * size + count * size // 500 + 1024  # zlib never needs more
                sheet = _entry(file, f"{i}-{k}.bin", room)
                if not _holds(sheet, count * size):
                    _refuse(f"sheet {k + 1} of lane {i + 1} is not {count} frames of its images")
                lane.sheets.append(Sheet(sheet))
    return view


def _zip(data: bytes) -> zipfile.ZipFile:
    """The zip, its list not longer than that of a race: zipfile would read any list at once."""
    end = data[-END:]
    if not data.startswith(b"PK\x03\x04") or not end.startswith(b"PK\x05\x06"):
        _refuse(f"this is not a complete *{SUFFIX} file")
    entries, listing = struct.unpack("<10xHL", end[:16])
    if entries > MAX_ENTRIES or listing > LISTED * entries or data[-END - 20 :][:4] == ZIP64:
        _refuse("its list of contents is not that of a race")
    try:
        return zipfile.ZipFile(io.BytesIO(data))
    except LIES as error:
        _refuse("the file is damaged", error)


def _entry(file: zipfile.ZipFile, name: str, most: int) -> bytes:
    """What is in an entry: stored or deflated, and at most so many bytes."""
    try:
        info = file.getinfo(name)
    except KeyError as error:
        _refuse(f"{name} is missing", error)
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        _refuse(f"{name} is packed in an unsupported way")
    if info.file_size > most:
        _refuse(f"{name} unpacks to more than the {most:,} bytes that it may take")
    try:
        with file.open(info) as entry:
            return entry.read(most)
    except LIES as error:
        _refuse(f"{name} is damaged", error)


def _described(data: bytes) -> RaceView:
    """The race that JSON describes."""
    try:
        stored = json.loads(data.decode("utf-8"), parse_constant=_no_number)
    except LIES as error:
        _refuse("its description is damaged", error)
    if not isinstance(stored, dict) or stored.pop("format", None) != FORMAT:
        _refuse("its description is not that of a race")
    version: Any = stored.pop("version", None)
    if type(version) is not int or version != VERSION:
        raise CapsuleError(
            f"This race was saved by another version of Diffusion Explorer (this one reads "
            f"version {VERSION}); open it with a newer version."
        )
    try:
        return race_from(stored)
    except ValueError as error:
        _refuse(str(error), error)


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number")


def _holds(sheet: bytes, expected: int) -> bool:
    """Whether it is one whole zlib stream of so many bytes; a chunk at a time, none is kept."""
    stream, found = zlib.decompressobj(), 0
    try:
        for at in range(0, len(sheet), CHUNK):
            waiting = sheet[at : at + CHUNK]
            while waiting and not stream.eof and found <= expected:
                found += len(stream.decompress(waiting, CHUNK))
                waiting = stream.unconsumed_tail
            if found > expected or (stream.eof and at + CHUNK < len(sheet)):
                return False
        found += len(stream.flush())
    except zlib.error:
        return False
    return stream.eof and found == expected and not stream.unused_data


def _refuse(reason: str, cause: Exception | None = None) -> NoReturn:
    raise CapsuleError(f"This race cannot be used: {reason}; {AGAIN}.") from cause
