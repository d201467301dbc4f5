"""Noise and denoise again as the page shows it: noised to t_0, denoised by both samplers."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from explorer.data import from_tensor
from explorer.diffusion import Denoiser, Schedule
from explorer.diffusion.samplers import DDIM, DDPM
from explorer.figures.pictures import grid
from explorer.gui.reverse.round_trip.company import (
    DRAWS,
    Company,
    assemble,
    companies,
    company_from,
)
from explorer.race import race
from explorer.race.round_trip import difference, noised, ways_back

BACK = (DDPM, DDIM)
"""The samplers of the ways back, the long one first."""
COLUMNS = ("original", "noisy", "shot", *(sampler.name for sampler in BACK))
"""What there is of a picture: x_0, x_{t_0}, x̂_0(x_{t_0}), and where each sampler ends."""
STEPS = 50
"""DDIM takes at most so many."""


@dataclass(frozen=True)
class Way:
    """How far one sampler is on its way back."""

    evaluations: int
    done: int = 0
    t: int = 0
    seconds: float = 0.0

    @property
    def finished(self) -> bool:
        return self.done == self.evaluations and self.t == 0


@dataclass(frozen=True, eq=False)
class Trip:
    """Some pictures on their way; columns come one after the other."""

    model: str
    kind: str
    """What the model was trained on."""
    T: int
    t: int
    """t_0."""
    seed: int
    signal: float
    """√ᾱ at t_0."""
    names: tuple[str, ...]
    """Of the pictures: the visitor's, then one of the model's kind."""
    others: str = ""
    """The pictures that it is compared with, such as "real pictures of mnist"."""
    pixels: Mapping[str, Tensor] = field(default_factory=dict)
    """Column -> uint8, (n, C, H, W)."""
    changes: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    """Column -> root mean square of what is shown minus x_0, for each picture."""
    company: Company | None = None
    """How the picture fared among others; known once DDIM has arrived."""
    ways: Mapping[str, Way] = field(default_factory=dict)
    running: bool = False

    @property
    def finished(self) -> bool:
        """Whether both samplers have arrived."""
        return bool(self.ways) and all(way.finished for way in self.ways.values())

    def with_column(self, column: str, x: Tensor, x0: Tensor) -> Trip:
        """Itself with a column of these pictures; x0 are the originals."""
        x = x.cpu()
        found = tuple(round(value, 4) for value in difference(x, x0).tolist())
        return replace(
            self,
            pixels={**self.pixels, column: from_tensor(x)},
            changes={**self.changes, column: found},
        )


def set_out(schedule: Schedule, x0: Tensor, trip: Trip) -> Trip:
    """What needs no network: the originals, (n, C, H, W) in [−1, 1], and x_{t_0}."""
    nobody: Any = torch.nn.Identity()  # a denoiser's network, which is not asked
    x_t = noised(Denoiser(nobody, schedule), x0, trip.t, trip.seed)
    lanes = ways_back(schedule.T, trip.t, STEPS)
    ways = {lane.sampler: Way(lane.evaluations, t=trip.t) for lane in lanes}
    trip = replace(trip, ways=ways, signal=schedule.alpha_bar[trip.t].sqrt().item())
    trip = replace(trip, pixels={"original": from_tensor(x0)}, changes={})
    return trip.with_column("noisy", x_t, x0)


def there_and_back(
    denoiser: Denoiser,
    own: Tensor,
    real: Tensor | None,
    trip: Trip,
    *,
    device: str | torch.device = "cpu",
    every: float = 0.4,
    stopped: Callable[[], bool] = lambda: False,
) -> Iterator[Trip]:
    """Both ways back of `round_trip`, the short one first; columns fill as they become there.

    own : the picture, (1, C, H, W). real : some of the model's kind, the first of which is shown
    too; None if there are none. DDIM takes the whole `Company`, DDPM what is shown.

    Yields at once with the one-shot x̂_0, then every so many seconds with what each sampler
    believes by then, and at the end. No class is given.
    """
    everybody = assemble(own, real, DRAWS, trip.seed)
    k = 0 if real is None else len(real)
    x0 = everybody[: 1 + min(k, 1)]
    trip = replace(set_out(denoiser.schedule, x0, trip), running=True)
    lanes = {lane.sampler: lane for lane in ways_back(trip.T, trip.t, STEPS)}
    x_t = noised(denoiser, everybody, trip.t, trip.seed)
    shape, due = tuple(own.shape[1:]), 0.0
    for column in reversed(lanes):  # the short one first
        lane, n = lanes[column], len(x0) if lanes[column].stochastic else len(everybody)
        for entry in race(
            denoiser, [lane], shape, seed=trip.seed, n=n, start=x_t[:n], device=device
        ):
            believed = entry.frame.x0.cpu()
            if "shot" not in trip.pixels:
                trip = trip.with_column("shot", believed[: len(x0)], x0)
            if not entry.step and n == len(everybody):
                (company,) = companies(everybody, believed, 1, k, DRAWS)
                trip = replace(trip, company=company)
            if entry.step and time.perf_counter() < due:
                continue
            way = Way(lane.evaluations, entry.evaluations, entry.frame.t, round(entry.seconds, 2))
            trip = trip.with_column(column, believed[: len(x0)], x0)
            trip = replace(trip, ways={**trip.ways, column: way})
            if entry.step:
                yield trip
                due = time.perf_counter() + every
                if stopped():
                    yield replace(trip, running=False)
                    return
    yield replace(trip, running=False)


def write(trip: Trip, folder: Path) -> None:
    """Store a finished trip: `trip.json`, and a sheet with a row for each picture."""
    folder.mkdir(parents=True, exist_ok=True)
    told = {k: v for k, v in vars(trip).items() if k not in ("pixels", "ways")}
    told |= {"ways": {name: asdict(way) for name, way in trip.ways.items()}}
    told |= {"company": trip.company and asdict(trip.company)}
    told |= {"size": trip.pixels["original"].shape[-1]}
    cells = torch.stack([trip.pixels[column] for column in COLUMNS], dim=1).flatten(0, 1)
    sheet = grid(cells / 127.5 - 1, columns=len(COLUMNS), gap=0, gap_color="black")
    sheet = sheet.convert("L") if cells.shape[1] == 1 else sheet
    sheet.save(folder / "trip.png", optimize=True)
    (folder / "trip.json").write_text(json.dumps(told) + "\n", encoding="utf-8")


def read(folder: Path) -> Trip:
    """What `write` stored."""
    told = json.loads((folder / "trip.json").read_text(encoding="utf-8"))
    size = told.pop("size")
    with Image.open(folder / "trip.png") as sheet:
        values = torch.from_numpy(np.array(sheet))
    values = values.reshape(*values.shape[:2], -1)  # (rows · size, columns · size, C)
    cells = values.unflatten(0, (-1, size)).unflatten(2, (-1, size)).permute(2, 0, 4, 1, 3)
    pixels = dict(zip(COLUMNS, cells.contiguous(), strict=True))
    told["ways"] = {name: Way(**way) for name, way in told["ways"].items()}
    told["names"] = tuple(told["names"])
    told["changes"] = {column: tuple(values) for column, values in told["changes"].items()}
    if told["company"]:
        told["company"] = company_from(told["company"])
    return Trip(**told | {"pixels": pixels})
