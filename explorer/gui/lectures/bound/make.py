"""Make the bounds that the Lectures tab shows at once, with the code that runs when asked.

DIFFUSION_EXPLORER_DATA=FOLDER python -m tools.stored_bound    (MNIST's and Fashion-MNIST's)
"""

from __future__ import annotations

import sys
from pathlib import Path

from explorer.bound_command import report
from explorer.checkpoints import load
from explorer.devices import choose_threads
from explorer.diffusion import VARIANCES
from explorer.evaluation.bound import measure_bound
from explorer.evaluation.held_out import choose_pictures
from explorer.gui.stored import FOLDER

MODELS = ("mnist", "mnist-linear", "fashion-mnist", "emoji")


def make_bound(*names: str, n: int = 64, times: int = 200) -> None:
    """About a minute a model on one core; all of `MODELS` by default."""
    for name in names or MODELS:
        denoiser, spec = load(Path(f"checkpoints/{name}.safetensors"))
        pictures = choose_pictures(spec, n)
        *_, result = measure_bound(denoiser, spec, pictures, count=times)
        result.write(FOLDER / "bound" / f"{name}.json")
        print(report(result, VARIANCES))


if __name__ == "__main__":
    choose_threads()
    make_bound(*sys.argv[1:])
