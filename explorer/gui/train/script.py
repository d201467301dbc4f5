"""The run that Train's settings ask for, as a script and as a command."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from explorer.cli.said import as_command, train_words
from explorer.data import DATASETS
from explorer.gui.parts.copy_text import COMMAND, PYTHON, Texts
from explorer.gui.train.own_pictures import OWN
from explorer.settings.training import TrainConfig

SCRIPT = '''\
"""Train: the run that is set here (Diffusion Explorer).

Save this in the Explorer's folder and run it there.
"""

from explorer.data import load
from explorer.devices import best_device
from explorer.figures.pictures import grid
from explorer.race import ddim, pictures
from explorer.training import Run, TrainConfig, observe

config = TrainConfig(
{settings}
)
run = Run(config, load(config.data, size=config.size), best_device())
for seen in observe(run):  # a step at a time: loss, gradient, AdamW, moving average
    if seen.probed:
        probe = run.history.probes[-1].loss
        print(f"step {{seen.step.step}}: loss {{seen.step.smooth_loss:.4f}}, probe {{probe:.4f}}")
run.save("{out}.safetensors")

denoiser = run.denoiser()  # with the averaged weights
shape = (run.data.channels, config.size, config.size)
labels = [i % len(run.classes) for i in range(10)] if run.classes else None
lane = ddim(config.T, min(50, config.T))
grid(pictures(denoiser, lane, shape, seed=config.seed, labels=labels, n=10)).save("{out}.png")
'''
IMAGES = "my-images"
"""What stands for a visitor's own pictures: a folder."""


def train_texts(config: TrainConfig) -> Texts:
    """Script and command of a run."""
    out = f"{config.data}-{config.size}-{config.schedule}".replace(" ", "-")
    if config.data == OWN:
        config = _with_data(config, IMAGES)
    words = train_words(config, f"checkpoints/runs/{out}.safetensors")
    return Texts({PYTHON: SCRIPT.format(settings=_settings(config), out=out),
                  COMMAND: as_command(words) + "\n"})  # fmt: skip


def _with_data(config: TrainConfig, data: str) -> TrainConfig:
    from dataclasses import replace

    return replace(config, data=data)


def _settings(config: TrainConfig) -> str:
    """The arguments of TrainConfig, a line each; what is as usual is left out."""
    usual = TrainConfig(steps=1)
    shown: dict[str, Any] = {"data": config.data, "size": config.size}
    for each in fields(TrainConfig):
        value = getattr(config, each.name)
        if each.name == "steps" or value != getattr(usual, each.name):
            shown[each.name] = dict(value) if isinstance(value, dict) else value
    if config.steps is None:
        del shown["steps"]
    note = "" if config.data in DATASETS else "  # a folder, a zip or an .npz of images"
    return "\n".join(
        f"    {name}={_literal(value)},{note if name == 'data' else ''}"
        for name, value in shown.items()
    )


def _literal(value: Any) -> str:
    return repr(dict(value)) if hasattr(value, "items") else repr(value)
