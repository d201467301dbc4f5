"""Axes whose titles and labels keep apart."""

from __future__ import annotations

from collections.abc import Iterable
from math import ceil, floor, isfinite, log10
from typing import Any

ROOM = 10
"""Pixels between tick labels and the title."""


def titled(title: str, **options: Any) -> dict[str, Any]:
    """A y axis whose title moves away from wide labels; the margin grows with them."""
    return {"title": {"text": title, "standoff": ROOM}, "automargin": True} | options


def logarithmic(values: Iterable[float], **options: Any) -> dict[str, Any]:
    """A logarithmic axis; it labels powers of ten only if at least two of them are in sight.

    values : what is drawn; what is not finite or not positive does not count.
    """
    logs = [log10(value) for value in values if isfinite(value) and value > 0]
    enough = logs and floor(max(logs)) > ceil(min(logs))
    ticks = {"dtick": 1} if enough else {}
    return {"type": "log", "exponentformat": "power", "automargin": True} | ticks | options


def framed(revision: str, height: int) -> dict[str, Any]:
    """The layout of a plot with its legend in a row above it.

    revision : while it is the same, what was zoomed stays so.
    """
    return {
        "hovermode": "x",
        "height": height,
        "margin": {"l": 64, "r": 20, "t": 12, "b": 48},
        "legend": {"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
        "showlegend": True,
        "uirevision": revision,
    }
