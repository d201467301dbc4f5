"""What an entry of a registry can be given: numbers within bounds, or one of some words."""

from __future__ import annotations

from dataclasses import dataclass
from numbers import Integral, Real
from typing import Any, Generic, TypeGuard, TypeVar, cast

LARGEST = 1e300
"""From here on a number counts as infinite."""
SHOWN = 40
"""So many characters of a refused value are repeated."""

Value = TypeVar("Value", float, str)


def is_number(value: object) -> TypeGuard[float]:
    """Whether it is a real number of any kind, NumPy's too; True and False are none."""
    return isinstance(value, Real) and not isinstance(value, bool)


def is_whole(value: object) -> TypeGuard[int]:
    """Whether it is an integer of any kind; True and False are none."""
    return isinstance(value, Integral) and not isinstance(value, bool)


@dataclass(frozen=True)
class Option(Generic[Value]):
    """A number with lower ≤ value ≤ upper, or one of `choices`."""

    default: Value
    lower: float = -LARGEST
    upper: float = LARGEST
    open: bool = False
    """Whether the bounds are excluded: lower < value < upper."""
    whole: bool = False
    """Whether the number is a whole one; `check` then returns an int."""
    choices: tuple[str, ...] | None = None
    """Words to choose from; then the bounds mean nothing."""
    label: str = ""
    """What the control on a page is called; empty for the option's own name."""

    def check(self, name: str, value: Any) -> Value:
        """`value` as a float, an int or a word; ValueError with `name`, it and what is allowed."""
        if not self.fits(value):
            raise ValueError(
                f"{name} = {repr(value)[:SHOWN]} is not allowed: it must be {self.allowed}"
            )
        if self.choices is not None:
            return cast(Value, value)
        return cast(Value, int(value) if self.whole else float(value))

    def fits(self, value: Any) -> bool:
        """Whether `value` is allowed."""
        if self.choices is not None:
            return isinstance(value, str) and value in self.choices
        if not is_number(value):
            return False
        if not -LARGEST < value < LARGEST or self.whole and value != int(value):
            return False
        if self.open:
            return self.lower < value < self.upper
        return self.lower <= value <= self.upper

    @property
    def allowed(self) -> str:
        """In words: "between 0 and 1, both excluded", "a finite number >= 0", "one of: a, b"."""
        if self.choices is not None:
            return f"one of: {', '.join(self.choices)}"
        kind = "a whole number" if self.whole else "a finite number"
        above, below = self.lower > -LARGEST, self.upper < LARGEST
        if above and below:
            between = f"between {self.lower:g} and {self.upper:g}"
            between += ", both excluded" if self.open else ""
            return f"{kind} {between}" if self.whole else between
        if above:
            return f"{kind} {'>' if self.open else '>='} {self.lower:g}"
        return f"{kind} {'<' if self.open else '<='} {self.upper:g}" if below else kind
