"""A Plotly figure that keeps its node, its zoom and its cursor while Python updates it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import gradio as gr
import plotly
import plotly.graph_objects as go

from explorer.gui.parts.widget import Widget

PLOTLY_JS = Path(plotly.__file__).parent / "package_data" / "plotly.min.js"


class PlotView(Widget):
    """Hosts a `plotly.graph_objects.Figure`; Plotly's script is served by the app itself.

    A figure whose layout carries `meta={"cursor": {...}}` gets a slider, a vertical line and a
    table of values at the cursor, all in the browser; see `figures.plots.schedule_figure`.
    """

    def __init__(
        self, value: go.Figure | None = None, *, slider_id: str = "", **props: Any
    ) -> None:
        gr.set_static_paths([PLOTLY_JS])
        self.slider_id = slider_id
        constants = {"plotly_js": str(PLOTLY_JS), "slider_id": slider_id}
        super().__init__(value, constants, **props)

    def postprocess(self, value: go.Figure | None) -> dict[str, Any] | None:
        return None if value is None else {"figure": json.loads(value.to_json())}
