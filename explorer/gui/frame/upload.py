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

from explorer.data import PictureError, read_picture, square
from explorer.files import written_whole
from explorer.gui.frame.limits import Limits
from explorer.gui.frame.memory import heavy
from explorer.gui.frame.room import amount, check_disk, filling

SENDERS = 10_000
"""So many are remembered, those who sent something last."""


def take_upload(path: str | None, limits: Limits) -> Image.Image:
    """What a visitor brought, as the middle square at the finest resolution; takes a turn.

    Of what lies in Gradio's folder of uploads only that square stays: it is all that is shown.
    """
    if not path:
        raise PictureError("Choose a picture first.")
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


def upload_box(**settings: Any) -> gr.Image:
    """gr.Image that hands over the file as it is: it is decoded under our own limits."""
    box = gr.Image(type="filepath", **settings)
    # a subclass would need a front end of its own, so the instance is told
    box.preprocess = lambda payload: payload.path if payload else None  # type: ignore[method-assign]
    return box


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
                f"{amount(limits.temporary_bytes)} that this place has for uploads are taken; "
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
                    f"an upload of {amount(more)} is too much: {amount(before)} of the "
                    f"{amount(limits.sent_bytes)} that each visitor may send within "
                    f"{self._window / 3600:g} hours have been sent already; send fewer or "
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
