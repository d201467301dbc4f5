"""Make the bounds that the Lectures tab shows at once, with the code that runs when asked.

DIFFUSION_EXPLORER_DATA names the folder of MNIST's and Fashion-MNIST's files.
"""

from __future__ import annotations

from pathlib import Path

from explorer.checkpoints import load
from explorer.cli.bound import report
from explorer.diffusion import VARIANCES
from explorer.evaluation.bound import measure_bound
from explorer.evaluation.held_out import choose_pictures
from explorer.gui.lectures.bound.work import STORED

MODELS = ("mnist", "mnist-linear", "fashion-mnist", "emoji")


def make_bound(*names: str, n: int = 64, times: int = 200) -> None:
    """About a minute a model on one core; all of `MODELS` by default."""
    for name in names or MODELS:
        denoiser, spec = load(Path(f"checkpoints/{name}.safetensors"))
        pictures = choose_pictures(spec, n)
        *_, result = measure_bound(denoiser, spec, pictures, count=times)
        result.write(STORED / f"{name}.json")
        print(report(result, VARIANCES))
