"""Tensors -> pictures."""

from __future__ import annotations

import math

import torch
from PIL import Image
from torch import Tensor
from torchvision.utils import make_grid

from explorer.data import from_tensor


def grid(
    x: Tensor, *, columns: int | None = None, gap: int = 2, gap_color: str | None = "white"
) -> Image.Image:
    """Pictures (N, C, H, W) in [−1, 1] side by side, row by row.

    The gaps are of a colour (then the sheet is RGB), or with None transparent: they take the
    page's (RGBA, and no margin around the pictures).
    """
    columns = columns or math.ceil(math.sqrt(len(x)))
    return _sheet(_opaque(x), columns, gap, gap_color)


def pairs(
    x: Tensor, nearest: Tensor, *, columns: int = 2, gap_color: str | None = None
) -> Image.Image:
    """Each sample with its nearest training picture right of it, `columns` pairs in a row.

    x, nearest : (N, C, H, W) in [−1, 1]. A thin gap within a pair, a wide one between pairs.
    """
    if x.shape != nearest.shape:
        raise ValueError(
            f"samples {tuple(x.shape)} need as many alike, not {tuple(nearest.shape)}"
        )
    size = x.shape[-1]
    thin = torch.zeros(len(x), 4, size, max(1, size // 16), dtype=torch.uint8)
    couples = torch.cat([_opaque(x), thin, _opaque(nearest)], dim=3)
    return _sheet(couples, columns, max(3, size // 4), gap_color)


def _opaque(x: Tensor) -> Tensor:
    """Grey or RGB in [−1, 1] -> RGBA, uint8."""
    pixels = from_tensor(x).cpu().expand(-1, 3, -1, -1)
    return torch.cat([pixels, torch.full_like(pixels[:, :1], 255)], dim=1)


def _sheet(tiles: Tensor, columns: int, gap: int, gap_color: str | None) -> Image.Image:
    sheet = make_grid(tiles, nrow=columns, padding=gap, pad_value=0)
    picture = Image.fromarray(sheet.permute(1, 2, 0).contiguous().numpy(), "RGBA")
    if gap_color is None:
        margin = gap if len(tiles) > 1 else 0  # make_grid adds none around a single picture
        return picture.crop((margin, margin, picture.width - margin, picture.height - margin))
    flat = Image.new("RGB", picture.size, gap_color)
    flat.paste(picture, mask=picture)
    return flat
