"""What is said below a box of images whose camera or clipboard cannot be used."""

from __future__ import annotations

from explorer.gui.parts.widget import Widget

SOURCES = ("upload", "webcam", "clipboard")
"""Of a box, in this order, which sources.js goes by."""


class Sources(Widget):
    """Stands right after its box; one sentence, where the browser refuses or has no such thing."""
