"""Paths of a stochastic differential equation, and errors against dt, as plotly figures."""

from __future__ import annotations

from typing import Any

import numpy as np
import plotly.graph_objects as go

from explorer.diffusion.sde_steps import Errors, orders
from explorer.figures.axes import logarithmic
from explorer.figures.palette import Style, drawn
from explorer.gui.lectures.sde.work import Walk
from explorer.gui.parts.numbers import short

MEASURED = Style("#0E7490", "#3CC3DC", "solid")
"""Of the simulated paths; also the strong error."""
EXACT = Style("#18181B", "#ECECEF", "dash")
QUIET = Style("#B45309", "#F5B041", "solid")
"""Steps without noise, which are the mean of the steps; also the weak error."""
SLOPE = Style("#8A8A94", "#8A8A94", "dot")
BAND = "rgba(20, 150, 180, 0.16)"


def walk_figure(walk: Walk, *, revision: str = "") -> go.Figure:
    """Thin paths; mean and middle 95 % as measured, and as they should be, dashed.

    A zoom lasts as long as `revision` stays.
    """
    figure, times = go.Figure(), walk.times
    x, y = _joined(times, walk.paths)
    thin = drawn(MEASURED, 1)
    figure.add_scatter(x=x, y=y, mode="lines", name="paths", opacity=0.4, hoverinfo="skip", **thin)
    around = {"mode": "lines", "hoverinfo": "skip", "legendgroup": "band"}
    edge = drawn(MEASURED, 1.2)
    figure.add_scatter(x=times, y=walk.low, showlegend=False, **around, **edge)
    figure.add_scatter(
        x=times,
        y=walk.high,
        name="middle 95 %",
        fill="tonexty",
        fillcolor=BAND,
        **around,
        **edge,
    )
    _line(figure, times, walk.quiet, "without noise, same dt", QUIET, 5, opacity=0.55)
    _line(figure, times, walk.mean, "mean", MEASURED, 2.5)
    _line(figure, times, walk.exact_mean, "analytic mean", EXACT, 2)
    for bound in (walk.exact_low, walk.exact_high):
        dotted = drawn(EXACT._replace(dash="dot"), 2)
        figure.add_scatter(
            x=times,
            y=bound,
            mode="lines",
            name="analytic 95 %",
            legendgroup="exact",
            showlegend=bound is walk.exact_high,
            hovertemplate="%{y:.3g}",
            **dotted,
        )
    figure.update_layout(
        xaxis={"title": "t", "range": [0, float(times[-1])]},
        yaxis={"title": "x(t)"},
        hovermode="x",
        **_frame(400, revision),
    )
    return figure


def error_figure(found: Errors) -> go.Figure:
    """Strong and weak error against dt, both logarithmic, with lines of slope ½ and 1.

    Bars are ± 2 standard errors. An error that is rounding alone is not drawn; where steps are too
    large to show an order, points are hollow.
    """
    figure, used = go.Figure(), orders(found).used.tolist()
    dt = found.dt.numpy()
    pairs = (
        ("strong, E|x(T) − x<sub>T</sub><sup>dt</sup>|", found.strong, found.strong_se, MEASURED),
        ("weak, |E x(T) − E x<sub>T</sub><sup>dt</sup>|", found.weak, None, QUIET),
    )
    top = None
    for name, values, spread, style in pairs:
        y = np.where(values.numpy() > 1e-12, values.numpy(), np.nan)
        bars = {} if spread is None else {"error_y": _bars(2 * spread.numpy(), style)}
        figure.add_scatter(
            x=dt,
            y=y,
            mode="lines+markers",
            name=name,
            hovertemplate="%{y:.3g}",
            **_hollow(drawn(style, 2), used),
            **bars,
        )
        if top is None and np.isfinite(y[-1]):
            top = y[-1]
    for power, dash in ((0.5, "dot"), (1.0, "dash")):
        if top is None:
            break
        name = "slope ½" if power == 0.5 else "slope 1"
        y = 1.6 * top * (dt / dt[-1]) ** power
        style = SLOPE._replace(dash=dash)
        figure.add_scatter(
            x=dt, y=y, mode="lines", name=name, hoverinfo="skip", **drawn(style, 1.5)
        )
    if top is None:
        figure.add_annotation(
            text="no error but rounding",
            showarrow=False,
            xref="paper",
            yref="paper",
            x=0.5,
            y=0.5,
        )
    ticks = {"tickvals": dt, "ticktext": [short(each, 2) for each in dt.tolist()]}
    figure.update_layout(
        xaxis={"title": "dt", "type": "log", "tickfont": {"size": 12}, **ticks},
        yaxis=logarithmic(value for curve in figure.data for value in curve.y),
        hovermode="closest",
        **_frame(340, ""),
    )
    return figure


def _line(
    figure: go.Figure, x: Any, y: Any, name: str, style: Style, width: float, **options: Any
) -> None:
    figure.add_scatter(
        x=x,
        y=y,
        mode="lines",
        name=name,
        hovertemplate="%{y:.3g}",
        **drawn(style, width),
        **options,
    )


def _joined(times: np.ndarray, paths: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """All paths as one line with gaps: a trace for each would be slow to draw."""
    gap = np.full((len(paths), 1), np.nan, dtype=np.float32)
    x = np.tile(np.append(times, np.nan), len(paths)).astype(np.float32)
    return x, np.concatenate([paths.astype(np.float32), gap], axis=1).ravel()


def _hollow(style: dict[str, Any], filled: list[bool]) -> dict[str, Any]:
    """The style with open markers where a point is not `filled`."""
    symbols = ["circle" if each else "circle-open" for each in filled]
    return style | {"marker": style.get("marker", {}) | {"symbol": symbols}}


def _bars(spread: np.ndarray, style: Style) -> dict[str, Any]:
    return {"type": "data", "array": spread, "color": SLOPE.light, "thickness": 1, "width": 3}


def _frame(height: int, revision: str) -> dict[str, Any]:
    return {
        "height": height,
        "margin": {"l": 64, "r": 20, "t": 12, "b": 48},
        "legend": {"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
        "uirevision": revision or "same",
    }
