"""A strip of thumbnails, one click each."""

from __future__ import annotations

from typing import Any

from PIL import Image

from explorer.gui.parts.gallery import png_uri
from explorer.gui.parts.widget import Widget


class Picker(Widget):
    """Buttons with pictures; `picker.pick(handler)` gets `gr.EventData` with the `name`."""

    def postprocess(self, value: dict[str, Image.Image] | None) -> list[dict[str, Any]] | None:
        """name -> picture, in order."""
        if value is None:
            return None
        return [
            {"name": name, "src": png_uri(picture.convert("RGB").resize((56, 56)))}
            for name, picture in value.items()
        ]
