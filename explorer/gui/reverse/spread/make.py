"""Make the forks that the panel opens with, of one of the shipped model's ways."""

from __future__ import annotations

from pathlib import Path

import torch

from explorer.gui.reverse.spread import work as spread


def make_spread() -> None:
    """By the code that runs when a visitor asks."""
    path, cpu = Path("checkpoints/mnist.safetensors"), torch.device("cpu")
    *_, view = spread.run_spread(path, spread.NO_CLASS, spread.SEED, cpu, lambda: False)
    spread.write(view, spread.STORED)
    print(spread.summary(view))
