"""Make what the Train and Reverse tabs show before anything is computed.

python -m tools.make_stored runs    runs of the first preset, as the Train tab does them
python -m tools.make_stored race    a race of checkpoints/mnist.safetensors, as Reverse does it
"""

from __future__ import annotations

import json
import math
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

from explorer.checkpoints import load
from explorer.devices import choose_threads
from explorer.figures.race_view import LaneView, RaceView, follow, write
from explorer.gui import watch
from explorer.gui.choices import PRESETS, make_config, preset_values
from explorer.gui.context import Context
from explorer.gui.stored import FOLDER, RUNS
from explorer.gui.tabs import reverse
from explorer.race import ddim, ddpm, race

PICTURES = ("samples", "neighbours")


def make_runs(seconds: float | None = None) -> None:
    """The first preset with each of `RUNS`' schedules, as the Train tab trains it."""
    context = Context.detect()
    for schedule in RUNS:
        name, _ = next(iter(PRESETS.items()))
        values = preset_values(name) | {"schedule": schedule}
        config = make_config(values | ({"budget": seconds} if seconds else {}), {}, context)
        out = FOLDER / "runs" / schedule
        out.mkdir(parents=True, exist_ok=True)
        seen: dict[str, tuple] = {}
        with tempfile.TemporaryDirectory() as folder:
            job = watch.Job(config, Path(folder) / "run.safetensors")
            for progress in watch.train(job, context.device, lambda: "", lambda: False):
                print(progress.status)
                seen |= {n: getattr(progress, n) for n in PICTURES if getattr(progress, n)}
            shutil.rmtree(out / "film", ignore_errors=True)
            shutil.copytree(job.record.folder / "film", out / "film")
        for part, (picture, _) in seen.items():
            picture.save(out / f"{part}.png", optimize=True)
        point = progress.history.probes[-1]
        stored = {
            "status": f"Stored run, {name}, {schedule}: {point.step} steps, "
            f"probe {point.loss:.3f}",
            "T": config.T,
            "history": rounded(progress.history.to_json()),
            **{part: caption for part, (_, caption) in seen.items()},
        }
        (out / "run.json").write_text(json.dumps(stored) + "\n", encoding="utf-8")


def rounded(value: Any) -> Any:
    """The same lists with numbers of five digits."""
    if isinstance(value, float):
        return float(f"{value:.5g}")
    if isinstance(value, dict):
        return {name: rounded(part) for name, part in value.items()}
    return [rounded(part) for part in value] if isinstance(value, list | tuple) else value


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
    {"runs": make_runs, "race": make_race}[sys.argv[1]](*map(float, sys.argv[2:]))
