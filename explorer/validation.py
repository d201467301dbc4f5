"""Settings and files that people bring, checked by pydantic, refused in our words."""

from __future__ import annotations

import re
from reprlib import repr as short
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

Model = TypeVar("Model", bound=BaseModel)
WORDS = {
    "a valid boolean": "true or false",
    "a valid integer": "a whole number",
    "a valid string, unable to parse raw data as a unicode string": "text: some of it is not",
    "a valid dictionary": "a table",
    "a valid ": "a ",
    "greater than or equal to": "at least",
    "less than or equal to": "at most",
}
"""Pydantic's words -> ours."""


def validated(model: type[Model], value: Any, what: str) -> Model:
    """`value` as the model; ValueError with a clause that names the first field that is wrong.

    what : what the whole is called in that clause.
    """
    try:
        return model.model_validate(value)
    except ValidationError as error:
        raise ValueError(_clause(error, what)) from error


def _clause(error: ValidationError, what: str) -> str:
    first = error.errors(include_url=False)[0]
    place, kind, given = first["loc"], first["type"], short(first["input"])
    names = [part for part in place if isinstance(part, str)]
    name = names[-1] if names else what
    if kind in ("missing", "extra_forbidden"):
        within = next(reversed(names[:-1]), what)
        found = f"has no {name!r}" if kind == "missing" else f"has an unknown entry {name!r}"
        return f"{within} {found}"
    message = first["msg"]
    if kind == "value_error":  # a sentence of our own: about the field, or about a whole table
        message = message.removeprefix("Value error, ")
        return message if isinstance(first["input"], dict) else f"{name} = {given} {message}"
    message = re.sub(r"^\w+ (should .*?)( after validation)?(, not .*)?$", r"\1\3", message)
    message = re.sub(r" or instance of \w+$", "", message)
    for theirs, ours in WORDS.items():
        message = message.replace(theirs, ours)
    return (
        f"{name} {message}"
        if "items" in message or "item," in message
        else f"{name} = {given} {message}"
    )
