"""How far continuations spread, against the moment from which they went on."""

from __future__ import annotations

from typing import Any

import plotly.graph_objects as go

from explorer.diffusion.samplers import TITLED
from explorer.figures.palette import drawn
from explorer.gui.reverse.spread.view import MOMENTS, LaneSpread, SpreadView, band, halves

MARGINS = {"l": 64, "r": 20, "t": 34, "b": 44}
"""Around the plot, in pixels; the sheet under it has the same at its sides."""


def spread_figure(view: SpreadView) -> go.Figure:
    """The spread against the time of the fork; at t = 0 nothing is left that could differ.

    The mean of all trajectories that have ended, a band of ± 1 standard deviation, each of them
    faint, and where half is gone, ± 1 standard deviation; until one has ended the first's points.
    """
    figure = go.Figure()
    for lane in view.lanes:
        style = drawn(TITLED[lane.name].style)
        style["marker"]["size"] = 7
        means = band(lane) if lane.ways else []
        many = len(lane.ways) > 1
        if many:
            _add_ways(figure, lane, style)
            _add_band(figure, lane, means, style)
        values = [mean for mean, _ in means] or lane.values
        points = sorted(zip(lane.times, values, strict=False))
        points = [(0, 0.0), *points] if len(points) == len(lane.times) else points
        name = f"{lane.title}, mean of {len(lane.ways)} ± 1 σ" if many else lane.title
        figure.add_scatter(
            x=[t for t, _ in points],
            y=[value for _, value in points],
            mode="lines+markers",
            name=name,
            hovertemplate="fork at t = %{x}: %{y:.3f}",
            **style,
        )
        if many:
            _add_half(figure, lane, means[0][0] / 2, style)
    half = view.T / MOMENTS / 2
    seen = [v for lane in view.lanes for values in (lane.values, *lane.ways) for v in values]
    figure.update_layout(
        xaxis={
            "title": "fork at t (0 data, T noise)",
            "range": [-half, view.T + half],
            "tickvals": [round(view.T * k / MOMENTS) for k in range(0, MOMENTS + 1, 2)],
            "fixedrange": True,
            "zeroline": False,
        },
        yaxis={
            "title": "spread (RMS)",
            "range": [-0.04, 1.08 * max([0.75, *seen])],
            "fixedrange": True,
        },
        hovermode="x",
        dragmode=False,
        showlegend=True,
        height=320,
        margin=MARGINS,
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
        uirevision=f"spread {view.T}",
    )
    return figure


def _add_ways(figure: go.Figure, lane: LaneSpread, style: dict[str, Any]) -> None:
    """Every trajectory's own curve, in one trace with gaps."""
    x = [t for _ in lane.ways for t in (*lane.times, 0, None)]
    y = [value for values in lane.ways for value in (*values, 0.0, None)]
    figure.add_scatter(
        x=x,
        y=y,
        mode="lines",
        line=style["line"] | {"width": 1},
        meta=style["meta"],
        opacity=0.22,
        hoverinfo="skip",
        showlegend=False,
        name=f"{lane.name}, single trajectories",
    )


def _add_band(
    figure: go.Figure, lane: LaneSpread, means: list[tuple[float, float]], style: dict[str, Any]
) -> None:
    """Mean ± 1 standard deviation over the trajectories."""
    ts = (*lane.times, 0)
    low = [*(mean - std for mean, std in means), 0.0]
    high = [*(mean + std for mean, std in means), 0.0]
    figure.add_scatter(
        x=[*ts, *reversed(ts)],
        y=[*low, *reversed(high)],
        mode="lines",
        fill="toself",
        line={"width": 0, "color": style["line"]["color"]},
        meta=style["meta"],
        opacity=0.25,
        hoverinfo="skip",
        showlegend=False,
        name=f"{lane.name}, ± 1 standard deviation",
    )


def _add_half(figure: go.Figure, lane: LaneSpread, y: float, style: dict[str, Any]) -> None:
    """Where half is gone: the mean over the trajectories, ± 1 standard deviation."""
    found = halves(lane)
    if len(found.times) < 2:
        return
    mean = found.mean
    figure.add_scatter(
        x=[mean.value],
        y=[y],
        mode="markers",
        marker=style["marker"] | {"symbol": "diamond", "size": 11},
        meta=style["meta"],
        error_x={"type": "constant", "value": found.std},
        hovertemplate=(
            f"half is gone at t = {mean.value:.0f} ± {mean.error:.0f} (standard error)"
            "<extra></extra>"
        ),
        showlegend=False,
        name=f"{lane.name}, half",
    )
