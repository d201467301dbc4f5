"""One module a tab, in the order of the page."""

from explorer.gui.tabs import forward, lectures, plane, reverse, schedules, train

TABS = (forward, schedules, train, reverse, plane, lectures)
"""Each has `ID`, `TITLE` and `build(context, shared)`."""
