"""What the page tells to those who do not see it, or use no pointer."""

from __future__ import annotations

from explorer.gui.parts.widget import Widget


class Access(Widget):
    """The page's first part: a link past the header, the region that tells the milestones of
    status lines, and what Gradio's own markup leaves unsaid (markup.js)."""
