"""A Plotly figure that keeps its node, its zoom and its cursor while Python updates it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import plotly
import plotly.graph_objects as go

from explorer.gui.answers.plots import explain
from explorer.gui.frame.page_files import page_files
from explorer.gui.parts.widget import Widget

PLOTLY_JS = Path(plotly.__file__).parent / "package_data" / "plotly.min.js"


class PlotView(Widget):
    """Hosts a `plotly.graph_objects.Figure`; Plotly's script is served by the app itself.

    A figure whose layout carries `meta={"cursor": {...}}` gets a slider, a vertical line and a
    table of values at the cursor, all in the browser; see `figures.plots.schedule_figure`.
    """

    def __init__(
        self,
        value: go.Figure | None = None,
        *,
        slider_id: str = "",
        beside: int = 0,
        **props: Any,
    ) -> None:
        """beside : CSS pixels that its page's first screen needs for what is above and below the
        plot, which takes the rest; 0 is a plot as high as its figure says.
        """
        self.slider_id, self.beside = slider_id, beside
        constants = {
            "plotly_js": page_files.add_file(PLOTLY_JS),
            "slider_id": slider_id,
            "beside": beside,
            "name": str(props.get("elem_id", "")).replace("-", " "),
        }
        super().__init__(value, constants, **props)

    def postprocess(self, value: go.Figure | None) -> dict[str, Any] | None:
        if value is None:
            return None
        said = explain(getattr(self, "elem_id", None), value)
        return {"figure": json.loads(value.to_json()), "explained": said}
