"""What a visitor brings: a picture, decoded under our own limits, and how much in all."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from contextlib import suppress
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.utils import get_upload_folder
from PIL import Image

from explorer.data import PictureError, dark_scan, read_picture, square
from explorer.files import written_whole
from explorer.gui.frame.limits import Limits
from explorer.gui.frame.memory import heavy
from explorer.gui.frame.room import amount, check_disk, filling
from explorer.gui.frame.shared import Changes, plain, sentence
from explorer.gui.frame.sources import SOURCES, Sources

SHOWN_BY_BROWSERS = (b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"BM")
"""What PNG, JPEG, GIF and BMP begin with."""
FRAMED = "shown-in-place-of-the-upload.png"
"""The name of what a box shows where browsers cannot show what was brought."""
SENDERS = 10_000
"""So many are remembered, those who sent something last."""


def take_upload(path: str | None, limits: Limits) -> Image.Image:
    """What a visitor brought, as the middle square at the finest resolution; takes a turn.

    Of what lies in Gradio's folder of uploads only that square stays: it is all that is shown.
    """
    if not path:
        raise PictureError("Choose an image first.")
    with heavy():
        picture = read_picture(
            path, max_bytes=limits.upload_bytes, max_pixels=limits.upload_pixels
        )
        part = square(picture, limits.resolution[1])
    file = Path(path)
    if file.is_relative_to(get_upload_folder()) and picture.size != part.size:
        with suppress(OSError), written_whole(file, lasting=False) as small:
            part.save(small, "PNG")
    return part


def bring_upload(
    box: gr.Image, trouble: gr.Markdown, path: str | None, limits: Limits
) -> tuple[Image.Image | None, Changes]:
    """What `take_upload` makes of a file, and what is to be said and shown of it.

    A box shows what was read, and nothing else: where browsers cannot show the file itself its
    square, in a file of which `is_framed` holds; and it is emptied where the file was refused
    (None), which `trouble` then says why.
    """
    foreign = bool(path) and not shown_by_browsers(Path(str(path)))
    try:
        picture = take_upload(path, limits)
    except PictureError as error:
        return None, {box: None, trouble: sentence(error)}
    also: Changes = {trouble: plain(dark)} if (dark := dark_scan(picture)) else {}
    if foreign:
        framed = Path(str(path)).with_name(FRAMED)
        with written_whole(framed, lasting=False) as file:
            picture.save(file, "PNG")
        also[box] = str(framed)
    return picture, also


def is_framed(path: str) -> bool:
    """Whether it is what `bring_upload` has put into a box, which tells of that as of any file."""
    return Path(path).name == FRAMED


def shown_by_browsers(path: Path) -> bool:
    """Whether all browsers show such a file, by its first bytes; not TIFF, HEIC and AVIF."""
    try:
        with path.open("rb") as file:
            head = file.read(12)
    except OSError:  # which is said by who reads it
        return True
    webp = head[:4] == b"RIFF" and head[8:] == b"WEBP"
    return webp or head.startswith(SHOWN_BY_BROWSERS)


def upload_box(**settings: Any) -> gr.Image:
    """gr.Image that hands over the file as it is: it is decoded under our own limits. Below it
    stands what is wrong with camera or clipboard."""
    classes = {"elem_classes": "image-frame", "sources": list(SOURCES)}
    box = gr.Image(type="filepath", **classes | settings)
    Sources(elem_classes="sources")
    return box


# All of them: a subclass would need a front end of its own, and a new instance stands in for one
# whose value was changed.
gr.Image.preprocess = (  # type: ignore[method-assign]
    lambda self, payload: payload.path if payload else None
)


class Uploads:
    """How much each visitor has sent of late. Gradio writes it down before any handler is asked,
    so that whoever stands at the door asks here first."""

    def __init__(self, limits: Limits, folder: Path) -> None:
        """folder : where uploads are written."""
        self.limits, self.folder = limits, folder
        self._sent: OrderedDict[str, list[tuple[float, int]]] = OrderedDict()
        self._lock = threading.Lock()

    def refusal(self, sender: str, size: int | None, now: float | None = None) -> str | None:
        """Why an upload may not be sent, as a sentence; None if it may, and then it is counted.

        sender : a visitor, or an address where there is none.
        size : bytes, as the request's Content-Length has it; None without, which counts as much
            as the largest file.
        now : seconds of a clock that only goes forward.
        """
        limits, now = self.limits, time.monotonic() if now is None else now
        more = int(limits.zip_bytes) if size is None else size
        filled = filling(self.folder)
        if filled.bytes + more > limits.temporary_bytes:
            return (
                f"an upload of {amount(more)} does not fit: the "
                f"{amount(limits.temporary_bytes)} reserved here for uploads are in use; "
                "please try again in a few minutes"
            )
        try:
            check_disk(self.folder, more, "an upload", limits.spare_bytes)
        except OSError as error:
            return str(error)
        with self._lock:
            sent = [each for each in self._sent.get(sender, ()) if each[0] > now - self._window]
            before = sum(bytes for _, bytes in sent)
            if before + more > limits.sent_bytes:
                return (
                    f"an upload of {amount(more)} is too large: {amount(before)} of the "
                    f"{amount(limits.sent_bytes)} that each visitor may upload within "
                    f"{self._window / 3600:g} hours are already used; upload fewer or "
                    "smaller files, or wait"
                )
            self._sent[sender] = [*sent, (now, more)]
            self._sent.move_to_end(sender)
            while len(self._sent) > SENDERS:
                self._sent.popitem(last=False)
        filled.add(more)
        return None

    @property
    def _window(self) -> float:
        return self.limits.temporary_keep
