"""A table of quality: a row for each S, a column for each sampler and noise, the best marked."""

from __future__ import annotations

from typing import NamedTuple

from explorer.evaluation.errors import clear_of
from explorer.evaluation.quantities import (
    FRECHET,
    QUANTITIES,
    find_quantity,
    ties,
    with_error,
)
from explorer.evaluation.records import NOISES, STRIDED, Column, Quality


class Cell(NamedTuple):
    """One value."""

    text: str
    """Empty if it was not measured."""
    best: bool = False
    """Of its row, as far as the errors tell."""


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


def table(quality: Quality, quantity: str = FRECHET) -> Table:
    """One of `QUANTITIES` of all rows, as text; ValueError for another."""
    kind, order = find_quantity(quantity), find_columns(quality)
    rows = []
    for S in sorted({row.setting.steps for row in quality.rows if kind.value(row) is not None}):
        here = {row.setting.column: row for row in quality.rows if row.setting.steps == S}
        best = ties(kind, list(here.values()), clear_of(len(quality.rows)))
        found = [here.get(column) for column in order]
        cells = [Cell(kind.written(row), row in best) if row else Cell("") for row in found]
        rows.append((str(S), cells))
    return Table(["S", *(column.title for column in order)], rows)


def evaluation_notes(quality: Quality) -> list[str]:
    """A sentence for each sampler that asks the network more often than once a step."""
    notes = []
    for name in dict.fromkeys(column.sampler for column in find_columns(quality)):
        sampler = STRIDED[name]
        if sampler.correction and (asks := sampler.correction.asks):
            notes.append(f"{sampler.title} evaluates the network {1 + asks}S − {asks} times.")
    return notes


def floor_notes(quality: Quality) -> list[str]:
    """What real pictures reach in each quantity, and how they were taken; a sentence each."""
    values = []
    for name, quantity in QUANTITIES.items():
        if (found := quantity.floor(quality)) is None:
            continue
        mean, deviation = found
        if deviation is None:
            values.append(f"{name} {quantity.shown(mean)}")
        else:
            mean, deviation = quantity.scale * mean, quantity.scale * deviation
            values.append(f"{name} {with_error(mean, deviation)}{quantity.unit}")
    fewer = " (fewer than in a cell, which raises their Fréchet distance)"
    told = (
        f"{quality.floor_n} real images{fewer * (quality.floor_n < quality.n)}: "
        f"{', '.join(values)}"
    )
    if quality.floor_draws == 1 or quality.floor_kind is None or quality.floor_pool is None:
        return [f"{told}. This is a single draw."]
    how = {
        "test": f"of {quality.floor_pool:,} test images"
        + ", which overlap" * (quality.floor_draws * quality.floor_n > quality.floor_pool),
        "splits": f"out of all {quality.floor_pool:,} images, against the rest: there are no "
        "test images",
    }[quality.floor_kind]
    return [
        f"{told}.",
        f"Mean and standard deviation of {quality.floor_draws} draws {how}.",
    ]
