"""Make what the Train and Reverse tabs show before anything is computed.

python -m tools.make_stored run     a run of the first preset, as the Train tab does it
python -m tools.make_stored race    a race of checkpoints/mnist.safetensors, as Reverse does it
"""

from __future__ import annotations

import json
import math
import sys
import tempfile
from pathlib import Path

import torch

from explorer.checkpoints import load
from explorer.figures.race_view import LaneView, RaceView, follow, write
from explorer.gui import watch
from explorer.gui.context import Context
from explorer.gui.device import choose_threads
from explorer.gui.stored import FOLDER
from explorer.gui.tabs import reverse, train
from explorer.race import ddim, ddpm, race

CPU = torch.device("cpu")


def make_run() -> None:
    name, preset = next(iter(train.PRESETS.items()))
    config = train.make_config(*preset, 0, Context.detect())
    with tempfile.TemporaryDirectory() as folder:
        for progress in watch.train(config, None, CPU, Path(folder), lambda: False):
            print(progress.status)
            if progress.samples:
                picture, caption = progress.samples
    last = len(progress.steps) - 1
    shown = sorted({*range(0, last, max(1, last // 400)), last})
    out = FOLDER / "run"
    out.mkdir(parents=True, exist_ok=True)
    picture.save(out / "samples.png", optimize=True)
    steps, loss = progress.steps[-1], progress.smooth[-1]
    stored = {
        "status": f"Stored run, {name}: {steps} steps, loss {loss:.3f}",
        "steps": [progress.steps[i] for i in shown],
        "losses": [round(progress.losses[i], 5) for i in shown],
        "smooth": [round(progress.smooth[i], 5) for i in shown],
        "caption": f"Stored run, {caption}",
    }
    (out / "run.json").write_text(json.dumps(stored) + "\n", encoding="utf-8")


def make_race(seed: int = 7, steps: int = 50) -> None:
    denoiser, spec = load(Path("checkpoints/mnist.safetensors"))
    lanes, labels = [ddpm(spec.T), ddim(spec.T, steps)], [0, 1, 2, 3]
    title = f"Stored race of the shipped model {spec.name} · seed {seed} · DDIM S = {steps}, η = 0"
    shape = (spec.channels, spec.size, spec.size)
    entries = race(denoiser, lanes, shape, seed=seed, labels=labels)
    views = [LaneView(lane.name, lane.evaluations) for lane in lanes]
    view = RaceView(spec.T, len(labels), spec.size, views, title)
    *_, view = follow(entries, lanes, view, every=math.inf)
    write(view, FOLDER / "race")
    print(reverse.summary(view))


if __name__ == "__main__":
    choose_threads()
    {"run": make_run, "race": make_race}[sys.argv[1]]()
