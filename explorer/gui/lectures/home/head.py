"""What stands at the head of an open topic: the way back, its title and its source."""

from __future__ import annotations

from explorer.gui.lectures.home.cards import Topic, source_of
from explorer.text import escaped

HEAD = """\
<nav aria-label="Lectures">
<a class="way-back" href="#tab=lectures">← All lectures and topics</a>
</nav>
<h2 tabindex="-1">{title}</h2>
<p class="source">{source}</p>
"""


def head_html(topic: Topic) -> str:
    """The same for every topic; home.js opens the cards without the server."""
    return HEAD.format(title=escaped(topic.TITLE), source=escaped(source_of(topic)))
