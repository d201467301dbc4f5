"""Whether what a visitor got is what that visitor asked for: told by recomputing it."""

from __future__ import annotations

import json
import struct
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

NEAR = 0.01
"""Of two pictures in [−1, 1]: other builds and thread counts round otherwise; other noise is
farther by a hundred times."""


def is_of_seed(view: dict[str, Any], seed: int) -> str | None:
    """What says that a race is of another seed: its title or its settings; None if nothing."""
    if view["settings"].get("seed") != seed:
        return f"seed {view['settings'].get('seed')} in the settings of a race of seed {seed}"
    if f"seed {seed}" not in view["title"]:
        return f"a race of seed {seed} is called {view['title']!r}"
    return None


async def with_frames(view: dict[str, Any], fetch: Callable[[str], Awaitable[bytes]]) -> Any:
    """The race with its sheets' bytes in place of their addresses."""
    for lane in view["lanes"]:
        lane["sheets"] = [await fetch(path) for path in lane["sheets"]]
    return view


def has_noise_of_seed(view: dict[str, Any]) -> str | None:
    """Whether the first frames are the noise that belongs to the race's seed."""
    import torch

    from explorer.diffusion import picture_generators, randn

    shape = (view["pictures"], view["channels"], view["size"], view["size"])
    noise = randn(torch.empty(shape), picture_generators(view["settings"]["seed"], shape[0]))
    for lane in _decoded(view):
        if lane.times[0] == view["T"] and (far := _distance(lane.x[0], noise)) > NEAR:
            return f"the first frame of {view['title']!r} is {far:.2f} from its seed's noise"
    return None


def is_repeated(view: dict[str, Any], models: Path) -> str | None:
    """Whether every frame of a race without fresh noise is what this machine computes for it."""
    from explorer.checkpoints import load
    from explorer.race import lane_from, race

    settings = view["settings"]
    denoiser, spec = load(models / f"{settings['model']}.safetensors")
    lanes = [lane_from(lane, denoiser.schedule) for lane in settings["lanes"]]
    entries = race(
        denoiser,
        lanes,
        (spec.channels, spec.size, spec.size),
        seed=settings["seed"],
        labels=settings["labels"],
        n=settings["pictures"],
    )
    computed = {(entry.lane, entry.frame.t): entry.frame.x for entry in entries}
    for number, lane in enumerate(_decoded(view)):
        if lane.times[-1] != 0:
            return f"{view['title']!r} ended at t = {lane.times[-1]}"
        for t, x in zip(lane.times, lane.x, strict=True):
            if (far := _distance(x, computed[number, t])) > NEAR:
                return f"{view['title']!r} is {far:.2f} from its seed's race at t = {t}"
    return None


def trained_seed(model: bytes) -> int:
    """The seed in the header of a trained model."""
    (length,) = struct.unpack("<Q", model[:8])
    described = json.loads(json.loads(model[8 : 8 + length])["__metadata__"]["diffusion-explorer"])
    return described["training"]["seed"]


def _decoded(view: dict[str, Any]) -> Any:
    from explorer.race.view import LaneView, RaceView, Sheet, decode

    known = LaneView.__dataclass_fields__
    lanes = [
        replace(
            LaneView(**{name: value for name, value in lane.items() if name in known}),
            sheets=[Sheet(data) for data in lane["sheets"]],
        )
        for lane in view["lanes"]
    ]
    parts = {name: view[name] for name in ("T", "pictures", "size", "channels", "title")}
    return decode(RaceView(**parts, lanes=lanes))


def _distance(a: Any, b: Any) -> float:
    """The mean of |a − b|, both cut where sheets are."""
    return float((a.clamp(-8, 8) - b.clamp(-8, 8)).abs().mean())
