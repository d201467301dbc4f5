"""A picture's pixels follow the variance-preserving SDE; what the topic opens with."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from explorer.data import load, photo
from explorer.data.images import to_tensor
from explorer.diffusion.schedule import SCHEDULES, make_schedule
from explorer.diffusion.sde import variance_preserving
from explorer.diffusion.sde_beta import beta_of, steep_from
from explorer.diffusion.sde_steps import Errors, euler_step
from explorer.gui.frame.limits import SEEDS, whole
from explorer.gui.lectures.sde.film import PixelWalk, pack
from explorer.gui.lectures.sde.work import T, Walk

STEPS = (10, 20, 50, 100, 200, 500, 1000)
PICTURES = ("digit", "emoji", "photo")
MOST_VALUES = 3072
"""Of a picture's numbers; larger pictures are sent with half as many frames."""


def picture(name: str) -> Tensor:
    """(C, H, W) in [−1, 1]: a digit of 28, an emoji of 32, a photo of 48 pixels."""
    if name == "photo":
        small = photo("cat").convert("RGB").resize((48, 48), Image.Resampling.LANCZOS)
        pixels = torch.from_numpy(np.array(small)).permute(2, 0, 1)
    elif name in PICTURES:
        data, index = {"digit": ("mnist-5k", 1500), "emoji": ("emoji", 604)}[name]
        pixels = load(data).images[index]
    else:
        raise ValueError(f"no image {name!r}; there are: {', '.join(PICTURES)}")
    return to_tensor(pixels).double()


def thumbnails() -> dict[str, Image.Image]:
    """The pictures one click away."""
    made = {}
    for name in PICTURES:
        pixels = ((picture(name) + 1) * 127.5).round().to(torch.uint8).permute(1, 2, 0)
        image = Image.fromarray(pixels.squeeze(-1).numpy()).convert("RGB")
        made[name] = image.resize((112, 112), Image.Resampling.NEAREST)
    return made


def follow_pixels(name: Any, schedule: Any, steps: Any, seed: Any, frames: int = 100) -> PixelWalk:
    """Euler–Maruyama with dt = 1/steps for every pixel, beside √ᾱ x_0 + √(1 − ᾱ) ε.

    Both end where β becomes too steep for any dt (`steep_from`), which the last step is cut to.
    ε is the noise in which the exact SDE ends on the same Brownian path: there the two pictures
    differ by Euler–Maruyama's error alone. ValueError for a setting that is not offered.
    """
    if schedule not in SCHEDULES:
        raise ValueError(f"no schedule {schedule!r}; there are: {', '.join(SCHEDULES)}")
    if steps not in STEPS:
        raise ValueError(f"Steps: {steps!r} is not allowed here; give one of {STEPS}")
    x0 = picture(str(name))
    generator = torch.Generator().manual_seed(whole("Seed", seed, SEEDS))
    table = make_schedule(schedule, T)
    beta, end = beta_of(table), steep_from(table)
    sde = variance_preserving(beta)
    frames = min(steps, frames if x0.numel() <= MOST_VALUES else frames // 2)
    count = math.ceil(steps * end - 1e-9)
    times = (torch.arange(count + 1).double() / steps).clamp(max=end)
    lengths = times.diff()
    shown = sorted({*range(0, count, steps // frames), count})
    x = exact = x0
    kept = [x0]
    for n, (t, dt) in enumerate(zip(times.tolist(), lengths.tolist(), strict=False), 1):
        z, rest = torch.randn(2, *x0.shape, generator=generator).double()
        dW = math.sqrt(dt) * z
        x = euler_step(sde, x, t, dt, dW)
        exact = sde.step(exact, t, dt, dW, rest)
        if n in shown:
            kept.append(x)
    alpha_bar = beta.alpha_bar(times[shown])
    eps = (exact - alpha_bar[-1].sqrt() * x0) / (1 - alpha_bar[-1]).sqrt()
    step = [max(0, n - 1) for n in shown]  # which leads to a frame, of the first: on
    rates = lengths[step].numpy() * np.array([beta.rate(t) for t in times[step].tolist()])
    spent = beta.integral(times).diff()[step].numpy()
    title = f"{name}, {schedule} β, dt = 1/{steps}, seed {seed}"
    if end < 1:
        title += f", ends at t = {end:g}"
    return PixelWalk(
        pack(torch.stack(kept).permute(0, 2, 3, 1)),
        pack(eps.permute(1, 2, 0)),
        times[shown].numpy(),
        alpha_bar.numpy(),
        np.stack([1 - rates / 2, np.sqrt(rates)], axis=1),
        np.stack([np.exp(-spent / 2), np.sqrt(-np.expm1(-spent))], axis=1),
        steps,
        title,
    )


class Stored(NamedTuple):
    """What the topic opens with."""

    walk: Walk
    errors: Errors
    pixels: PixelWalk


STORED = Path(__file__).with_name("stored") / "sde.npz"


def write_stored(stored: Stored, path: Path = STORED) -> None:
    """As one compressed file of arrays; the few numbers as JSON."""
    path.parent.mkdir(parents=True, exist_ok=True)
    arrays: dict[str, Any] = {}
    numbers: dict[str, Any] = {}
    for part, values in stored._asdict().items():
        for name, value in values._asdict().items():
            if isinstance(value, (Tensor, np.ndarray)):
                arrays[f"{part}-{name}"] = np.asarray(value)
            else:
                numbers[f"{part}-{name}"] = value
    np.savez_compressed(path, numbers=np.array(json.dumps(numbers)), **arrays)


def read_stored(path: Path = STORED) -> Stored:
    """What `write_stored` wrote."""
    with np.load(path, allow_pickle=False) as file:
        found = {name: file[name] for name in file.files}
    found |= json.loads(str(found.pop("numbers")))

    def part(kind: Any, name: str) -> Any:
        return kind(**{field: found[f"{name}-{field}"] for field in kind._fields})

    known = part(Errors, "errors")
    arrays = {k: v for k, v in known._asdict().items() if isinstance(v, np.ndarray)}
    tensors = {k: torch.from_numpy(v) for k, v in arrays.items()}
    return Stored(part(Walk, "walk"), known._replace(**tensors), part(PixelWalk, "pixels"))
