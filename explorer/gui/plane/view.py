"""What the Plane tab shows: points, their ways, a law, a network; sent, stored, read back.

Ways travel in units of 1/UNIT: the first frame as it is, every other one as what has changed
since. A change c is the 16-bit integer 2c or, below 0, −2c − 1, so that small ones have an empty
high byte; all low bytes come before all high bytes, and zlib compresses them. Weights travel in
half precision, points as float32; all numbers are little endian.
"""

from __future__ import annotations

import base64
import json
import secrets
import zlib
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from explorer.diffusion import Schedule
from explorer.plane import Paths, PointConfig, PointNetwork
from explorer.race.lanes import Lane

UNIT = 128
"""Integers for a unit: a third of a pixel of the page is one of them."""
REACH = 250.0
"""Coordinates are cut at ±REACH: what explodes is far outside by then."""
SIDES = ("left", "right")
"""The panels, each of which has a sampler."""


@dataclass
class Blob:
    """Bytes for the browser."""

    data: bytes = b""
    path: str | None = None
    """Where they can be fetched, once they are published."""

    def read(self) -> bytes:
        """The bytes, wherever they are."""
        return self.data or Path(self.path or "").read_bytes()


@dataclass
class Way:
    """Points on their way."""

    times: list[int]
    """t of each frame."""
    sheet: Blob
    """The frames, see `pack`."""
    title: str = ""
    evaluations: int = 0
    seconds: float = 0.0


@dataclass
class Sampler:
    """A sampler and its steps, the same with every denoiser."""

    name: str
    title: str
    dash: str
    """Plotly's name of the dash that its colour comes with."""
    change: str
    """What its steps are corrected by, as text; "" if they are not."""
    steps: list[int]
    """The times that it visits, from T to 0; a way may have fewer frames."""
    coefficients: str
    """The weights of x̂_0, ε̂, z and, with one, the correction in the step from each time, and at
    the end 1, 0, …: float32, base64."""


@dataclass
class Belief:
    """What came of the noise with one denoiser."""

    ways: list[Way]
    """Of the left panel's sampler and of the right one's."""
    nearest: list[float]
    """The mean distance of each one's samples to the nearest training point."""


@dataclass
class PlaneView:
    """A distribution, its points, and what denoisers make of noise."""

    data: str
    points: int
    """N, how many training points there are."""
    samples: int
    """n, how many points come out of the noise."""
    T: int
    alpha_bar: list[float]
    """T + 1 of them."""
    training: Blob
    """x_0, then ε of the forward process: 2 × (N, 2) float32."""
    walk: Way
    """The training points step by step into the noise."""
    samplers: list[Sampler]
    """The left panel's and the right one's."""
    law: dict[str, Any] | None = None
    """means and std of the mixture that the points were drawn from, where it is one."""
    fresh: float | None = None
    """The mean distance of new draws from the same law to the nearest training point."""
    beliefs: dict[str, Belief] = field(default_factory=dict)
    """"trained", "ideal" (the training points) and "exact" (the law), those that there are."""
    network: dict[str, Any] | None = None
    """The size of the trained network and its weights, see `network_of`."""
    losses: list[list[float]] = field(default_factory=list)
    """(step, loss) while it was trained."""
    learning: bool = False
    budget: float = 5
    """Seconds that the network was given to learn in."""
    title: str = ""
    id: str = field(default_factory=lambda: secrets.token_hex(8))
    """Tells one set of points from the next."""


def pack(x: Tensor) -> bytes:
    """Frames (F, n, 2) as a sheet."""
    values = (x.double().nan_to_num(0).clamp(-REACH, REACH) * UNIT).round().to(torch.int16)
    frames = values.numpy().reshape(len(x), -1)
    changes = np.diff(frames, axis=0, prepend=np.zeros_like(frames[:1]))
    folded = ((changes << 1) ^ (changes >> 15)).astype("<u2")
    planes = folded.reshape(-1, 1).view(np.uint8)  # (values, 2): low and high bytes
    return zlib.compress(np.ascontiguousarray(planes.T).tobytes(), 9)


def unpack(sheet: bytes, frames: int) -> Tensor:
    """What `pack` packed, to 1/(2 · UNIT)."""
    planes = np.frombuffer(zlib.decompress(sheet), np.uint8).reshape(2, -1)
    folded = np.ascontiguousarray(planes.T).view("<u2").reshape(frames, -1)
    changes = (folded >> 1) ^ -(folded & 1)
    values = np.cumsum(changes.view(np.int16), axis=0, dtype=np.int16)
    return torch.from_numpy(values.reshape(frames, -1, 2).astype(np.float32)) / UNIT


def way(paths: Paths, **told: Any) -> Way:
    """`Paths` as they are shown; `told` is a title."""
    told |= {"evaluations": paths.evaluations, "seconds": round(paths.seconds, 3)}
    return Way(paths.times, Blob(pack(paths.x)), **told)


def sampler(lane: Lane, schedule: Schedule) -> Sampler:
    """A lane's sampler and the steps that it takes, with their weights (`Lane.coefficients`)."""
    way, before = lane.way, (None, *lane.times)
    pairs = zip(lane.steps, before, strict=False)
    steps = [lane.coefficients(schedule, *each)[2:] for each in pairs]
    table = np.array([*steps, [1] + [0] * (len(steps[0]) - 1)], "<f4")
    return Sampler(
        way.name,
        way.title,
        way.style.dash,
        way.correction.symbol if way.correction else "",
        list(lane.times),
        base64.b64encode(table.tobytes()).decode(),
    )


def pair(x0: Tensor, eps: Tensor) -> Blob:
    """The training points and the noise that they get."""
    return Blob(torch.stack([x0, eps]).numpy().astype("<f4").tobytes())


def network_of(weights: Mapping[str, Tensor], config: PointConfig, target: str) -> dict[str, Any]:
    """A network as the page computes with it.

    `weights` is a blob of float16: of inlet, time, each layer and outlet in turn the matrix
    (outputs × inputs, row by row), then the offsets.
    """
    parts = [weights[name].flatten() for name in _tensors(config.depth)]
    data = torch.cat(parts).numpy().astype("<f2").tobytes()
    size = asdict(config) | {"frequencies": list(config.frequencies)}
    return size | {"target": target, "weights": Blob(data)}


def weights_of(network: Mapping[str, Any]) -> tuple[dict[str, Tensor], PointConfig]:
    """Weights, float32, and size of what `network_of` made; OSError if they are gone."""
    size = {key: value for key, value in network.items() if key not in ("target", "weights")}
    config = PointConfig(**size | {"frequencies": tuple(size["frequencies"])})
    shapes = {name: value.shape for name, value in PointNetwork(config).state_dict().items()}
    values = np.frombuffer(network["weights"].read(), "<f2").astype(np.float32)
    names = _tensors(config.depth)
    parts = torch.from_numpy(values).split([shapes[name].numel() for name in names])
    found = zip(names, parts, strict=True)
    return {name: part.reshape(shapes[name]) for name, part in found}, config


def _tensors(depth: int) -> list[str]:
    layers = ["inlet", "time", *(f"layers.{k}" for k in range(depth)), "outlet"]
    return [f"{name}.{part}" for name in layers for part in ("weight", "bias")]


def blobs(view: PlaneView) -> dict[str, Blob]:
    """Everything that is fetched on its own, by name."""
    found = {"training": view.training, "walk": view.walk.sheet}
    for name, belief in view.beliefs.items():
        ways = zip(SIDES, belief.ways, strict=True)
        found |= {f"{name}-{side}": way.sheet for side, way in ways}
    return found | ({"network": view.network["weights"]} if view.network else {})


def as_json(view: PlaneView, place: Callable[[str], str] = str) -> dict[str, Any]:
    """The view as JSON, each blob as its path or what `place` makes of that."""

    def lies(blob: Blob) -> str | None:
        return blob.path and place(blob.path)

    values = asdict(view)
    values["training"] = lies(view.training)
    values["walk"]["sheet"] = lies(view.walk.sheet)
    for name, belief in view.beliefs.items():
        for sent, way in zip(values["beliefs"][name]["ways"], belief.ways, strict=True):
            sent["sheet"] = lies(way.sheet)
    if view.network:
        values["network"]["weights"] = lies(view.network["weights"])
    return values


def write(view: PlaneView, folder: Path) -> None:
    """Store a view: `plane.json` and its blobs."""
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.bin"):
        old.unlink()
    for name, blob in blobs(view).items():
        (folder / f"{name}.bin").write_bytes(blob.read())
        blob.path = f"{name}.bin"
    (folder / "plane.json").write_text(json.dumps(as_json(view)) + "\n", encoding="utf-8")


def read(folder: Path) -> PlaneView:
    """A view that `write` stored; its blobs are read where they lie."""
    values = json.loads((folder / "plane.json").read_text(encoding="utf-8"))

    def blob(name: str) -> Blob:
        return Blob(path=str(folder / name))

    def a_way(stored: dict[str, Any]) -> Way:
        return Way(**stored | {"sheet": blob(stored["sheet"])})

    values["training"], values["walk"] = blob(values["training"]), a_way(values["walk"])
    values["samplers"] = [Sampler(**stored) for stored in values["samplers"]]
    values["beliefs"] = {
        name: Belief([a_way(way) for way in stored["ways"]], stored["nearest"])
        for name, stored in values["beliefs"].items()
    }
    if values["network"]:
        values["network"]["weights"] = blob(values["network"]["weights"])
    return PlaneView(**values)
