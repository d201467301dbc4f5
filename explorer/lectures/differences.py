"""What a run has otherwise than a lecture, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from explorer.diffusion.schedule import schedule_options
from explorer.lectures.catalogue import Lecture
from explorer.optimisers import OPTIMISERS
from explorer.settings.networks import CHOICES, CONFIGS

if TYPE_CHECKING:
    from explorer.training import TrainConfig


def differences(lecture: Lecture, config: TrainConfig) -> list[str]:
    """What a run has otherwise than the lecture, but for its length and seed, in words.

    Also what the lecture's training does and no run of ours; with the lecture's network what
    stands in the holes of its code, as nobody can know.
    """
    plain = all(getattr(config, name) == value for name, value in OPTIMISERS["Adam"].items())
    usual = schedule_options(config.schedule)
    own = [f"{k} = {v:g}" for k, v in config.schedule_options.items() if v != usual.get(k)]
    pairs = {
        "images": (config.data, lecture.data[0]),
        "size": (config.size, lecture.size),
        "schedule": (" ".join([config.schedule, *own]), lecture.schedule),
        "T": (config.T, lecture.T),
        "batch": (config.batch, lecture.batch),
        "learning rate": (config.learning_rate, lecture.rate),
        "optimiser": ("Adam" if plain else "AdamW", "Adam"),
        "EMA": (config.ema, 0),
        "target": (config.target, "eps"),
        "weighting": (config.weighting, "simple"),
        "mirrored images": ("half" if config.flips else "none", "none"),
    }
    said = [f"{what} {a} instead of {b}" for what, (a, b) in pairs.items() if a != b]
    return [*said, *lecture.otherwise, *_of_network(lecture, config)]


def _of_network(lecture: Lecture, config: TrainConfig) -> list[str]:
    """Another network, or another width of the same, and what no printed line decides."""
    kind, own = CHOICES[lecture.network]
    if config.network != kind:
        asked = (config.network, dict(config.network_options))
        names = (name for name, (k, options) in CHOICES.items() if asked == (k, dict(options)))
        return [f"network {next(names, config.network)} instead of {lecture.network}"]
    said, called = [], CONFIGS[kind].called
    for name, value in {**own, **config.network_options}.items():
        usual = own.get(name, getattr(CONFIGS[kind], name))
        if value is not usual and type(value) is bool:
            here, there = ("with", "without") if value else ("without", "with")
            said.append(f"{called} {here} {name} instead of {there}")
        elif value != usual:
            said.append(f"{called} of {name} {value} instead of {usual}")
    return [*said, *lecture.holes]
