"""Points on their way in the plane: two panels on one clock, fields and paths in the browser.

The script's parts follow each other in one function: plane.js (what was sent, where the points
are at t), plane_field.js (density, score and belief anywhere in the plane), plane_paint.js (the
panels and the numbers beside them), plane_hand.js (clock, drawing, what comes from Python).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from explorer.gui.parts.widget import Widget
from explorer.gui.plane.view import UNIT, PlaneView, blobs, shown
from explorer.plane.points import MOST_OWN, OWN, RANGE

PARTS = ("plane_field.js", "plane_paint.js", "plane_hand.js")
"""What follows plane.js."""


class Plane(Widget):
    """`Plane.use(handler)` gets `gr.EventData` with the `points` that somebody drew.

    `Plane.leave` tells that the drawing pad was left without using them.
    """

    def __init__(self, value: PlaneView | None = None, **props: Any) -> None:
        super().__init__(value, unit=UNIT, most_own=MOST_OWN, own=OWN, range=RANGE, **props)
        here = Path(__file__)
        parts = [here.with_name(part).read_text(encoding="utf-8") for part in PARTS]
        self.js_on_load = "\n".join([self.js_on_load or "", *parts])

    def postprocess(self, value: PlaneView | None) -> dict[str, Any] | None:
        """The view as JSON, each blob as the path where it can be fetched."""
        if value is None:
            return None
        for name, blob in blobs(value).items():
            if blob.path is None:
                blob.path, blob.data = self.publish(blob.data, f"{name}.bin"), b""
        return shown(value)
