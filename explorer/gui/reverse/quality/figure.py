"""Steps against quality: a line for each noise, and the same as a table."""

from __future__ import annotations

import html
import math
from collections.abc import Sequence

import plotly.graph_objects as go

from explorer import evaluation
from explorer.diffusion.samplers import DDIM, DDPM
from explorer.evaluation.records import HAT, Noise, Quality, Row, noise_name
from explorer.evaluation.table import find, noises, table
from explorer.figures.learning import FAINT, HEIGHT, SCALE
from explorer.figures.palette import PALETTE, RUNS, Style, drawn

QUANTITIES = tuple(evaluation.QUANTITIES)
"""What `quality_figure` draws: Fréchet distance, class accuracy, seconds."""

NOISES: dict[Noise, Style] = {
    (0.0, "posterior"): PALETTE[DDIM.name],
    (0.2, "posterior"): Style("#7E57A8", "#B99AE6", "dashdot"),
    (0.5, "posterior"): Style("#2F7F9E", "#74C3E3", "longdash"),
    (1.0, "posterior"): PALETTE[DDPM.name],
    HAT: Style("#6B4A1F", "#C9A27E", "dot"),
}
"""η = 0 is DDIM and η = 1 is DDPM, in their colours; the others lie between or apart."""


def style_of(noise: Noise, index: int = 0) -> Style:
    """How a noise is drawn; one that is not of the DDIM paper's table by its index."""
    return NOISES.get(noise) or RUNS[index % len(RUNS)]


def quality_figure(quality: Quality, quantity: str = QUANTITIES[0]) -> go.Figure:
    """One of `QUANTITIES` against the evaluations S of the network, a line for each noise.

    The dotted line is what as many other real pictures reach. Colours for a dark page are in
    each trace's `meta`, as everywhere. A quantity that was not measured gives empty axes;
    ValueError for an unknown one.
    """
    if quantity not in QUANTITIES:
        raise ValueError(f"no quantity {quantity!r}; there are: {', '.join(QUANTITIES)}")
    value, (_, shown, _) = find(quantity).value, find(quantity)
    figure, seen = go.Figure(), []
    for index, noise in enumerate(noises(quality)):
        rows = [row for row in quality.rows if row.setting.noise == noise]
        points = [(row, y) for row in rows if (y := value(row)) is not None]
        seen += [y for _, y in points]
        style = drawn(style_of(noise, index))
        style["marker"]["size"] = 7
        figure.add_scatter(
            x=[row.evaluations for row, _ in points],
            y=[y for _, y in points],
            text=[_said(row, shown(y)) for row, y in points],
            mode="lines+markers",
            name=html.escape(noise_name(noise)),
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
    ticks = evaluations or [5, 10, 20, 50, 100, 1000]
    figure.update_layout(
        xaxis={
            "title": "S, evaluations of the network",
            "type": "log",
            "tickvals": ticks,
            "ticktext": [str(tick) for tick in ticks],
        },
        yaxis=_axis(quantity, seen),
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
    header = "".join(f'<th scope="col">{html.escape(name)}</th>' for name in columns)
    body = []
    for S, cells in rows:
        texts = [html.escape(cell.text) or "–" for cell in cells]
        marked = [
            f"<td><strong>{text}</strong></td>" if cell.best else f"<td>{text}</td>"
            for text, cell in zip(texts, cells, strict=True)
        ]
        body.append(f'<tr><th scope="row">{S}</th>{"".join(marked)}</tr>')
    return (
        f'<table class="quality"><thead><tr>{header}</tr></thead>'
        f"<tbody>{''.join(body)}</tbody></table>"
    )


def _said(row: Row, value: str) -> str:
    """What a point says under the pointer."""
    each = row.seconds / row.n
    return f"{value} ({each:.2g} s a picture)"


def _axis(quantity: str, values: Sequence[float]) -> dict:
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
