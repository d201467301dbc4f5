"""Some of many pictures: the same as a copy of them, without one."""

from __future__ import annotations

import pytest
import torch

from explorer.data import choose, nearest, to_tensor
from explorer.data import chosen as module
from explorer.data.chosen import Chosen

CPU = torch.device("cpu")


@pytest.mark.parametrize("most", [0, 10**9])
def test_they_are_the_same_as_a_copy(most: int, monkeypatch: pytest.MonkeyPatch) -> None:
    images = torch.randint(0, 256, (50, 3, 8, 8), dtype=torch.uint8)
    index = torch.randperm(50)[:40].sort().values
    monkeypatch.setattr(module, "IN_MEMORY", most)
    monkeypatch.setattr(module, "BLOCK", 7 * images[0].nbytes)
    made, copy = choose(images, index, CPU), images[index]
    assert isinstance(made, Chosen) == (most == 0)
    assert (len(made), made.shape, made.dtype, made.device) == (40, copy.shape, copy.dtype, CPU)
    some = torch.randint(40, (6, 2))
    assert torch.equal(made[some], copy[some]) and torch.equal(made[5:9], copy[5:9])
    found = nearest(to_tensor(copy[3:6]), made, batch=9)
    assert found.index.tolist() == [3, 4, 5] and found.distance.max() == 0


def test_many_are_not_copied(monkeypatch: pytest.MonkeyPatch) -> None:
    images = torch.zeros((20, 1, 8, 8), dtype=torch.uint8)
    monkeypatch.setattr(module, "IN_MEMORY", 0)
    made = choose(images, torch.arange(10, 20), CPU)
    images[12] = 7  # what lies there is seen, as it would not be in a copy
    assert made[torch.tensor([2])].min() == 7


def test_no_pictures_are_none() -> None:
    images = torch.zeros((20, 1, 8, 8), dtype=torch.uint8)
    assert choose(images, torch.arange(0), CPU).shape == (0, 1, 8, 8)
