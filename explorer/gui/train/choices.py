"""What can be chosen for a training run, and what is said of a choice before it starts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from explorer.data import BUNDLED, DATASETS
from explorer.data.published import DOWNLOAD_BYTES
from explorer.diffusion import SCHEDULES, TARGETS, WEIGHTINGS
from explorer.diffusion.schedule import schedule_options
from explorer.gui.frame.context import Context
from explorer.gui.frame.limits import SEEDS, number, whole
from explorer.gui.frame.room import amount
from explorer.gui.frame.spoken import about, counted, exactly
from explorer.gui.train.own_pictures import NONE_YET, OWN, stored
from explorer.lectures import LECTURES, Lecture, adapt, differences
from explorer.networks import CHOICES as NETWORKS
from explorer.optimisers import OPTIMISERS
from explorer.training import TrainConfig
from explorer.training.estimate import Estimate, estimate, run_bytes
from explorer.training.probe import few_held_out

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
    "optimiser": "AdamW",
    "label_dropout": 0.1,
}
"""Every setting of the Train tab, at first."""

PRESETS: dict[str, dict[str, Any]] = {
    "Digits 16×16 · 90 seconds": {},
    "Digits 28×28 · 10 minutes": {"size": 28, "budget": 600},
    "Clothes 28×28 · 10 minutes": {
        "data": "fashion-mnist",
        "size": 28,
        "budget": 600,
        "flips": True,
    },
    "Emoji 32×32 · 20 minutes": {
        "data": "emoji-four",
        "size": 32,
        "budget": 1200,
        "network": "fine",
    },
    "GPU: digits 28×28 · 30 seconds": {
        **{"data": "mnist", "size": 28, "budget": 30, "network": "base", "batch": 256},
        "ema": 0.995,
    },
}
"""Name -> what differs from `DEFAULTS`."""
FORMER = {name: name.replace(" seconds", " s").replace(" minutes", " min") for name in PRESETS}
"""What presets were called in older links."""
LECTURE_PRESETS: dict[str, Lecture] = {
    f"Lecture: {lecture.title}": lecture for lecture in LECTURES.values()
}
LECTURE_STEPS = 300
RATES = (1e-6, 0.1)
"""Bounds of the learning rate."""
GAMMAS = (0.01, 1000)
"""Of γ, where min-snr cuts the weights."""
DECAYS = (0, 0.99999)
"""Of the weights' average."""


def preset_values(name: Any, context: Context | None = None) -> dict[str, Any]:
    """All settings of a preset, a lecture's as it can be here; `DEFAULTS` for an unknown name."""
    if not isinstance(name, str):
        return dict(DEFAULTS)
    if name in LECTURE_PRESETS:
        return DEFAULTS | _lecture_values(LECTURE_PRESETS[name], context)
    return DEFAULTS | PRESETS.get(name, {})


def _lecture_values(lecture: Lecture, context: Context | None) -> dict[str, Any]:
    """Without a context: at home, on a CPU, with bundled pictures alone."""
    place: dict[str, Any] = {"offered": BUNDLED}
    if context is not None:
        place = {
            "offered": context.datasets,
            "root": context.root,
            "fast": context.device.device.type == "cuda",
            "shared": context.limits.hosted,
        }
    adapted = adapt(lecture, **place)
    return {
        "data": adapted.data,
        "size": adapted.size,
        "labels": False,
        "schedule": lecture.schedule,
        "T": lecture.T,
        "unit": "steps",
        "budget": LECTURE_STEPS,
        "target": "eps",
        "network": adapted.network,
        "batch": lecture.batch,
        "rate": lecture.rate,
        "ema": 0.0,
        "optimiser": "Adam",
    }


def preset_title(name: str, context: Context) -> str:
    """What the menu says of a preset: also that it downloads, which needs a network."""
    data = DATASETS.get(preset_values(name, context)["data"])
    if data is None or data.bundled:
        return name
    size = DOWNLOAD_BYTES.get(preset_values(name, context)["data"])
    return f"{name} (downloads {amount(size)} once)" if size else f"{name} (not bundled)"


def preset_note(name: Any, context: Context) -> str:
    """What a lecture's preset has otherwise than the lecture; empty for other presets."""
    if not isinstance(name, str) or name not in LECTURE_PRESETS:
        return ""
    other = differences(
        LECTURE_PRESETS[name], make_config(preset_values(name, context), {}, context)
    )
    return f"Here: {', '.join(other)}." if other else "Everything as in the lecture."


def allowed(name: str, context: Context) -> bool:
    """Whether this place and machine are for a preset."""
    values, limits = preset_values(name, context), context.limits
    if name.startswith("GPU") and context.device.device.type != "cuda":
        return False
    return (
        values["data"] in context.datasets
        and values["size"] <= limits.sizes[1]
        and values["budget"] <= (limits.steps if values["unit"] == "steps" else limits.seconds)[1]
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
    choices |= {"network": NETWORKS, "optimiser": OPTIMISERS}
    for name, known in choices.items():
        if not isinstance(values[name], str) or values[name] not in known:
            raise ValueError(f"no {name} {values[name]!r}; there are: {', '.join(known)}")
    side = whole("Size", values["size"], limits.sizes)
    check_side(side)
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
        SCHEDULES[values["schedule"]].options[name].check(f"{name} of the schedule", value)
    network, network_options = NETWORKS[values["network"]]
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
        gamma=number("γ", values["gamma"], GAMMAS),
        network=network,
        network_options=network_options,
        steps=steps,
        seconds=seconds,
        batch=whole("Batch", values["batch"], limits.batch),
        learning_rate=number("Learning rate", values["rate"], RATES),
        ema=number("EMA", values["ema"], DECAYS),
        label_dropout=number("Label dropout", values["label_dropout"], (0, 1)),
        seed=whole("Seed", values["seed"], SEEDS),
        **OPTIMISERS[values["optimiser"]],
    )


def check_side(side: int) -> None:
    """ValueError for a picture that the network cannot halve twice."""
    if side % 4:
        raise ValueError(
            f"Size: {side} is not allowed; the network needs a multiple of 4, for example "
            f"{max(8, side - side % 4)}"
        )


def foresee(config: TrainConfig, folder: Path, context: Context) -> str:
    """What the run will take and what will work badly, as Markdown; ValueError if it cannot be.

    folder : of the visitor.
    """
    needed = check_run(config, folder, context)
    text = (
        f"**{needed.parameters / 1e6:.1f} M weights**, about {amount(needed.memory)} of memory, "
    )
    speed = context.device.speed
    if speed is None:
        text += "speed measured in the first seconds"
    elif config.steps is not None:
        needs = needed.seconds(config.steps, speed)
        if config.seconds and needs > config.seconds:
            count = float(f"{needed.steps(config.seconds, speed):.2g}")
            text += (
                f"{about(needs)} for {counted(config.steps, 'step')}; here it ends after "
                f"{exactly(config.seconds)}, about {count:,.0f} steps"
            )
        else:
            text += f"{about(needs)} for {counted(config.steps, 'step')}"
    elif config.seconds is not None:
        count = float(f"{needed.steps(config.seconds, speed):.2g}")
        text += f"about {count:,.0f} steps in {exactly(config.seconds)}"
    few = few_held_out(own[0]) if config.data == OWN and (own := stored(folder)) else ""
    advice = [*config.advice(), *filter(None, [few])]
    return "\n\n".join([text, *(f"⚠ {sentence}" for sentence in advice)])


def check_run(config: TrainConfig, folder: Path, context: Context) -> Estimate:
    """What a run needs; ValueError if it cannot be built or needs more than this place gives."""
    needed = estimate(config, *_pictures(config.data, folder))
    if needed.memory > context.limits.memory:
        raise ValueError(
            f"this run needs about {amount(needed.memory)} of memory; "
            f"{amount(context.limits.memory)} are allowed here: choose "
            f"smaller images, a smaller batch or a smaller network"
            + _instead(config, folder, context)
        )
    left = bytes_of_run(config, folder)
    if left > context.limits.run_bytes:
        raise ValueError(
            f"this run would store {amount(left)} on the disk (the model, its snapshots, and "
            f"what is needed to continue); {amount(context.limits.run_bytes)} are allowed here: "
            "choose a smaller network" + _instead(config, folder, context)
        )
    return needed


def bytes_of_run(config: TrainConfig, folder: Path) -> int:
    """What a run leaves on the disk; ValueError as in `check_run`."""
    return run_bytes(config, *_pictures(config.data, folder))


def offered_networks(context: Context) -> list[str]:
    """Those of the networks whose runs are not too large for this place's disk."""

    def fits(network: str, options: Mapping[str, Any]) -> bool:
        asked = TrainConfig(size=32, steps=1, network=network, network_options=options)
        return run_bytes(asked, channels=3, classes=0) <= context.limits.run_bytes

    return [name for name, choice in NETWORKS.items() if fits(*choice)]


def _instead(config: TrainConfig, folder: Path, context: Context) -> str:
    """The widest network of a lecture's kind that would fit."""
    fitting = []
    for name, (kind, options) in NETWORKS.items():
        if kind == config.network != "unet":
            other = replace(config, network_options=options)
            needed = estimate(other, *_pictures(config.data, folder))
            fits = bytes_of_run(other, folder) <= context.limits.run_bytes
            if fits and needed.memory <= context.limits.memory:
                fitting.append((needed.parameters, name))
    return f"; {max(fitting)[1]} fits" if fitting else ""


def _pictures(data: str, folder: Path) -> tuple[int, int]:
    """Channels and (about) the number of classes of a data set."""
    if data == OWN:
        own = stored(folder)
        if own is None:
            raise ValueError(NONE_YET)
        return own[1:]
    return DATASETS[data].channels, 10
