"""What a table of quality says, in sentences made from its numbers and their errors."""

from __future__ import annotations

import math
from collections.abc import Sequence

from scipy.special import stdtrit

from explorer.evaluation import paper
from explorer.evaluation.errors import CHANCE, clear_of
from explorer.evaluation.quantities import (
    ACCURACY,
    FRECHET,
    KID,
    QUANTITIES,
    Quantity,
    differ,
    ties,
    with_error,
)
from explorer.evaluation.records import NOISES, STEPS, Column, Quality, Row
from explorer.evaluation.table import find_columns

DISTANCE = QUANTITIES[FRECHET]
LARGEST = DISTANCE._replace(best=max)
UNKNOWN = (
    "Measured without errors, by an earlier version: it is unknown which differences exceed "
    "chance. Measure it again to find out."
)
VERBS = {min: ("lower", "raise"), max: ("raise", "lower")}
"""What more steps do to a quantity where they help, and where they harm."""
BUDGET = 10
"""Evaluations of the network, to compare all samplers at."""


def findings(quality: Quality) -> list[str]:
    """Sentences on a table, some with a list of columns below; Markdown.

    What more steps do, which noise is best at few and at many, which sampler at few evaluations,
    what the DDIM paper says there, and what real pictures reach. A difference is told, and a best
    or worst cell is the only one, only beyond `clear_of` standard errors of the difference, which
    is paired: all cells of a table start from the same noise. Of a table with rows that have no
    errors nothing is said but that; of an empty one, nothing.
    """
    if not quality.rows:
        return []
    if not quality.has_errors:
        return [UNKNOWN]
    said = [text for name in (FRECHET, ACCURACY) for text in of_steps(quality, name)]
    few_and_many = _ends([S for S in _steps(quality) if len(_noises(quality, S)) > 1])
    said += [of_noises(quality, S) for S in few_and_many]
    said += of_evaluations(quality)
    known = [S for S in paper.STEPS if _has(quality, S, paper.extremes(S))]
    said += [of_paper(quality, S) for S in _ends(known)]
    return said + of_floor(quality)


def of_steps(quality: Quality, name: str) -> list[str]:
    """What more steps do to a quantity: the columns that they help, those that more steps than
    the best S harm, those without a clear change."""
    quantity, clear = QUANTITIES[name], clear_of(len(quality.rows))
    gains, losses, neither = [], [], []
    for column in find_columns(quality):
        rows = [row for row in quality.rows if row.setting.column == column]
        rows = [row for row in rows if quantity.value(row) is not None]
        if len(rows) < 2:
            continue
        first, top = rows[0], best(quantity, rows)
        if gain := differ(quantity, first, top, clear):
            equal = next(row for row in rows if not differ(quantity, top, row, clear))
            nearly = f"; S = {equal.setting.steps} is equally good within the errors"
            gains.append(
                f"{column.title}: {at(quantity, first)}, {at(quantity, top)}"
                + nearly * (equal is not top)
            )
        later = rows[rows.index(top) + 1 :]
        harm = next((row for row in reversed(later) if differ(quantity, top, row, clear)), None)
        if harm:
            losses.append(
                f"{column.title}: {at(quantity, top)}, {at(quantity, harm)}, apart by "
                f"{apart(quantity, top, harm)}"
            )
        if not gain and not harm:
            neither.append(column.title)
    name = name[0].upper() + name[1:]
    helped, harmed = VERBS[quantity.best]  # type: ignore[index]
    said = []
    if gains:
        said.append(
            f"{name}: more steps {helped} it, from the fewest to the best S, for{_items(gains)}"
        )
    if losses:
        said.append(f"{name}: still more steps {harmed} it again for{_items(losses)}")
    if neither:
        said.append(f"{name}: no clear change with S for {_listed(neither)}.")
    return said


def of_noises(quality: Quality, S: int) -> str:
    """Which of the paper's noises are best and worst at an S, by the distance."""
    rows, clear = _noises(quality, S), clear_of(len(quality.rows))
    good, bad = ties(DISTANCE, rows, clear), worst_ties(rows, clear)
    top, last = best(DISTANCE, rows), best(LARGEST, rows)
    if len(good) == len(rows):
        return (
            f"At S = {S} no noise setting is clearly better than another: from {_value(top)} to "
            f"{_value(last)}."
        )
    return (
        f"At S = {S} the best noise is {_value(top)}{_beside(top, good)}; the worst is "
        f"{_value(last)}{_beside(last, bad)}."
    )


def of_evaluations(quality: Quality) -> list[str]:
    """Which column is best with at most `BUDGET` evaluations of the network."""
    rows = [row for row in quality.rows if row.evaluations <= BUDGET]
    samplers = {row.setting.sampler for row in rows}
    if len(samplers) < 2:
        return []
    good = ties(DISTANCE, rows, clear_of(len(quality.rows)))
    low = best(DISTANCE, rows)
    others = [f"{row.setting.column.title} at S = {row.setting.steps}" for row in good]
    others.remove(f"{low.setting.column.title} at S = {low.setting.steps}")
    also = f"; not clearly different from it: {_few(others)}" if others else ""
    return [
        f"With at most {BUDGET} evaluations of the network the smallest distance is that of "
        f"{low.setting.column.title}, {at(DISTANCE, low)}{also}."
    ]


def of_paper(quality: Quality, S: int) -> str:
    """What the paper's table says at an S, and how this one differs."""
    first, last = paper.extremes(S)
    rows = _noises(quality, S)
    told = (
        f"In the DDIM paper at S = {S} {first.title} is best ({paper.fids(S, first)}), "
        f"{last.title} worst ({paper.fids(S, last)}). "
    )
    clear = clear_of(len(quality.rows))
    good, bad = ties(DISTANCE, rows, clear), worst_ties(rows, clear)
    of_these = "" if len(rows) == len(NOISES) else f" of the {len(rows)} noise settings measured"
    if len(good) == len(rows):
        return f"{told}Here none{of_these or ' of the noise settings'} is clearly better or worse."
    verdicts = [
        _verdict(first, good, best(DISTANCE, rows), "best"),
        _verdict(last, bad, best(LARGEST, rows), "worst"),
    ]
    return f"{told}Here{of_these} {'; '.join(verdicts)}."


def _verdict(column: Column, found: Sequence[Row], extreme: Row, word: str) -> str:
    if column == extreme.setting.column:
        return f"{column.title} is {word} too{_beside(extreme, found)}"
    if column in (row.setting.column for row in found):
        return f"{column.title} is not clearly different from the {word}, {_value(extreme)}"
    return f"{column.title} is not the {word}: that is {_value(extreme)}"


def _beside(row: Row, found: Sequence[Row]) -> str:
    names = [other.setting.column.title for other in found if other is not row]
    return f", not clearly different from {_listed(names)}" if names else ""


def of_floor(quality: Quality) -> list[str]:
    """Which cells are as near as other real pictures, and which are nearer.

    By the Fréchet distance, or by the unbiased one where a draw of real pictures has fewer than a
    cell, whose Fréchet distance would be larger for that alone. Nearer is a cell below what the
    nearest of as many further draws would reach in one table of twenty: t s √(1 + 1/m) below the
    mean of the m draws (Bonferroni).
    """
    name = FRECHET if quality.floor_n == quality.n else KID
    quantity = QUANTITIES[name]
    real = quantity.floor(quality)
    if real is None or real.deviation is None:
        return []
    mean, deviation = real.mean, real.deviation
    low, high = (mean + k * 2 * deviation for k in (-1, 1))
    m, rows = quality.floor_draws, [row for row in quality.rows if quantity.value(row) is not None]
    reach = float(stdtrit(m - 1, 1 - CHANCE / max(1, len(rows)))) * math.sqrt(1 + 1 / m)
    values = [(row, quantity.value(row) or 0.0) for row in rows]
    inside = [row for row, value in values if low <= value <= high]
    below = [row for row, value in values if value < mean - reach * deviation]
    ends = " to ".join(f"{quantity.scale * end:.3g}" for end in (low, high))
    of = "the distances" if name == FRECHET else f"the {name}"
    few = (
        f" (there are only {quality.floor_n:,} to spare: with fewer than a cell's {quality.n:,} "
        "the Fréchet distance is larger, and not compared)"
    )
    said = [
        f"Within {of} of real images{few * (name == KID)}, {ends}: {_cells(inside, quantity)}."
    ]
    if below:
        said.append(
            "Clearly below them, nearer to the training images than other real ones: "
            f"{_cells(below, quantity)}."
        )
    return said


def _cells(rows: Sequence[Row], quantity: Quantity) -> str:
    cells = [f"{row.setting.column.title} {at(quantity, row)}" for row in rows]
    return _few(cells) or "no cell"


def missing_cells(quality: Quality) -> str:
    """Which cells of the usual table were not measured; "" if none is missing."""
    columns = find_columns(quality)
    texts = []
    for S in _steps(quality):
        here = {row.setting.column for row in quality.rows if row.setting.steps == S}
        if gone := [column.title for column in columns if column not in here]:
            texts.append(f"S = {S} of {_listed(gone)}")
    if quality.rows and quality.T:
        absent = sorted({min(S, quality.T) for S in STEPS} - set(_steps(quality)))
        if few := [f"{S}" for S in absent if S < quality.T]:
            texts.append(f"S = {_listed(few)}")
        texts += [f"all {quality.T} steps"] * (quality.T in absent)
    return f"Not measured: {'; '.join(texts)}." if texts else ""


def best(quantity: Quantity, rows: Sequence[Row]) -> Row:
    """The row with the best value, the first of several; of rows that have one."""
    assert quantity.best is not None
    found: Row = quantity.best(rows, key=quantity.value)
    return found


def worst_ties(rows: Sequence[Row], clear: float) -> list[Row]:
    """Those that nothing tells from the largest distance."""
    return ties(LARGEST, rows, clear)


def at(quantity: Quantity, row: Row) -> str:
    """0.61 ± 0.04 at S = 5."""
    return f"{quantity.written(row)} at S = {row.setting.steps}"


def apart(quantity: Quantity, first: Row, second: Row) -> str:
    """The size of a difference, with its error."""
    found = quantity.difference(first, second)
    assert found is not None  # rows of a table with errors
    return with_error(quantity.scale * abs(found.value), quantity.scale * found.error) + (
        quantity.unit
    )


def _steps(quality: Quality) -> list[int]:
    return sorted({row.setting.steps for row in quality.rows})


def _noises(quality: Quality, S: int) -> list[Row]:
    """The rows of the paper's columns at an S."""
    here = [row for row in quality.rows if row.setting.steps == S]
    return [row for row in here if row.setting.column in NOISES]


def _has(quality: Quality, S: int, columns: Sequence[Column]) -> bool:
    return {row.setting.column for row in _noises(quality, S)} >= set(columns)


def _ends(values: Sequence[int]) -> list[int]:
    """The first and the last."""
    return list(dict.fromkeys([*values[:1], *values[-1:]]))


def _value(row: Row) -> str:
    return f"{row.setting.column.title} ({DISTANCE.written(row)})"


def _listed(names: Sequence[str]) -> str:
    """a, b and c."""
    return " and ".join([", ".join(names[:-1]), names[-1]]) if len(names) > 1 else names[0]


def _few(names: Sequence[str]) -> str:
    """The names, or of more than five how many they are; "" for none."""
    if len(names) > 5:
        return f"{len(names)} cells"
    return _listed(names) if names else ""


def _items(texts: Sequence[str]) -> str:
    """As a list below."""
    return "".join(f"\n    - {text}" for text in texts)
