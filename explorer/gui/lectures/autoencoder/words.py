"""What an autoencoder makes of its own output, in sentences made of the images' numbers."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from torch import Tensor

from explorer.gui.lectures.autoencoder.work import FromNoise, digits

DARK, LIGHT = 25, 230
"""Of 255; pixels between them are grey."""


def ink(images: Tensor) -> float:
    """The mean value of uint8 images, from 0 to 255."""
    return images.float().mean().item()


def grey_share(images: Tensor) -> float:
    """The share of uint8 pixels that are neither dark nor light."""
    return ((images > DARK) & (images < LIGHT)).float().mean().item()


def course(values: Sequence[float]) -> str:
    """Whether values rise, fall, turn once, or oscillate: turn more often than that."""
    steps = [b - a for a, b in pairwise(values) if b != a]
    if not steps:
        return "stays the same"
    turns = sum((a > 0) != (b > 0) for a, b in pairwise(steps))
    if turns == 0:
        return "rises with every pass" if steps[0] > 0 else "falls with every pass"
    if turns == 1:
        return "first rises, then falls" if steps[0] > 0 else "first falls, then rises"
    return f"oscillates: it turns {turns} times"


def again_and_again_words(walk: FromNoise) -> str:
    """Ink and grey pixels after each application to pure noise, and how they go."""
    passes = list(walk.autoencoder[1:])
    if not passes:
        return ""
    inks, greys = [ink(images) for images in passes], [grey_share(images) for images in passes]
    real = ink((255 * digits().unseen).round())
    return (
        f"Mean value of the {passes[0].shape[0]} images after pass 1 to {len(passes)}, of 255: "
        f"{', '.join(f'{value:.1f}' for value in inks)}. It {course(inks)} (digits: {real:.1f}). "
        f"Share of grey pixels: {', '.join(f'{value:.2f}' for value in greys)}. It "
        f"{course(greys)}."
    )
