"""Pictures as tensors: ranges, sizes, and what an ImageSet refuses to be."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from explorer.data import ImageSet, from_tensor, load, resize, to_tensor
from explorer.data.images import SIZES


def image_set(**changes: Any) -> ImageSet:
    parts = {
        "images": torch.randint(0, 256, (3, 1, 12, 12), dtype=torch.uint8),
        "labels": torch.tensor([0, 1, 1]),
        "classes": ("a", "b"),
    }
    return ImageSet(**parts | {"name": "made", "licence": "-", "source": "-"} | changes)


def test_all_256_values_survive_the_way_there_and_back() -> None:
    values = torch.arange(256, dtype=torch.uint8)
    x = to_tensor(values)
    assert x[0] == -1 and x[255] == 1 and x.dtype == torch.float32
    assert torch.equal(from_tensor(x), values)
    assert (x - torch.linspace(-1, 1, 256)).abs().max() < 1e-6


def test_what_lies_outside_is_shown_as_the_nearest_end() -> None:
    x = torch.tensor([-torch.inf, -7.0, -1.0, 0.9999, 1.01, torch.inf])
    assert from_tensor(x).tolist() == [0, 0, 0, 255, 255, 255]


@pytest.mark.parametrize("size", SIZES)
def test_constant_pictures_stay_constant_at_every_size(size: int) -> None:
    values = torch.arange(256, dtype=torch.uint8)[:, None, None, None]
    made = resize(values.expand(-1, 1, 28, 28), size)
    assert torch.equal(made, values.expand(-1, 1, size, size))


@pytest.mark.parametrize("size", [8, 14, 20, 27])
def test_shrinking_agrees_with_pillow(size: int) -> None:
    images = load("emoji").images[::300]
    ours = resize(images, size)
    for image, small in zip(images, ours, strict=True):
        picture = Image.fromarray(image.permute(1, 2, 0).numpy())
        theirs = np.asarray(picture.resize((size, size), Image.Resampling.BILINEAR))
        difference = small.permute(1, 2, 0).numpy().astype(int) - theirs
        assert np.abs(difference).max() <= 1


def test_doubling_puts_the_pixels_between() -> None:
    rows = torch.tensor([[0, 100], [0, 100]], dtype=torch.uint8)[None, None]
    assert resize(rows, 4)[0, 0].tolist() == [[0, 25, 75, 100]] * 4


def test_resizing_more_than_one_part_keeps_the_order() -> None:
    images = (torch.arange(5000) % 251).byte()[:, None, None, None].expand(-1, 1, 8, 8)
    assert torch.equal(resize(images, 9)[:, 0, 4, 4], images[:, 0, 0, 0])


def test_large_pictures_are_resized_in_parts_to_the_same_values() -> None:
    images = torch.randint(0, 256, (90, 3, 128, 128), dtype=torch.uint8)
    alone = torch.cat([resize(picture, 60) for picture in images.split(1)])
    assert torch.equal(resize(images, 60), alone)
    assert resize(images[:2], (5, 9)).shape == (2, 3, 5, 9)


def test_resized_keeps_labels_and_its_own_size() -> None:
    data = image_set()
    small = data.resized(8)
    assert (small.size, len(small), small.classes) == (8, 3, data.classes)
    assert torch.equal(small.labels, data.labels)
    assert data.resized(12) is data and data.size == 12


@pytest.mark.parametrize("size", [7, 129, 0, -8, 16.0, True, "16", None])
def test_other_sizes_are_refused(size: Any) -> None:
    with pytest.raises(ValueError, match="8 to 128"):
        image_set().resized(size)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"images": torch.zeros(3, 1, 8, 8)}, "uint8"),
        ({"images": torch.zeros(3, 2, 8, 8, dtype=torch.uint8)}, "1 or 3"),
        ({"images": torch.zeros(3, 8, 8, dtype=torch.uint8)}, "1 or 3"),
        ({"images": torch.zeros(0, 1, 8, 8, dtype=torch.uint8)}, "no images"),
        ({"labels": torch.tensor([0, 1])}, "int64"),
        ({"labels": torch.tensor([0.0, 1.0, 1.0])}, "int64"),
        ({"labels": torch.tensor([0, 1, 2])}, "0…1"),
        ({"labels": torch.tensor([0, -1, 1])}, "0…1"),
    ],
)
def test_parts_that_do_not_fit_together_are_refused(changes: dict[str, Any], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        image_set(**changes)
