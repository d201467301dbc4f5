"""From a lecture's network to ours in single changes: what each rung is, and how it is trained."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from explorer.data import BUNDLED
from explorer.lectures import LECTURES, adapt, run_settings
from explorer.settings.networks import LadderUnetConfig
from explorer.settings.training import TrainConfig

STORED = Path(__file__).with_name("stored")
BEGINNING = "sutd"
"""The lecture whose settings all rungs are trained with."""
STEPS, SEEDS = 2500, (0, 1)
DECAY = 0.995
"""Of the weights' moving average."""
WIDTH = 16
SKIPS = {"skips": True}
NORM = SKIPS | {"norm": True}
TIME = NORM | {"time": True}
ATTENTION = TIME | {"self_attention": True}
RUNS: Mapping[str, tuple[Mapping[str, bool], str]] = {
    "lecture": ({}, "eps"),
    "skips": (SKIPS, "eps"),
    "norm": (NORM, "eps"),
    "time": (TIME, "eps"),
    "attention": (ATTENTION, "eps"),
    "target": (ATTENTION, "v"),
}
"""What is trained: name -> the network's parts and what it predicts."""


@dataclass(frozen=True)
class Rung:
    """One model; it differs from the rung before it in one thing."""

    name: str
    title: str
    change: str
    """What differs, as the subject of a sentence about its effect."""
    run: str
    """One of `RUNS`."""
    averaged: bool = False
    """Whether the weights are the moving average of the training's, rather than its last ones."""
    clip: bool = False
    """Whether x̂_0 is clipped to [−1, 1]."""

    @property
    def weights(self) -> str:
        """The name of its file: rungs that differ in clipping alone share one."""
        return f"{self.run}-averaged" if self.averaged else self.run


RUNGS: tuple[Rung, ...] = (
    Rung("lecture", "The lecture's network", "The lecture's network", "lecture"),
    Rung("skips", "+ skips", "Adding the encoder's outputs to the decoder's", "skips"),
    Rung("norm", "+ normalisation", "Group normalisation after each convolution", "norm"),
    Rung("time", "+ time input", "Telling the network t", "time"),
    Rung("attention", "+ attention", "Self-attention at 7 × 7", "attention"),
    Rung("ema", "+ EMA", "Averaging the weights over the last steps", "attention", True),
    Rung("target", "+ target v", "Predicting v instead of ε", "target", True),
    Rung("clip", "+ clipping", "Clipping x̂₀ to [−1, 1]", "target", True, True),
)


def settings(run: str, seed: int, steps: int = STEPS) -> TrainConfig:
    """How one of `RUNS` is trained: as the lecture does, but for what the run changes."""
    parts, target = RUNS[run]
    lecture = LECTURES[BEGINNING]
    known: dict[str, Any] = run_settings(lecture, adapt(lecture, BUNDLED, shared=True))
    known |= {"network": "ladder-unet", "network_options": {"width": WIDTH} | dict(parts)}
    return TrainConfig(**known | {"target": target, "ema": DECAY, "steps": steps, "seed": seed})


def network_of(run: str) -> LadderUnetConfig:
    """The network of one of `RUNS`."""
    return LadderUnetConfig(width=WIDTH, **RUNS[run][0])
