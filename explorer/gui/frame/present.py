"""The presenter's view: the stage fills the window, for a hall."""

from __future__ import annotations

from explorer.gui.parts.widget import Widget


class Presenter(Widget):
    """Turns the view on and off (`present` in the address, the header's button, Esc) and hears its
    keys; how it looks is in present.css and beside each part, behind `body.present`.
    """
