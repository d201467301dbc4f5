"""What came out of forks at many moments, in columns under their curve."""

from __future__ import annotations

from typing import Any

from explorer.gui.parts.gallery import png_uri
from explorer.gui.parts.widget import Widget
from explorer.gui.reverse.spread.figure import MARGINS
from explorer.gui.reverse.spread.view import SpreadView, summary


class Fan(Widget):
    """A sheet for each sampler; its columns stand under the points of `spread_figure`."""

    def __init__(self, value: SpreadView | None = None, **props: Any) -> None:
        super().__init__(value, {"left": MARGINS["l"], "right": MARGINS["r"]}, **props)

    def postprocess(self, value: SpreadView | None) -> dict[str, Any] | None:
        """Each lane's sheet as a lossless data URI."""
        if value is None:
            return None
        return {
            "running": value.running,
            "text": summary(value),
            "given": "" if value.label is None else f"class {value.label}",
            "lanes": [
                {
                    "name": lane.name,
                    "rows": lane.rows,
                    "src": lane.sheet and png_uri(lane.sheet),
                }
                for lane in value.lanes
            ],
        }
