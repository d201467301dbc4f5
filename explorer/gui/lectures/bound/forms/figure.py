"""The noise of one draw of a term, over t, in both forms."""

from __future__ import annotations

import plotly.graph_objects as go

from explorer.figures.axes import logarithmic, titled
from explorer.figures.palette import Style, drawn
from explorer.gui.lectures.bound.forms.work import FIRST, SECOND, FormsResult

NAMES = {FIRST: "first form: consistency", SECOND: "second form: denoising matching"}
STYLES = {
    FIRST: Style("#b45309", "#f5b041", "solid"),
    SECOND: Style("#0f766e", "#4fd1c5", "dash"),
}
HERE = Style("#71717a", "#a1a1aa", "dot")
"""A line at the t that the table is of."""
MOST = 80
"""Of the terms that were drawn so many are marked."""


def noise_figure(result: FormsResult, t: int) -> go.Figure:
    """Closed forms as lines, standard deviations of the draws as markers, a line at t."""
    figure, T = go.Figure(), result.settings.T
    values: list[float] = []
    for name, form in result.exact.items():
        noise = form.terms.std.tolist()
        values += noise
        figure.add_scatter(
            x=list(range(form.first, form.first + T - 1)),
            y=noise,
            mode="lines",
            name=NAMES[name],
            hovertemplate="%{y:.3g} nats",
            **drawn(STYLES[name]),
        )
    for name, form in result.exact.items():
        last = form.first + T - 2
        pairs = list(enumerate(result.drawn[name].terms))[:: max(1, T // MOST)]
        look = drawn(STYLES[name])
        figure.add_scatter(
            x=[last - k for k, _ in pairs],
            y=[std for _, (_, std) in pairs],
            mode="markers",
            name=f"{result.settings.draws} draws",
            hovertemplate="%{y:.3g} nats",
            marker={**look["marker"], "symbol": "circle-open", "size": 6},
            meta=look["meta"],
        )
    figure.add_scatter(
        x=[t, t],
        y=[min(values), max(values)],
        mode="lines",
        name=f"t = {t}",
        hoverinfo="skip",
        **drawn(HERE, 1.5),
    )
    return figure.update_layout(
        xaxis={"title": "t (0 data, T noise)", "range": [0, T]},
        yaxis=titled("noise of one draw, nats", **logarithmic(values)),
        hovermode="x",
        height=360,
        margin={"l": 64, "r": 20, "t": 12, "b": 48},
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
        uirevision=f"forms {T}",
    )
