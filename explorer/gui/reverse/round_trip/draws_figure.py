"""Squared error of the samplers' ends ÷ that of the one shot, against t_0."""

from __future__ import annotations

import plotly.graph_objects as go

from explorer.diffusion import SAMPLERS
from explorer.figures.learning import FAINT
from explorer.figures.palette import Style, drawn
from explorer.gui.reverse.round_trip.draws import Draws
from explorer.gui.reverse.round_trip.trip import BACK


def draws_figure(stored: Draws | None, here: Draws | None = None) -> go.Figure:
    """A line for each sampler with bars of one standard error; 2 is an exact posterior's draw.

    here : what was measured on this page, as larger open points.
    """
    figure, seen = go.Figure(), [2.0]
    T = next((found.T for found in (stored, here) if found), 1000)
    figure.add_scatter(
        x=[0, T],
        y=[2, 2],
        mode="lines+text",
        text=["", "exact: 2"],
        textposition="top left",
        name="a draw from an exact network",
        hoverinfo="skip",
        showlegend=False,
        **drawn(Style(FAINT.light, FAINT.dark, "dot"), 2),
    )
    for found, mode in ((stored, "lines+markers"), (here, "markers")):
        if found is None:
            continue
        for sampler in BACK:
            name = sampler.name
            moments = [moment for moment in found.moments if name in moment.ratios]
            style = drawn(SAMPLERS[name].style)
            style["marker"] |= (
                {"size": 7} if found is stored else {"size": 13, "symbol": "circle-open"}
            )
            values = [moment.ratios[name] for moment in moments]
            seen += [value.value + value.error for value in values]
            figure.add_scatter(
                x=[moment.t for moment in moments],
                y=[value.value for value in values],
                error_y={"type": "data", "array": [value.error for value in values]},
                text=[
                    f"{v.value:.2f} ± {v.error:.2f} ({m.n} images)"
                    for v, m in zip(values, moments, strict=True)
                ],
                mode=mode,
                name=sampler.title if found is stored else f"{sampler.title}, here",
                hovertemplate="t₀ = %{x}: %{text}",
                **style,
            )
    figure.update_layout(
        xaxis={"title": "t₀", "range": [0, 1.02 * T]},
        yaxis={"title": "error ÷ that of one shot", "range": [0.9, 1.08 * max(seen)]},
        hovermode="closest",
        height=300,
        showlegend=True,
        margin={"l": 64, "r": 20, "t": 34, "b": 44},
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
        uirevision=f"draws {T}",
    )
    return figure
