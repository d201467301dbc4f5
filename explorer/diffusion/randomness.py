"""Noise that belongs to a picture, not to a batch."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, TypeAlias

from explorer.diffusion.later import torch

if TYPE_CHECKING:
    from torch import Tensor

Generators: TypeAlias = "torch.Generator | Sequence[torch.Generator] | None"


def randn(like: Tensor, generator: Generators = None) -> Tensor:
    """Standard normal noise with the shape, dtype and device of `like`, (B, …).

    `generator` is one `torch.Generator` for the whole batch or a sequence of B, one a picture:
    then picture i does not change with its batch. A generator may live on the CPU while `like`
    does not: the noise is drawn where the generator is, then moved. ValueError if a sequence has
    another length than the batch.
    """
    if generator is None:
        return torch.randn_like(like)
    if isinstance(generator, torch.Generator):
        return _draw(like.shape, like, generator)
    if len(generator) != len(like):
        raise ValueError(f"{len(generator)} generators for a batch of {len(like)}: give one each")
    device = generator[0].device if len(generator) else like.device
    moved = device.type == "cpu" and like.is_cuda
    # pinned, so that moving it waits for nothing; contiguous, or other numbers would be drawn
    noise = torch.empty(like.shape, dtype=like.dtype, device=device, pin_memory=moved)
    for part, g in zip(noise, generator, strict=True):
        part.normal_(generator=g)
    return noise.to(like.device, non_blocking=moved)


def _draw(shape: Sequence[int], like: Tensor, generator: torch.Generator) -> Tensor:
    noise = torch.randn(shape, generator=generator, dtype=like.dtype, device=generator.device)
    return noise.to(like.device)


def picture_generators(seed: int, n: int, *, first: int = 0) -> list[torch.Generator]:
    """One CPU generator for each of the pictures first…first + n − 1 of a seed.

    Picture i of a seed always draws the same numbers, however many pictures there are.
    """
    if seed < 0 or n < 0:
        raise ValueError(f"seed = {seed} and n = {n} must not be negative")
    return [named_generator(f"{seed}/{i}") for i in range(first, first + n)]


def named_generator(name: str) -> torch.Generator:
    """A CPU generator, seeded with a hash: neighbouring seeds and pictures do not begin alike."""
    digest = hashlib.sha256(name.encode()).digest()
    return torch.Generator().manual_seed(int.from_bytes(digest[:4], "big"))
