"""Make the bounds that the Lectures tab shows at once, with the code that runs when asked.

DIFFUSION_EXPLORER_DATA names the folder of MNIST's and Fashion-MNIST's files.
"""

from __future__ import annotations

from pathlib import Path

from explorer.checkpoints import load
from explorer.cli.bound import report
from explorer.diffusion import VARIANCES
from explorer.evaluation.bound import measure_bound, read_bound
from explorer.evaluation.held_out import choose_pictures
from explorer.evaluation.weights import weights_of
from explorer.gui.lectures.bound.work import STORED


def make_bound(*names: str, n: int = 64, times: int = 200) -> None:
    """One to ten minutes a model on two cores; all shipped models by default.

    names : of models; "n=32" and "times=100" among them for fewer pictures and times. A bound that
    is there already of these weights, pictures and times stays.
    """
    options = dict(word.split("=") for word in names if "=" in word)
    n, times = int(options.get("n", n)), int(options.get("times", times))
    chosen = [name for name in names if "=" not in name]
    for name in chosen or sorted(path.stem for path in Path("checkpoints").glob("*.safetensors")):
        denoiser, spec = load(Path(f"checkpoints/{name}.safetensors"))
        pictures, weights = choose_pictures(spec, n), weights_of(denoiser, spec)
        asked = (weights, len(pictures.x0), times)
        if is_there(STORED / f"{name}.json", asked):
            print(f"{name}: is there")
            continue
        *_, result = measure_bound(denoiser, spec, pictures, count=times, weights=weights)
        result.write(STORED / f"{name}.json")
        print(report(result, VARIANCES))


def is_there(file: Path, asked: tuple[str, int, int]) -> bool:
    """Whether a file holds a bound of these weights, pictures and times."""
    try:
        kept = read_bound(file)
    except (OSError, ValueError):  # none, or of an earlier version
        return False
    return (kept.weights, kept.n, kept.count) == asked
