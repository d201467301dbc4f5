"""Tensors -> pictures."""

from __future__ import annotations

import math

from PIL import Image
from torch import Tensor
from torchvision.utils import make_grid

from explorer.data import from_tensor


def grid(x: Tensor, *, columns: int | None = None, gap: int = 2) -> Image.Image:
    """Pictures (N, C, H, W) in [−1, 1] side by side, row by row."""
    columns = columns or math.ceil(math.sqrt(len(x)))
    sheet = make_grid(from_tensor(x), nrow=columns, padding=gap, pad_value=255)
    return Image.fromarray(sheet.permute(1, 2, 0).cpu().numpy())
