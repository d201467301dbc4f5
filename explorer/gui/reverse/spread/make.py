"""Make the forks that the panel shows of the first model: without a class and with each.

python -m tools.make_stored spread [WAYS [CLASS …]]    "none" stands for no class
"""

from __future__ import annotations

from pathlib import Path

import torch

from explorer.checkpoints import describe
from explorer.gui.reverse.spread import work as spread
from explorer.gui.reverse.spread.view import STORED, folder_of, summary, write

MODEL = Path("checkpoints/mnist.safetensors")
NONE = "none"


def make_spread(ways: str = str(spread.WAYS), *classes: str) -> None:
    """By the code that runs when a visitor asks; each class is written as it is found."""
    for name in classes or (NONE, *describe(MODEL).classes):
        label = spread.NO_CLASS if name == NONE else name
        *_, view = spread.run_spread(
            MODEL, label, spread.SEED, int(ways), torch.device("cpu"), lambda: False
        )
        write(view, STORED / folder_of(view.label))
        print(summary(view), flush=True)
