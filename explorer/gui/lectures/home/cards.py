"""What a card of the Lectures tab says of a lecture or a topic."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from explorer.gui.frame.context import Context
from explorer.gui.frame.shared import Shared
from explorer.lectures import LECTURES

PICTURES = Path(__file__).with_name("stored")
"""A picture for each topic, by its ID: `explorer.gui.lectures.home.make` makes them."""
PAGE = "lecture-"
"""How the ID of a lecture's own page begins."""
GROUPS = ("Lectures", "Topics")


class Topic(Protocol):
    """What opens from a card: a module, or a page made of data."""

    @property
    def ID(self) -> str: ...
    @property
    def TITLE(self) -> str: ...
    @property
    def SUMMARY(self) -> str:
        """Of what it is, in a line."""

    @property
    def FROM(self) -> tuple[str, ...]:
        """The lectures that it is from, by the names of `LECTURES`."""

    @property
    def DO(self) -> str:
        """What one can do there."""

    @property
    def build(self) -> Callable[[Context, Shared], None]: ...


@dataclass(frozen=True)
class Card:
    """One of the home's cards."""

    topic: str
    """The ID that its link has."""
    title: str
    source: str
    """Institution, author and year."""
    line: str
    do: str
    picture: Path | None
    """None where none is stored."""


def cards_of(topics: Iterable[Topic]) -> Mapping[str, list[Card]]:
    """The cards by `GROUPS`, in the topics' order."""
    found: dict[str, list[Card]] = {group: [] for group in GROUPS}
    for topic in topics:
        picture = PICTURES / f"{topic.ID}.webp"
        card = Card(
            topic.ID,
            topic.TITLE,
            source_of(topic),
            topic.SUMMARY,
            topic.DO,
            picture if picture.is_file() else None,
        )
        found[GROUPS[0] if topic.ID.startswith(PAGE) else GROUPS[1]].append(card)
    return found


def source_of(topic: Topic) -> str:
    """Institution, author and year of a lecture; of a topic, the lectures that have it."""
    lectures = [LECTURES[name] for name in topic.FROM]
    if topic.ID.startswith(PAGE):
        return lectures[0].given.line
    named = [
        f"{each.title} ({each.given.author})" if each.given.author else each.title
        for each in lectures
    ]
    return f"In {'; '.join(named)}"
