"""The terms of the variational bound over t, and the weights that make them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import plotly.graph_objects as go
import torch
from torch import Tensor

from explorer.diffusion import bound_weights, noise_weights
from explorer.diffusion.process import Variance
from explorer.evaluation.bound import BoundResult, Criterion
from explorer.figures.axes import logarithmic, titled
from explorer.figures.palette import Style, drawn
from explorer.figures.plots import packed

NAMES: Mapping[Variance, str] = {"beta": "σ² = β", "posterior": "σ² = β̃"}
STYLES: Mapping[Variance, Style] = {
    "beta": Style("#18181b", "#ececef", "solid"),
    "posterior": Style("#be123c", "#fb7185", "dot"),
}
SIMPLE = Style("#9ca3af", "#6b7280", "dash")
TRAINED = Style("#0369a1", "#38bdf8", "dashdot")


def criteria(
    result: BoundResult, variances: Sequence[Variance]
) -> dict[str, tuple[Criterion, Style]]:
    """Names of what is compared: the bound, L_simple, and the loss the model was trained with.

    One name for the last two where they are the same.
    """
    found: dict[str, tuple[Criterion, Style]] = {
        f"bound, {NAMES[v]}": (v, STYLES[v]) for v in variances
    }
    if result.trained_simple:
        return found | {"L<sub>simple</sub>, trained with": ("simple", SIMPLE)}
    found["L<sub>simple</sub>"] = ("simple", SIMPLE)
    return found | {f"trained with: {result.loss_name}": ("loss", TRAINED)}


def terms_figure(result: BoundResult, variances: Sequence[Variance]) -> go.Figure:
    """L_{t−1} against t, and L_0 at t = 1; with the formula's numbers for the cursor.

    And L_simple and the loss of the training, scaled to the sum of the first of the bounds.
    """
    figure = go.Figure()
    for variance in variances:
        line = result.lines[variance]
        x = [(first + last) / 2 for first, last in result.ranges]
        y, ranges = [step.value for step in line.steps], list(result.ranges)
        if line.reconstruction:
            x, y, ranges = [1, *x], [line.reconstruction.value, *y], [(1, 1), *ranges]
        look = drawn(STYLES[variance], 2)
        look["marker"]["size"] = 5
        figure.add_scatter(
            x=x,
            y=[value if value > 0 else None for value in y],
            mode="lines+markers" if len(x) < 120 else "lines",
            name=NAMES[variance],
            customdata=[f"{a}…{b}" if b > a else f"{a}" for a, b in ranges],
            hovertemplate="t = %{customdata}: %{y:.3g} bits/dim",
            **look,
        )
    bits = per_time(result, variances[0]).nansum()
    for name, (criterion, style) in criteria(result, ()).items():
        table = losses_per_time(result, criterion)
        parts = ([(1, 1)] if result.finished else []) + list(result.ranges)
        figure.add_scatter(
            x=[(first + last) / 2 for first, last in parts],
            y=[(table[first] * bits / table.nansum()).item() for first, _ in parts],
            mode="lines",
            name=f"{name}, scaled to the same sum",
            hovertemplate="%{y:.3g}",
            **drawn(style, 1.5),
        )
    # values between 10⁻⁶ and 1 keep the axis where it is while the curve grows
    values = [s.value for v in variances for s in result.lines[v].steps if s.value > 0]
    low = min(-5.0, math.floor(math.log10(max(min(values, default=1), 1e-8))))
    high = max(0.0, math.ceil(math.log10(max(values, default=1))))
    figure.update_layout(
        yaxis=titled(
            "L<sub>t−1</sub>, bits/dim", **logarithmic([10**low, 10**high], range=[low, high])
        ),
    )
    return _over_t(figure, result, variances, f"terms {result.T}")


def weights_figure(result: BoundResult, variances: Sequence[Variance]) -> go.Figure:
    """What the bound, L_simple (1) and the loss of the training give ε's squared error at t."""
    schedule = result.make_schedule()
    t = torch.arange(0, result.T + 1, max(1, result.T // 1000))
    figure = go.Figure()
    for variance in variances:
        values = bound_weights(schedule, variance)[t]
        figure.add_scatter(
            x=t.numpy(),
            y=torch.where(values.isfinite(), values, torch.nan).numpy(),
            mode="lines",
            name=f"bound, {NAMES[variance]}",
            hovertemplate="%{y:.3g}",
            **drawn(STYLES[variance]),
        )
    figure.add_scatter(
        x=[1, result.T],
        y=[1, 1],
        mode="lines",
        name="L<sub>simple</sub>: 1 at every t",
        hoverinfo="skip",
        **drawn(SIMPLE),
    )
    if not result.trained_simple:
        values = noise_weights(schedule, result.target, result.weighting, gamma=result.gamma)[t]
        figure.add_scatter(
            x=t.numpy(),
            y=torch.where(values.isfinite(), values, torch.nan).numpy(),
            mode="lines",
            name=f"trained with: {result.loss_name}",
            hovertemplate="%{y:.3g}",
            **drawn(TRAINED),
        )
    drawn_values = [value for curve in figure.data for value in curve.y]
    figure.update_layout(yaxis=titled("weight of ‖ε − ε̂‖²", **logarithmic(drawn_values)))
    return _over_t(figure, result, variances, f"weights {result.T}")


def per_time(result: BoundResult, variance: Variance) -> Tensor:
    """L_{t−1} in bits/dim over t = 0…T, L_0 at 1; NaN where it is not there."""
    line = result.lines[variance]
    first = line.reconstruction and line.reconstruction.value
    return _spread(result, [step.value for step in line.steps], first)


def errors_per_time(result: BoundResult) -> Tensor:
    """‖ε − ε̂‖² / D over t = 0…T, NaN where it is not there."""
    return losses_per_time(result, "simple")


def losses_per_time(result: BoundResult, criterion: Criterion) -> Tensor:
    """The terms of L_simple ("simple") or of the training's loss ("loss") over t = 0…T."""
    simple = criterion == "simple"
    terms = result.errors if simple else result.losses
    first = result.first_error if simple else result.first_loss
    return _spread(result, [term.value for term in terms], first and first.value)


def _spread(result: BoundResult, values: Sequence[float], first: float | None) -> Tensor:
    table = torch.full((result.T + 1,), torch.nan, dtype=torch.float64)
    for (a, b), value in zip(result.ranges, values, strict=True):
        table[a : b + 1] = value
    if first is not None:
        table[1] = first
    return table


def _over_t(
    figure: go.Figure, result: BoundResult, variances: Sequence[Variance], revision: str
) -> go.Figure:
    """Against t; with a cursor that shows every number of the formula."""
    cursor = {
        "T": result.T,
        "columns": list(_columns(result, variances[0])),
        "series": [
            {
                "name": NAMES[variance],
                "light": STYLES[variance].light,
                "dark": STYLES[variance].dark,
                "values": [packed(values) for values in _columns(result, variance).values()],
            }
            for variance in variances
        ],
    }
    return figure.update_layout(
        meta={"cursor": cursor},
        xaxis={"title": "t (0 data, T noise)", "range": [0, result.T]},
        hovermode="x",
        height=400,
        margin={"l": 64, "r": 20, "t": 12, "b": 48},
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
        showlegend=True,
        uirevision=revision,
    )


def _columns(result: BoundResult, variance: Variance) -> dict[str, Tensor]:
    """What the table at the cursor shows, over t = 0…T."""
    schedule = result.make_schedule()
    blank = torch.full((1,), torch.nan, dtype=torch.float64)
    sigma2 = schedule.betas if variance == "beta" else schedule.posterior_variance
    return {
        "β_t": torch.cat([blank, schedule.betas]),
        "σ_t²": torch.cat([blank, sigma2]),
        "1−ᾱ_t": 1 - schedule.alpha_bar,
        "weight": bound_weights(schedule, variance),
        "‖ε−ε̂‖²/D": errors_per_time(result),
        "bits/dim": per_time(result, variance),
    }
