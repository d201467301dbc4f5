"""One colour, one meaning: in every tab, figure and exported picture."""

from __future__ import annotations

import colorsys
from collections.abc import Mapping
from typing import Any
from zlib import crc32

from explorer.diffusion import SAMPLERS, SCHEDULES
from explorer.diffusion.options import Derived
from explorer.diffusion.style import Style

__all__ = ["PALETTE", "PROBE", "RUNS", "Style", "drawn", "style_of"]


def drawn(style: Style, width: float = 2.5) -> dict[str, Any]:
    """A Plotly trace's line and markers; the colour for a dark page goes along as `meta`."""
    line = {"color": style.light, "dash": style.dash, "width": width, "simplify": False}
    return {"line": line, "marker": {"color": style.light}, "meta": {"dark": style.dark}}


PALETTE: Mapping[str, Style] = Derived(
    lambda: {
        **{name: family.style for name, family in SCHEDULES.items()},
        **{name: sampler.style for name, sampler in SAMPLERS.items()},
    }
)
"""Name of a schedule or a sampler -> how it is drawn, as its registry has it."""

PROBE = Style("#9333EA", "#C792FF", "solid")
"""The loss on the fixed probe."""

RUNS: tuple[Style, ...] = (
    Style("#332288", "#8492FF", "solid"),
    Style("#8C0F46", "#E8508F", "dash"),
    Style("#7A7A00", "#DAD55C", "dot"),
    Style("#0F8B8D", "#7FE8DC", "dashdot"),
)
"""Runs that are compared, in their order; none has a schedule's or a sampler's colour."""


def style_of(schedule: str) -> Style:
    """As its registry has it; a table of one's own gets the colour that its name stands for."""
    if schedule in SCHEDULES:
        return SCHEDULES[schedule].style
    hue = crc32(schedule.encode()) / 2**32
    light, dark = (
        "#" + "".join(f"{round(255 * part):02X}" for part in colorsys.hls_to_rgb(hue, *shade))
        for shade in ((0.38, 0.7), (0.68, 0.8))
    )
    return Style(light, dark, "dot")
