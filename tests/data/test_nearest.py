"""The nearest training picture, against the plain distance of every pair."""

from __future__ import annotations

import pytest
import torch

from explorer.data import from_tensor, load, nearest, to_tensor


@pytest.mark.parametrize("batch", [1, 7, 300, 10_000])
def test_it_agrees_with_all_pairs(batch: int) -> None:
    images = torch.randint(0, 256, (300, 3, 8, 8), dtype=torch.uint8)
    x = torch.rand(20, 3, 8, 8) * 2 - 1
    index, distance = nearest(x, images, batch=batch)
    pairs = torch.cdist(x.double().flatten(1), to_tensor(images).double().flatten(1))
    assert torch.equal(index, pairs.argmin(1)) and index.dtype == torch.int64
    assert torch.allclose(distance.double(), pairs.amin(1) / (3 * 8 * 8) ** 0.5, atol=1e-6)


def test_a_training_picture_is_its_own_nearest_at_distance_0() -> None:
    images = load("mnist-5k").images
    index, distance = nearest(to_tensor(images[::50]), images)
    assert torch.equal(index, torch.arange(0, 5000, 50)) and (distance == 0).all()
    held_out = nearest(to_tensor(images[:50]), images[50:]).distance
    assert held_out.min() > 0.1


def test_one_grey_level_in_one_pixel_is_told_apart() -> None:
    images = torch.randint(0, 255, (1, 3, 64, 64), dtype=torch.uint8).repeat(6, 1, 1, 1)
    for i in range(6):
        images[i, 0, 0, i] += 1
    index, distance = nearest(to_tensor(images), images, batch=4)
    assert index.tolist() == list(range(6)) and (distance == 0).all()


def test_black_and_white_are_2_apart_and_of_equals_the_first_is_named() -> None:
    images = torch.full((5, 1, 8, 8), 255, dtype=torch.uint8)
    index, distance = nearest(torch.full((2, 1, 8, 8), -1.0), images, batch=2)
    assert index.tolist() == [0, 0] and distance.tolist() == [2, 2]


def test_many_samples_and_none() -> None:
    images = torch.randint(0, 256, (400, 1, 8, 8), dtype=torch.uint8)
    x = to_tensor(images).flip(0)
    assert nearest(x, images).index.tolist() == list(range(399, -1, -1))
    assert torch.equal(from_tensor(x), images.flip(0))
    empty = nearest(x[:0], images)
    assert empty.index.shape == empty.distance.shape == (0,)


@pytest.mark.parametrize(
    ("x", "images"),
    [
        (torch.zeros(1, 1, 8, 8), torch.zeros(0, 1, 8, 8, dtype=torch.uint8)),
        (torch.zeros(1, 3, 8, 8), torch.zeros(9, 1, 8, 8, dtype=torch.uint8)),
        (torch.zeros(1, 1, 8, 8), torch.zeros(9, 1, 8, 8)),
    ],
)
def test_what_does_not_fit_is_refused(x: torch.Tensor, images: torch.Tensor) -> None:
    with pytest.raises(ValueError, match="cannot be compared"):
        nearest(x, images)
