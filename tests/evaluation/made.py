"""Tables that nobody measured, and a distance in one go."""

from __future__ import annotations

from dataclasses import replace
from zlib import crc32

import torch
from torch import Tensor

from explorer.diffusion import make_schedule
from explorer.evaluation import HAT, Column, Quality, Row, Setting
from explorer.evaluation.frechet import Frechet


def frechet_distance(first: Tensor, second: Tensor) -> float:
    """The distance between two sets of features, (m, d) and (n, d)."""
    frechet = Frechet(first)
    frechet.add(second)
    return frechet.distance()


def row(steps: int, column: Column, frechet: float, accuracy: float | None) -> Row:
    setting = Setting(steps, *column)
    evaluations = setting.lane(make_schedule("cosine", 1000)).evaluations
    return Row(setting, 20, frechet, accuracy, 1.5 * steps, evaluations)


def exact_row(
    steps: int,
    column: Column,
    frechet: float,
    wrong: tuple[int, ...] | None = (),
    error: float = 0.01,
    *,
    alone: bool = True,
    n: int = 200,
) -> Row:
    """A row with errors; those of rows that are not alone are of the same pictures."""
    g = torch.Generator().manual_seed(crc32(repr((steps, column)).encode()) if alone else 0)
    draws = torch.randn(100, generator=g).double()
    draws = frechet + error * (draws - draws.mean()) / draws.std()
    accuracy = None if wrong is None else (n - len(wrong)) / n
    setting = Setting(steps, *column)
    return replace(
        row(steps, column, frechet, accuracy),
        n=n,
        frechet_error=error,
        frechet_draws=tuple(draws.tolist()),
        kid=frechet / 1000,
        kid_error=error / 1000,
        kid_draws=tuple((draws / 1000).tolist()),
        accuracy_error=None if wrong is None else 0.01,
        wrong=wrong,
        evaluations=setting.lane(make_schedule("cosine", 1000)).evaluations,
    )


def exact(*rows: Row) -> Quality:
    """A table of such rows, with a band of real pictures from 0.8 to 1.2."""
    return replace(
        QUALITY,
        n=200,
        rows=tuple(sorted(rows, key=lambda row: row.setting)),
        floor=1.0,
        floor_n=200,
        floor_draws=20,
        floor_pool=10_000,
        floor_kind="test",
        floor_spread=0.1,
        floor_kid=0.0001,
        floor_kid_spread=0.0005,
        floor_accuracy=0.98,
        floor_accuracy_spread=0.01,
        T=1000,
    )


QUALITY = Quality(
    model="tiny", data="mnist-5k", n=20, reference=300, floor=3.25, floor_n=20,
    floor_accuracy=0.95, seed=0, guidance=1.0, hardware="CPU, 2 cores", precision="float32",
    date="2025-01-01", weights="0123456789abcdef", classifier="cnn",
    rows=(
        row(5, Column(0.0), 12.344, 0.5),
        row(5, HAT, 321.6, 0.1),
        row(5, Column(1.0), 40.0, 0.25),
        row(10, Column(0.0), 6.0, 0.75),
    ),
)  # fmt: skip
