"""What a table says: every branch on made tables, and the stored ones against their numbers."""

from __future__ import annotations

import math
import re
import statistics
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from scipy.stats import studentized_range

from explorer.evaluation import (
    HAT,
    NOISES,
    Column,
    Quality,
    findings,
    floor_notes,
    paper,
    read,
    stored_settings,
)
from explorer.evaluation.findings import of_evaluations, of_floor, of_noises, of_paper, of_steps
from explorer.gui.frame.context import HOME
from tests.evaluation.made import QUALITY, exact, exact_row

ZERO, ONE = Column(0.0), Column(1.0)
TABLES = sorted((HOME / "checkpoints").glob("*.quality.json"))


def along(column: Column, *values: float, error: float = 0.01) -> list:
    """Rows at S = 5, 10, 20, …"""
    return [
        exact_row(S, column, v, (), error)
        for S, v in zip((5, 10, 20, 50, 100), values, strict=False)
    ]


def test_more_steps_help_as_far_as_is_clear() -> None:
    (said,) = of_steps(exact(*along(ZERO, 3.0, 2.0, 1.0, 0.99)), "Fréchet distance")
    assert said == (
        "Fréchet distance: more steps lower it, from the fewest to the best S, for"
        "\n    - η = 0: 3.000 ± 0.010 at S = 5, 0.990 ± 0.010 at S = 50; S = 20 is equally good "
        "within the errors"
    )


def test_still_more_steps_may_harm() -> None:
    both = of_steps(exact(*along(ZERO, 3.0, 1.0, 2.0)), "Fréchet distance")
    assert "η = 0: 3.000 ± 0.010 at S = 5, 1.000 ± 0.010 at S = 10" in both[0]
    assert both[1].startswith("Fréchet distance: still more steps raise it again for")
    assert re.search(r"1\.000 ± 0\.010 at S = 10, 2\.000 .* at S = 20, apart by 1\.0", both[1])
    (harm,) = of_steps(exact(*along(ZERO, 1.0, 2.0)), "Fréchet distance")
    assert "still more steps raise it" in harm and "at S = 5, 2.000" in harm


def test_what_is_within_the_errors_is_no_change() -> None:
    table = exact(*along(ZERO, 1.0, 1.01), *along(HAT, 2.0, 1.99), *along(ONE, 4.0, 3.0))
    said = of_steps(table, "Fréchet distance")
    assert said[1] == "Fréchet distance: no clear change with S for η = 0 and σ̂."
    assert "η = 1" in said[0] and "η = 0" not in said[0]
    assert of_steps(exact(*along(ZERO, 1.0)), "Fréchet distance") == []


def test_accuracy_is_better_when_it_is_higher() -> None:
    rows = [exact_row(5, ZERO, 1.0, ()), exact_row(10, ZERO, 1.0, tuple(range(20)))]
    (said,) = of_steps(exact(*rows), "class accuracy")
    assert said.startswith("Class accuracy: still more steps lower it again for")
    assert "100.0 ± 1.0 % at S = 5, 90.0 ± 1.0 % at S = 10, apart by 10.0 ± 2.2 %" in said
    (said,) = of_steps(exact(rows[1], exact_row(50, ZERO, 1.0, ())), "class accuracy")
    assert said.startswith("Class accuracy: more steps raise it")
    free = exact(*(replace(row, accuracy=None, wrong=None) for row in rows))
    assert of_steps(free, "class accuracy") == []


def test_the_noises_at_one_S() -> None:
    rows = [exact_row(5, ZERO, 1.0), exact_row(5, ONE, 1.01), exact_row(5, HAT, 9.0)]
    assert of_noises(exact(*rows), 5) == (
        "At S = 5 the best noise is η = 0 (1.000 ± 0.010), not clearly different from η = 1; the "
        "worst is σ̂ (9.000 ± 0.010)."
    )
    assert of_noises(exact(*rows[:2]), 5) == (
        "At S = 5 no noise setting is clearly better than another: from η = 0 (1.000 ± 0.010) to "
        "η = 1 "
        "(1.010 ± 0.010)."
    )
    other = exact_row(5, Column(sampler="heun"), 0.1)
    assert "Heun" not in of_noises(exact(*rows, other), 5)


def test_samplers_are_compared_at_few_evaluations() -> None:
    """Heun asks 9 times at S = 5 and 19 times at S = 10, which is too many."""
    heun = [exact_row(S, Column(sampler="heun"), v) for S, v in ((5, 0.5), (10, 0.1))]
    rows = [exact_row(5, ZERO, 1.0), exact_row(10, ZERO, 0.51), *heun]
    assert of_evaluations(exact(*rows)) == [
        "With at most 10 evaluations of the network the smallest distance is that of Heun, "
        "karras, "
        "0.500 ± 0.010 at S = 5; not clearly different from it: η = 0 at S = 10."
    ]
    assert of_evaluations(exact(*rows[:2])) == []


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ((3, 2, 1), "Here of the 3 noise settings measured σ̂ is best too; η = 1 is not the worst: "
         "that is η = 0 (3.000 ± 0.010)."),
        ((2, 3, 1), "σ̂ is best too; η = 1 is worst too."),
        ((1, 2, 3), "σ̂ is not the best: that is η = 0 (1.000 ± 0.010); η = 1 is not the worst: "
         "that is σ̂ (3.000 ± 0.010)."),
        ((1, 2, 1.01), "σ̂ is not clearly different from the best, η = 0 (1.000 ± 0.010); η = 1 is "
         "worst too."),
        ((1.01, 2, 1), "σ̂ is best too, not clearly different from η = 0; η = 1 is worst too."),
        ((1.005, 1.01, 1), "Here none of the 3 noise settings measured is clearly better or "
         "worse."),
    ],
)  # fmt: skip
def test_beside_the_paper(values: tuple[float, float, float], said: str) -> None:
    rows = [exact_row(1000, c, v) for c, v in zip((ZERO, ONE, HAT), values, strict=True)]
    text = of_paper(exact(*rows), 1000)
    assert text.startswith(
        "In the DDIM paper at S = 1000 σ̂ is best (3.17 on CIFAR-10 and 3.26 on CelebA), η = 1 "
        "worst (4.73 on CIFAR-10 and 5.98 on CelebA). Here "
    )
    assert text.endswith(said)
    assert text in findings(exact(*rows))


def test_the_papers_table_and_its_extremes() -> None:
    for columns in paper.TABLE_1.values():
        assert list(columns) == list(NOISES)
        assert {len(fids) for fids in columns.values()} == {len(paper.STEPS)}
        for fids in columns.values():
            assert list(fids) == sorted(fids, reverse=True)  # more steps are better, everywhere
    assert [paper.extremes(S) for S in paper.STEPS] == [(ZERO, HAT)] * 4 + [(HAT, ONE)]


def test_real_pictures_are_a_band() -> None:
    rows = [exact_row(5, ZERO, 1.1), exact_row(5, ONE, 0.7), exact_row(5, HAT, 2.0)]
    assert of_floor(exact(*rows)) == [
        "Within the distances of real images, 0.8 to 1.2: η = 0 1.100 ± 0.010 at S = 5.",
        "Clearly below them, nearer to the training images than other real ones: η = 1 "
        "0.700 ± 0.010 at S = 5.",
    ]
    assert of_floor(exact(rows[2])) == [
        "Within the distances of real images, 0.8 to 1.2: no cell."
    ]
    many = [exact_row(S, ZERO, 1.0) for S in range(5, 12)]
    assert of_floor(exact(*many))[0].endswith(": 7 cells.")
    assert of_floor(replace(exact(*rows), floor_spread=None)) == []


def test_fewer_real_pictures_are_compared_without_the_bias() -> None:
    rows = [exact_row(5, ZERO, 0.5), exact_row(5, ONE, -3.0)]  # KID × 1000: the same numbers
    few = replace(exact(*rows), floor_n=60)
    assert of_floor(few) == [
        "Within the KID × 1000 of real images (there are only 60 to spare: with fewer than a "
        "cell's 200 the Fréchet distance is larger, and not compared), -0.9 to 1.1: η = 0 "
        "0.500 ± 0.010 at S = 5.",
        "Clearly below them, nearer to the training images than other real ones: η = 1 "
        "-3.000 ± 0.010 at S = 5.",
    ]
    assert "fewer than in a cell" in floor_notes(few)[0]
    assert "fewer" not in floor_notes(exact(*rows))[0]


def test_many_cells_that_do_not_differ_are_not_said_to() -> None:
    g, wrongly = torch.Generator().manual_seed(0), 0
    cells = stored_settings(1000)
    for _ in range(20):
        values = (1 + 0.05 * torch.randn(len(cells), generator=g)).tolist()
        said = findings(
            exact(
                *(
                    exact_row(c.steps, c.column, value, None, 0.05)
                    for c, value in zip(cells, values, strict=True)
                )
            )
        )
        wrongly += any(
            "more steps" in text or "the best noise" in text or "Below" in text for text in said
        )
    assert wrongly <= 3  # 1 is expected; beyond 2 errors it would be 16


def test_without_errors_nothing_is_claimed() -> None:
    assert len(findings(QUALITY)) == 1 and "without errors" in findings(QUALITY)[0]
    mixed = exact(exact_row(5, ZERO, 1.0)).adding(replace(QUALITY.rows[1], n=200))
    assert findings(mixed) == findings(QUALITY)
    assert findings(replace(QUALITY, rows=())) == []


NUMBER = re.compile(r"(σ̂|η = [\d.]+|DPM-Solver\+\+\(2M\)|Heun, karras)(?:: | \(|, | )"
                    r"([\d.]+) ± [\d.]+\)? at S = (\d+)")  # fmt: skip


def unlike(quality: Quality, texts: Iterable[str]) -> list[str]:
    """The sentences with a distance "COLUMN v ± e at S = k" that is not the cell's."""
    values = {(r.setting.column.title, r.setting.steps): r.frechet for r in quality.rows}
    return [
        text
        for text in texts
        if not text.startswith("Class accuracy")
        for title, value, S in NUMBER.findall(text)
        if value != f"{values[title, int(S)]:.{len(value.partition('.')[2])}f}"
    ]


def harmed(quality: Quality) -> set[str]:
    """Columns whose best S is followed by one that is worse by more than chance makes likely."""
    found, clear = set(), studentized_range.ppf(0.95, len(quality.rows), math.inf) / 2**0.5
    for column in {row.setting.column for row in quality.rows}:
        rows = [row for row in quality.rows if row.setting.column == column]
        top = min(rows, key=lambda row: row.frechet)
        for row in rows[rows.index(top) + 1 :]:
            pairs = zip(top.frechet_draws, row.frechet_draws, strict=True)
            if row.frechet - top.frechet > clear * statistics.stdev(b - a for a, b in pairs):
                found.add(column.title)
    return found


def test_numbers_are_those_of_the_cells() -> None:
    table = exact(*along(ZERO, 3.0, 1.0, 2.0), *along(HAT, 9.0, 8.0), *along(ONE, 1.0, 1.1))
    said = findings(table)
    assert sum(len(NUMBER.findall(text)) for text in said) > 4
    assert unlike(table, said) == []
    assert unlike(table, [said[0].replace("3.000", "3.100")]) != []
    assert harmed(table) == {"η = 0", "η = 1"}


@pytest.mark.parametrize("path", TABLES, ids=lambda path: path.stem)
def test_the_stored_tables_say_what_is_in_them(path: Path) -> None:
    quality = read(path)
    said = findings(quality)
    if not quality.has_errors:
        assert len(said) == 1 and "without errors" in said[0]
        return
    assert unlike(quality, said) == []
    worse = [text for text in said if text.startswith("Fréchet distance: still more")]
    titles = {title for text in worse for title, _, _ in NUMBER.findall(text)}
    assert titles == harmed(quality)
