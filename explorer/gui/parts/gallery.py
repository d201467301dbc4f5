"""Pictures in a grid that changes without blinking."""

from __future__ import annotations

import base64
import io
from typing import Any

from PIL import Image

from explorer.gui.parts.widget import Widget


class Gallery(Widget):
    """One picture (a sheet of samples), pixelated, replaced only once the next is decoded."""

    def postprocess(self, value: tuple[Image.Image | None, str] | None) -> dict[str, Any] | None:
        """(picture, caption) -> the picture as a lossless data URI; no picture leaves its room."""
        if value is None:
            return None
        picture, caption = value
        return {"src": picture and png_uri(picture), "caption": caption}


def webp_uri(picture: Image.Image) -> str:
    """A small picture that need not be exact, as a data URI a tenth as long."""
    buffer = io.BytesIO()
    picture.save(buffer, "WEBP", quality=88)
    return "data:image/webp;base64," + base64.b64encode(buffer.getvalue()).decode()


def png_uri(picture: Image.Image) -> str:
    """A picture as a lossless data URI."""
    buffer = io.BytesIO()
    picture.save(buffer, "PNG", compress_level=1)
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()
