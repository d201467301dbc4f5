"""The axis that a quantity of a table is drawn on."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from explorer.evaluation.quantities import ACCURACY, KID, Quantity
from explorer.evaluation.records import Quality
from explorer.figures.learning import SCALE

LEAST = 1e-6
"""Where a logarithmic axis shows what is 0 or, as the end of an error's bar, below."""


@dataclass(frozen=True)
class Axis:
    """Where values lie, and how the axis is labelled."""

    place: Callable[[float], float]
    """A value -> what Plotly is given."""
    layout: Callable[[Sequence[float]], dict[str, Any]]
    """The values that are to be seen -> Plotly's axis."""


def scale_of(quantity: str, kind: Quantity, quality: Quality) -> Axis:
    """Shares on a plain axis that ends at 100 %, the unbiased distance, which may be below 0, on
    one that is even near 0 and logarithmic away from it, all else on a logarithmic one."""
    if quantity == ACCURACY:
        return Axis(lambda value: value, _share_layout)
    if quantity == KID:
        errors = [error for row in quality.rows if (error := kind.error(row))]
        unit = min(errors, default=1.0) * 2
        return Axis(lambda value: math.asinh(value / unit), lambda seen: _signed(seen, unit, kind))
    return Axis(lambda value: max(value, LEAST), _log_layout)


def _share_layout(seen: Sequence[float]) -> dict[str, Any]:
    low = min(seen, default=0.0)
    return {"tickformat": ".0%", "range": [max(0.0, low - 0.05), 1.01]}


def _log_layout(seen: Sequence[float]) -> dict[str, Any]:
    positive = [value for value in seen if value > LEAST] or [1.0, 100.0]
    low, high = math.log10(min(positive)), math.log10(max(positive))
    room = 0.08 * (high - low) + 0.05
    return {
        "type": "log",
        "range": [low - room, high + room],
        "tickvals": SCALE,
        "ticktext": [f"{value:g}" for value in SCALE],
    }


def _signed(seen: Sequence[float], unit: float, kind: Quantity) -> dict[str, Any]:
    places = [math.asinh(value / unit) for value in seen] or [0.0, 1.0]
    room = 0.08 * (max(places) - min(places)) + 0.05
    decades = [value for value in SCALE if value > 2 * unit and f"{value:e}"[0] == "1"]
    ticks = [*(-value for value in reversed(decades)), 0.0, *decades]
    return {
        "range": [min(places) - room, max(places) + room],
        "tickvals": [math.asinh(value / unit) for value in ticks],
        "ticktext": [f"{kind.scale * value:g}" for value in ticks],
        "zeroline": False,
    }
