"""How far continuations spread, against the moment from which they went on."""

from __future__ import annotations

import plotly.graph_objects as go

from explorer.diffusion.samplers import TITLED
from explorer.figures.palette import drawn
from explorer.gui.reverse.spread.work import MOMENTS, SpreadView

MARGINS = {"l": 64, "r": 20, "t": 34, "b": 44}
"""Around the plot, in pixels; the sheet under it has the same at its sides."""


def spread_figure(view: SpreadView) -> go.Figure:
    """The spread against the time of the fork; at t = 0 nothing is left that could differ."""
    figure = go.Figure()
    for lane in view.lanes:
        points = sorted(zip(lane.times, lane.values, strict=False))
        points = [(0, 0.0), *points] if len(points) == len(lane.times) else points
        style = drawn(TITLED[lane.name].style)
        style["marker"]["size"] = 7
        figure.add_scatter(
            x=[t for t, _ in points],
            y=[value for _, value in points],
            mode="lines+markers",
            name=lane.title,
            hovertemplate="fork at t = %{x}: %{y:.3f}",
            **style,
        )
    half, highest = view.T / MOMENTS / 2, max([0.75, *(v for e in view.lanes for v in e.values)])
    figure.update_layout(
        xaxis={
            "title": "fork at t (0 data, T noise)",
            "range": [-half, view.T + half],
            "tickvals": [round(view.T * k / MOMENTS) for k in range(0, MOMENTS + 1, 2)],
            "fixedrange": True,
            "zeroline": False,
        },
        yaxis={"title": "spread (RMS)", "range": [-0.04, 1.08 * highest], "fixedrange": True},
        hovermode="x",
        dragmode=False,
        showlegend=True,
        height=320,
        margin=MARGINS,
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
        uirevision=f"spread {view.T}",
    )
    return figure
