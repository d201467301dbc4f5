"""A table that nobody measured, and a distance in one go."""

from __future__ import annotations

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
