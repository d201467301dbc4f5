"""Make the race that Reverse opens with, as the tab does it."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import torch

from explorer.checkpoints import describe
from explorer.diffusion.samplers import DDIM, DDPM
from explorer.gui.reverse.racing import IN_TURN, lane_summary, read_settings, run_race
from explorer.gui.reverse.stored import FOLDER
from explorer.race.view import write


def make_race(seed: int = 7, steps: int = 50) -> None:
    """checkpoints/mnist.safetensors: DDPM against DDIM."""
    name = "mnist"
    path = Path(f"checkpoints/{name}.safetensors")
    lanes: list[dict[str, Any]] = [
        {"sampler": DDPM.name, "variance": "posterior"},
        {"sampler": DDIM.name, "steps": steps},
    ]
    settings = read_settings(name, describe(path), 4, IN_TURN, seed, lanes)
    title = f"Stored race of the shipped model {name} · seed {seed}"
    cpu = torch.device("cpu")
    *_, going = run_race(path, settings, title, None, None, cpu, lambda: False, every=math.inf)
    write(going.view, FOLDER)
    print(lane_summary(going.view))
