"""Draws of real pictures: their spread against that of draws that share nothing."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable

import pytest
import torch
from torch import Tensor

from explorer.evaluation.floor import DRAWS, Known, floor_of_splits, floor_of_tests
from explorer.evaluation.frechet import Frechet


def real(n: int, seed: int) -> Known:
    g = torch.Generator().manual_seed(seed)
    x = (torch.randn(n, 8, generator=g) + 0.5).relu()
    return Known(x, torch.rand(n, generator=g) < 0.9)


def spread_of(reference: Tensor, n: int) -> float:
    frechet = Frechet(reference)
    return statistics.stdev(frechet.of(real(n, 100 + k).features) for k in range(80))


def rms(values: Iterable[float]) -> float:
    return math.sqrt(statistics.fmean(value**2 for value in values))


@pytest.mark.parametrize("pool", [2500, 400])
def test_its_spread_is_that_of_independent_draws(pool: int) -> None:
    """20 draws of 100 share nothing of 2,500; of 400 they overlap. Over twelve such pools."""
    reference = real(3000, 0).features
    floors = [floor_of_tests(reference, real(pool, 1000 + k), 100) for k in range(12)]
    assert {(f.n, f.draws, f.pool, f.kind) for f in floors} == {(100, DRAWS, pool, "test")}
    found = rms(floor.frechet.deviation for floor in floors)
    assert found == pytest.approx(spread_of(reference, 100), rel=0.25)
    assert statistics.fmean(f.accuracy.mean for f in floors) == pytest.approx(0.9, abs=0.02)
    assert rms(f.accuracy.deviation for f in floors) == pytest.approx(0.03, rel=0.15)
    assert all(abs(floor.kid.mean) < 3 * floor.kid.deviation for floor in floors)


def test_draws_that_overlap_are_too_near_to_each_other_by_what_is_put_right() -> None:
    """Over many pools: with n of 2n pictures the deviation is √½ of what it should be."""
    reference = real(1000, 0).features
    found = [floor_of_tests(reference, real(100, k), 50).accuracy.deviation for k in range(60)]
    assert rms(found) == pytest.approx(math.sqrt(0.9 * 0.1 / 50), rel=0.12)


def test_splits_stand_in_where_there_are_no_test_pictures() -> None:
    floors = [floor_of_splits(real(900, 2000 + k), 100) for k in range(12)]
    assert {(f.n, f.draws, f.pool, f.kind) for f in floors} == {(100, DRAWS, 900, "splits")}
    draws = [
        Frechet(real(800, 3000 + k).features).of(real(100, 4000 + k).features) for k in range(80)
    ]
    assert statistics.fmean(f.frechet.mean for f in floors) == pytest.approx(
        statistics.fmean(draws), rel=0.1
    )
    found = rms(floor.frechet.deviation for floor in floors)
    assert found == pytest.approx(statistics.stdev(draws), rel=0.25)


def test_all_pictures_are_one_draw() -> None:
    floor = floor_of_tests(real(300, 0).features, real(40, 1), 100)
    assert floor.n == 40 and floor.draws == 1 and floor.frechet.deviation is None
    unknown = Known(real(40, 1).features, None)
    assert floor_of_tests(real(300, 0).features, unknown, 20).accuracy is None
    assert unknown.and_also(real(5, 2)).right is None
