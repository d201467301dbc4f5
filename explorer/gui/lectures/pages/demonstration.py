"""SUTD's demonstration as labelled blocks of pictures, and as a stored file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from explorer.data import from_tensor
from explorer.gui.parts.tiles import Block
from explorer.lectures.sampling import WALKED, Demonstration

ROWS = ("original", "noisy", "reconstructed")


def blocks_of(shown: Demonstration, owner: str, *, repair: bool = False) -> tuple[Block, ...]:
    """Its rows and its two walks; with `repair` the walks with the noise put back besides."""
    times = [f"t = {t}" for t in shown.times]
    rows = torch.stack([shown.original, shown.noisy, shown.reconstructed])  # (3, n, C, H, W)
    found = [
        Block(
            f"{owner}: original, noisy at t, reconstructed in one shot",
            tuple((time, "") for time in times),
            tuple(from_tensor(rows[:, i]) for i in range(len(times))),
            len(ROWS),
            names=ROWS,
        )
    ]
    walks = [("x̂₀ fed back", "gives x̂₀", shown.digits, shown.noise)]
    if repair:
        walks.append(
            ("repaired, noise put back", "gives xₛ", shown.digits_repaired, shown.noise_repaired)
        )
    for how, said, digits, noise in walks:
        for start, word, walk in (
            ("from a noised digit", "noisy", digits),
            ("from pure noise", "noise", noise),
        ):
            heads = [(word, ""), *((time, said) for time in times)]
            found.append(
                Block(
                    f"{owner}: progressive denoising {start}, {how}",
                    tuple(heads),
                    tuple(from_tensor(column) for column in walk.clamp(-1, 1)),
                    walk.shape[1],
                    names=tuple(f"{start.split()[-1]} {i + 1}" for i in range(walk.shape[1])),
                )
            )
    return tuple(found)


def write(path: Path, shown: Demonstration) -> None:
    """As bytes, compressed; pictures outside [−1, 1] are clamped, as they are shown."""
    pictures = {
        name: from_tensor(value.flatten(0, -4)).reshape(value.shape).numpy()
        for name, value in shown._asdict().items()
        if isinstance(value, Tensor)
    }
    arrays: dict[str, Any] = {"times": np.array(shown.times)} | pictures
    np.savez_compressed(path, **arrays)


def read(path: Path) -> Demonstration:
    """What `write` left."""
    with np.load(path) as stored:
        values = {
            name: torch.from_numpy(stored[name]).float() / 127.5 - 1
            for name in Demonstration._fields
            if name != "times"
        }
        return Demonstration(tuple(map(int, stored["times"])), **values)


__all__ = ["ROWS", "WALKED", "blocks_of", "read", "write"]
