"""Sound and broken pictures beside each other, with their numbers and what these say."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from PIL import Image

from explorer.gui.parts.gallery import png_uri
from explorer.gui.parts.widget import Widget


@dataclass(frozen=True, eq=False)
class Row:
    """A strip of pictures."""

    title: str
    broken: bool
    picture: Image.Image
    classes: tuple[str, ...] = ()
    """What each was asked to be."""


@dataclass(frozen=True, eq=False)
class Group:
    """What is shown of one model."""

    title: str
    facts: tuple[str, ...]
    """Sentences about what is seen."""
    rows: tuple[Row, ...] = ()
    table: tuple[tuple[str, ...], ...] = ()
    """The first line is the head, the first column says what the others are."""
    about: str = ""
    """How it was measured."""


class MistakeView(Widget):
    """Groups below each other; in each the strips, and beside them facts and numbers."""

    def postprocess(self, value: tuple[Group, ...] | None) -> list[dict[str, Any]] | None:
        """Pictures as lossless data URIs."""
        if value is None:
            return None
        return [
            {
                "title": group.title,
                "strips": [
                    {
                        "title": row.title,
                        "broken": row.broken,
                        "classes": list(row.classes),
                        "src": png_uri(row.picture),
                        "width": row.picture.width,
                        "height": row.picture.height,
                    }
                    for row in group.rows
                ],
                "facts": list(group.facts),
                "table": [list(line) for line in group.table],
                "about": group.about,
            }
            for group in value
        ]
