"""Memorised or new? The training picture nearest to each sample."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from explorer.data.chosen import Chosen
from explorer.data.images import to_tensor

CANDIDATES = 8
"""Kept from the fast search for the exact one."""


class Nearest(NamedTuple):
    """For each sample its nearest training picture."""

    index: Tensor  # type: ignore[assignment]  # in place of tuple.index
    """int64 (N,), into the training pictures."""
    distance: Tensor
    """float32 (N,): root-mean-square difference of the pixels' values, 0 (the same) … 2."""


@torch.no_grad()
def nearest(x: Tensor, images: Tensor | Chosen, *, batch: int = 4096) -> Nearest:
    """argmin_i ‖x − images_i‖ and √(min ‖x − images_i‖² / (C·H·W)), on x's device.

    x : float (N, C, H, W), samples in [−1, 1].
    images : uint8 (M, C, H, W), the training pictures, on any device; `batch` at a time.

    The baseline that a distance is judged by is that of real pictures which were held out from
    training: `nearest(to_tensor(held_out), images)`. Samples that lie much nearer are memorised.

    ‖x − y‖² = ‖x‖² − 2 x·y + ‖y‖² cancels where x ≈ y, so that it only chooses candidates, whose
    distances are then taken directly. ValueError if the shapes do not fit or `images` is empty.
    """
    if images.dtype != torch.uint8 or len(images) == 0 or x.shape[1:] != images.shape[1:]:
        raise ValueError(
            f"samples {tuple(x.shape)} cannot be compared with {images.dtype} images "
            f"{tuple(images.shape)}: (N, C, H, W) and at least one uint8 (M, C, H, W) are needed"
        )
    found = [_nearest(part.float(), images, batch) for part in x.split(256)]
    if not found:
        return Nearest(x.new_empty(0, dtype=torch.int64), x.new_empty(0, dtype=torch.float32))
    index, distance = zip(*found, strict=True)
    return Nearest(torch.cat(index), torch.cat(distance))


def _nearest(x: Tensor, images: Tensor | Chosen, batch: int) -> Nearest:
    flat = x.flatten(1)  # (N, D)
    costs: list[Tensor] = []
    indices: list[Tensor] = []
    for start in range(0, len(images), batch):
        part = to_tensor(images[start : start + batch].to(x.device)).flatten(1)  # (B, D)
        cost = part.square().sum(1) - 2 * flat @ part.T  # (N, B), less ‖x‖²
        least, index = cost.topk(min(CANDIDATES, len(part)), largest=False)
        costs.append(least)
        indices.append(index + start)
    best = torch.cat(costs, 1).topk(min(CANDIDATES, len(images)), largest=False).indices
    chosen = torch.cat(indices, 1).gather(1, best).sort(1).values  # of equals, the first
    pictures = to_tensor(images[chosen.to(images.device)].to(x.device)).flatten(2)  # (N, K, D)
    distance = (flat[:, None] - pictures).square().mean(2).sqrt()
    least, which = distance.min(1)
    return Nearest(chosen.gather(1, which[:, None])[:, 0], least)
