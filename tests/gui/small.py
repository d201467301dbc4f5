"""Runs so small that a test can wait for them, and the handlers behind the Train tab."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Callable
from copy import copy
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace
from typing import Any

import gradio as gr
import torch
from PIL import Image
from safetensors.torch import load_file

from explorer.gui.app import create_app
from explorer.gui.frame.context import Context
from explorer.gui.frame.device import Device
from explorer.gui.frame.limits import HOSTED, Limits
from explorer.gui.train.task import Job
from explorer.gui.train.watch import Progress, train
from explorer.networks import PRESETS
from explorer.training import TrainConfig
from tests.gui.panel import named

CPU = torch.device("cpu")


def small(**changes: Any) -> TrainConfig:
    """A run of a few steps of a small network on small digits."""
    values = dict(size=8, T=10, steps=12, batch=4, network_options=PRESETS["tiny"], warmup=2)
    return TrainConfig(**values | changes)


def progress_of(job: Job, device: Device | None = None, **options: Any) -> list[Progress]:
    """What a run shows; `Progress` is one object that grows, so copies are kept."""
    wishes = options.pop("wishes", lambda: "")
    stopped = options.pop("stopped", lambda: False)
    run = train(job, (device or Device(CPU)).runner(stopped), wishes, stopped, **options)
    return [copy(progress) for progress in run]


def kept(job: Job) -> dict[str, torch.Tensor]:
    """All tensors of a run's state: weights, average, optimiser, random state."""
    return load_file(job.record.state)


def same(a: Job, b: Job) -> bool:
    """Whether two runs stand at the same point, bit for bit."""
    one, two = kept(a), kept(b)
    return one.keys() == two.keys() and all(torch.equal(one[name], two[name]) for name in one)


def until(condition: Callable[[], Any], seconds: float = 60) -> None:
    """Wait for something that another thread does."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.002)


def thread(target: Callable[[], Any]) -> threading.Thread:
    """Started."""
    started = threading.Thread(target=target, daemon=True)
    started.start()
    return started


def pictures(folder: Path, count: int = 10, side: int = 12, grey: bool = False) -> list[Path]:
    """PNGs of flat colours."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for i in range(count):
        colour = (20 * i % 256,) * 3 if grey else (20 * i % 256, 200, 10)
        paths.append(folder / f"p{i:02}.png")
        Image.new("RGB", (side, side), colour).save(paths[-1])
    return paths


HANDLERS = ("explorer.gui.train.tab", "explorer.gui.train.settings")
"""Where the Train tab's handlers stand; what sends a model to Reverse stands there."""


@cache
def built(limits: Limits) -> tuple[TemporaryDirectory[str], Context, gr.Blocks]:
    """An app with a folder for its models: it takes a second to build, and holds no visitor's."""
    folder = TemporaryDirectory()
    names = ("mnist-5k", "emoji")
    context = Context(Device(CPU), limits, checkpoints=Path(folder.name), datasets=names)
    return folder, context, create_app(context)


class Page:
    """The Train tab's handlers, called as a visitor's browser would have them called.

    One after the other: a page finds the app as if it had just been started, without models.
    """

    def __init__(self, limits: Limits = HOSTED) -> None:
        _, self.context, self.demo = built(limits)
        self.device = self.context.device
        assert not self.device.busy
        self.context.jobs._jobs.clear()
        self.device.speed = 1e10
        shutil.rmtree(self.context.checkpoints)
        self.context.checkpoints.mkdir()
        self.blocks = {
            fn.name: fn
            for fn in self.demo.fns.values()
            if getattr(fn.fn, "__module__", "") in HANDLERS or fn.name == "send"
        }
        (stop,) = (b._id for b in self.demo.blocks.values() if b.elem_id == "train-stop")
        (self.blocks["ask_to_stop"],) = (
            fn for fn in self.demo.fns.values() if (stop, "click") in fn.targets
        )

    def __call__(self, handler: str, *values: Any, session: str = "one") -> Any:
        """What it answers, or its answers one after the other, by `by_name`."""
        request = SimpleNamespace(session_hash=session)
        return named(self.blocks[handler].fn(request, *values))

    def settings(self, **changes: Any) -> list[Any]:
        """The values of all controls as they stand at first, but for some by their labels."""
        values = {c.label: c.value for c in self.blocks["begin"].inputs}
        fast = {"Size, pixels": 8, "Budget in": "steps", "Budget": 10, "Batch size, images": 4}
        fast |= {"T, steps": 10, "Network": "tiny"}
        assert values.keys() >= fast.keys() | changes.keys()
        return list((values | fast | changes).values())
