"""Settings -> the command that asks for them: the other way round than `recipe`, `sample`, …"""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any

from explorer.cli.recipe import MINUTES, OPTIMISERS, Train
from explorer.diffusion.samplers import SAMPLERS
from explorer.settings.networks import CHOICES
from explorer.settings.training import DEFAULT_PRESET, TrainConfig

PROGRAM = "python -m explorer"


def as_command(words: Sequence[str]) -> str:
    """One line for a shell."""
    return f"{PROGRAM} {shlex.join(words)}"


def train_words(config: TrainConfig, out: str) -> list[str]:
    """What `train` is told for this run: all that differs from the command's own defaults.

    ValueError for a network that no name of the command line stands for.
    """
    words, default = ["train", "--out", out], Train()
    usual: dict[str, Any] = {each.name: getattr(default.run, each.name)
                             for each in fields(default.run)}  # fmt: skip
    if adam := next((name for name, values in OPTIMISERS.items() if values and all(
        getattr(config, key) == value for key, value in values.items()
    )), None):  # fmt: skip
        words += ["--optimiser", adam]
        usual |= OPTIMISERS[adam]
    for name, value in usual.items():
        asked = getattr(config, name)
        if asked == value:
            continue
        flag = name.replace("_", "-")
        if isinstance(asked, bool):
            words.append(f"--{flag}" if asked else f"--no-{flag}")
        else:
            words += [f"--{flag}", str(asked)]
    minutes = None if config.seconds is None else config.seconds / 60
    if minutes is not None and (minutes != MINUTES or config.steps is not None):
        words += ["--minutes", f"{minutes:g}" if 60 * float(f"{minutes:g}") == config.seconds
                  else repr(minutes)]  # fmt: skip
    network, options = network_name(config)
    if network != default.network:
        words += ["--network", network]
    for name, value in options.items():
        each = value if isinstance(value, (tuple, list)) else [value]
        words += [f"--network.{name.replace('_', '-')}", *map(str, each)]
    if not config.conditional:
        words.append("--unconditional")
    for name, value in config.schedule_options.items():
        words += ["--option", f"{name}={value!r}"]
    return words


def network_name(config: TrainConfig) -> tuple[str, dict[str, Any]]:
    """Which of `CHOICES` this network is, and what it has otherwise; ValueError if it is none.

    The one of which least has to be said.
    """
    asked, found = dict(config.network_options), list[tuple[str, dict[str, Any]]]()
    if (config.network, asked) == ("unet", {}):
        return DEFAULT_PRESET, {}
    for name, (kind, options) in CHOICES.items():
        if kind == config.network and options.keys() <= asked.keys():
            other = {key: value for key, value in asked.items() if options.get(key) != value}
            found.append((name, other))
    if not found:
        raise ValueError(f"no name stands for the network {config.network} as it is set here")
    return min(found, key=lambda each: len(each[1]))


def sample_words(
    settings: Mapping[str, Any], lane: Mapping[str, Any], file: str, classes: Sequence[str]
) -> list[str] | None:
    """What `sample` is told for one lane of a race; None where the command cannot do it.

    settings : as `RaceView.settings`.
    """
    from explorer.race.breaks import break_word, current_name

    n, labels = settings["pictures"], settings["labels"]
    if labels is not None and not classes:  # of a model that is gone
        return None
    words = ["sample", file, "--sampler", lane["sampler"]]
    options = SAMPLERS[lane["sampler"]].options
    for name, option in options.items():
        if name in lane and (lane[name] != option.default or name == "steps"):
            words += [f"--{name.replace('_', '-')}", str(lane[name])]
    breaks = [*(["x_s clamped"] if lane.get("clamp") else []), *lane.get("breaks", ())]
    if breaks:
        words += ["--breaks", *(break_word(current_name(name)) for name in breaks)]
    words += ["--n", str(n), "--seed", str(settings["seed"])]
    if labels is not None and labels != [i % len(classes) for i in range(n)]:
        if len(set(labels)) > 1:
            return None
        words += ["--label", classes[labels[0]]]
    if settings["guidance"] != 1:
        words += ["--guidance", str(settings["guidance"])]
    if scale := settings.get("classifier_scale", 0):
        words += ["--classifier-scale", str(scale)]
    return words


def evaluate_words(
    file: str, steps: Sequence[int], samplers: Sequence[str], etas: Sequence[str], n: int
) -> list[str]:
    """What `evaluate` is told for a table; etas : numbers, or "hat"."""
    words = ["evaluate", file, "--n", str(n), "--steps", ",".join(map(str, steps))]
    words += ["--sampler", ",".join(samplers)]
    return words + (["--eta", ",".join(etas)] if etas else [])
