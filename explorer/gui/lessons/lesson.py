"""What a lesson is: scenes, each a text beside a state of the page."""

from __future__ import annotations

import re
from typing import Annotated, Any
from urllib.parse import urlencode

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from explorer.gui.lessons.parts import PARTS, READINGS

PLACEHOLDER = re.compile(r"(?<!\\)\{\{(.*?)\}\}", re.S)
"""{{name}} in an answer: a number or a sentence that the page shows at that moment."""
KEY = re.compile(r"[A-Za-z][\w.-]*")
ID = re.compile(r"[A-Za-z][\w-]*")
RESERVED = ("lesson", "scene", "present")
"""Keys of the address that are no scene's to set."""
MOST_SCENES = 40


def _filled(text: str) -> str:
    if not text.strip():
        raise ValueError("is empty")
    return text.strip()


def _listed(value: Any) -> Any:
    """One name is a list of one."""
    return [value] if isinstance(value, str) else value


def _part(name: str) -> str:
    if name not in PARTS and not ID.fullmatch(name):
        raise ValueError("is neither an element's id nor a part's name")
    return name


def _value(value: Any) -> Any:
    if not isinstance(value, str | int | float):  # true and false are integers
        raise ValueError("is neither text, a number nor true or false")
    return value


def _read_nowhere(text: str) -> str:
    if names := readings(text):
        raise ValueError(f"has {{{{{names[0]}}}}}; only an answer reads what the page shows")
    return text


def _readable(text: str) -> str:
    for name in readings(text):
        if name not in READINGS and not ID.fullmatch(name):
            known = ", ".join(READINGS)
            raise ValueError(f"reads {{{{{name}}}}}; there are: {known}, and every element's id")
    return text


Text = Annotated[str, Field(max_length=4000), AfterValidator(_filled)]
Line = Annotated[str, Field(max_length=200), AfterValidator(_filled)]
Words = Annotated[Text, AfterValidator(_read_nowhere)]
Answer = Annotated[Text, AfterValidator(_readable)]
Value = Annotated[Any, AfterValidator(_value)]
Part = Annotated[str, AfterValidator(_part)]
Parts = Annotated[list[Part], BeforeValidator(_listed), Field(max_length=20)]


class Scene(BaseModel):
    """A text, the state of the page that it speaks of, and what to look at there."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    text: Words
    """Markdown; formulas between $ and $."""
    state: dict[str, Value]
    """The page's address as a table: {tab: forward, t: 400}."""
    highlight: Parts = []
    """Element ids or names of `PARTS`, the most important first."""
    hide: Parts = []
    question: Words | None = None
    """Asked below the text; the answer is shown once it is asked for."""
    answer: Answer | None = None
    """Markdown with {{readings}} of the page."""

    @model_validator(mode="after")
    def _check(self) -> Scene:
        if (self.question is None) != (self.answer is None):
            alone = "a question without an answer" if self.question else "an answer to no question"
            raise ValueError(f"there is {alone}")
        for name in self.state:
            if not KEY.fullmatch(name) or name.lower() in RESERVED:
                raise ValueError(f"its state has {name!r}, which no scene can set")
        if "tab" not in self.state:
            raise ValueError("its state has no 'tab'")
        return self

    @property
    def address(self) -> str:
        """Its state as the page's address has it after the #."""
        return urlencode({name: _written(value) for name, value in self.state.items()})


class Lesson(BaseModel):
    """Scenes in their order."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    title: Line
    summary: Line
    """What the menu says of it."""
    order: int = 100
    """Lower ones stand first in the menu; the first lesson of all is offered to who is new."""
    scenes: Annotated[list[Scene], Field(min_length=1, max_length=MOST_SCENES)]


def readings(text: str) -> list[str]:
    """The names between {{ and }}."""
    return [name.strip() for name in PLACEHOLDER.findall(text)]


def _written(value: str | int | float | bool) -> str:
    """As an address writes it."""
    if isinstance(value, bool):
        return str(int(value))
    return f"{value:.12g}" if isinstance(value, float) else str(value)
