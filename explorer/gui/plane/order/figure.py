"""Error against steps, on two logarithmic axes: a straight line has an order."""

from __future__ import annotations

import plotly.graph_objects as go

from explorer.figures.axes import logarithmic, titled
from explorer.figures.learning import HEIGHT
from explorer.figures.palette import drawn
from explorer.gui.plane.order.work import AGAINST, STEPS, Order, slope_text


def order_figure(order: Order, against: str = AGAINST[0]) -> go.Figure:
    """A line for each sampler, its slope in the legend; ValueError unless `against` is known."""
    if against not in AGAINST:
        raise ValueError(f"no axis {against!r}; there are: {', '.join(AGAINST)}")
    figure = go.Figure()
    for curve in order.curves:
        style = drawn(curve.way.style)
        style["marker"]["size"] = 7
        figure.add_scatter(
            x=curve.costs(against),
            y=curve.errors,
            customdata=list(zip(curve.steps, curve.evaluations, strict=True)),
            mode="lines+markers",
            name=f"{curve.way.title}, slope {slope_text(curve, against)}",
            hovertemplate="%{y:.2g}: S = %{customdata[0]}, %{customdata[1]} evaluations"
            f"<extra>{curve.way.title}</extra>",
            **style,
        )
    ticks = [*STEPS, 2 * STEPS[-1]]
    errors = [error for curve in order.curves for error in curve.errors]
    return figure.update_layout(
        xaxis={
            "title": against,
            "type": "log",
            "tickvals": ticks,
            "ticktext": [str(tick) for tick in ticks],
        },
        yaxis=titled("RMS distance to the exact flow", **logarithmic(errors)),
        hovermode="x",
        height=HEIGHT + 60,
        showlegend=True,
        margin={"l": 64, "r": 20, "t": 12, "b": 48},
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
        uirevision=f"order {order.schedule} {order.grid} {against}",
    )
