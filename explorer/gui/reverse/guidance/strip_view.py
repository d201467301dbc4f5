"""A strip over the strength of guidance, with the formula and its live numbers below."""

from __future__ import annotations

import io
from dataclasses import replace
from typing import Any

from explorer.gui.parts.widget import Widget
from explorer.gui.reverse.guidance.strip import NUMBERS, Strip, sheet


class StripView(Widget):
    """A row for each strength, a column for each class; a slider moves all through t.

    While it runs only the newest moment is sent; in the end all are, as one sheet.
    """

    def postprocess(self, value: Strip | None) -> dict[str, Any] | None:
        if value is None:
            return None
        shown = value
        if value.running:
            newest = {part: getattr(value, part)[-1:] for part in ("times", "pixels", "numbers")}
            shown = replace(value, **newest)
        told = {
            "kind": value.kind,
            "T": value.T,
            "strengths": value.strengths,
            "classes": value.classes,
            "times": shown.times,
            "running": value.running,
            "read": value.read,
            "names": NUMBERS[value.kind],
            "numbers": [
                [[[_short(v) for v in cell] for cell in row] for row in part.tolist()]
                for part in shown.numbers
            ],
            "sheet": None,
        }
        if shown.pixels:
            buffer = io.BytesIO()
            sheet(shown).save(buffer, "PNG", compress_level=3)
            told["sheet"] = self.publish(buffer.getvalue(), "strip.png")
            told["size"] = shown.pixels[0].shape[-1]
        return told


def _short(value: float) -> float:
    return float(f"{value:.3g}")
