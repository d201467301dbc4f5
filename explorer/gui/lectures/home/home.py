"""The cards of all lectures and topics."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from explorer.gui.frame.page_files import page_files
from explorer.gui.lectures.home.cards import Card
from explorer.gui.parts.widget import Widget


class Home(Widget):
    """A list of links for each group; one opens its topic, and the topic's own link leads back."""

    def postprocess(self, value: Mapping[str, Sequence[Card]] | None) -> list[Any] | None:
        """group -> its cards; pictures are fetched as files of the page."""
        if value is None:
            return None
        return [
            {
                "group": group,
                "cards": [
                    {
                        "topic": card.topic,
                        "title": card.title,
                        "source": card.source,
                        "line": card.line,
                        "do": card.do,
                        "src": card.picture and page_files.add_file(card.picture),
                    }
                    for card in cards
                ],
            }
            for group, cards in value.items()
        ]
