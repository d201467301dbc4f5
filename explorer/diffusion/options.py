"""What an entry of a registry can be given: numbers within bounds, or one of some words."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from numbers import Integral, Real
from typing import Any, Generic, TypeGuard, TypeVar, cast

LARGEST = 1e300
"""From here on a number counts as infinite."""
SHOWN = 40
"""So many characters of a refused value are repeated."""

Value = TypeVar("Value", float, str)
Entry = TypeVar("Entry")


def is_number(value: object) -> TypeGuard[float]:
    """Whether it is a real number of any kind, NumPy's too; True and False are none."""
    return isinstance(value, Real) and not isinstance(value, bool)


def is_whole(value: object) -> TypeGuard[int]:
    """Whether it is an integer of any kind; True and False are none."""
    return isinstance(value, Integral) and not isinstance(value, bool)


class Derived(Mapping[str, Entry]):
    """A table that is made anew whenever it is asked: it follows the registry it comes from."""

    def __init__(self, make: Callable[[], Mapping[str, Entry]]) -> None:
        self._make = make

    def __getitem__(self, name: str) -> Entry:
        return self._make()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._make())

    def __len__(self) -> int:
        return len(self._make())


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
    """What the control on a page is called, see `called`."""
    titles: tuple[str, ...] = ()
    """What the choices are called on a page; empty for their own names."""
    mark: str = ""
    """How a value is written in a title, as a format of it: "S = {}"; see `written`."""

    def called(self, name: str) -> str:
        """What the control of the option of this name is called: its label, else the name."""
        return self.label or name

    def written(self, name: str, value: Any) -> str:
        """A value in a title: by its mark, else as NAME = VALUE."""
        return self.mark.format(value) if self.mark else f"{name} = {value}"

    @property
    def type(self) -> type[int] | type[float] | type[str]:
        """Of its values."""
        if self.choices is not None:
            return str
        return int if self.whole else float

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
        try:
            number = float(value)  # NumPy's own floats could not hold the bounds
        except OverflowError:
            return False
        if not -LARGEST < number < LARGEST or self.whole and number != int(number):
            return False
        if self.open:
            return self.lower < number < self.upper
        return self.lower <= number <= self.upper

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
