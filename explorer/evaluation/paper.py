"""Table 1 of the DDIM paper (Song, Meng & Ermon 2021): steps against quality of large models."""

from __future__ import annotations

from collections.abc import Mapping

from explorer.evaluation.records import HAT, Column

STEPS = (10, 20, 50, 100, 1000)
WHAT = "Inception FID of 50,000 images"
TABLE_1: Mapping[str, Mapping[Column, tuple[float, ...]]] = {
    "CIFAR-10": {
        Column(0.0): (13.36, 6.84, 4.67, 4.16, 4.04),
        Column(0.2): (14.04, 7.11, 4.77, 4.25, 4.09),
        Column(0.5): (16.66, 8.35, 5.25, 4.46, 4.29),
        Column(1.0): (41.07, 18.36, 8.01, 5.78, 4.73),
        HAT: (367.43, 133.37, 32.72, 9.99, 3.17),
    },
    "CelebA": {
        Column(0.0): (17.33, 13.73, 9.17, 6.53, 3.51),
        Column(0.2): (17.66, 14.11, 9.51, 6.79, 3.64),
        Column(0.5): (19.86, 16.06, 11.01, 8.09, 4.28),
        Column(1.0): (33.12, 26.03, 18.48, 13.93, 5.98),
        HAT: (299.71, 183.83, 71.71, 45.20, 3.26),
    },
}
"""Data set -> column -> FID at each of `STEPS`."""


def extremes(steps: int) -> tuple[Column, Column]:
    """The best and the worst noise at one of `STEPS`: the same of both data sets, for each S."""
    at = STEPS.index(steps)
    best, worst = (
        {pick(rows, key=lambda column: rows[column][at]) for rows in TABLE_1.values()}
        for pick in (min, max)
    )
    (one,), (other,) = best, worst
    return one, other


def fids(steps: int, column: Column) -> str:
    """3.17 on CIFAR-10 and 3.26 on CelebA."""
    at = STEPS.index(steps)
    return " and ".join(f"{rows[column][at]:.2f} on {data}" for data, rows in TABLE_1.items())
