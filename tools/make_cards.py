"""Make checkpoints/README.md: what the shipped models are, from their headers, and their samples.

python -m tools.make_cards

Writes a sheet of DDIM-50 samples for each checkpoint to checkpoints/samples and the table beside.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path

from explorer.checkpoints import Spec, catalogue, load
from explorer.evaluation.errors import share
from explorer.figures.pictures import grid
from explorer.race import choose_labels, ddim, pictures

FOLDER = Path("checkpoints")
JUDGED = {
    "ddim_50": "DDIM-50",
    "ddpm_1000": "DDPM",
    "ddim_50_w1.5": "DDIM-50 with guidance 1.5",
}
"""How samples were made, as headers name it -> what the table calls it."""
HEAD = """# The shipped models

Class-conditional U-Nets, trained by the command line of this repository. This page is made from
the files' own headers by `python -m tools.make_cards`; `python -m explorer describe FILE` prints
a header. Weights are the moving average (EMA); a file never holds anything but tensors and JSON.

Every measured number has its standard error, all by `python -m tools.judge`. "Right" is
the share of images that a classifier of the data recognises as the requested class. The Fréchet
distance is that to 10,000 training images, or all of fewer, and in brackets that of as many test
images, which draws from the same distribution reach; a model that lies nearer has partly memorised
its training images. The probe is the loss on images that were held out
of training.

| model | images | weights | steps × batch | time and hardware | probe | right | distance |
|---|---|---|---|---|---|---|---|
"""


def row(path: Path, spec: Spec) -> str:
    """One line of the table."""
    how, metrics = spec.training, spec.metrics
    minutes = how["seconds"] / 60
    judged = {name: text for name, text in JUDGED.items() if f"{name}_accuracy" in metrics}
    size = path.stat().st_size / 1e6
    cells = [
        f"[`{spec.name}`](#{spec.name})",
        f"{spec.data}, {spec.size} × {spec.size}, {len(spec.classes)} classes",
        f"{sum(p.numel() for p in spec.make_network().parameters()) / 1e6:.2f} M, {size:.1f} MB",
        f"{how['steps']:,} × {how['batch']}",
        f"{minutes:.0f} min, {how['hardware']}, PyTorch {how['torch']}",
        figure(metrics, "probe_loss"),
        "<br>".join(
            f"{text}: {figure(metrics, f'{name}_accuracy', percent=True)} of "
            f"{metrics[f'{name}_samples']:,}"
            for name, text in judged.items()
        )
        or "–",
        "<br>".join(
            f"{text}, {metrics[f'{name}_compared']:,}: {figure(metrics, f'{name}_frechet')} "
            f"({figure(metrics, f'{name}_frechet_real')})"
            for name, text in judged.items()
            if f"{name}_frechet" in metrics
        )
        or "–",
    ]
    return "| " + " | ".join(cells) + " |\n"


def figure(metrics: Mapping[str, float], name: str, *, percent: bool = False) -> str:
    """A number with its error as far as the header has them, the error in two digits."""
    if name not in metrics:
        return "–"
    scale, unit = (100, " %") if percent else (1, "")
    value, error = scale * metrics[name], scale * metrics.get(f"{name}_error", 0.0)
    if not error:
        return f"{value:.{1 if percent else 4}f}{unit}"
    digits = max(0, 1 - math.floor(math.log10(error)))
    return f"{value:.{digits}f} ± {error:.{digits}f}{unit}"


def section(spec: Spec) -> str:
    """A model's samples, and how it was made."""
    lines = [
        f"\n## {spec.name}\n",
        f"![64 samples, DDIM-50, seed 0, the classes in turn](samples/{spec.name}.png)\n",
        f"Schedule {spec.schedule}, T = {spec.T}; the network predicts {spec.target}. "
        f"Data: {spec.data}, licence: {spec.licence}.\n",
        f"```\n{spec.training['command']}\n```\n",
    ]
    if "judge_accuracy" in spec.metrics:
        lines.append(
            "Judged by a classifier that reads "
            f"{figure(spec.metrics, 'judge_accuracy', percent=True)} of the data's test images "
            "rightly (`python -m tools.judge`).\n"
        )
    if "ddim_50_corners" in spec.metrics:
        lines.append(
            "Within the 2 × 2 pixels of a corner values in [−1, 1] have a standard deviation of "
            f"{figure(spec.metrics, 'ddim_50_corners')}, in test images of "
            f"{figure(spec.metrics, 'ddim_50_corners_real')}.\n"
        )
    return "\n".join(lines)


def guides() -> str:
    """What classifiers there are for guidance; they make no pictures."""
    lines = []
    for path, spec in catalogue(FOLDER / "classifiers", classifiers=True).items():
        n = int(spec.metrics["accuracy_samples"])
        found = {
            name.removeprefix("accuracy_t"): share(value * n, n)
            for name, value in spec.metrics.items()
            if name.startswith("accuracy_t")
        }
        read = ", ".join(
            f"{100 * p.value:.2f} ± {100 * p.error:.2f} % at t = {t}" for t, p in found.items()
        )
        size = path.stat().st_size / 1e6
        lines.append(
            f"\n## {spec.name}\n\nNo model: a classifier of noisy images "
            f"(classifiers/{path.name}, {size:.1f} MB), for classifier guidance. It reads "
            f"{spec.data}'s {n:,} test images rightly: {read}. Schedule {spec.schedule}, "
            f"T = {spec.T}.\n\n```\n{spec.training['command']}\n```\n"
        )
    return "".join(lines)


def main() -> None:
    found = catalogue(FOLDER)
    (FOLDER / "samples").mkdir(exist_ok=True)
    for path, spec in found.items():
        denoiser, _ = load(path)
        labels = choose_labels(spec.classes, 64)
        shape = (spec.channels, spec.size, spec.size)
        lane = ddim(spec.T, min(50, spec.T))
        x = pictures(denoiser, lane, shape, seed=0, labels=labels, n=64)
        grid(x, columns=16).save(FOLDER / "samples" / f"{spec.name}.png", optimize=True)
    text = HEAD + "".join(row(path, spec) for path, spec in found.items())
    text += "".join(section(spec) for spec in found.values())
    (FOLDER / "README.md").write_text(text + guides(), encoding="utf-8")


if __name__ == "__main__":
    main()
