"""Make the runs that Train opens with, as the tab does them."""

from __future__ import annotations

import json
import shutil
import tempfile
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Any

import torch

from explorer.gui.frame.context import Context
from explorer.gui.train import watch
from explorer.gui.train.choices import PRESETS, make_config, preset_values
from explorer.gui.train.stored import FOLDER, RUNS
from explorer.gui.train.task import Job

PICTURES = ("samples", "neighbours")
STEPS = 800
"""About what the preset's time is enough for on two cores."""


def make_runs(steps: int | str = STEPS, *schedules: str) -> None:
    """The first preset with each of `RUNS`' schedules, as the Train tab trains it.

    A budget of steps, so that both schedules get the same, however fast the machine is.
    """
    context = Context.detect()
    for schedule in schedules or RUNS:
        name, _ = next(iter(PRESETS.items()))
        budget = {"unit": "steps", "budget": int(steps), "schedule": schedule}
        config = make_config(preset_values(name) | budget, {}, context)
        out = FOLDER / schedule
        out.mkdir(parents=True, exist_ok=True)
        seen: dict[str, tuple] = {}
        with tempfile.TemporaryDirectory() as folder:
            job = Job(config, Path(folder) / "run.safetensors")
            run = context.device.runner(lambda: False)
            for progress in watch.train(job, run, lambda: "", lambda: False):
                print(progress.status)
                seen |= {n: getattr(progress, n) for n in PICTURES if getattr(progress, n)}
            shutil.rmtree(out / "film", ignore_errors=True)
            shutil.copytree(job.record.folder / "film", out / "film")
        for part, (picture, _) in seen.items():
            picture.save(out / f"{part}.png", optimize=True)
        history = progress.history
        point = history.probes[-1]
        stored = {
            "status": f"Stored run, {name.split(' · ')[0]}, {schedule}: {point.step} steps, "
            f"probe {point.loss:.3f} ± {history.probe_error:.3f}",
            "made": {
                "date": date.today().isoformat(),
                "by": "python -m tools.make_stored runs",
                "torch": torch.__version__,
                "config": asdict(config),
            },
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
