"""Class accuracy against diversity, a point for each strength of guidance."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise

import plotly.graph_objects as go

from explorer.evaluation.guidance import Curve, Point
from explorer.figures.axes import titled
from explorer.figures.learning import FAINT, HEIGHT
from explorer.figures.palette import RUNS, drawn

Way = Sequence[tuple[float, float]]
"""Diversity and accuracy of one point after the other."""
DIVERSITIES: Mapping[str, tuple[str, str]] = {
    "pixels": ("pixels", "diversity: RMS distance in a class"),
    "features": ("features", "diversity: feature distance in a class"),
}
"""What can be the x axis: name -> field of `Point`, title."""
PHONE, DESK = (288, 270), (466, 305)
"""Width and height of the plot in pixels: labels must be legible on both."""
CHARACTER, LINE, AWAY = 8.4, 14, 6
"""Of a label: width of a character, height, distance from its point; in pixels."""
SIDES = {
    "w": ((0, -1), (-1, 0), (1, 0), (0, 1), (1, -1), (-1, -1), (-1, 1), (1, 1)),
    "s": ((1, 0), (-1, 0), (0, -1), (0, 1), (1, -1), (1, 1), (-1, -1), (-1, 1)),
}
"""Where a label may stand, right and down of its point, the best first."""
ACROSS, DOWN = ("center", "right", "left"), ("middle", "bottom", "top")
TOP = 1.08
"""Where the y axis ends."""
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
    real_of = next((curve for curve in curves if curve.real), Curve("", "w"))
    real = real_of.real
    star = [(getattr(real, field), real.accuracy)] if real else []
    ordered = [sorted(curve.points, key=lambda point: point.strength) for curve in curves]
    ways = [[(getattr(point, field), point.accuracy) for point in points] for points in ordered]
    seen = [x for way in [*ways, star] for x, _ in way]
    width = (max(seen) - min(seen) if seen else 0) or 0.1
    edges = (min(seen) - 0.16 * width, max(seen) + 0.14 * width) if seen else (0.0, 1.0)
    texts = [
        _texts(curve.kind, way, [point.strength for point in points], width)
        for curve, way, points in zip(curves, ways, ordered, strict=True)
    ]
    sides = _sides([curve.kind for curve in curves], texts, ways, star, edges)
    for i, curve in enumerate(curves):
        style = drawn(STYLES[curve.kind])
        style["marker"]["size"] = 8
        figure.add_scatter(
            x=[x for x, _ in ways[i]],
            y=[y for _, y in ways[i]],
            text=texts[i],
            customdata=[_said(curve, point) for point in ordered[i]],
            error_y={
                "type": "data",
                "array": [2 * curve.error(point) for point in ordered[i]],
                "color": FAINT.light,
                "thickness": 1,
                "width": 3,
            },
            mode="lines+markers+text",
            textposition=sides[i],
            name=NAMES[curve.kind],
            hovertemplate="%{customdata}<extra></extra>",
            cliponaxis=False,
            **style,
        )
    if real:
        marker = {"color": FAINT.light, "symbol": "star", "size": 13}
        figure.add_scatter(
            x=[star[0][0]],
            y=[star[0][1]],
            mode="markers",
            name="real images",
            customdata=[f"real images: {_numbers(real, real_of.error(real))}"],
            hovertemplate="%{customdata}<extra></extra>",
            marker=marker,
            meta={"dark": FAINT.dark},
        )
    figure.update_layout(
        xaxis={"title": {"text": title, "font": {"size": 14}}, "range": edges},
        yaxis=titled("class accuracy", tickformat=".0%", range=[0, TOP]),
        hovermode="closest",
        height=HEIGHT + 40,
        showlegend=True,
        margin={"l": 64, "r": 28, "t": 12, "b": 48},
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
        uirevision=f"guidance {diversity}",
    )
    return figure


def _texts(kind: str, way: Way, strengths: Sequence[float], width: float) -> list[str]:
    """Each point's label; points that coincide share the first one's."""
    texts = [f"{kind}={strength:g}" for strength in strengths]
    for i, point in enumerate(way):
        same = [k for k in range(i) if texts[k] and math.dist(way[k], point) < 0.01 * width]
        if same:
            texts[same[0]], texts[i] = f"{texts[same[0]]}, {strengths[i]:g}", ""
    return texts


def _sides(
    kinds: Sequence[str],
    texts: Sequence[Sequence[str]],
    ways: Sequence[Way],
    star: Way,
    edges: tuple[float, float],
) -> list[list[str]]:
    """Where each label stands: off the other labels, the points, the lines and the edges.

    One after the other takes the side where it is least in the way, on a phone and on a desk.
    """
    screens = [
        _Screen([_pixels(way, edges, size) for way in ways], _pixels(star, edges, size), size)
        for size in (PHONE, DESK)
    ]
    labels = [(i, k) for i, each in enumerate(texts) for k, text in enumerate(each) if text]
    boxes = {
        (i, k): {
            side: [screen.box(i, k, texts[i][k], side) for screen in screens]
            for side in SIDES[kinds[i]]
        }
        for i, k in labels
    }
    costs = {
        label: {
            side: sum(map(_Screen.cost, screens, found, [label] * 2))
            for side, found in boxes[label].items()
        }
        for label in labels
    }
    chosen: dict[tuple[int, int], tuple[int, int]] = {}
    for label in labels * 3:  # who came first looks again
        others = [boxes[other][side] for other, side in chosen.items() if other != label]

        def cost(side: tuple[int, int], label: tuple = label, others: list = others) -> float:
            mine = boxes[label][side]
            over = sum(
                _overlap(*pair) for other in others for pair in zip(mine, other, strict=True)
            )
            return costs[label][side] + 5 * over

        chosen[label] = min(boxes[label], key=cost)  # of equals the first
    middle = (0, 0)
    return [
        [
            f"{DOWN[down]} {ACROSS[across]}"
            for across, down in (chosen.get((i, k), middle) for k in range(len(each)))
        ]
        for i, each in enumerate(texts)
    ]


def _pixels(way: Way, edges: tuple[float, float], size: tuple[int, int]) -> list[tuple]:
    """Points of the plot in pixels, to the right and down."""
    low, high = edges
    return [((x - low) / (high - low) * size[0], (1 - y / TOP) * size[1]) for x, y in way]


class _Screen:
    """The plot at one size."""

    def __init__(self, ways: list[list[tuple]], star: list[tuple], size: tuple[int, int]) -> None:
        self.ways, self.size = ways, size
        self.points = [point for way in ways for point in way] + star
        self.lines = [
            (a + (c - a) * n / 40, b + (d - b) * n / 40)
            for way in ways
            for (a, b), (c, d) in pairwise(way)
            for n in range(41)
        ]

    def box(self, i: int, k: int, text: str, side: tuple[int, int]) -> tuple:
        """Left, top, right and bottom of the label of way i's point k."""
        (x, y), (across, down), width = self.ways[i][k], side, CHARACTER * len(text)
        left = x + across * AWAY + (across - 1) * width / 2
        top = y + down * AWAY + (down - 1) * LINE / 2
        return left, top, left + width, top + LINE

    def cost(self, box: tuple, label: tuple[int, int]) -> float:
        """How much a label there is in the way of what is drawn, or seems to be another's."""
        left, top, right, bottom = box

        def holds(point: tuple, more: float) -> bool:
            x, y = point
            return left - more < x < right + more and top - more < y < bottom + more

        outside = max(0.0, -left) + max(0.0, right - self.size[0]) + max(0.0, -top)
        outside += max(0.0, bottom - self.size[1])
        hidden = sum(holds(point, 3) for point in self.points)
        centre, own = ((left + right) / 2, (top + bottom) / 2), self.ways[label[0]][label[1]]
        away = math.dist(centre, own)
        strange = any(
            math.dist(centre, point) < away for point in self.points if math.dist(own, point) > 3
        )
        crossed = sum(holds(point, 2) for point in self.lines)
        return 50 * outside + 100 * hidden + 150 * strange + 3 * crossed


def _overlap(one: tuple, other: tuple) -> float:
    """The common area of two boxes, in square pixels."""
    width = min(one[2], other[2]) - max(one[0], other[0])
    return max(0.0, width) * max(0.0, min(one[3], other[3]) - max(one[1], other[1]))


def _said(curve: Curve, point: Point) -> str:
    return f"{curve.kind} = {point.strength:g}: {_numbers(point, curve.error(point))}"


def _numbers(point: Point, error: float) -> str:
    return (
        f"{point.accuracy:.1%} ± {2 * error:.1%} as asked<br>"
        f"apart by {point.pixels:.3f} (pixels), {point.features:.3g} (features)<br>"
        f"{point.n} images of each class"
    )
