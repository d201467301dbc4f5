"""Zips from strangers: read in memory, entry by entry, believing none of their headers.

Nothing is ever written to disk. What an entry unpacks to is counted while it is unpacked, so that
wrong sizes, overlapping entries and bombs meet the same limits as honest files.
"""

from __future__ import annotations

import re
import stat
import struct
import zipfile
import zlib
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import BinaryIO

from explorer.data.limits import OwnLimits
from explorer.data.progress import DataError
from explorer.data.skipped import Skip, Skipped, clean
from explorer.data.squares import PictureFile
from explorer.data.zip_names import entry_names

CHUNK = 2**16
FREE = 2**20
"""Bytes an entry may unpack to whatever its ratio: small flat pictures pack well."""
LISTED = 512
"""Bytes of the list of entries for each entry that is allowed."""
METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
"""No others: their unpackers can be made to take any amount of memory at once."""
LIES = (
    *(zipfile.BadZipFile, zlib.error, struct.error, NotImplementedError),
    *(OSError, EOFError, RuntimeError, ValueError, LookupError, AttributeError),
)
"""What a damaged or forged zip makes zipfile raise."""
HIDDEN = re.compile(r"(^|/)(\.(?!\.?(/|$))|__MACOSX(/|$)|(Thumbs\.db|desktop\.ini)$)", re.I)
"""Paths that systems leave behind and nobody means; not `.` and `..`."""


class Budget:
    """The bytes that all zips together may still unpack to."""

    def __init__(self, limits: OwnLimits) -> None:
        self.limits = limits
        self.left = limits.bytes

    def take(self, size: int) -> None:
        """Count `size` bytes; DataError when there are more than allowed."""
        self.left -= size
        if self.left < 0:
            raise DataError(
                f"the zip unpacks to more than {self.limits.bytes / 2**20:,.0f} MB; take fewer "
                "images, or save them smaller first"
            )


class OpenZip:
    """A zip, open for reading. `Skip` if it is damaged, DataError if its list is endless."""

    def __init__(self, path: Path, budget: Budget) -> None:
        self.name, self.budget = path.name, budget
        try:
            self.file = path.open("rb")
        except PermissionError as error:
            raise Skip("closed") from error
        try:
            listing = _Bounded(self.file, self._too_many)
            listing.limit = max(FREE, LISTED * budget.limits.entries)
            self.zip = zipfile.ZipFile(listing)
        except DataError:
            self.close()
            raise
        except LIES as error:
            self.close()
            raise Skip("zip") from error

    def close(self) -> None:
        self.file.close()

    def _too_many(self) -> None:
        raise DataError(
            f"{clean(self.name)!r} lists far more than the {self.budget.limits.entries:,} files "
            "that are read; take fewer images"
        )

    def files(self, prefix: str, skipped: Skipped) -> list[PictureFile]:
        """Its entries, but for folders; those that are hidden or refused are `skipped`."""
        found = []
        for info, name in entry_names(self.zip.infolist()):
            if name.endswith("/"):
                continue
            kind = "hidden" if HIDDEN.search(name) else refusal(info, name)
            if kind:
                skipped.add(kind, prefix + name)
            else:
                found.append(PictureFile(prefix + name, partial(self.unpack, info)))
        return found

    def unpack(self, info: zipfile.ZipInfo) -> bytes:
        """What is in the entry, within the limits; else `Skip`, or DataError for the whole."""
        limits, data = self.budget.limits, bytearray()
        if info.file_size > limits.file_bytes:
            raise Skip("large")
        try:
            with self.zip.open(info) as file:
                while part := file.read(CHUNK):
                    self.budget.take(len(part))
                    data += part
                    if data.startswith(b"PK\x03\x04"):
                        raise Skip("nested")
                    if len(data) > limits.file_bytes:
                        raise Skip("large")
                    if len(data) > max(FREE, limits.ratio * info.compress_size):
                        raise Skip("bomb")
        except DataError:
            raise
        except LIES as error:
            raise Skip("damaged") from error
        return bytes(data)


class _Bounded:
    """A file that refuses to read more than `limit` bytes at once.

    zipfile reads the list of entries in one go, as long as the zip says it is, and makes about a
    kilobyte of objects for each entry: this is the moment to refuse.
    """

    def __init__(self, file: BinaryIO, refuse: Callable[[], None]) -> None:
        self.file, self.refuse = file, refuse
        self.seek, self.tell, self.seekable = file.seek, file.tell, file.seekable
        self.limit = FREE

    def read(self, size: int = -1) -> bytes:
        if size > self.limit:
            self.refuse()
        return self.file.read(size)


def refusal(info: zipfile.ZipInfo, name: str) -> str | None:
    """Why an entry is not read, one of `REASONS`; None if it may be."""
    kind = stat.S_IFMT(info.external_attr >> 16)
    if stat.S_ISLNK(kind):
        return "link"
    if kind and not stat.S_ISREG(kind):
        return "special"
    if name.startswith("/") or re.match("[A-Za-z]:", name) or ".." in name.split("/"):
        return "outside"
    if info.flag_bits & 0x41:
        return "encrypted"
    if name.lower().endswith(".zip"):
        return "nested"
    return None if info.compress_type in METHODS else "method"


def is_zip(path: Path) -> bool:
    """Whether a file calls itself a zip, by its name or its first bytes."""
    if path.suffix.lower() == ".zip":
        return True
    try:
        with path.open("rb") as file:
            return file.read(4) in (b"PK\x03\x04", b"PK\x05\x06")
    except OSError:
        return False
