"""The unbiased distance against torchmetrics and by itself."""

from __future__ import annotations

import statistics

import pytest
import torch
from torch import Tensor

from explorer.evaluation.errors import resamples
from explorer.evaluation.frechet import Frechet, GivenFeatures
from explorer.evaluation.kernel import KernelDistance


def features(n: int, seed: int, moved: float = 0.0) -> Tensor:
    g = torch.Generator().manual_seed(seed)
    mix = torch.randn(16, 16, generator=torch.Generator().manual_seed(9)) / 4
    return (torch.randn(n, 16, generator=g) @ mix + moved).relu()


def test_it_is_torchmetrics_where_both_have_as_many() -> None:
    from torchmetrics.image.kid import KernelInceptionDistance

    first, second = features(1200, 0), features(1200, 1, 0.1)
    metric = KernelInceptionDistance(GivenFeatures(16), subsets=1, subset_size=1200)
    metric.update(first, real=True)
    metric.update(second, real=False)
    assert KernelDistance(first).of(second) == pytest.approx(metric.compute()[0].item(), rel=1e-5)


def test_it_is_what_the_definition_says() -> None:
    first, second = features(5, 0).double(), features(4, 1).double()

    def k(x: Tensor, y: Tensor) -> float:
        return ((x @ y).item() / 16 + 1) ** 3

    def pairs(x: Tensor) -> float:
        return statistics.fmean(
            k(x[i], x[j]) for i in range(len(x)) for j in range(len(x)) if i != j
        )

    across = statistics.fmean(k(x, y) for x in first for y in second)
    expected = pairs(first) + pairs(second) - 2 * across
    kernel = KernelDistance(first)
    assert kernel.of(second) == pytest.approx(expected, abs=1e-5)
    drawn = kernel.draws(second, torch.tensor([[0, 1, 2, 3], [0, 0, 1, 3]]))
    assert drawn[0].item() == pytest.approx(expected, abs=1e-5)
    x = second[[0, 0, 1, 3]]  # a picture and itself are no pair
    weights = {(0, 1): 2, (0, 3): 2, (1, 3): 1}
    within = sum(w * k(second[i], second[j]) for (i, j), w in weights.items()) / 5
    across = statistics.fmean(k(a, b) for a in first for b in x)
    assert drawn[1].item() == pytest.approx(pairs(first) + within - 2 * across, abs=1e-5)


def test_few_pictures_are_not_farther_than_many() -> None:
    """The Fréchet distance of 40 is several times that of 400; the kernel's mean is 0 of both."""
    reference = features(4000, 0)
    kernel, frechet = KernelDistance(reference), Frechet(reference)
    few, many = ([features(n, 10 + k) for k in range(30)] for n in (40, 400))
    for sets in (few, many):
        found = [kernel.of(x) for x in sets]
        assert abs(statistics.fmean(found)) < 3 * statistics.stdev(found) / 30**0.5
        assert min(found) < 0
    assert statistics.fmean(map(frechet.of, few)) > 4 * statistics.fmean(map(frechet.of, many))


def test_repetition_does_not_move_its_bootstrap() -> None:
    """The draws' mean is the distance; a Fréchet distance's draws lie above it."""
    reference, x = features(2000, 0), features(300, 1, 0.1)
    kernel, frechet, chosen = KernelDistance(reference), Frechet(reference), resamples(300)
    draws = kernel.draws(x, chosen)
    assert abs(draws.mean().item() - kernel.of(x)) < 4 * draws.std().item() / 10
    raised = [frechet.of(x[i]) for i in chosen]
    assert statistics.fmean(raised) > frechet.of(x) + 5 * statistics.stdev(raised) / 10


def test_what_makes_no_sense_is_refused() -> None:
    with pytest.raises(ValueError, match="at least two"):
        KernelDistance(torch.randn(1, 4))
    with pytest.raises(ValueError, match="no pair"):
        KernelDistance(torch.randn(5, 4)).of(torch.randn(1, 4))
    with pytest.raises(ValueError, match="finite"):
        KernelDistance(torch.full((3, 4), torch.nan))
