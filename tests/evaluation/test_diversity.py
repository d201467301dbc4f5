"""How different images are: against brute force, and where the answer is known."""

from __future__ import annotations

import math

import pytest
import torch

from explorer.evaluation.diversity import effective_classes, within_classes


def test_equal_shares_are_all_classes_and_one_is_one() -> None:
    even = effective_classes(torch.arange(400) % 10, 10)
    assert even.value == pytest.approx(10)
    alone = effective_classes(torch.full((400,), 3), 10)
    assert alone.value == pytest.approx(1) and alone.error == pytest.approx(0, abs=1e-9)
    quarter = effective_classes(torch.tensor([0, 0, 0, 1] * 100), 10)
    assert quarter.value == pytest.approx(math.exp(-0.75 * math.log(0.75) - 0.25 * math.log(0.25)))


def test_the_mean_distance_is_of_pairs_of_one_class() -> None:
    g = torch.Generator().manual_seed(0)
    features, judged = torch.randn(60, 4, generator=g), torch.randint(3, (60,), generator=g)
    judged[0] = 7  # alone in its class: no pair
    own = []
    for i in range(60):
        others = [j for j in range(60) if j != i and judged[j] == judged[i]]
        if others:
            own.append(
                sum((features[i] - features[j]).norm().item() for j in others) / len(others)
            )
    assert within_classes(features, judged).value == pytest.approx(sum(own) / len(own), rel=1e-6)


def test_copies_within_a_class_lower_it_whatever_the_classes() -> None:
    g = torch.Generator().manual_seed(0)
    judged = torch.arange(200) % 10
    varied = torch.randn(200, 8, generator=g) + 50 * judged[:, None]
    copied = torch.rand(200, 1, generator=g) < 0.5  # half of a class are one image
    collapsed = torch.where(copied, 50.0 * judged[:, None], varied)
    full, less = within_classes(varied, judged), within_classes(collapsed, judged)
    assert less.value < 0.8 * full.value
    assert full.error < 0.05 * full.value
    apart = torch.randn(200, 8, generator=g) + 5000 * judged[:, None]
    assert within_classes(apart, judged).value == pytest.approx(full.value, rel=0.1)


def test_the_errors_are_those_of_many_draws() -> None:
    g = torch.Generator().manual_seed(1)
    found = []
    for _ in range(60):
        judged = torch.multinomial(torch.tensor([0.5, 0.3, 0.2]), 120, True, generator=g)
        found.append(effective_classes(judged, 3))
    values = torch.tensor([each.value for each in found])
    errors = torch.tensor([each.error for each in found])
    assert errors.mean().item() == pytest.approx(values.std().item(), rel=0.4)


def test_what_cannot_be_measured_is_refused() -> None:
    with pytest.raises(ValueError, match="too few"):
        effective_classes(torch.zeros(10, dtype=torch.long), 10)
    with pytest.raises(ValueError, match="no two images"):
        within_classes(torch.randn(40, 2), torch.arange(40))
