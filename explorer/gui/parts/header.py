"""The top of the page: name, device, and a guide that needs no network."""

from __future__ import annotations

from explorer.gui.parts.widget import Widget


class Header(Widget):
    """Its value is the badge: what computes, and in which numbers it trains."""
