"""The button that begins a lecture's tour."""

from __future__ import annotations

from typing import Any

from explorer.gui.lessons.files import SHIPPED, read_lesson
from explorer.gui.parts.widget import Widget


class TourButton(Widget):
    """Begins a lesson, whose file in gui/lessons/shipped its value names."""

    def postprocess(self, value: str | None) -> dict[str, Any] | None:
        """The name, and how many scenes there are."""
        if value is None:
            return None
        return {"lesson": value, "scenes": len(read_lesson(SHIPPED / f"{value}.yaml").scenes)}
