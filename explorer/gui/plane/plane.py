"""Points on their way in the plane: two panels on one clock, fields and paths in the browser.

plane.js has the clock and what comes from Python, which plane_sheets.js fetches; plane_paint.js
draws the panels, plane_numbers.js writes what stands beside them, plane_pad.js follows the
pointer; plane_state.js has what they share. Mathematics: plane_ways.js (where the points are at
t), plane_field.js (density, score and belief anywhere), plane_network.js, plane_strokes.js.
"""

from __future__ import annotations

from typing import Any

from explorer.gui.frame.page_files import address_of
from explorer.gui.parts.widget import Widget
from explorer.gui.plane.view import UNIT, PlaneView, as_json, blobs
from explorer.plane.points import MOST_OWN, OWN, RANGE


class Plane(Widget):
    """`Plane.use(handler)` gets `gr.EventData` with the `points` that somebody drew.

    `Plane.leave` tells that the drawing pad was left without using them.
    """

    def __init__(self, value: PlaneView | None = None, **props: Any) -> None:
        constants = {"unit": UNIT, "most_own": MOST_OWN, "own": OWN, "range": RANGE}
        super().__init__(value, constants, **props)

    def postprocess(self, value: PlaneView | None) -> dict[str, Any] | None:
        """The view as JSON, each blob as where it can be fetched."""
        if value is None:
            return None
        for name, blob in blobs(value).items():
            if blob.path is None:
                blob.path = self.publish(blob.data, f"{name}.bin")
                if not self.building:
                    blob.data = b""
        return as_json(value, address_of)
