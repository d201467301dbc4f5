"""Values -> plotly figures, in the one palette."""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence

import plotly.graph_objects as go
import torch
from torch import Tensor

from explorer.diffusion import Schedule, bound_weights
from explorer.evaluation.bound_shares import noise_bits
from explorer.figures.axes import logarithmic, titled
from explorer.figures.palette import drawn, style_of

POINTS = 1000
"""A curve is drawn through at most about this many points."""


def _at_every_t(values: Tensor) -> Tensor:
    """A table over t = 1…T as one over 0…T; nothing is defined at 0."""
    return torch.cat([torch.full((1,), torch.nan, dtype=values.dtype), values])


QUANTITIES: dict[str, tuple[str, str, Callable[[Schedule], Tensor]]] = {
    "signal ᾱ": ("ᾱ<sub>t</sub>, the signal that is left", "linear", lambda s: s.alpha_bar),
    "noise β": ("β<sub>t</sub>, the noise of step t", "log", lambda s: _at_every_t(s.betas)),
    "SNR": ("SNR(t) = ᾱ<sub>t</sub> / (1 − ᾱ<sub>t</sub>)", "log", lambda s: s.snr),
    "log-SNR": ("ln SNR(t)", "linear", lambda s: s.log_snr),
    "posterior variance β̃": (
        "β̃<sub>t</sub>, the variance of q(x<sub>t−1</sub> | x<sub>t</sub>, x<sub>0</sub>)",
        "log",
        lambda s: _at_every_t(s.posterior_variance),
    ),
    "weight in the bound": (
        "β<sub>t</sub>² / (2σ<sub>t</sub>² α<sub>t</sub> (1 − ᾱ<sub>t</sub>)) for σ² = β",
        "log",
        bound_weights,
    ),
}
"""Name -> title of the axis, its scale, values over t = 0…T."""

COLUMNS: dict[str, Callable[[Schedule], Tensor]] = {
    "ᾱ_t": lambda s: s.alpha_bar,
    "√ᾱ_t": lambda s: s.alpha_bar.sqrt(),
    "√(1−ᾱ_t)": lambda s: (1 - s.alpha_bar).sqrt(),
    "β_t": QUANTITIES["noise β"][2],
    "SNR, dB": lambda s: 10 * s.snr.log10(),
    "ln SNR": lambda s: s.log_snr,
    "β̃_t": QUANTITIES["posterior variance β̃"][2],
}
"""What the table at the cursor shows."""

DROWNED = 0.01
"""An SNR of −20 dB: a single pixel tells next to nothing, the mean of many still does."""
TYPICAL = 1 / 3
"""The mean squared pixel of a picture with as much black as grey and white."""
ENDS: dict[str, Callable[[Schedule], float]] = {
    "steps < −20 dB": lambda s: int((s.snr[1:] < DROWNED).sum()),
    "KL at T, bits/dim": lambda s: noise_bits(s, TYPICAL),
}
"""And what it shows of a schedule as a whole: is x_T noise yet?"""


def schedule_figure(schedules: Sequence[Schedule], quantity: str) -> go.Figure:
    """One quantity of some schedules of the same T against t, with the table for the cursor.

    `layout.meta["cursor"]` holds T, the table's columns and each schedule's values: over 0…T as
    base64 of float64, or one for all t. ValueError for an unknown quantity.
    """
    if quantity not in QUANTITIES:
        raise ValueError(f"no quantity {quantity!r}; there are: {', '.join(QUANTITIES)}")
    title, scale, values = QUANTITIES[quantity]
    T = schedules[0].T if schedules else 1000
    step = max(1, T // POINTS)
    times = torch.arange(0, T + 1, step)
    figure, shown = go.Figure(), []
    for schedule in schedules:
        y = values(schedule)[times]
        y = torch.where(y.isfinite() & ((y > 0) | (scale == "linear")), y, torch.nan)
        shown += y.tolist()
        figure.add_scatter(
            x=times.numpy(),
            y=y.numpy(),
            mode="lines",
            name=schedule.name,
            **drawn(style_of(schedule.name)),
            hovertemplate="%{y:.3g}",
        )
    cursor = {
        "T": T,
        "columns": [*COLUMNS, *ENDS],
        "series": [
            {
                "name": schedule.name,
                "light": style_of(schedule.name).light,
                "dark": style_of(schedule.name).dark,
                "values": [
                    *(packed(column(schedule)) for column in COLUMNS.values()),
                    *(end(schedule) for end in ENDS.values()),
                ],
            }
            for schedule in schedules
        ],
    }
    figure.update_layout(
        meta={"cursor": cursor},
        xaxis={"title": "t (0 data, T noise)", "range": [0, T]},
        yaxis=titled(title, **(logarithmic(shown) if scale == "log" else {})),
        hovermode="x",
        height=440,
        margin={"l": 64, "r": 20, "t": 12, "b": 48},
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
        uirevision=f"{quantity} {T}",
    )
    return figure


def packed(values: Tensor) -> str:
    """float64 values as base64, for scripts."""
    return base64.b64encode(values.double().numpy().astype("<f8").tobytes()).decode()
