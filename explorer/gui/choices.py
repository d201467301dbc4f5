"""What can be chosen for a training run, and what is said of a choice before it starts."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from explorer.data import DATASETS
from explorer.diffusion import SCHEDULES, TARGETS, WEIGHTINGS
from explorer.diffusion.schedule import schedule_options
from explorer.gui.context import Context
from explorer.gui.limits import SEEDS, number, whole
from explorer.gui.own_pictures import NONE_YET, OWN, stored
from explorer.networks import PRESETS as NETWORKS
from explorer.training import TrainConfig
from explorer.training.estimate import Estimate, estimate

DEFAULTS: dict[str, Any] = {
    "data": "mnist-5k",
    "size": 16,
    "labels": True,
    "schedule": "cosine",
    "T": 1000,
    "unit": "seconds",
    "budget": 90,
    "seed": 0,
    "target": "v",
    "weighting": "simple",
    "gamma": 5,
    "network": "small",
    "batch": 64,
    "rate": 0.002,
    "ema": 0.999,
    "flips": False,
}
"""Every setting of the Train tab, at first."""

PRESETS: dict[str, dict[str, Any]] = {
    "Digits 16×16 · 90 s": {},
    "Digits 28×28 · 10 min": {"size": 28, "budget": 600},
    "Clothes 28×28 · 10 min": {"data": "fashion-mnist", "size": 28, "budget": 600, "flips": True},
    "Emoji 32×32 · 20 min": {"data": "emoji", "size": 32, "budget": 1200, "network": "base"},
    "GPU: digits 28×28 · 30 s": {
        **{"data": "mnist", "size": 28, "budget": 30, "network": "base", "batch": 256},
        "ema": 0.995,
    },
}
"""Name -> what differs from `DEFAULTS`."""


def preset_values(name: str) -> dict[str, Any]:
    """All settings of a preset; those of `DEFAULTS` for an unknown name."""
    return DEFAULTS | PRESETS.get(name, {})


def allowed(name: str, context: Context) -> bool:
    """Whether this place and machine are for a preset."""
    values, limits = preset_values(name), context.limits
    if name.startswith("GPU") and context.device.device.type != "cuda":
        return False
    return (
        values["data"] in context.datasets
        and values["size"] <= limits.sizes[1]
        and values["budget"] <= limits.seconds[1]
    )


def make_config(
    values: Mapping[str, Any], options: Mapping[str, Any], context: Context
) -> TrainConfig:
    """A run within this place's limits; ValueError says what is wrong and what is allowed.

    values : as `DEFAULTS`; options : the schedule's own numbers.
    """
    limits = context.limits
    data = values["data"]
    if data != OWN and data not in context.datasets:
        raise ValueError(f"no data set {data!r} here; there are: {', '.join(context.datasets)}")
    choices = {"schedule": SCHEDULES, "target": TARGETS, "weighting": WEIGHTINGS}
    for name, known in (choices | {"network": NETWORKS}).items():
        if not isinstance(values[name], str) or values[name] not in known:
            raise ValueError(f"no {name} {values[name]!r}; there are: {', '.join(known)}")
    side = whole("Size", values["size"], limits.sizes)
    if side % 4:
        raise ValueError(
            f"Size: {side} is not allowed; the network needs a multiple of 4, for example "
            f"{max(8, side - side % 4)}"
        )
    by_steps = values["unit"] == "steps"
    steps = whole("Steps", values["budget"], limits.steps) if by_steps else None
    seconds = None if by_steps else number("Seconds", values["budget"], limits.seconds)
    if limits.hosted:  # strangers' steps have a time limit too
        seconds = seconds or limits.seconds[1]
    T = whole("T", values["T"], limits.T)
    known = schedule_options(values["schedule"])
    chosen = {name: value for name, value in options.items() if name in known}
    for name, value in chosen.items():
        if value is None:
            raise ValueError(f"{name} of the schedule is empty; give a number")
        number(f"{name} of the schedule", value, (0, 1e9))
    return TrainConfig(
        data=data,
        size=side,
        conditional=bool(values["labels"]),
        flips=bool(values["flips"]),
        schedule=values["schedule"],
        T=T,
        schedule_options={n: float(v) for n, v in chosen.items() if v != known[n]},
        target=values["target"],
        weighting=values["weighting"],
        gamma=number("γ", values["gamma"], (0.01, 1000)),
        network_options=NETWORKS[values["network"]],
        steps=steps,
        seconds=seconds,
        batch=whole("Batch", values["batch"], limits.batch),
        learning_rate=number("Learning rate", values["rate"], (1e-6, 0.1)),
        ema=number("EMA", values["ema"], (0, 0.99999)),
        seed=whole("Seed", values["seed"], SEEDS),
    )


def foresee(config: TrainConfig, folder: Path, context: Context) -> str:
    """What the run will take and what will work badly, as Markdown; ValueError if it cannot be.

    folder : of the visitor.
    """
    needed = check_run(config, folder, context)
    text = (
        f"**{needed.parameters / 1e6:.1f} M weights**, about {_bytes(needed.memory)} of memory, "
    )
    speed = context.device.speed
    if speed is None:
        text += "speed measured in the first seconds"
    elif config.steps is not None:
        needs = needed.seconds(config.steps, speed)
        if config.seconds and needs > config.seconds:
            count = float(f"{needed.steps(config.seconds, speed):.2g}")
            text += (
                f"about {_duration(needs)} for {config.steps:,} steps; here it ends after "
                f"{_duration(config.seconds)}, about {count:,.0f} steps"
            )
        else:
            text += f"about {_duration(needs)} for {config.steps:,} steps"
    else:
        count = float(f"{needed.steps(config.seconds, speed):.2g}")
        text += f"about {count:,.0f} steps in {_duration(config.seconds)}"
    return "\n\n".join([text, *(f"⚠ {sentence}" for sentence in config.advice())])


def check_run(config: TrainConfig, folder: Path, context: Context) -> Estimate:
    """What a run needs; ValueError if it cannot be built or needs more than this place gives."""
    needed = estimate(config, *_pictures(config.data, folder))
    if needed.memory > context.limits.memory:
        raise ValueError(
            f"this run needs about {_bytes(needed.memory)} of memory; here it may take "
            f"{_bytes(context.limits.memory)}: choose smaller pictures, batch or network"
        )
    return needed


def _pictures(data: str, folder: Path) -> tuple[int, int]:
    """Channels and (about) the number of classes of a data set."""
    if data == OWN:
        own = stored(folder)
        if own is None:
            raise ValueError(NONE_YET)
        return own[1:]
    return DATASETS[data].channels, 10


def _bytes(n: float) -> str:
    return f"{n / 1e9:.1f} GB" if n >= 1e9 else f"{n / 1e6:.0f} MB"


def _duration(seconds: float) -> str:
    if seconds < 100:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 6000 else f"{seconds / 3600:.1f} h"
