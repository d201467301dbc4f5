"""Make checkpoints/README.md: what the shipped models are, from their headers, and their samples.

python -m tools.make_cards

Writes a sheet of DDIM-50 samples for each checkpoint to checkpoints/samples and the table beside.
"""

from __future__ import annotations

from pathlib import Path

from explorer.checkpoints import Spec, catalogue, load
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
a header. Weights are the moving average (EMA), float32; a file never holds anything but tensors
and JSON.

| model | pictures | weights | steps × batch | time and hardware | loss, probe | judged |
|---|---|---|---|---|---|---|
"""


def row(path: Path, spec: Spec) -> str:
    """One line of the table."""
    how, metrics = spec.training, spec.metrics
    minutes = how["seconds"] / 60
    judged = ", ".join(
        f"{text}: {metrics[name + '_accuracy']:.1%} of {metrics[name + '_samples']:,}"
        for name, text in JUDGED.items()
        if name + "_accuracy" in metrics
    )
    size = path.stat().st_size / 1e6
    cells = [
        f"[`{spec.name}`](#{spec.name})",
        f"{spec.data}, {spec.size} × {spec.size}, {len(spec.classes)} classes",
        f"{sum(p.numel() for p in spec.make_network().parameters()) / 1e6:.2f} M, {size:.1f} MB",
        f"{how['steps']:,} × {how['batch']}",
        f"{minutes:.0f} min, {how['hardware']}, PyTorch {how['torch']}",
        ", ".join(f"{metrics[name]:.4f}" for name in ("loss", "probe_loss") if name in metrics),
        judged or "–",
    ]
    return "| " + " | ".join(cells) + " |\n"


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
            f"Judged by a classifier that reads {spec.metrics['judge_accuracy']:.2%} of MNIST's "
            "test digits rightly (`python -m tools.judge`): the share of digits that are what was "
            "asked for, plainly sampled and with classifier-free guidance.\n"
        )
    return "\n".join(lines)


def guides() -> str:
    """What classifiers there are for guidance; they make no pictures."""
    lines = []
    for path, spec in catalogue(FOLDER / "classifiers", classifiers=True).items():
        read = ", ".join(
            f"{value:.1%} at t = {name.removeprefix('accuracy_t')}"
            for name, value in spec.metrics.items()
            if name.startswith("accuracy_t")
        )
        size = path.stat().st_size / 1e6
        lines.append(
            f"\n## {spec.name}\n\nNo model: a classifier of noisy pictures "
            f"(classifiers/{path.name}, {size:.1f} MB), for classifier guidance. It reads "
            f"{spec.data}'s test pictures rightly: {read}. Schedule {spec.schedule}, "
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
