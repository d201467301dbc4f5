"""Which files were left out of a set, and why, in one sentence."""

from __future__ import annotations

import unicodedata

from explorer.data.limits import OwnLimits
from explorer.text import printable

SHOWN = 3
"""Names given for each reason."""

REASONS: dict[str, tuple[str, str]] = {
    "unknown": ("is not an image", "are not images"),
    "heic": ("is HEIC: save it as JPEG first", "are HEIC: save them as JPEG first"),
    "damaged": ("is damaged or incomplete", "are damaged or incomplete"),
    "empty": ("is empty", "are empty"),
    "large": ("is larger than {mb:g} MB", "are larger than {mb:g} MB"),
    "pixels": ("has too many pixels", "have too many pixels"),
    "missing": ("cannot be found", "cannot be found"),
    "closed": ("may not be opened", "may not be opened"),
    "special": ("is not a regular file", "are not regular files"),
    "link": ("is a link", "are links"),
    "outside": ("has a path that leads outside the zip", "have paths that lead outside the zip"),
    "encrypted": ("is encrypted", "are encrypted"),
    "method": ("uses a compression other than deflate", "use a compression other than deflate"),
    "bomb": (
        "unpacks to more than {ratio} times its size",
        "unpack to more than {ratio} times their size",
    ),
    "nested": ("is a zip inside: give it by itself", "are zips inside: give them by themselves"),
    "zip": ("is a damaged zip, or not one", "are damaged zips, or not zips"),
    "array": (
        "is an array of images: give it by itself",
        "are arrays of images: give them by themselves",
    ),
    "table": (
        "is not a readable table of files and classes",
        "are not readable tables of files and classes",
    ),
    "hidden": (
        "is hidden, or is kept by the system for itself",
        "are hidden, or are kept by the system for itself",
    ),
    "unlisted": ("is in no table of classes", "are in no table of classes"),
}
"""Kind -> what is said of one file, and of several."""


class Skip(Exception):
    """A file is left out, for one of `REASONS`."""

    def __init__(self, kind: str) -> None:
        super().__init__(kind)
        self.kind = kind


class Skipped:
    """Counts what is left out; as text: "2 skipped: 1 is empty (a.png), 1 is … (b.png)"."""

    def __init__(self, limits: OwnLimits) -> None:
        self.limits = limits
        self.names: dict[str, list[str]] = {}

    def add(self, kind: str, name: str) -> None:
        self.names.setdefault(kind, []).append(name)

    def __len__(self) -> int:
        return sum(map(len, self.names.values()))

    def __str__(self) -> str:
        if not self.names:
            return "nothing was skipped"
        return f"{len(self):,} skipped: " + ", ".join(map(self._group, self.names))

    def _group(self, kind: str) -> str:
        names = self.names[kind]
        says = REASONS[kind][len(names) > 1].format(
            mb=self.limits.file_bytes / 2**20, ratio=self.limits.ratio
        )
        more = ", …" if len(names) > SHOWN else ""
        return f"{len(names):,} {says} ({', '.join(map(clean, names[:SHOWN]))}{more})"


def clean(name: str, longest: int = 60) -> str:
    """A file's name that can be printed and stored: no control characters, not endless."""
    return printable(unicodedata.normalize("NFC", name), longest)
