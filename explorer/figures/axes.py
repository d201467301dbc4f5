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
