"""An autoencoder's training, and how good it is at other noise levels, as plotly figures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go

from explorer.figures.palette import Style, drawn

LOSS = Style("#0E7490", "#3CC3DC", "solid")
"""Of what the autoencoder does."""
NOISED = Style("#6B7280", "#A3AAB8", "dash")
"""Of the noised digit, untouched."""
SMOOTH = 20
"""Steps of the moving mean."""


def loss_figure(losses: Sequence[float], steps: int) -> go.Figure:
    """The loss of every batch and its moving mean against the step, logarithmic."""
    figure = go.Figure()
    y = np.asarray(losses, dtype=float)
    x = np.arange(1, len(y) + 1)
    thin = drawn(LOSS, 1)
    figure.add_scatter(
        x=x,
        y=y,
        mode="lines",
        name="loss (MSE) of each batch",
        opacity=0.35,
        hoverinfo="skip",
        **thin,
    )
    width = min(SMOOTH, len(y))
    mean = np.convolve(y, np.ones(width) / width, "valid") if width else y
    figure.add_scatter(
        x=x[max(0, width - 1) :],
        y=mean,
        mode="lines",
        name=f"mean of {SMOOTH}",
        hovertemplate="%{y:.4f}",
        **drawn(LOSS),
    )
    figure.update_layout(
        xaxis={"title": "step", "range": [0, steps]},
        yaxis={"type": "log", "range": [-2, 0], "dtick": 1},
        **_frame(),
    )
    return figure


def factor_figure(
    factors: Sequence[float],
    noisy: Sequence[float],
    denoised: Sequence[float],
    trained_at: float,
) -> go.Figure:
    """MSE to the clean digit against the noise factor, before and after the network."""
    figure = go.Figure()
    for name, values, style in (
        ("MSE noised", noisy, NOISED),
        ("denoised", denoised, LOSS),
    ):
        figure.add_scatter(
            x=list(factors),
            y=list(values),
            mode="lines",
            name=name,
            hovertemplate="%{y:.4f}",
            **drawn(style),
        )
    at = list(factors).index(trained_at)
    figure.add_scatter(
        x=[trained_at],
        y=[denoised[at]] if len(denoised) else [],
        mode="markers",
        name="trained here",
        hovertemplate="%{y:.4f}",
        **_marked(),
    )
    figure.update_layout(
        xaxis={"title": "noise factor", "range": [0, max(factors)]},
        yaxis={"range": [0, 0.4], "dtick": 0.1},
        **_frame(),
    )
    return figure


def _marked() -> dict[str, Any]:
    found = drawn(LOSS)
    found["marker"] = found["marker"] | {"size": 10}
    return found


def _frame() -> dict[str, Any]:
    return {
        "hovermode": "x",
        "height": 280,
        "margin": {"l": 44, "r": 16, "t": 8, "b": 44},
        "legend": {"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
        "uirevision": "same",
    }
