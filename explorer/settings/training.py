"""What a training run is asked to do."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from explorer.diffusion.names import CLASS, TARGETS, WEIGHTINGS
from explorer.diffusion.schedule import SCHEDULES, make_schedule
from explorer.settings.names import AUTO, FITS, PRECISIONS
from explorer.settings.networks import CONFIGS, PRESETS

if TYPE_CHECKING:
    from torch import Tensor

    from explorer.diffusion.schedule import Schedule

DEFAULT_PRESET = "base"
CLASSIFIER = "classifier"
"""The network for the target "class"."""
PROBE_SHARE = 10
"""One of so many images, and at least one, is held out of training for the probe."""
WORDS: Mapping[str, tuple[str, ...]] = {
    "fit": FITS,
    "schedule": tuple(SCHEDULES),
    "target": (*TARGETS, CLASS),
    "weighting": WEIGHTINGS,
    "precision": (AUTO, *PRECISIONS),
}
"""Setting -> the words that it may be."""


@dataclass(frozen=True)
class TrainConfig:
    """Everything that decides a run's outcome, but for the machine.

    The run ends after `steps` steps or `seconds` seconds, whichever comes first; one of the two
    must be given. ValueError for a value that cannot be used.
    """

    data: str = "mnist-5k"
    """A data set's name, or a folder, zip or npz of images."""
    size: int = 16
    """Side of the images in pixels."""
    fit: str = FITS[0]
    """How to make an image square: crop to its middle, or pad it with margins."""
    conditional: bool = True
    """Whether the network receives the class, where the data has classes."""
    flips: bool = False
    """Whether half of the images are mirrored left to right."""
    schedule: str = "cosine"
    """How the noise grows from step to step."""
    T: int = 1000
    """Steps of the schedule."""
    schedule_options: Mapping[str, float] = field(default_factory=dict)
    target: str = "v"
    """What the network predicts. ε is the classic; v learns faster. "class" trains a classifier,
    which guides and makes no images."""
    weighting: str = "simple"
    """How the loss is weighted over t."""
    gamma: float = 5.0
    """γ of the weighting "min-snr"."""
    network: str = "unet"
    network_options: Mapping[str, Any] = field(default_factory=dict)
    """What differs from the preset "base" in `PRESETS`; of the others, from their defaults."""
    steps: int | None = None
    """Budget in steps."""
    seconds: float | None = None
    batch: int = 64
    """Images per step, over all processes."""
    accumulate: int = 1
    """In how many parts, one after the other, a step's images go through the network: the same
    step for less memory."""
    learning_rate: float = 2e-3
    """Of AdamW: its peak, after `warmup` steps."""
    warmup: int = 50
    """Steps in which the learning rate rises from about 0."""
    final_rate: float = 0.1
    """The share of the learning rate that is left at the end of the budget; 1 keeps it."""
    weight_decay: float = 0.01
    """Of AdamW; with 0 it is Adam."""
    ema: float = 0.999
    """Decay of the weights' moving average, lower in the first steps."""
    clip_norm: float = 1.0
    """The gradient's norm is clipped to this."""
    label_dropout: float = 0.1
    """How often the class is withheld, so that one network also learns without it."""
    seed: int = 0
    """Of the first weights, and of all that is drawn."""
    precision: str = AUTO
    """What a step is computed in; auto: what suits the device."""

    def __post_init__(self) -> None:
        from explorer.checkpoints import MAX_T

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
            (
                self.accumulate >= 1 and self.batch % self.accumulate == 0,
                "accumulate",
                f"at least 1, and the batch, {self.batch}, is a multiple of it",
            ),
            (0 < self.learning_rate < 1, "learning_rate", "between 0 and 1"),
            (self.warmup >= 0, "warmup", "0 or more"),
            (0 <= self.final_rate <= 1, "final_rate", "from 0 to 1"),
            (0 <= self.weight_decay < 1, "weight_decay", "from 0 to below 1"),
            (0 <= self.ema < 1, "ema", "from 0 to below 1"),
            (self.clip_norm > 0, "clip_norm", "above 0"),
            (0 <= self.label_dropout <= 1, "label_dropout", "from 0 to 1"),
            (0 <= self.seed < 2**32, "seed", "from 0 to 4294967295"),
            (0 < self.gamma < math.inf, "gamma", "above 0"),
            (self.network in CONFIGS, "network", "one of " + ", ".join(CONFIGS)),
        ]
        rules += [
            (getattr(self, name) in words, name, "one of " + ", ".join(words))
            for name, words in WORDS.items()
            if name != "schedule"  # which says so itself
        ]
        for holds, name, allowed in rules:
            if not holds:
                raise ValueError(f"{name} = {getattr(self, name)!r} is not allowed: {allowed}")
        if (self.target == CLASS) != (self.network == CLASSIFIER):
            raise ValueError(
                f"target {self.target} is not for the network {self.network}: the target {CLASS} "
                f"and the network {CLASSIFIER} belong together"
            )
        self.loss_weights()

    def make_schedule(self) -> Schedule:
        """The forward process it trains for."""
        return make_schedule(self.schedule, self.T, **self.schedule_options)

    def make_network_config(self, channels: int, classes: int) -> Any:
        """What the network is built from; ValueError if the images do not fit through it."""
        preset: Mapping[str, Any] = PRESETS[DEFAULT_PRESET] if self.network == "unet" else {}
        settings = {**preset, **self.network_options}
        config = CONFIGS[self.network](channels=channels, classes=classes, T=self.T, **settings)
        config.check_size(self.size, self.size)
        return config

    def loss_weights(self) -> Tensor:
        """w_t over t = 0…T, see `explorer.diffusion.loss_weights`; ValueError if not finite."""
        from explorer.diffusion import loss_weights

        weights = loss_weights(self.make_schedule(), self.target, self.weighting, gamma=self.gamma)
        if not weights.isfinite().all():
            raise ValueError(
                f"weighting '{self.weighting}' has no finite weights for the schedule "
                f"'{self.schedule}' with T = {self.T}: choose the weighting simple"
            )
        return weights

    def advice(self) -> list[str]:
        """What will work badly together, a sentence each; empty for a sound choice."""
        found = []
        weights = self.loss_weights()
        share = (weights.max() / weights.sum()).item()
        if self.T >= 20 and share > 0.5:
            found.append(
                f"Weighting '{self.weighting}' with target '{self.target}' gives {share:.0%} of "
                f"the weight to t = {int(weights.argmax())}: little else will be learnt. Target "
                "v spreads it."
            )
        left = self.make_schedule().alpha_bar[-1].item()
        if left > 0.05:
            found.append(
                f"At t = T this schedule still leaves {math.sqrt(left):.0%} of the image's "
                "amplitude: sampling starts from pure noise, which training never shows. A "
                "larger T, larger β or the cosine schedule ends in noise."
            )
        if self.target == "eps" and left < 1e-6:
            found.append(
                "Target eps with a schedule that ends in pure noise: at t = T the noise says "
                "nothing about the image, so the first step of sampling is a guess. v is safer."
            )
        return found
