"""What a table of quality shows of its rows, and which of these differ."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from explorer.evaluation.errors import Estimate, paired_error, paired_shares
from explorer.evaluation.floor import Spread
from explorer.evaluation.records import Quality, Row


class Quantity(NamedTuple):
    """What a table or a chart shows of rows."""

    value: Callable[[Row], float | None]
    shown: Callable[[float], str]
    best: Callable[..., Any] | None
    """min or max; None if nothing is better than the rest."""
    error: Callable[[Row], float | None] = lambda row: None
    """Its standard error; None of rows that were measured without."""
    difference: Callable[[Row, Row], Estimate | None] = lambda first, second: None
    """Of two rows of one table, the second's value less the first's; paired, for both made their
    pictures of the same noise. None without errors."""
    floor: Callable[[Quality], Spread | None] = lambda quality: None
    """What as many real pictures reach; None where that is not known."""
    scale: float = 1.0
    """What it is multiplied by where it is shown with its error."""
    unit: str = ""

    def written(self, row: Row) -> str:
        """The value with its error, which has two digits; "" if it was not measured."""
        value, error = self.value(row), self.error(row)
        if value is None:
            return ""
        if not error:
            return self.shown(value)
        return with_error(self.scale * value, self.scale * error) + self.unit


def with_error(value: float, error: float) -> str:
    """0.615 ± 0.042: the error in two digits, the value in as many decimals."""
    if error == 0:
        return f"{value:.3g} ± 0"
    digits = max(0, 1 - math.floor(math.log10(error)))
    return f"{value:z.{digits}f} ± {error:.{digits}f}"


def _distance(value: float) -> str:
    """Three digits, as many as samples of hundreds can bear."""
    return f"{value:.{max(0, 2 - math.floor(math.log10(max(value, 0.1))))}f}"


def _of_frechet(first: Row, second: Row) -> Estimate | None:
    if not (first.frechet_draws and second.frechet_draws):
        return None
    error = paired_error(first.frechet_draws, second.frechet_draws)
    return Estimate(second.frechet - first.frechet, error)


def _of_kid(first: Row, second: Row) -> Estimate | None:
    if first.kid is None or second.kid is None:
        return None
    return Estimate(second.kid - first.kid, paired_error(first.kid_draws, second.kid_draws))


def _of_accuracy(first: Row, second: Row) -> Estimate | None:
    if first.wrong is None or second.wrong is None:
        return None
    return paired_shares(first.wrong, second.wrong, first.n)


def _accuracy_floor(quality: Quality) -> Spread | None:
    if quality.floor_accuracy is None:
        return None
    return Spread(quality.floor_accuracy, quality.floor_accuracy_spread)


def _kid_floor(quality: Quality) -> Spread | None:
    if quality.floor_kid is None:
        return None
    return Spread(quality.floor_kid, quality.floor_kid_spread)


FRECHET, KID, ACCURACY = "Fréchet distance", "KID × 1000", "class accuracy"
QUANTITIES: dict[str, Quantity] = {
    FRECHET: Quantity(
        lambda row: row.frechet,
        _distance,
        min,
        lambda row: row.frechet_error,
        _of_frechet,
        lambda quality: Spread(quality.floor, quality.floor_spread),
    ),
    KID: Quantity(
        lambda row: row.kid,
        lambda value: f"{1000 * value:.2g}",
        min,
        lambda row: row.kid_error,
        _of_kid,
        _kid_floor,
        scale=1000,
    ),
    ACCURACY: Quantity(
        lambda row: row.accuracy,
        lambda value: f"{value:.1%}",
        max,
        lambda row: row.accuracy_error,
        _of_accuracy,
        _accuracy_floor,
        scale=100,
        unit=" %",
    ),
    "seconds": Quantity(lambda row: row.seconds, lambda value: f"{value:.1f}", None),
}


def ties(quantity: Quantity, rows: Sequence[Row], clear: float) -> list[Row]:
    """Those that nothing tells from the best: not worse by more than `clear` standard errors.

    Of rows without errors those that are shown alike. Empty if nothing is better than the rest, or
    there are not two to compare.
    """
    measured = {row: value for row in rows if (value := quantity.value(row)) is not None}
    if quantity.best is None or len(measured) < 2:
        return []
    top: Row = quantity.best(measured, key=measured.__getitem__)
    return [row for row in measured if not differ(quantity, top, row, clear)]


def differ(quantity: Quantity, first: Row, second: Row, clear: float) -> bool:
    """Whether two rows differ by more than `clear` standard errors of their difference, see
    `errors.clear_of`, or, without errors, as they are shown."""
    found = quantity.difference(first, second)
    if found is None:
        return quantity.written(first) != quantity.written(second)
    return abs(found.value) > clear * found.error


def find_quantity(quantity: str) -> Quantity:
    """One of `QUANTITIES`; ValueError for another."""
    if quantity not in QUANTITIES:
        raise ValueError(f"no quantity {quantity!r}; there are: {', '.join(QUANTITIES)}")
    return QUANTITIES[quantity]
