"""The Fréchet distance against closed forms and scipy."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.linalg
import torch
from torch import Tensor

from explorer.evaluation.frechet import Frechet
from tests.evaluation.made import frechet_distance


def exact(n: int, mean: Tensor, covariance: Tensor, seed: int) -> Tensor:
    """n samples whose mean and unbiased covariance are exactly these."""
    x = torch.randn(n, len(mean), generator=torch.Generator().manual_seed(seed)).double()
    x = x - x.mean(0)
    white = torch.linalg.solve_triangular(torch.linalg.cholesky(torch.cov(x.T)), x.T, upper=False)
    return (torch.linalg.cholesky(covariance) @ white).T + mean


def test_two_gaussians_of_known_moments() -> None:
    """With commuting covariances d² = Σ (μ₁ − μ₂)² + (√λ₁ − √λ₂)²."""
    mean1, mean2 = torch.tensor([1.0, -2.0, 0.5]).double(), torch.tensor([0.0, 1.0, 0.5]).double()
    var1, var2 = torch.tensor([4.0, 1.0, 0.25]).double(), torch.tensor([1.0, 9.0, 0.25]).double()
    expected = ((mean1 - mean2) ** 2 + (var1.sqrt() - var2.sqrt()) ** 2).sum().item()
    first = exact(50, mean1, var1.diag(), 0)
    second = exact(70, mean2, var2.diag(), 1)
    assert frechet_distance(first, second) == pytest.approx(expected, rel=1e-9)
    assert frechet_distance(first, first) == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize("n", [20, 600])  # fewer pictures than features, and enough
def test_it_is_what_scipy_says(n: int) -> None:
    g = torch.Generator().manual_seed(3)
    mix = torch.randn(64, 64, generator=g)
    first = (torch.randn(900, 64, generator=g) @ mix).relu()  # like features: skewed, correlated
    second = (torch.randn(n, 64, generator=g) @ mix + 0.3).relu()
    a, b = first.double().numpy(), second.double().numpy()
    s1, s2 = np.cov(a.T), np.cov(b.T)
    cross = np.trace(scipy.linalg.sqrtm(s1 @ s2).real)
    expected = np.sum((a.mean(0) - b.mean(0)) ** 2) + np.trace(s1) + np.trace(s2) - 2 * cross
    assert frechet_distance(first, second) == pytest.approx(expected, rel=1e-4)


def test_parts_and_repetition_change_nothing() -> None:
    g = torch.Generator().manual_seed(0)
    reference, first, second = (torch.randn(40, 5, generator=g) for _ in range(3))
    frechet = Frechet(reference)
    for features in (first, second, first):
        frechet.reset()
        for part in features.split(7):
            frechet.add(part)
        assert frechet.count == 40
        assert frechet.distance() == pytest.approx(frechet_distance(reference, features))


def test_what_makes_no_sense_is_refused() -> None:
    frechet = Frechet(torch.randn(9, 4))
    frechet.add(torch.randn(1, 4))
    with pytest.raises(ValueError, match="at least two"):
        frechet.distance()
    with pytest.raises(ValueError, match="at least two"):
        Frechet(torch.randn(1, 4))
    with pytest.raises(ValueError, match="finite"):
        frechet.add(torch.full((2, 4), torch.nan))
    with pytest.raises(ValueError, match="3 features"):
        frechet.add(torch.randn(2, 3))
    with pytest.raises(ValueError, match=r"\(n, d\)"):
        frechet.add(torch.randn(4))
