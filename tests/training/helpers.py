"""Runs of seconds, and what is looked at in them."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from explorer.data import ImageSet
from explorer.training import Run, TrainConfig, fit


def begin(data: ImageSet, **changes: Any) -> Run:
    """A run of a narrow network on pictures of 8 × 8."""
    quick = {"size": 8, "steps": 8, "batch": 4, "warmup": 2, "learning_rate": 0.01}
    narrow = {"width": 16, "patch": 1, "attention": ()}
    return Run(TrainConfig(**quick | {"network_options": narrow} | changes), data)


def advance(run: Run, steps: int) -> Run:
    """At most so many steps more."""
    for _ in zip(range(steps), fit(run), strict=False):
        pass
    return run


def everything(run: Run) -> dict[str, Tensor]:
    """Copies of all tensors that change while a run learns."""
    optimizer = run.optimizer.state_dict()["state"]
    found = {
        **{f"network.{k}": v for k, v in run.network.state_dict().items()},
        **{f"ema.{k}": v for k, v in run.ema.state_dict().items()},
        **{f"optimizer.{i}.{k}": v for i, s in optimizer.items() for k, v in s.items()},
        "generator": run.generator.get_state(),
    }
    return {name: value.clone() for name, value in found.items()}


def differing(a: dict[str, Tensor], b: dict[str, Tensor]) -> list[str]:
    """The names under which two such collections are not the same bit by bit."""
    same = a.keys() & b.keys()
    return sorted((a.keys() | b.keys()) - {name for name in same if torch.equal(a[name], b[name])})


def stripes(n: int, *, labels: bool = True) -> ImageSet:
    """Picture i is of grey 2·i + 1 on its left half and black on the right; class i mod 3."""
    images = torch.zeros(n, 1, 8, 8, dtype=torch.uint8)
    images[..., :4] = (2 * torch.arange(n) + 1).byte()[:, None, None, None]
    classes = ("a", "b", "c") if labels else ()
    told = torch.arange(n) % 3 if labels else None
    return ImageSet(images, told, classes, "stripes", "-", "-")


class Clock:
    """Seconds that pass as the test says."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now
