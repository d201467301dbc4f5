"""Steps against quality: a line for each sampler and noise, and the same as a table."""

from __future__ import annotations

import math
from collections.abc import Sequence

import plotly.graph_objects as go

from explorer import evaluation
from explorer.diffusion.samplers import DDPM
from explorer.evaluation.records import HAT, STRIDED, Column, Quality, Row
from explorer.evaluation.table import find_columns, find_quantity, table
from explorer.figures.learning import FAINT, HEIGHT, SCALE
from explorer.figures.palette import RUNS, Style, drawn
from explorer.text import escaped

QUANTITIES = tuple(evaluation.QUANTITIES)
"""What `quality_figure` draws: Fréchet distance, class accuracy, seconds."""

STYLES: dict[Column, Style] = {
    **{Column(sampler=name): sampler.style for name, sampler in STRIDED.items()},
    Column(0.2): Style("#7E57A8", "#B99AE6", "dashdot"),
    Column(0.5): Style("#2F7F9E", "#74C3E3", "longdash"),
    Column(1.0): DDPM.style,
    HAT: Style("#6B4A1F", "#C9A27E", "dot"),
}
"""Each sampler in its colour, DDIM with η = 1 in that of DDPM, which it is when S = T."""


def style_of(column: Column, index: int = 0) -> Style:
    """How a column is drawn; one of a noise that is not in the DDIM paper's table by its index."""
    return STYLES.get(column) or RUNS[index % len(RUNS)]


def quality_figure(quality: Quality, quantity: str = QUANTITIES[0]) -> go.Figure:
    """One of `QUANTITIES` against the evaluations of the network, a line for each column.

    The dotted line is what as many other real pictures reach. Colours for a dark page are in
    each trace's `meta`, as everywhere. A quantity that was not measured gives empty axes;
    ValueError for an unknown one.
    """
    value, shown, _ = find_quantity(quantity)
    figure, seen = go.Figure(), []
    for index, column in enumerate(find_columns(quality)):
        rows = [row for row in quality.rows if row.setting.column == column]
        points = [(row, y) for row in rows if (y := value(row)) is not None]
        seen += [y for _, y in points]
        style = drawn(style_of(column, index))
        style["marker"]["size"] = 7
        figure.add_scatter(
            x=[row.evaluations for row, _ in points],
            y=[y for _, y in points],
            text=[hover_text(row, shown(y)) for row, y in points],
            mode="lines+markers",
            name=escaped(column.title),
            hovertemplate="%{text}",
            **style,
        )
    floor = {QUANTITIES[0]: quality.floor, QUANTITIES[1]: quality.floor_accuracy}.get(quantity)
    evaluations = sorted({row.evaluations for row in quality.rows})
    if floor is not None:
        ends = (evaluations[0], evaluations[-1]) if evaluations else (5, 1000)
        text = f"{quality.floor_n} real pictures: {shown(floor)}"
        figure.add_scatter(
            x=list(ends),
            y=[floor, floor],
            mode="lines+text",
            text=[text, ""],
            textposition="top right",
            hovertemplate=f"{text}<extra></extra>",
            name="real pictures",
            **drawn(Style(FAINT.light, FAINT.dark, "dot"), 2),
        )
        seen.append(floor)
    steps = {row.setting.steps for row in quality.rows}
    ticks = sorted(steps.union(evaluations[-1:])) or [5, 10, 20, 50, 100, 1000]
    more = any(row.evaluations != row.setting.steps for row in quality.rows)
    figure.update_layout(
        xaxis={
            "title": f"{'' if more else 'S, '}evaluations of the network",
            "type": "log",
            "tickvals": ticks,
            "ticktext": [str(tick) for tick in ticks],
        },
        yaxis=value_axis(quantity, seen),
        hovermode="x",
        height=HEIGHT,
        showlegend=True,
        margin={"l": 64, "r": 20, "t": 12, "b": 48},
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
        uirevision=f"quality {quality.model} {quantity}",
    )
    return figure


def quality_html(quality: Quality, quantity: str = QUANTITIES[0]) -> str:
    """The table as HTML, <table class="quality">; the best of each row in <strong>, escaped."""
    columns, rows = table(quality, quantity)
    header = "".join(f'<th scope="col">{escaped(name)}</th>' for name in columns)
    body = []
    for S, cells in rows:
        texts = [escaped(cell.text) or "–" for cell in cells]
        marked = [
            f"<td><strong>{text}</strong></td>" if cell.best else f"<td>{text}</td>"
            for text, cell in zip(texts, cells, strict=True)
        ]
        body.append(f'<tr><th scope="row">{S}</th>{"".join(marked)}</tr>')
    return (
        f'<table class="quality"><thead><tr>{header}</tr></thead>'
        f"<tbody>{''.join(body)}</tbody></table>"
    )


def hover_text(row: Row, value: str) -> str:
    """What a point says under the pointer; S too where it is not what the axis counts."""
    each, S = row.seconds / row.n, row.setting.steps
    steps = f"S = {S}, {row.evaluations} evaluations, " if row.evaluations != S else ""
    return f"{value} ({steps}{each:.2g} s a picture)"


def value_axis(quantity: str, values: Sequence[float]) -> dict:
    """Distances and seconds on a logarithmic axis; shares on one that ends at 100 %."""
    if quantity == QUANTITIES[1]:
        low = min(values, default=0.0)
        return {"title": quantity, "tickformat": ".0%", "range": [max(0.0, low - 0.05), 1.01]}
    positive = [value for value in values if value > 0] or [1.0, 100.0]
    low, high = math.log10(min(positive)), math.log10(max(positive))
    room = 0.08 * (high - low) + 0.05
    return {
        "title": quantity,
        "type": "log",
        "range": [low - room, high + room],
        "tickvals": SCALE,
        "ticktext": [f"{value:g}" for value in SCALE],
    }
