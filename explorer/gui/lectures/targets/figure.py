"""ε, x_0 and v: errors over t, what a target makes of an error, and how far x̂_0 strays."""

from __future__ import annotations

import math
from typing import Any

import plotly.graph_objects as go

from explorer.figures.axes import framed, logarithmic, titled
from explorer.figures.palette import Style, drawn
from explorer.gui.lectures.targets.work import SYMBOLS, Drawn, Stored, factors, rms

STYLES = {
    "eps": Style("#b45309", "#fbbf24", "solid"),
    "x0": Style("#0e7490", "#3cc3dc", "dash"),
    "v": Style("#7e22ce", "#c792ff", "dot"),
}
OF = {"x0": "x̂<sub>0</sub>", "eps": "ε̂"}


def error_figure(stored: Stored, of: str) -> go.Figure:
    """The root mean square error in x̂_0 ("x0") or ε̂ ("eps") of the three models, ± standard error.

    In ε̂ against t on a logarithmic axis: there it is t near 1 that counts.
    """
    schedule, figure, drawn_values = stored.make_schedule(), go.Figure(), []
    for k, model in enumerate(stored.models):
        snr = [1.0 if of == "x0" else schedule.snr[t].item() for t in stored.errors.times]
        found = [rms(row, s) for row, s in zip(stored.errors.raw[k], snr, strict=True)]
        values = [mean.value for mean in found]
        drawn_values += values
        look = drawn(STYLES[model.target], 2)
        look["marker"]["size"] = 5
        figure.add_scatter(
            x=stored.errors.times,
            y=values,
            error_y={"array": [mean.error for mean in found], "thickness": 1, "width": 2},
            mode="lines+markers",
            name=f"{model.name} (predicts {SYMBOLS[model.target]})",
            hovertemplate="%{y:.3g} ± %{error_y.array:.1g}",
            **look,
        )
    axis = _times(schedule.T, of == "eps")
    return figure.update_layout(
        xaxis=axis,
        yaxis=titled(f"RMS error in {OF[of]}", **logarithmic(drawn_values)),
        **framed(of, 380),
    )


def factor_figure(stored: Stored, of: str) -> go.Figure:
    """What an error of each target is multiplied by to be one of x̂_0 ("x0") or ε̂ ("eps")."""
    formulas = {
        "x0": {"eps": "√(1 − ᾱ)/√ᾱ", "x0": "1", "v": "√(1 − ᾱ)"},
        "eps": {"eps": "1", "x0": "√ᾱ/√(1 − ᾱ)", "v": "√ᾱ"},
    }[of]
    schedule, figure, values = stored.make_schedule(), go.Figure(), []
    for target, table in factors(schedule, of).items():
        values += table.tolist()
        figure.add_scatter(
            x=list(range(1, schedule.T + 1)),
            y=table.tolist(),
            mode="lines",
            name=f"of {SYMBOLS[target]}: {formulas[target]}",
            hovertemplate="%{y:.3g}",
            **drawn(STYLES[target]),
        )
    axis = _times(schedule.T, of == "eps")
    return figure.update_layout(
        xaxis=axis,
        yaxis=titled(f"error in {OF[of]} for an error of 1", **logarithmic(values)),
        **framed(of, 320),
    )


def reach_figure(shown: Drawn, targets: dict[str, str]) -> go.Figure:
    """max |x̂_0| before clipping along the samples' way, logarithmic.

    targets : name of a model -> what it predicts.
    """
    figure, values = go.Figure(), [1.0]
    for name, times, reach in zip(shown.names, shown.times, shown.reach, strict=True):
        values += reach
        look = drawn(STYLES[targets[name]], 2)
        look["marker"]["size"] = 4
        figure.add_scatter(
            x=times,
            y=reach,
            mode="lines+markers",
            name=name,
            hovertemplate="%{y:.3g}",
            **look,
        )
    return figure.update_layout(
        xaxis=_times(max(map(max, filter(None, shown.times)), default=1000)),
        yaxis=titled("max |x̂<sub>0</sub>| before clipping", **logarithmic(values)),
        **framed("reach", 300),
    )


def _times(T: int, log: bool = False) -> dict[str, Any]:
    """The axis of t, with room for the marks at its end."""
    title = {"title": "t (0 data, T noise)"}
    if log:
        return title | {"type": "log", "dtick": 1, "range": [-0.05, math.log10(1.1 * T)]}
    return title | {"range": [0, 1.015 * T]}
