"""One setting in an address: how it is written, read and checked."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import gradio as gr

from explorer.text import printable

SHOWN = 40
"""Characters of a refused value that are repeated."""
TILDE = "\u0303"
NOTHING = "none"
YES, NO = ("yes", "true", "on", "1"), ("no", "false", "off", "0")

Values = Mapping[str, Any]
"""The values of fields by their whole keys."""
Choices = Callable[[Values, str], Sequence[Any]]
"""choices(values, visitor): what a menu offers beside the values that were read before it."""
Follows = tuple[str, Mapping[Any, Any]]
"""The key of another field, and the defaults by its values."""
Check = Callable[[Any], Any]
"""Raises a ValueError for what is not allowed."""


def word(value: Any) -> str:
    """A choice as it stands in an address: small letters, digits, dots and dashes."""
    if value is None or isinstance(value, bool):
        return NOTHING if value is None else YES[0] if value else NO[0]
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if not isinstance(value, str):
        return str(value)
    return re.sub(r"[^a-z0-9.]+", "-", _latin(value)).strip("-") or NOTHING


def _latin(text: str) -> str:
    """Small Latin letters: ε is epsilon, β̃ is beta-tilde, x₀ is x0, ü is u."""
    found = []
    for sign in unicodedata.normalize("NFKD", text):
        greek = re.fullmatch(r"GREEK \w+ LETTER (\w+)", unicodedata.name(sign, ""))
        if greek:
            found.append(greek[1])
        elif unicodedata.combining(sign):
            found.append("-tilde" if sign == TILDE else "")
        else:
            found.append(sign)
    return "".join(found).lower().replace("\u2212", "-")


@dataclass(frozen=True)
class Field:
    """A setting of the page that the address holds."""

    key: str
    component: Any
    title: str
    """What it is called in a sentence."""
    choices: Choices | None
    fixed: tuple[Any, ...]
    """The choices where they are always the same."""
    bounds: tuple[float, float] | Callable[[Values], tuple[float, float]] | None
    check: Check | None
    lacks: str
    """What a link does not hold where the value is none of `shipped`: "your own image"."""
    shipped: tuple[Any, ...]
    former: Mapping[str, str]
    """What choices were called in older links."""
    follows: Follows | None
    """The field, such as a preset, on whose value the default depends."""

    @property
    def group(self) -> str:
        return self.key.rpartition(".")[0]

    @property
    def default(self) -> Any:
        return self.component.value

    @property
    def many(self) -> bool:
        """Whether its value is a list."""
        return isinstance(self.component, gr.CheckboxGroup) or bool(
            getattr(self.component, "multiselect", False)
        )

    def described(self) -> dict[str, Any]:
        """What the browser has to know to write a value."""
        about: dict[str, Any] = {"default": self.default}
        if self.fixed:
            about["words"] = [[value, word(value)] for value in self.fixed]
        if self.lacks:
            about |= {"lacks": self.lacks, "shipped": list(self.shipped)}
        if self.follows:
            key, defaults = self.follows
            pairs = [[word(leader), value] for leader, value in defaults.items()]
            about["follows"] = {"key": key, "defaults": pairs}
        return about

    def read(self, text: str, values: Values, visitor: str) -> Any:
        """The value that a text means, in whatever letters; ValueError, a sentence."""
        if self.choices:
            offered = self.choices(values, visitor)
            if self.many:
                parts = [part for part in text.split(",") if part.strip()]
                wanted = [self._chosen(part, offered) for part in parts]
                value: Any = [each for each in offered if each in wanted]
            else:
                value = self._chosen(text, offered)
        elif isinstance(self.component, gr.Checkbox):
            value = self._yes(text)
        else:
            value = self._number(text, values)
        if self.check:
            self.check(value)
        return value

    def fallback(self, values: Values, visitor: str) -> Any:
        """The default, or what is nearest to it beside the other values."""
        value = self.default
        if self.follows:
            key, defaults = self.follows
            value = defaults.get(values.get(key), value)
        if self.choices and not self.many:
            offered = self.choices(values, visitor)
            return value if value in offered or not offered else offered[0]
        if callable(self.bounds) and value is not None:
            low, high = self.bounds(values)
            return min(max(value, low), high)
        return value

    def update(self, value: Any, values: Values, visitor: str) -> Any:
        """What the component is told: a menu of its own choices gets them too."""
        if self.choices and all(name == value for name, value in self.component.choices):
            offered = list(self.choices(values, visitor))
            return value if self.fixed else gr.update(value=value, choices=offered)
        if callable(self.bounds) and isinstance(self.component, gr.Slider):
            return gr.update(value=value, maximum=self.bounds(values)[1])
        return value

    def _chosen(self, text: str, offered: Sequence[Any]) -> Any:
        asked = word(text)
        found = [value for value in offered if word(value) == asked]
        if asked == NOTHING and isinstance(self.component, gr.Dropdown) and not self.many:
            return found[0] if found else None
        if not found:
            found = [each for each in self.former if word(self.former[each]) == asked]
            found = [each for each in found if each in offered]
        exact = [value for value in found if str(value) == text]
        if not found:
            known = ", ".join(word(value) for value in offered[:12])
            more = ", …" if len(offered) > 12 else ""
            raise ValueError(f"there is no “{printable(text)[:SHOWN]}”; choose {known}{more}")
        return (exact or found)[0]

    def _yes(self, text: str) -> bool:
        asked = text.strip().lower()
        if asked not in YES + NO:
            raise ValueError(f"“{printable(text)[:SHOWN]}” is neither yes nor no")
        return asked in YES

    def _number(self, text: str, values: Values) -> float:
        low, high = self._bounds(values)
        whole = self._whole
        try:
            value = float(text.replace("\u2212", "-").strip())
        except ValueError:
            value = math.nan
        if not math.isfinite(value) or not low <= value <= high or (whole and value % 1):
            allowed = "a whole number" if whole else "a number"
            if math.isfinite(low) and math.isfinite(high):
                allowed += f" from {low:.10g} to {high:.10g}"
            raise ValueError(f"“{printable(text)[:SHOWN]}” is not allowed; give {allowed}")
        return int(value) if whole or value.is_integer() else value

    def _bounds(self, values: Values) -> tuple[float, float]:
        if callable(self.bounds):
            return self.bounds(values)
        if self.bounds:
            return self.bounds
        low, high = self.component.minimum, self.component.maximum
        return -math.inf if low is None else low, math.inf if high is None else high

    @property
    def _whole(self) -> bool:
        if isinstance(self.component, gr.Slider):
            return float(self.component.step or 0.5).is_integer()
        return self.component.precision == 0
