"""Sheets of pictures, pixel by pixel."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from PIL import Image
from torchvision.utils import make_grid

from explorer.data import from_tensor
from explorer.figures.pictures import grid, pairs


def some(n: int, channels: int, size: int = 8, seed: int = 0) -> torch.Tensor:
    return 2 * torch.rand(n, channels, size, size, generator=torch.manual_seed(seed)) - 1


def pixels(x: torch.Tensor) -> np.ndarray:
    """(H, W, 3) of one picture."""
    return from_tensor(x).expand(3, -1, -1).permute(1, 2, 0).numpy()


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("n", [1, 5, 9])
def test_gaps_are_white_unless_they_are_to_be_the_pages(n: int, channels: int) -> None:
    x = some(n, channels)
    sheet = grid(x)
    truth = make_grid(from_tensor(x), nrow=int(np.ceil(n**0.5)), padding=2, pad_value=255)
    assert sheet.mode == "RGB"
    assert (np.asarray(sheet) == truth.permute(1, 2, 0).numpy()).all()
    clear = grid(x, gap_color=None)
    assert clear.mode == "RGBA"
    assert np.asarray(clear)[..., 3].mean() == pytest.approx(
        255 * n * 64 / (clear.width * clear.height)
    )
    page = Image.new("RGB", clear.size, "white")
    page.paste(clear, mask=clear)
    margin = (sheet.width - clear.width) // 2
    inner = np.asarray(sheet)[margin : margin + clear.height, margin : margin + clear.width]
    assert (np.asarray(page) == inner).all()


@pytest.mark.parametrize("channels", [1, 3])
def test_a_sample_stands_left_of_its_nearest(channels: int) -> None:
    x, nearest = some(5, channels), some(5, channels, seed=1)
    sheet = np.asarray(pairs(x, nearest, columns=2))
    pitch, thin, wide = 8 + 1 + 8, 1, 3
    assert sheet.shape == (3 * 8 + 2 * wide, 2 * pitch + wide, 4)
    for i in range(5):
        top, left = (i // 2) * (8 + wide), (i % 2) * (pitch + wide)
        right = left + 8 + thin
        assert (sheet[top : top + 8, left : left + 8, :3] == pixels(x[i])).all()
        assert (sheet[top : top + 8, right : right + 8, :3] == pixels(nearest[i])).all()
        assert not sheet[top : top + 8, left + 8, 3].any()
    assert not sheet[:, pitch : pitch + wide, 3].any() and not sheet[-8:, pitch + wide :, 3].any()
    assert pairs(x, nearest, gap_color="white").mode == "RGB"


def test_pairs_need_as_many_of_both() -> None:
    with pytest.raises(ValueError, match="as many alike"):
        pairs(some(2, 1), some(3, 1))
