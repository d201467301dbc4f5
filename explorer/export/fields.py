"""Values from JSON that anyone may have written: each is what it should be, or one clear reason.

All raise ValueError with a clause that names the value; they return it unchanged.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Collection
from reprlib import repr as short
from typing import Any


def whole(value: Any, low: int, high: int, what: str) -> int:
    """A whole number in low…high."""
    if type(value) is not int or not low <= value <= high:
        raise ValueError(f"{what} = {short(value)} is not a whole number in {low}…{high}")
    return value


def real(value: Any, low: float, high: float, what: str) -> float:
    """A finite number in low…high."""
    if type(value) not in (int, float) or not low <= value <= high:
        raise ValueError(f"{what} = {short(value)} is not a number in {low:g}…{high:g}")
    return value


def text(value: Any, longest: int, what: str) -> str:
    """At most so many characters, without control characters."""
    if not isinstance(value, str) or len(value) > longest:
        raise ValueError(f"{what} = {short(value)} is not a text of at most {longest} characters")
    if any(unicodedata.category(sign) in ("Cc", "Cs") for sign in value):
        raise ValueError(f"{what} = {short(value)} holds characters that are not text")
    return value


def choice(value: Any, choices: Collection[str], what: str) -> str:
    """One of the choices."""
    if not isinstance(value, str) or value not in choices:
        raise ValueError(f"{what} = {short(value)} is none of {', '.join(choices)}")
    return value


def listed(value: Any, low: int, high: int, what: str) -> list[Any]:
    """A list of low to high entries."""
    if not isinstance(value, list) or not low <= len(value) <= high:
        count = len(value) if isinstance(value, list) else short(value)
        allowed = f"{low}" if low == high else f"{low} to {high}"
        raise ValueError(f"{what} should be a list of {allowed} entries, not {count}")
    return value


def table(
    value: Any, keys: Collection[str], what: str, optional: Collection[str] = ()
) -> dict[str, Any]:
    """A table with exactly these keys; the optional ones may be missing."""
    if not isinstance(value, dict):
        raise ValueError(f"{what} should be a table, not {short(value)}")
    for key in keys:
        if key not in value:
            raise ValueError(f"{what} has no {key!r}")
    for key in value:
        if key not in keys and key not in optional:
            raise ValueError(f"{what} has an unknown entry {short(key)}")
    return value


def each(values: list[Any], check: Callable[..., Any], *arguments: Any) -> None:
    """`check(value, *arguments)` for all values."""
    for value in values:
        check(value, *arguments)
