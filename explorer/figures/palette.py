"""One colour, one meaning: in every tab, figure and exported picture."""

from __future__ import annotations

from typing import NamedTuple


class Style(NamedTuple):
    """How a schedule or a sampler is drawn; lines also differ in their dashes."""

    light: str
    """Colour on a light page."""
    dark: str
    """The same, lightened for a dark page."""
    dash: str
    """Plotly's name of the dash."""


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
