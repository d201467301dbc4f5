"""Standard errors: against the spread of many repetitions."""

from __future__ import annotations

import math
import statistics

import pytest
import torch

from explorer.evaluation.errors import (
    Estimate,
    average_of,
    clear_of,
    distance_of,
    jackknife,
    mean_of,
    paired_error,
    paired_shares,
    ratio_of,
    resamples,
    share_of,
    spread,
)
from explorer.evaluation.frechet import Frechet
from explorer.evaluation.kernel import KernelDistance


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


def test_a_bootstrap_has_the_error_that_independent_draws_show() -> None:
    """Away from the reference as it is; at the reference up to √3 times that, and not less."""
    g = torch.Generator().manual_seed(1)
    mix = torch.randn(16, 16, generator=g) / 4
    reference = (torch.randn(3000, 16, generator=g) @ mix).relu()
    frechet, kernel, chosen = Frechet(reference), KernelDistance(reference), resamples(200)
    for moved, least, most in ((0.4, 0.75, 1.3), (0.0, 0.9, 2.1)):
        sets = [(torch.randn(200, 16, generator=g) @ mix + moved).relu() for _ in range(60)]
        for of, errors in (
            (frechet.of, [spread([frechet.of(x[i]) for i in chosen]) for x in sets[:8]]),
            (kernel.of, [spread(kernel.draws(x, chosen).tolist()) for x in sets[:8]]),
        ):
            truth = statistics.stdev(of(x) for x in sets)
            assert least < statistics.fmean(errors) / truth < most


def test_a_paired_error_is_that_of_pairs() -> None:
    """Two samplers from one noise: their difference varies far less than either."""
    g = torch.Generator().manual_seed(2)
    frechet, chosen = Frechet(torch.randn(3000, 8, generator=g)), resamples(200)
    firsts = [torch.randn(200, 8, generator=g) + 0.4 for _ in range(60)]
    seconds = [x + 0.05 + 0.1 * torch.randn(200, 8, generator=g) for x in firsts]
    truth = statistics.stdev(
        frechet.of(b) - frechet.of(a) for a, b in zip(firsts, seconds, strict=True)
    )
    pairs = [
        [[frechet.of(x[i]) for i in chosen] for x in pair]
        for pair in zip(firsts[:6], seconds[:6], strict=True)
    ]
    paired = statistics.fmean(paired_error(a, b) for a, b in pairs)
    apart = statistics.fmean(math.hypot(spread(a), spread(b)) for a, b in pairs)
    assert 0.7 < paired / truth < 1.4 and apart > 2 * truth


def test_shares_of_the_same_pictures() -> None:
    """Against repetitions in which a tenth is wrong in the first, and half of these again."""
    g = torch.Generator().manual_seed(0)
    found = []
    for _ in range(1500):
        first = torch.rand(300, generator=g) < 0.1
        second = first & (torch.rand(300, generator=g) < 0.5)
        lists = (wrong.nonzero().flatten().tolist() for wrong in (first, second))
        found.append(paired_shares(*lists, 300))
    truth = statistics.stdev(each.value for each in found)
    assert statistics.fmean(each.value for each in found) == pytest.approx(0.05, abs=0.002)
    assert statistics.fmean(each.error for each in found) == pytest.approx(truth, rel=0.1)
    assert paired_shares([], [], 100) == Estimate(0.0, 0.01)
    assert paired_shares([1, 2], [], 100).value == 0.02


def test_no_draw_is_of_one_picture_alone() -> None:
    for n in (2, 3):
        chosen = resamples(n)
        assert (chosen != chosen[:, :1]).any(1).all() and chosen.max() < n
    assert torch.equal(resamples(50), resamples(50)) and resamples(50).shape == (100, 50)


def test_too_few_pictures_for_an_error_are_refused() -> None:
    frechet = Frechet(torch.randn(50, 4))
    with pytest.raises(ValueError, match="39 images are too few .* at least 40"):
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


@pytest.mark.parametrize("cells", [2, 3, 40])
def test_equal_cells_seem_to_differ_in_one_table_of_twenty(cells: int) -> None:
    values = torch.randn(40_000, cells, generator=torch.Generator().manual_seed(0))
    apart = (values.amax(1) - values.amin(1)) / math.sqrt(2)  # each with an error of 1
    assert (apart > clear_of(cells)).double().mean() == pytest.approx(0.05, abs=0.004)


def test_two_cells_are_told_apart_by_two_errors() -> None:
    assert clear_of(0) == clear_of(1) == clear_of(2) == pytest.approx(1.96, abs=1e-3)
