"""What a training run is asked to do."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from explorer.checkpoints import MAX_T
from explorer.diffusion import TARGETS, Schedule, make_schedule
from explorer.networks import NETWORKS

NETWORK_DEFAULTS: Mapping[str, Any] = {
    "width": 64,
    "multipliers": (1, 2),
    "blocks": 1,
    "attention": (1,),
    "patch": 2,
}
"""2 M parameters; 10 ms for four 28 × 28 digits on one CPU core."""


@dataclass(frozen=True)
class TrainConfig:
    """Everything that decides a run's outcome, but for the machine.

    The run ends after `steps` steps or `seconds` seconds, whichever comes first; one of the two
    must be given. ValueError for a value that cannot be used.
    """

    data: str = "mnist-5k"
    size: int = 16
    """Side of the pictures in pixels."""
    conditional: bool = True
    """Whether the network is told the class, where the data has classes."""
    schedule: str = "cosine"
    T: int = 1000
    schedule_options: Mapping[str, float] = field(default_factory=dict)
    target: str = "v"
    """What the network predicts, one of `TARGETS`. ε is the classic; v learns faster."""
    network: str = "unet"
    network_options: Mapping[str, Any] = field(default_factory=dict)
    """What differs from `NETWORK_DEFAULTS`."""
    steps: int | None = None
    seconds: float | None = None
    batch: int = 64
    learning_rate: float = 2e-3
    """Of AdamW: its peak, after `warmup` steps; it falls to a tenth by the end of the budget."""
    warmup: int = 50
    ema: float = 0.999
    """Decay of the weights' moving average, lower in the first steps, see `Run`."""
    clip_norm: float = 1.0
    """The gradient's norm is clipped to this."""
    label_dropout: float = 0.1
    """How often the class is withheld, so that one network also learns without it."""
    seed: int = 0

    def __post_init__(self) -> None:
        if self.steps is None and self.seconds is None:
            raise ValueError("a run needs a budget: steps or seconds")
        rules = [
            (self.steps is None or self.steps >= 1, "steps", "at least 1"),
            (
                self.seconds is None or (math.isfinite(self.seconds) and self.seconds > 0),
                "seconds",
                "above 0",
            ),
            (self.T <= MAX_T, "T", f"at most {MAX_T}"),
            (self.batch >= 1, "batch", "at least 1"),
            (0 < self.learning_rate < 1, "learning_rate", "between 0 and 1"),
            (self.warmup >= 0, "warmup", "0 or more"),
            (0 <= self.ema < 1, "ema", "from 0 to below 1"),
            (self.clip_norm > 0, "clip_norm", "above 0"),
            (0 <= self.label_dropout <= 1, "label_dropout", "from 0 to 1"),
            (0 <= self.seed < 2**32, "seed", "from 0 to 4294967295"),
            (self.target in TARGETS, "target", "one of " + ", ".join(TARGETS)),
            (self.network in NETWORKS, "network", "one of " + ", ".join(NETWORKS)),
        ]
        for holds, name, allowed in rules:
            if not holds:
                raise ValueError(f"{name} = {getattr(self, name)!r} is not allowed: {allowed}")
        self.make_schedule()

    def make_schedule(self) -> Schedule:
        """The forward process it trains for."""
        return make_schedule(self.schedule, self.T, **self.schedule_options)
