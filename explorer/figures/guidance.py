"""Class accuracy against diversity, a point for each strength of guidance."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import plotly.graph_objects as go

from explorer.evaluation.guidance import Curve, Point
from explorer.figures.learning import FAINT, HEIGHT
from explorer.figures.palette import RUNS, drawn

DIVERSITIES: Mapping[str, tuple[str, str]] = {
    "pixels": ("pixels", "diversity: RMS distance within a class"),
    "features": ("features", "diversity: feature distance within a class"),
}
"""What can be the x axis: name -> field of `Point`, title."""
SIDES = {"w": ("top center", "bottom center"), "s": ("middle right", "middle left")}
"""Where a point's label stands, in order."""
STYLES = {"w": RUNS[0], "s": RUNS[1]}
NAMES = {"w": "classifier-free, w", "s": "by a classifier, s"}


def guidance_figure(curves: Sequence[Curve], diversity: str = "pixels") -> go.Figure:
    """A line for each way to guide, its points labelled with w or s; real pictures are a star.

    ValueError for a diversity that is none of `DIVERSITIES`.
    """
    if diversity not in DIVERSITIES:
        raise ValueError(f"no diversity {diversity!r}; there are: {', '.join(DIVERSITIES)}")
    field, title = DIVERSITIES[diversity]
    figure = go.Figure()
    seen = [getattr(point, field) for curve in curves for point in curve.points]
    width = max(seen) - min(seen) if seen else 1.0
    for curve in curves:
        points = sorted(curve.points, key=lambda point: point.strength)
        at = [(getattr(point, field), point.accuracy) for point in points]
        texts, places = _labels(curve.kind, at, [point.strength for point in points], width)
        style = drawn(STYLES[curve.kind])
        style["marker"]["size"] = 8
        figure.add_scatter(
            x=[x for x, _ in at],
            y=[y for _, y in at],
            text=texts,
            customdata=[_said(curve.kind, point) for point in points],
            mode="lines+markers+text",
            textposition=places,
            name=NAMES[curve.kind],
            hovertemplate="%{customdata}<extra></extra>",
            cliponaxis=False,
            **style,
        )
    real = next((curve.real for curve in curves if curve.real), None)
    if real:
        marker = {"color": FAINT.light, "symbol": "star", "size": 13}
        figure.add_scatter(
            x=[getattr(real, field)],
            y=[real.accuracy],
            mode="markers",
            name="real pictures",
            customdata=[f"real pictures: {_numbers(real)}"],
            hovertemplate="%{customdata}<extra></extra>",
            marker=marker,
            meta={"dark": FAINT.dark},
        )
    figure.update_layout(
        xaxis={"title": title, "autorange": True},
        yaxis={"title": "class accuracy", "tickformat": ".0%", "range": [0, 1.08]},
        hovermode="closest",
        height=HEIGHT + 40,
        showlegend=True,
        margin={"l": 64, "r": 28, "t": 12, "b": 48},
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
        uirevision=f"guidance {diversity}",
    )
    return figure


def _labels(
    kind: str, points: Sequence[tuple[float, float]], strengths: Sequence[float], width: float
) -> tuple[list[str], list[str]]:
    """Each point's label and where it stands; points that coincide share the first one's."""
    texts, places = [f"{kind}={strength:g}" for strength in strengths], []
    for i, (x, y) in enumerate(points):
        places.append(SIDES[kind][0])
        near = [k for k, (a, b) in enumerate(points[:i]) if abs(a - x) < 0.13 * width
                and abs(b - y) < 0.1 and texts[k]]  # fmt: skip
        same = [k for k in near if math.dist(points[k], (x, y)) < 0.01 * width]
        if same:
            texts[same[0]], texts[i] = f"{texts[same[0]]}, {strengths[i]:g}", ""
        taken = [places[k] for k in near]
        places[i] = next((side for side in SIDES[kind] if side not in taken), SIDES[kind][0])
    return texts, places


def _said(kind: str, point: Point) -> str:
    return f"{kind} = {point.strength:g}: {_numbers(point)}"


def _numbers(point: Point) -> str:
    return (
        f"{point.accuracy:.1%} as asked<br>apart by {point.pixels:.3f} (pixels), "
        f"{point.features:.3g} (features)<br>{point.n} pictures of each class"
    )
