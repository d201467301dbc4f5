"""What the last step p(x_0 | x_1) asks: which of 256 grey values, by the bins of a Gaussian."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import plotly.graph_objects as go
import torch
from torch import Tensor

from explorer.diffusion.likelihood import LEVELS, discrete_log_likelihood
from explorer.diffusion.process import Gaussian
from explorer.figures.axes import titled
from explorer.figures.palette import Style, drawn
from explorer.gui.frame.limits import number, whole
from explorer.gui.parts.numbers import short

TRUE, MEAN, SIGMA = 10, 20.0, 0.01
"""The lecture's two bins, and √β₁ of the linear schedule."""
GREYS = (0, LEVELS - 1)
SIGMAS = (0.001, 0.5)
REACH = 5
"""Standard deviations that are drawn on both sides."""
BARS = Style("#64748b", "#94a3b8", "solid")
HIT = Style("#be123c", "#fb7185", "solid")
LINE, MIDDLE = Style("#be123c", "#fb7185", "solid"), Style("#18181b", "#ececef", "dot")


class Guess(NamedTuple):
    """A true grey value and what the network gives for it, checked."""

    true: int
    """u = 0…255: x = 2u/255 − 1."""
    mean: float
    """x̂_0 as a grey value."""
    sigma: float
    """σ_1, of x in [−1, 1]."""


def read_guess(true: Any, mean: Any, sigma: Any) -> Guess:
    """`Guess`; ValueError says what is not allowed."""
    return Guess(
        whole("True grey value", true, GREYS),
        number("Predicted mean", mean, GREYS),
        number("σ", sigma, SIGMAS),
    )


def bin_logs(guess: Guess) -> Tensor:
    """ln P(u) for u = 0…255: the mass of N(x̂_0, σ²) within ±1/255 of 2u/255 − 1; (256,).

    Ho et al. 2020, eq. 13: the two outer bins are open, so that they sum to 1.
    """
    x = torch.arange(LEVELS, dtype=torch.float64)[:, None] * 2 / (LEVELS - 1) - 1
    mean = torch.full_like(x, 2 * guess.mean / (LEVELS - 1) - 1)
    return discrete_log_likelihood(Gaussian(mean, torch.full_like(x[:1], guess.sigma)), x)


def share_text(log: float) -> str:
    """A probability from its logarithm, however small: 0.31, 6.1·10⁻¹⁵, 10⁻⁴⁰⁰."""
    power = math.floor(log / math.log(10))
    if power > -300:
        return short(math.exp(log))
    raised = str(power).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
    return f"{short(math.exp(log - power * math.log(10)), 2)}·10{raised}"


def bits(log: float) -> str:
    """−log₂ P."""
    return short(max(0.0, -log / math.log(2)))


def bins_table(guess: Guess) -> list[list[str]]:
    """The true bin, the lecture's two, the likeliest, and both open ones."""
    logs = bin_logs(guess)
    best = int(logs.argmax())
    rows = {guess.true: "true value"} | {best: "likeliest"} | {TRUE: "", int(MEAN): ""}
    rows |= {GREYS[0]: "open below", GREYS[1]: "open above"}
    rows[best] = "likeliest"
    rows[guess.true] = "true value" + (", likeliest" if best == guess.true else "")
    return [
        ["bin", "P", "−log₂ P"],
        *(
            [f"{u}/255 {rows[u]}".strip(), share_text(logs[u].item()), bits(logs[u].item())]
            for u in sorted(rows)
        ),
        ["all 256", short(float(logs.exp().sum())), ""],
    ]


def said_of_bins(guess: Guess) -> str:
    """One sentence on the true bin and on the mean's."""
    logs = bin_logs(guess)
    best, log = int(logs.argmax()), logs[guess.true].item()
    apart = abs(guess.true - guess.mean) * 2 / (LEVELS - 1) / guess.sigma
    said = (
        f"The true value is {guess.true}/255, the predicted mean {short(guess.mean, 4)}/255, "
        f"{short(apart, 2)} σ away: its bin has the probability {share_text(log)}, which costs "
        f"{bits(log)} bits."
    )
    if best == guess.true:
        return f"{said} No other bin has more."
    return (
        f"{said} The likeliest bin, {best}/255, has {share_text(logs[best].item())}, which would "
        f"cost {bits(logs[best].item())}."
    )


def bins_figure(guess: Guess) -> go.Figure:
    """P(u) of the grey values in reach, the true one in another colour."""
    shares = bin_logs(guess).exp().tolist()
    half = REACH * guess.sigma * (LEVELS - 1) / 2 + 1
    low = max(0, math.floor(min(guess.true, guess.mean - half)) - 1)
    high = min(LEVELS - 1, math.ceil(max(guess.true, guess.mean + half)) + 1)
    figure = go.Figure()
    others = [u for u in range(low, high + 1) if u != guess.true]
    for name, greys, style in (
        ("other bins", others, BARS),
        (f"true bin, {guess.true}/255", [guess.true], HIT),
    ):
        figure.add_bar(
            x=greys,
            y=[shares[u] for u in greys],
            width=1 if high - low > 120 else 0.9,
            name=name,
            showlegend=False,
            hovertemplate="%{x}/255: P = %{y:.3g}",
            marker={"color": style.light, "line": {"width": 0}},
            meta={"dark": style.dark},
        )
    highest = max(shares[u] for u in range(low, high + 1))
    for name, x, style in (
        (f"predicted mean, {short(guess.mean, 4)}/255", guess.mean, MIDDLE),
        (f"true value, {guess.true}/255", guess.true, LINE),
    ):
        figure.add_scatter(
            x=[x, x], y=[0, highest], mode="lines", name=name, hoverinfo="skip", **drawn(style, 2)
        )
    return figure.update_layout(
        barmode="overlay",
        xaxis={"title": "grey value u of 255", "range": [low - 1, high + 1]},
        yaxis=titled("P(u)", rangemode="tozero"),
        height=320,
        margin={"l": 64, "r": 20, "t": 12, "b": 48},
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
        showlegend=True,
    )
