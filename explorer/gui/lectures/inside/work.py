"""What the topic on the network's inside computes, and what it opens with."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from explorer.checkpoints import Spec, load
from explorer.data import from_tensor
from explorer.data.bundled import examples
from explorer.diffusion import Denoiser, forward
from explorer.diffusion.randomness import picture_generators, randn
from explorer.gui.lectures.inside.shape import Anatomy, Part, anatomy
from explorer.gui.reverse.round_trip.work import own_making
from explorer.networks.anatomy import listening, modulations, stages, time_embedding, without_time
from explorer.networks.layers import sinusoidal_embedding
from explorer.race.round_trip import as_seen, difference

STORED = Path(__file__).with_name("stored")
CHANNELS = 8
"""So many channels of each stage are shown."""
PICTURES = 10
"""To choose from: spread evenly over those that are bundled."""
MOMENTS = 100
"""Scale and shift are known at about so many times, and at 0."""
ROWS = 1000
"""Rows of the time embedding's picture, at most, and one for t = 0."""


@dataclass(frozen=True, eq=False)
class Look:
    """A network at work on one x_t; pictures are uint8."""

    model: str
    T: int
    t: int
    picture: int
    seed: int
    kind: str
    """What x_0 is."""
    told: dict[str, int | None]
    """Column -> the t that the network was told; None is no time at all."""
    pixels: dict[str, Tensor]
    """"x0", "x_t" and the columns of `told` -> (C, H, W)."""
    errors: dict[str, float]
    """Root mean square of what is shown minus x_0."""
    channels: dict[str, Tensor]
    """Stage -> its first channels, (channels, h, w), each from its least to its greatest value."""
    times: list[int]
    modulation: dict[str, list[list[float]]]
    """Stage -> mean |scale| and mean |shift| at `times`."""


def waves(T: int, width: int) -> np.ndarray:
    """The time embedding, as a network of this width sees it: (rows, width), int16 of 1/32767."""
    t = torch.linspace(0, T, min(T, ROWS) + 1)
    values = sinusoidal_embedding(t * (1000 / T), width)
    return (values * 32767).round().numpy().astype("<i2")


def original(
    denoiser: Denoiser, spec: Spec, picture: int, seed: int, device: torch.device
) -> tuple[Tensor, str]:
    """A picture of the kind that the model knows, (1, C, H, W) in [−1, 1], and what it is."""
    bundled = examples(spec.data)
    if bundled is None or bundled.shape[1] != spec.channels:
        made = own_making(denoiser, spec, seed, device)
        return made[[picture % len(made)]], "its own making"
    stride = len(bundled) // PICTURES
    pixels = bundled[(picture - 1) * stride + stride // 3].permute(1, 2, 0).squeeze(-1)
    seen = as_seen(Image.fromarray(pixels.numpy()).convert("RGB"), spec.channels, spec.size)
    return seen[None], "a real picture"


def asked_times(network: torch.nn.Module, t: int, T: int) -> dict[str, int | None]:
    """What the network is told: the truth, half and twice as much, and nothing."""
    told: dict[str, int | None] = {"own": t, "half": t // 2, "double": min(2 * t, T)}
    return told | ({"none": None} if time_embedding(network) else {})


@torch.inference_mode()
def run_look(
    path: Path,
    picture: int,
    t: int,
    seed: int,
    device: torch.device,
    stopped: Callable[[], bool] = lambda: False,
) -> Iterator[Look]:
    """Load the model and look inside while it denoises one x_t, told different times."""
    if stopped():  # another is wanted by now
        return
    denoiser, spec = load(path, device)
    x0, kind = original(denoiser, spec, picture, seed, device)
    q = forward(denoiser.schedule, x0, t)
    x_t = q.mean + q.std * randn(x0, picture_generators(seed, 1))
    network = denoiser.network
    assert isinstance(network, torch.nn.Module)  # as it was loaded
    told = asked_times(network, t, spec.T)
    times = torch.tensor([t if s is None else s for s in told.values()], device=device)
    batch = x_t.to(device).expand(len(told), -1, -1, -1)
    silent = [i for i, s in enumerate(told.values()) if s is None]
    with listening(stages(network)) as heard:
        if silent:
            with without_time(network, *silent):
                output = network(batch, times)
        else:
            output = network(batch, times)
    believed = denoiser.read(batch, t, output).cpu()
    columns = {"x0": x0, "x_t": x_t} | dict(zip(told, believed[:, None], strict=True))
    moments = torch.linspace(0, spec.T, min(spec.T, MOMENTS) + 1).round().long()
    yield Look(
        path.stem,
        spec.T,
        t,
        picture,
        seed,
        kind,
        told,
        {name: from_tensor(x)[0] for name, x in columns.items()},
        {name: difference(x, x0).item() for name, x in columns.items() if name != "x0"},
        {name: spread_out(out[0, :CHANNELS].float().cpu()) for name, out in heard.items()},
        moments.tolist(),
        {name: values.tolist() for name, values in modulations(network, moments).items()},
    )


def spread_out(channels: Tensor) -> Tensor:
    """(C, H, W) -> uint8: each channel from its own least value (black) to its greatest."""
    low, high = (f(channels, dim=(1, 2), keepdim=True) for f in (torch.amin, torch.amax))
    return ((channels - low) / (high - low).clamp(min=1e-12) * 255).round().to(torch.uint8)


def write(look: Look, shape: Anatomy, folder: Path = STORED) -> None:
    """Numbers as JSON, pictures beside them as compressed arrays."""
    folder.mkdir(parents=True, exist_ok=True)
    told = vars(look) | {"pixels": None, "channels": None}
    told["errors"] = {name: round(e, 4) for name, e in look.errors.items()}
    told["modulation"] = {
        name: [[round(v, 4) for v in values] for values in both]
        for name, both in look.modulation.items()
    }
    parts = [vars(part) for part in shape.parts]
    (folder / "look.json").write_text(json.dumps({"look": told, "parts": parts}) + "\n")
    arrays: dict[str, Any] = {f"pixels-{name}": x.numpy() for name, x in look.pixels.items()}
    arrays |= {f"channels-{name}": x.numpy() for name, x in look.channels.items()}
    np.savez_compressed(folder / "look.npz", **arrays)


def read(folder: Path = STORED) -> tuple[Look, Anatomy]:
    """What `write` stored."""
    told = json.loads((folder / "look.json").read_text(encoding="utf-8"))
    with np.load(folder / "look.npz", allow_pickle=False) as file:
        arrays = {name: torch.from_numpy(file[name]) for name in file.files}
    values: dict[str, Any] = told["look"]
    for kind in ("pixels", "channels"):
        values[kind] = {
            name.removeprefix(f"{kind}-"): x
            for name, x in arrays.items()
            if name.startswith(f"{kind}-")
        }
    return Look(**values), Anatomy(tuple(Part(**part) for part in told["parts"]), True)


def make_stored(path: Path, picture: int = 4, t: int = 400, seed: int = 7) -> None:
    """A digit seen by the shipped model, by the code that runs when a visitor asks."""
    (look,) = run_look(path, picture, t, seed, torch.device("cpu"))
    _, spec = load(path)
    write(look, anatomy(spec))
