"""A small table of numbers."""

from __future__ import annotations

from typing import Any

from explorer.gui.parts.widget import Widget


class NumberTable(Widget):
    """Rows of texts; the first row is the head, the first column says what the others are."""

    def postprocess(self, value: list[list[str]] | None) -> dict[str, Any] | None:
        return None if value is None else {"rows": value}
