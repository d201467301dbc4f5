"""A table of quality: a row for each S, a column for each sampler and noise, the best marked."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

from explorer.evaluation.records import NOISES, STRIDED, Column, Quality, Row


class Quantity(NamedTuple):
    """What a table or a chart shows of rows."""

    value: Callable[[Row], float | None]
    shown: Callable[[float], str]
    best: Callable[..., float] | None
    """min or max; None if nothing is better than the rest."""


def _distance(value: float) -> str:
    """Three digits, as many as samples of hundreds can bear."""
    return f"{value:.{max(0, 2 - math.floor(math.log10(max(value, 0.1))))}f}"


QUANTITIES: dict[str, Quantity] = {
    "Fréchet distance": Quantity(lambda row: row.frechet, _distance, min),
    "class accuracy": Quantity(lambda row: row.accuracy, lambda value: f"{value:.1%}", max),
    "seconds": Quantity(lambda row: row.seconds, lambda value: f"{value:.1f}", None),
}


class Cell(NamedTuple):
    """One value."""

    text: str
    """Empty if it was not measured."""
    best: bool = False
    """Of its row."""


class Table(NamedTuple):
    """Columns' names, S first, and for each S its cells."""

    columns: list[str]
    rows: list[tuple[str, list[Cell]]]


def find_columns(quality: Quality) -> list[Column]:
    """The table's columns: those of the DDIM paper first, in its order, then the registry's."""
    found, order = {row.setting.column for row in quality.rows}, list(STRIDED)
    return [column for column in NOISES if column in found] + sorted(
        found - set(NOISES), key=lambda column: (order.index(column.sampler), column)
    )


def table(quality: Quality, quantity: str = "Fréchet distance") -> Table:
    """One of `QUANTITIES` of all rows, as text; ValueError for another.

    The best cell of a row is what is best as shown: several may be.
    """
    kind, order = find_quantity(quantity), find_columns(quality)
    values = {row.setting: kind.value(row) for row in quality.rows}
    cells = {setting: kind.shown(v) for setting, v in values.items() if v is not None}
    rows = []
    for S in sorted({setting.steps for setting in cells}):
        here = {setting.column: text for setting, text in cells.items() if setting.steps == S}
        measured = [v for setting, v in values.items() if setting.steps == S and v is not None]
        best = kind.shown(kind.best(measured)) if kind.best and len(measured) > 1 else None
        texts = [here.get(column, "") for column in order]
        rows.append((str(S), [Cell(text, bool(text) and text == best) for text in texts]))
    return Table(["S", *(column.title for column in order)], rows)


def find_quantity(quantity: str) -> Quantity:
    """One of `QUANTITIES`; ValueError for another."""
    if quantity not in QUANTITIES:
        raise ValueError(f"no quantity {quantity!r}; there are: {', '.join(QUANTITIES)}")
    return QUANTITIES[quantity]


def evaluation_notes(quality: Quality) -> list[str]:
    """A sentence for each sampler that asks the network more often than once a step."""
    notes = []
    for name in dict.fromkeys(column.sampler for column in find_columns(quality)):
        sampler = STRIDED[name]
        if sampler.correction and (asks := sampler.correction.asks):
            notes.append(f"{sampler.title} asks the network {1 + asks}S − {asks} times.")
    return notes
