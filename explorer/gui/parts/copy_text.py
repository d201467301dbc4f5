"""Buttons that copy what is shown as text: a script, a command."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from explorer.gui.parts.widget import Widget

PYTHON, COMMAND = "Copy as Python", "Copy as command"


class Texts(NamedTuple):
    """What can be copied."""

    texts: Mapping[str, str]
    """What the button says -> the text; `{{t}}` in it is what the browser knows as t."""
    values: Mapping[str, Any] = {}
    """Those of them that are known without a browser."""


class CopyText(Widget):
    """A button for each text, which copies it or, where that is not allowed, shows it selected."""

    def __init__(self, value: Texts | None = None, *, source: str = "", **props: Any) -> None:
        """source : the id of the part whose `explorer.shown` fills the `{{names}}` in."""
        self.source = source
        super().__init__(value, {"source": source}, **props)

    def postprocess(self, value: Texts | None) -> dict[str, Any] | None:
        """As JSON."""
        return value and {"texts": dict(value.texts), "values": dict(value.values)}


def fill(text: str, values: Mapping[str, Any]) -> str:
    """`{{name}}` replaced by its value: what the browser copies."""
    for name, value in values.items():
        text = text.replace(f"{{{{{name}}}}}", str(value))
    return text
