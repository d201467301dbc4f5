"""A picture that a visitor brings."""

from __future__ import annotations

from typing import Any

import gradio as gr
from PIL import Image

from explorer.data import PictureError, read_picture, square
from explorer.gui.frame.limits import Limits


def take_upload(path: str | None, limits: Limits) -> Image.Image:
    """What a visitor brought, as the middle square at the finest resolution."""
    if not path:
        raise PictureError("Choose a picture first.")
    picture = read_picture(path, max_bytes=limits.upload_bytes, max_pixels=limits.upload_pixels)
    return square(picture, limits.resolution[1])


def upload_box(**settings: Any) -> gr.Image:
    """gr.Image that hands over the file as it is: it is decoded under our own limits."""
    box = gr.Image(type="filepath", **settings)
    # a subclass would need a front end of its own, so the instance is told
    box.preprocess = lambda payload: payload.path if payload else None  # type: ignore[method-assign]
    return box
