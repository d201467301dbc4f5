"""Standard errors: against the spread of many repetitions."""

from __future__ import annotations

import math

import pytest
import torch

from explorer.evaluation.errors import (
    Estimate,
    average_of,
    distance_of,
    jackknife,
    mean_of,
    ratio_of,
    share_of,
)
from explorer.evaluation.frechet import Frechet


@pytest.mark.parametrize(("p", "n"), [(0.5, 100), (0.96, 500), (0.99, 2000)])
def test_a_share_has_the_error_that_repetitions_show(p: float, n: int) -> None:
    g = torch.Generator().manual_seed(0)
    found = [share_of(torch.rand(n, generator=g) < p) for _ in range(2000)]
    spread = torch.tensor([share.value for share in found]).std().item()
    mean = sum(share.error for share in found) / len(found)
    assert mean == pytest.approx(spread, rel=0.12)
    assert mean == pytest.approx(math.sqrt(p * (1 - p) / n), rel=0.12)


def test_all_right_is_not_certain() -> None:
    share = share_of(torch.ones(150, dtype=torch.bool))
    assert share.value == 1 and 0.003 < share.error < 0.02
    none = share_of(torch.zeros(150, dtype=torch.bool))
    assert none.value == 0 and none.error == pytest.approx(share.error)


def test_a_distance_has_the_error_that_other_pictures_show() -> None:
    g = torch.Generator().manual_seed(1)
    mix = torch.randn(16, 16, generator=g) / 4
    frechet = Frechet((torch.randn(4000, 16, generator=g) @ mix).relu())
    found = [
        distance_of(frechet, (torch.randn(400, 16, generator=g) @ mix + 0.2).relu())
        for _ in range(40)
    ]
    spread = torch.tensor([distance.value for distance in found]).std().item()
    mean = sum(distance.error for distance in found) / len(found)
    assert mean == pytest.approx(spread, rel=0.35)
    another = frechet.of((torch.randn(400, 16, generator=g) @ mix + 0.2).relu())
    assert abs(another - found[0].value) < 6 * spread


def test_too_few_pictures_for_an_error_are_refused() -> None:
    frechet = Frechet(torch.randn(50, 4))
    with pytest.raises(ValueError, match="39 pictures are too few .* at least 40"):
        distance_of(frechet, torch.randn(39, 4))


def test_the_jackknife_of_a_mean_is_its_standard_error() -> None:
    values = torch.randn(2000, generator=torch.Generator().manual_seed(0))
    mean = jackknife(lambda kept: values[kept].mean().item(), len(values))
    by_hand = average_of(values)
    assert mean.value == pytest.approx(by_hand.value, abs=1e-6)
    assert by_hand.value == pytest.approx(values.mean().item(), abs=1e-6)
    assert mean.error == pytest.approx(by_hand.error, rel=0.4)
    assert by_hand.error == pytest.approx(1 / 2000**0.5, rel=0.05)


def test_the_mean_of_four_has_half_the_error_of_one() -> None:
    four = [Estimate(value, 0.2) for value in (1.0, 2.0, 3.0, 6.0)]
    assert mean_of(four) == pytest.approx(Estimate(3.0, 0.1))
    assert mean_of([Estimate(1.0, 0.3), Estimate(1.0, 0.4)]).error == pytest.approx(0.25)


def test_a_ratio_has_the_errors_of_both() -> None:
    g = torch.Generator().manual_seed(0)
    a, b = Estimate(3.0, 0.1), Estimate(2.0, 0.1)
    many = (a.value + a.error * torch.randn(20000, generator=g)) / (
        b.value + b.error * torch.randn(20000, generator=g)
    )
    ratio = ratio_of(a, b)
    assert ratio.value == 1.5 and ratio.error == pytest.approx(many.std().item(), rel=0.05)
