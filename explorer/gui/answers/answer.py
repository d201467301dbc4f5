"""One question and its answer, which opens where the question arises."""

from __future__ import annotations

from typing import Any, NamedTuple

from explorer.gui.parts.widget import Widget


class Answered(NamedTuple):
    """A question and what is answered: paragraphs with **bold**, x_t and [links](#tab=plane)."""

    question: str
    answer: str


class Answer(Widget):
    """Closed at first: the question alone."""

    def postprocess(self, value: Answered | None) -> dict[str, Any] | None:
        """As JSON."""
        return value and {"question": value.question, "answer": value.answer}
