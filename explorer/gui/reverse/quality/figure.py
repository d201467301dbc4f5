"""Steps against quality: a line for each sampler and noise, and the same as a table."""

from __future__ import annotations

from collections.abc import Sequence

import plotly.graph_objects as go

from explorer import evaluation
from explorer.diffusion.samplers import DDPM
from explorer.evaluation.floor import Spread
from explorer.evaluation.paper import STEPS, TABLE_1
from explorer.evaluation.quantities import Quantity, find_quantity, with_error
from explorer.evaluation.records import HAT, STRIDED, Column, Quality, Row
from explorer.evaluation.table import Cell, find_columns, table
from explorer.figures.learning import FAINT, HEIGHT
from explorer.figures.palette import RUNS, Style, drawn
from explorer.gui.reverse.quality.scale import Axis, scale_of
from explorer.text import escaped

QUANTITIES = tuple(evaluation.QUANTITIES)
"""What `quality_figure` draws: Fréchet distance, KID, class accuracy, seconds."""
BAND = "rgba(140, 140, 150, 0.18)"
"""Of real pictures, on either page."""

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

    Bars are ± 2 standard errors; the band is what as many real pictures reach, mean ± 2 standard
    deviations, or without these a dotted line. Colours for a dark page are in each trace's `meta`,
    as everywhere. ValueError for an unknown quantity.
    """
    kind = find_quantity(quantity)
    figure, seen = go.Figure(), []
    real = kind.floor(quality)
    axis = scale_of(quantity, kind, quality)
    evaluations = sorted({row.evaluations for row in quality.rows})
    if real is not None and evaluations:
        ends = [evaluations[0], evaluations[-1]]
        seen += _draw_real(figure, kind, real, ends, axis, quality.floor_n)
    for index, column in enumerate(find_columns(quality)):
        rows = [row for row in quality.rows if row.setting.column == column]
        points = [(row, y) for row in rows if (y := kind.value(row)) is not None]
        style = drawn(style_of(column, index))
        style["marker"]["size"] = 7
        values = [axis.place(y) for _, y in points]
        errors = [kind.error(row) for row, _ in points]
        if points and all(error is not None for error in errors):
            reach = [(y - 2 * e, y + 2 * e) for (_, y), e in zip(points, errors, strict=True)]  # type: ignore[operator]
            style["error_y"] = {
                "type": "data",
                "array": [
                    axis.place(high) - y for (_, high), y in zip(reach, values, strict=True)
                ],
                "arrayminus": [
                    y - axis.place(low) for (low, _), y in zip(reach, values, strict=True)
                ],
                "thickness": 1,
                "width": 3,
            }
            seen += [value for pair in reach for value in pair]
        seen += [y for _, y in points]
        figure.add_scatter(
            x=[row.evaluations for row, _ in points],
            y=values,
            text=[hover_text(row, kind.written(row)) for row, _ in points],
            mode="lines+markers",
            name=escaped(column.title),
            hovertemplate="%{text}",
            **style,
        )
    steps = {row.setting.steps for row in quality.rows}
    ticks = sorted(steps.union(evaluations[-1:]))
    more = any(row.evaluations != row.setting.steps for row in quality.rows)
    figure.update_layout(
        xaxis={
            "title": f"{'' if more else 'S, '}evaluations of the network",
            "type": "log",
            "tickvals": ticks,
            "ticktext": [str(tick) for tick in ticks],
        },
        yaxis={"title": quantity, **axis.layout(seen)},
        hovermode="x",
        height=HEIGHT + 80,
        showlegend=True,
        margin={"l": 64, "r": 20, "t": 12, "b": 48},
        legend={
            "orientation": "h",
            "y": 1.02,
            "yanchor": "bottom",
            "x": 0,
            "traceorder": "normal",
        },  # which a filled band would turn round
        uirevision=f"quality {quality.model} {quantity}",
    )
    return figure


def _draw_real(
    figure: go.Figure, kind: Quantity, real: Spread, ends: list[int], axis: Axis, n: int
) -> list[float]:
    """The band of real pictures, and the values that it needs room for."""
    style = drawn(Style(FAINT.light, FAINT.dark, "dot"), 2)
    mean, deviation = real
    if deviation is not None:
        low, high = mean - 2 * deviation, mean + 2 * deviation
        for y, fill in ((low, None), (high, "tonexty")):
            figure.add_scatter(
                x=ends,
                y=[axis.place(y)] * 2,
                mode="lines",
                fill=fill,
                fillcolor=BAND,
                hoverinfo="skip",
                showlegend=False,
                **drawn(Style(FAINT.light, FAINT.dark, "solid"), 0.5),
            )
        told = with_error(kind.scale * mean, kind.scale * deviation) + kind.unit
        text = f"{n} real images: {told}"
        seen = [low, high]
    else:
        text, seen = f"{n} real images: {kind.shown(mean)}", [mean]
    figure.add_scatter(
        x=ends,
        y=[axis.place(mean)] * 2,
        mode="lines",
        text=[text, text],
        hovertemplate="%{text}<extra></extra>",
        name="real images" + ("" if deviation is None else ", ± 2 standard deviations"),
        **style,
    )
    return seen


def empty_figure() -> go.Figure:
    """Where nothing was measured: no axes, which would show numbers of nothing."""
    figure = go.Figure()
    figure.update_layout(
        xaxis={"visible": False},
        yaxis={"visible": False},
        height=96,
        margin={"l": 0, "r": 0, "t": 0, "b": 0},
        annotations=[
            {"text": "No curves: not measured yet", "showarrow": False, "font": {"size": 14}}
        ],
        uirevision="none",
    )
    return figure


def quality_html(quality: Quality, quantity: str = QUANTITIES[0]) -> str:
    """The table as HTML, <table class="quality">; the best of each row in <strong>, escaped."""
    return _html(*table(quality, quantity))


def paper_html(data: str) -> str:
    """Table 1 of the DDIM paper for one of its data sets, in the same form."""
    columns = TABLE_1[data]
    rows = []
    for k, S in enumerate(STEPS):
        values = [fids[k] for fids in columns.values()]
        cells = [Cell(f"{value:.2f}", value == min(values)) for value in values]
        rows.append((str(S), cells))
    return _html(["S", *(column.title for column in columns)], rows)


def _html(columns: Sequence[str], rows: Sequence[tuple[str, Sequence[Cell]]]) -> str:
    header = "".join(f'<th scope="col">{unbroken(name)}</th>' for name in columns)
    body = []
    for S, cells in rows:
        texts = [unbroken(cell.text) or "–" for cell in cells]
        marked = [
            f"<td><strong>{text}</strong></td>" if cell.best else f"<td>{text}</td>"
            for text, cell in zip(texts, cells, strict=True)
        ]
        body.append(f'<tr><th scope="row">{S}</th>{"".join(marked)}</tr>')
    return (
        f'<table class="quality"><thead><tr>{header}</tr></thead>'
        f"<tbody>{''.join(body)}</tbody></table>"
    )


def unbroken(text: str) -> str:
    """Escaped, and on one line also where the table is wider than a phone."""
    return escaped(text.replace(" ", "\u00a0"))


def hover_text(row: Row, value: str) -> str:
    """What a point says under the pointer; S too where it is not what the axis counts."""
    each, S = row.seconds / row.n, row.setting.steps
    steps = f"S = {S}, {row.evaluations} evaluations, " if row.evaluations != S else ""
    return f"{value} ({steps}{each:.2g} s an image)"
