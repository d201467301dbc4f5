"""The variational bound: its three parts, from which t its bits come, and whether x_T is noise."""

from __future__ import annotations

import math
from collections.abc import Sequence

import plotly.graph_objects as go

from explorer.diffusion import SCHEDULES, make_schedule
from explorer.diffusion.process import Variance
from explorer.evaluation.bound import BoundResult
from explorer.evaluation.bound_shares import noise_bits
from explorer.figures.palette import Style, style_of
from explorer.gui.lectures.bound.terms import NAMES, criteria

PARTS = {
    "reconstruction": ("L<sub>0</sub> reconstruction", Style("#3f6212", "#a3d65c", "solid")),
    "matching": ("Σ L<sub>t−1</sub> denoising matching", Style("#a9c96b", "#557327", "solid")),
    "prior": ("L<sub>T</sub> prior matching", Style("#475569", "#94a3b8", "solid")),
}
"""Part of a bound -> its name and style."""
BARS = 0.42
"""The longest bar of `noise_figure` takes so much of the plot; on a phone its label the rest."""
RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
ROOM = 1.56
"""The axis is so many times as long as the longest bar: a third of a phone's plot is a label."""
LEAST = 1e-10
"""Bits that are drawn as the least there are."""


def bars_figure(result: BoundResult, variances: Sequence[Variance]) -> go.Figure:
    """Reconstruction, denoising matching and prior matching on top of each other, bits/dim."""
    names = [NAMES[variance] for variance in variances]
    values = {part: [value_of(result, v, part) for v in variances] for part in PARTS}
    ends = [sum(each) for each in zip(*values.values(), strict=True)]
    # room for the label at the end, on a phone too; steps of a half: the axis rarely moves while
    # the bars grow
    most = max(1.0, math.ceil(max(ends) * ROOM * 2) / 2)
    figure = go.Figure()
    for part, (name, style) in PARTS.items():
        figure.add_bar(
            x=values[part],
            y=names,
            orientation="h",
            name=name,
            text=[f"{value:.3f}" if value > 0.13 * most else "" for value in values[part]],
            insidetextanchor="middle",
            textangle=0,
            hovertemplate="%{x:.3g} bits/dim",
            marker={"color": style.light, "line": {"width": 0}},
            meta={"dark": style.dark},
        )
    figure.add_scatter(
        x=ends,
        y=names,
        mode="text",
        text=[_total(result, variance) for variance in variances],
        textposition="middle right",
        cliponaxis=False,
        showlegend=False,
        hoverinfo="skip",
    )
    return figure.update_layout(
        barmode="stack",
        bargap=0.45,
        xaxis={"title": "bits per dimension", "range": [0, most]},
        yaxis={
            "autorange": "reversed",
            "ticksuffix": " ",
            "showgrid": False,
            "automargin": True,
        },
        height=340,
        margin={"l": 64, "r": 8, "t": 12, "b": 48},
        legend={
            "orientation": "h",
            "y": 1.04,
            "yanchor": "bottom",
            "x": 0,
            "traceorder": "normal",
        },
        uirevision="bound",
    )


def _total(result: BoundResult, variance: Variance) -> str:
    total = result.lines[variance].total
    if total:
        return f" {total.value:.3f} ± {total.error:.3f}"
    return " so far" if result.ranges else ""


def value_of(result: BoundResult, variance: Variance, part: str) -> float:
    """A part in bits/dim, 0 while it is not there."""
    mean = result.prior if part == "prior" else getattr(result.lines[variance], part)
    return max(0.0, mean.value) if mean else 0.0


def share_figure(result: BoundResult, variances: Sequence[Variance]) -> go.Figure:
    """From which t the bound comes, and L_simple, and the loss that the model was trained with."""
    figure = go.Figure()
    labels = [
        "t = 1 (L<sub>0</sub>)",
        *(f"{a}–{b}" if a < b else f"{a}" for a, b in result.groups[1:]),
    ]
    highest = 0.0
    for name, (criterion, style) in criteria(result, variances).items():
        shares = [mean.value for mean in result.shares[criterion]]
        highest = max(highest, *shares)
        figure.add_bar(
            x=shares,
            y=labels,
            orientation="h",
            name=name,
            text=[
                f"{100 * mean.value:.1f} ± {100 * mean.error:.1f}%" if result.ranges else ""
                for mean in result.shares[criterion]
            ],
            textposition="outside",
            cliponaxis=False,
            customdata=[mean.error for mean in result.shares[criterion]],
            hovertemplate="%{x:.1%} ± %{customdata:.1%}",
            marker={"color": style.light},
            meta={"dark": style.dark},
        )
    return figure.update_layout(
        barmode="group",
        bargap=0.25,
        xaxis={
            "title": "share of the total" if result.finished else "share of the terms so far",
            "tickformat": ".0%",
            "range": [0, max(0.5, 1.5 * highest)],
        },
        yaxis={
            "type": "category",
            "autorange": "reversed",
            "ticksuffix": " ",
            "automargin": True,
            "showgrid": False,
        },
        height=500,
        margin={"l": 64, "r": 20, "t": 12, "b": 48},
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
        uirevision="share",
    )


def noise_figure(T: int, power: float) -> go.Figure:
    """D_KL(q(x_T | x_0) ‖ N(0, I)) under each schedule with T steps, bits/dim.

    power : the mean x_0² of the pictures, which is all that it depends on.
    """
    figure, longest = go.Figure(), LEAST
    for name in SCHEDULES:
        schedule = make_schedule(name, T)
        bits = noise_bits(schedule, power)
        left, longest = schedule.alpha_bar[-1].sqrt().item(), max(longest, bits)
        figure.add_bar(
            x=[max(bits, LEAST)],
            y=[name],
            orientation="h",
            name=name,
            text=[f"{in_powers(bits)}, {100 * left:.2g}% left"],
            textposition="outside",
            cliponaxis=False,
            hovertemplate=f"{bits:.3g} bits/dim; of the image {100 * left:.2g}% is left",
            marker={"color": style_of(name).light},
            meta={"dark": style_of(name).dark},
        )
    low = math.log10(LEAST)
    return figure.update_layout(
        showlegend=False,
        bargap=0.35,
        xaxis={
            "title": f"L<sub>T</sub> at T = {T}, bits/dim",
            "type": "log",
            "range": [low, max(5.0, low + (math.log10(longest) - low) / BARS)],
            "tickvals": [10.0**k for k in range(-9, 1, 3)],
            "ticktext": [*(f"10<sup>−{k}</sup>" for k in (9, 6, 3)), "1"],
            "tickangle": 0,
            "showgrid": False,
        },
        yaxis={"autorange": "reversed", "ticksuffix": " ", "automargin": True, "showgrid": False},
        height=110 + 44 * len(SCHEDULES),
        margin={"l": 104, "r": 8, "t": 12, "b": 48},
        uirevision="noise",
    )


def in_powers(value: float) -> str:
    """Two digits, of small numbers in powers of ten: 2.7·10⁻⁵."""
    if value >= 0.01 or value == 0:
        return f"{value:.2g}"
    mantissa, exponent = f"{value:.1e}".split("e")
    return f"{mantissa}·10" + str(int(exponent)).translate(RAISED)
