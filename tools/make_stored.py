"""Make what the Train and Reverse tabs show before anything is computed.

python -m tools.make_stored runs    runs of the first preset, as the Train tab does them
python -m tools.make_stored race    a race of checkpoints/mnist.safetensors, as Reverse does it
python -m tools.make_stored trip    a round trip of the cat with the same model
python -m tools.make_stored spread  forks of one of its pictures' ways
python -m tools.make_stored NAME    what another page opens with: autoencoder, bound,
                                    guidance, inside, plane, sde
"""

from __future__ import annotations

import json
import math
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

import torch

from explorer.checkpoints import describe
from explorer.devices import choose_threads
from explorer.figures import spread as figures_spread
from explorer.figures import trip as figures_trip
from explorer.figures.race_view import write
from explorer.gui import round_trip, spread, watch
from explorer.gui.choices import PRESETS, make_config, preset_values
from explorer.gui.context import Context
from explorer.gui.racing import IN_TURN, read_settings, run_race, summary
from explorer.gui.stored import FOLDER, RUNS
from tools.stored_autoencoder import make_autoencoder
from tools.stored_bound import make_bound
from tools.stored_guidance import make_guidance
from tools.stored_inside import make_inside
from tools.stored_plane import make_plane
from tools.stored_sde import make_sde

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
    name = "mnist"
    path = Path(f"checkpoints/{name}.safetensors")
    lanes = [{"sampler": "ddpm", "variance": "posterior"}, {"sampler": "ddim", "steps": steps}]
    settings = read_settings(name, describe(path), 4, IN_TURN, seed, lanes)
    title = f"Stored race of the shipped model {name} · seed {seed}"
    cpu = torch.device("cpu")
    *_, going = run_race(path, settings, cpu, title, lambda: False, every=math.inf)
    write(going.view, FOLDER / "race")
    print(summary(going.view))


def make_trip() -> None:
    cat = round_trip.samples()[round_trip.START]
    *_, trip = round_trip.run_trip(
        Path("checkpoints/mnist.safetensors"),
        (round_trip.START, cat),
        10 * round_trip.SHARE,
        round_trip.SEED,
        torch.device("cpu"),
        lambda: False,
    )
    figures_trip.write(trip, round_trip.STORED)
    print(figures_trip.verdict(trip))


def make_spread() -> None:
    path, cpu = Path("checkpoints/mnist.safetensors"), torch.device("cpu")
    *_, view = spread.run_spread(path, spread.NO_CLASS, spread.SEED, cpu, lambda: False)
    figures_spread.write(view, spread.STORED)
    print(figures_spread.summary(view))


if __name__ == "__main__":
    choose_threads()
    make = {
        "runs": make_runs,
        "race": make_race,
        "trip": make_trip,
        "spread": make_spread,
        "autoencoder": make_autoencoder,
        "bound": make_bound,
        "guidance": make_guidance,
        "inside": make_inside,
        "plane": make_plane,
        "sde": make_sde,
    }
    make[sys.argv[1]](*map(float, sys.argv[2:]))
