"""What a stage shows against what its fields say: one quiet line, "Settings changed: run again".

A result is known by a mark of the settings that it was made with. When a field changes, agree.js
asks here for the mark of the fields as they stand now: where the two differ the line stands beside
the status, and it goes when the settings are set back or the run is made again. On the way every
value is checked, so that a sentence about a wrong one goes as soon as it is corrected.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, is_dataclass
from typing import TYPE_CHECKING, Any, Literal

import gradio as gr
from gradio.blocks import Block, BlockContext

from explorer.gui.frame.shared import EACH, Changes, sentence
from explorer.gui.parts.widget import Widget

if TYPE_CHECKING:
    from explorer.gui.frame.address import Address
    from explorer.gui.frame.context import Context

CHANGED = "Settings changed: run again"


def _plain(value: Any) -> Any:
    return asdict(value) if is_dataclass(value) and not isinstance(value, type) else repr(value)


Event = Literal["explorer-over", "explorer-moved", "explorer-noted"]
"""What takes a sentence's cause away: a job has ended, somebody has moved the cursor or changed a
field."""
Read = Callable[..., Any]
"""read(visitor, *values): the settings that a run of these fields has; ValueError, a sentence."""


class Passing(ValueError):
    """A sentence whose cause goes without a new run."""

    event: Event = "explorer-noted"
    """With what: any field of the page has changed."""


class AtCursor(Passing):
    """A sentence about where the cursor stands."""

    event: Event = "explorer-moved"


def mark_of(settings: Any) -> str:
    """Equal for equal settings."""
    text = json.dumps(settings, sort_keys=True, default=_plain)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


class ChangedLine(Widget):
    """Beside a stage's status; agree.js writes it."""

    def __init__(self, stage: str, first: str | None, **props: Any) -> None:
        """first : the mark of the fields' first values."""
        self.stage, self.first = stage, first
        super().__init__(None, {"stage": stage, "first": first, "words": CHANGED}, **props)


class Agreement:
    """Of a stage's result with its fields.

    A stored result counts as one of the fields' first values; its caption says what it is of.
    """

    def __init__(
        self,
        context: Context,
        address: Address,
        *,
        fields: Sequence[Any],
        read: Read,
        state: gr.Markdown,
        trouble: gr.Markdown,
        result: Block,
    ) -> None:
        """fields : what a run is asked by, each of which the address keeps.
        state, trouble : the stage's status, and its place for a sentence of trouble.
        result : what shows the result, so that a job which changes it has made a new one.
        """
        self.address, self.fields, self.read, self.result = address, tuple(fields), read, result
        try:
            first = mark_of(read("", *(field.value for field in fields)))
        except ValueError:  # without any model there is nothing to run
            first = None
        self.stage = f"stage-{len(address.agreements)}"
        assert isinstance(state.parent, BlockContext)
        with state.parent:
            self.line = ChangedLine(self.stage, first, elem_classes="agreement")
        address.agreements.append(self)

        def ask(request: gr.Request, event: gr.EventData) -> Changes:
            values, visitor = getattr(event, "values", None), context.visitor(request)
            mark, wrong = self.answer(values, visitor)
            answer: Changes = {self.line: {"turn": getattr(event, "turn", 0), "mark": mark}}
            return answer if wrong is None else answer | {trouble: wrong}

        self.line.ask(ask, None, [self.line, trouble], **EACH)

    def answer(self, values: Any, visitor: str) -> tuple[str | None, str | None]:
        """The mark of the fields as they stand, and what is wrong with them; None for nothing
        that could be said.

        values : by the fields' keys in the address; a stranger's, so that it may be anything.
        """
        known = values if isinstance(values, Mapping) else {}
        try:
            return mark_of(self.read(visitor, *(known.get(key) for key in self.keys()))), ""
        except ValueError as error:
            return None, sentence(error)
        except (AttributeError, IndexError, KeyError, TypeError):
            return None, None  # no page of ours sends it

    def keys(self) -> list[str]:
        """The fields', in the address."""
        return [self.address.key_of(field) for field in self.fields]

    def made_with(self, settings: Any) -> Changes:
        """From now on the stage shows a result of these settings."""
        return {self.line: {"made": mark_of(settings)}}

    def made_without(self) -> Changes:
        """From now on nothing that is shown depends on a run."""
        return {self.line: {"made": None}}

    def until(self, event: Event) -> Changes:
        """The sentence of trouble that is shown now goes with this event."""
        return {self.line: {"until": event}}

    def stamp(self, asked: Mapping[Block, Any], visitor: str) -> Changes:
        """The same for a job that was begun by all of the fields; one that goes on with what is
        shown changes nothing."""
        if not all(field in asked for field in self.fields):
            return {}
        return self.made_with(self.read(visitor, *(asked[field] for field in self.fields)))
