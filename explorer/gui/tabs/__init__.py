"""One module a tab, in the order of the page."""

from explorer.gui.tabs import forward, reverse, schedules, train

TABS = (forward, schedules, train, reverse)
"""Each has `ID`, `TITLE` and `build(context, shared)`."""
