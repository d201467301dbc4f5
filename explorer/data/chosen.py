"""Some of many pictures, such as those that are trained on, without a copy of them in memory."""

from __future__ import annotations

import torch
from torch import Tensor

from explorer.data.pixels import BLOCK, IN_MEMORY


class Chosen:
    """`images[index]`, taken when it is asked for: as much of a tensor as training needs."""

    def __init__(self, images: Tensor, index: Tensor) -> None:
        self.images, self.index = images, index
        self.dtype, self.device = images.dtype, images.device
        self.shape = torch.Size((len(index), *images.shape[1:]))

    def __len__(self) -> int:
        return len(self.index)

    def __getitem__(self, which: Tensor | slice) -> Tensor:
        """Those of them, (N, C, H, W), or more dimensions of N where `which` has them."""
        return self.images[self.index[which]]


def choose(images: Tensor, index: Tensor, device: torch.device) -> Tensor | Chosen:
    """images[index] on the device, in parts: mapped pictures are never all in memory.

    On the CPU many stay where they are, see `Chosen`.
    """
    each = images.nbytes // max(1, len(images))
    if device.type == "cpu" and len(index) * each > IN_MEMORY:
        return Chosen(images, index)
    made = images.new_empty((len(index), *images.shape[1:]), device=device)
    n = max(1, BLOCK // max(1, each))
    for part, place in zip(index.split(n), made.split(n), strict=True):
        place.copy_(images[part])
    return made
