"""How an entry of a registry is drawn: plain data, which every figure, page and file reads."""

from __future__ import annotations

from typing import NamedTuple


class Style(NamedTuple):
    """A colour on light and on dark pages; lines also differ in their dashes."""

    light: str
    """Colour on a light page."""
    dark: str
    """The same, lightened for a dark page."""
    dash: str
    """Plotly's name of the dash."""
