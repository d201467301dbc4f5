"""Pictures and zips made for the tests."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from http.server import SimpleHTTPRequestHandler
from pathlib import Path
from typing import Any

from PIL import Image

from explorer.data import ImageSet, Loading, read_own


class Mirror(SimpleHTTPRequestHandler):
    """Publishes a folder on the loopback."""

    def log_message(self, *arguments: object) -> None:
        """Quietly."""


def picture(value: int = 0, *, kind: str = "PNG", size: tuple[int, int] = (16, 16)) -> bytes:
    """One colour; the red channel tells pictures apart."""
    buffer = io.BytesIO()
    Image.new("RGB", size, (value, 40, 90)).save(buffer, kind)
    return buffer.getvalue()


def fill(folder: Path, n: int, first: int = 0) -> Path:
    """n pictures, 00.png …, with the values first, first + 1, …"""
    folder.mkdir(parents=True, exist_ok=True)
    for i in range(n):
        (folder / f"{i:02}.png").write_bytes(picture(first + i))
    return folder


def zipped(path: Path, entries: Mapping[str, bytes], n: int = 0) -> Path:
    """A zip of the entries and of n good pictures."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, data in entries.items():
            file.writestr(name, data)
        for i in range(n):
            file.writestr(f"good/{i:02}.png", picture(i))
    return path


def read(*paths: Path, size: int = 8, **options: Any) -> tuple[ImageSet, str]:
    """The set and the note."""
    last = finished(read_own(paths, size=size, **options))
    assert last.data is not None
    return last.data, last.note


def finished(loading: Any) -> Loading:
    """The last of a loading, whose others tell of progress."""
    *before, last = loading
    assert before and all(step.data is None and not step.note for step in before)
    assert all(0 <= step.done <= step.total and step.what for step in [*before, last])
    assert last.done == last.total
    return last
