"""One colour, one meaning: in every tab, figure and exported picture."""

from __future__ import annotations

from typing import Any, NamedTuple


class Style(NamedTuple):
    """How a schedule or a sampler is drawn; lines also differ in their dashes."""

    light: str
    """Colour on a light page."""
    dark: str
    """The same, lightened for a dark page."""
    dash: str
    """Plotly's name of the dash."""


def drawn(style: Style, width: float = 2.5) -> dict[str, Any]:
    """A Plotly trace's line and markers; the colour for a dark page goes along as `meta`."""
    line = {"color": style.light, "dash": style.dash, "width": width, "simplify": False}
    return {"line": line, "marker": {"color": style.light}, "meta": {"dark": style.dark}}


PALETTE: dict[str, Style] = {
    "linear": Style("#0072B2", "#4BA3E0", "solid"),
    "cosine": Style("#D55E00", "#FF8A3D", "dash"),
    "cosine-clipped": Style("#8C510A", "#D19A5B", "dashdot"),
    "quadratic": Style("#E69F00", "#FFC04D", "dot"),
    "sigmoid": Style("#56B4E9", "#8ED1F7", "longdash"),
    "constant": Style("#6B7280", "#A3AAB8", "longdashdot"),
    "DDPM": Style("#009E73", "#2FD3A0", "solid"),
    "DDIM": Style("#CC79A7", "#E8A6CB", "dash"),
}

PROBE = Style("#9333EA", "#C792FF", "solid")
"""The loss on the fixed probe."""

RUNS: tuple[Style, ...] = (
    Style("#332288", "#8492FF", "solid"),
    Style("#8C0F46", "#E8508F", "dash"),
    Style("#7A7A00", "#DAD55C", "dot"),
    Style("#0F8B8D", "#7FE8DC", "dashdot"),
)
"""Runs that are compared, in their order; none has a schedule's or a sampler's colour."""
