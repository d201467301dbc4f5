"""The parts of the variational bound as a hierarchical VAE has them, with their numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from explorer.gui.parts.widget import Widget


@dataclass(frozen=True)
class Reading:
    """A value and its error for each part and column, as text."""

    columns: tuple[str, ...]
    rows: dict[str, tuple[tuple[str, str], ...]]
    """"reconstruction", "matching", "prior" and "total"."""
    styles: dict[str, tuple[str, str]]
    """The parts' colours on light and dark pages."""


class BoundReading(Widget):
    """Names, formulas and what they ask are in the template; the numbers come from Python."""

    def postprocess(self, value: Reading | None) -> dict[str, Any] | None:
        if value is None:
            return None
        return {"columns": value.columns, "rows": value.rows, "styles": value.styles}
