"""The rungs measured on the same images and noise, and what each draws from one x_T."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from explorer.checkpoints import load
from explorer.data import from_tensor
from explorer.diffusion import Denoiser
from explorer.evaluation.errors import Estimate, average_of
from explorer.evaluation.held_out import Pictures
from explorer.files import written_whole
from explorer.gui.lectures.ladder.rungs import RUNGS, STORED, Rung
from explorer.gui.lectures.targets.work import measure_errors
from explorer.inference import prepare, shared
from explorer.race import ddim, race

NUMBERS = STORED / "ladder.npz"
PARTS = 25
TIMES = tuple(round((part + 0.5) * 1000 / PARTS) for part in range(PARTS))
"""The middles of equal parts of 1…T: the mean over them stands for the mean over all t."""
SHOWN, STEPS = 16, 50
"""Images of each rung, drawn together, and steps of DDIM."""


@dataclass(frozen=True, eq=False)
class Measured:
    """‖ε̂ − ε‖²/D of every seed's rungs on the images that its runs held out.

    At each t an image has the same ε for all rungs.
    """

    levels: Tensor
    """(seeds, rungs, times), float32: the mean over images."""
    level_errors: Tensor
    """Its standard errors."""
    totals: Tensor
    """(seeds, rungs, images): each image's mean over the times."""
    seeds: tuple[int, ...]
    steps: int
    """Of each training."""
    weights: tuple[int, ...]
    """Of each rung's network, how many there are."""
    images: str
    hardware: str = ""
    date: str = ""

    def loss(self, rung: int, seed: int) -> Estimate:
        """The mean over images and times."""
        return average_of(self.totals[seed, rung])

    def change(self, rung: int, seed: int) -> Estimate:
        """The loss less that of the rung before, by pairs on the same images and noise."""
        return average_of(self.totals[seed, rung] - self.totals[seed, rung - 1])


@dataclass(frozen=True, eq=False)
class Drawn:
    """Images so far, of the rungs in their order, from one x_T."""

    seed: int
    images: dict[str, Tensor]
    """Name of a rung -> (n, 1, 28, 28), uint8."""
    running: bool = False


def path_of(rung: Rung, folder: Path = STORED) -> Path:
    """Its weights, of the first seed."""
    return folder / f"{rung.weights}.safetensors"


def losses_of(
    denoiser: Denoiser, clip: bool, pictures: Pictures, seed: int, times: tuple[int, ...] = TIMES
) -> Tensor:
    """‖ε̂ − ε‖²/D = SNR(t) ‖x̂_0 − x_0‖²/D, (times, images); of the clipped x̂_0 where asked for."""
    cpu = torch.device("cpu")
    found = measure_errors(denoiser, pictures, times, seed=seed, device=cpu)
    snr = denoiser.schedule.snr[list(times)].float()
    return found[clip] * snr[:, None]


def run_draw(
    seed: int,
    device: torch.device,
    stopped: Callable[[], bool],
    folder: Path = STORED,
    n: int = SHOWN,
    steps: int = STEPS,
) -> Iterator[Drawn]:
    """DDIM from the same x_T by each rung, one after the other."""
    drawn = Drawn(seed, {}, running=True)
    for rung in RUNGS:
        denoiser, spec = shared(path_of(rung, folder), device)
        ready = replace(denoiser, network=prepare(denoiser.network, device))
        lane = replace(ddim(spec.T, steps), clip=rung.clip)
        shape = (spec.channels, spec.size, spec.size)
        for entry in race(ready, [lane], shape, seed=seed, n=n, device=device):
            if entry.frame.t and stopped():
                yield replace(drawn, running=False)
                return
        images = from_tensor(entry.frame.x.cpu())
        drawn = replace(drawn, images=drawn.images | {rung.name: images})
        yield drawn
    yield replace(drawn, running=False)


def write(found: Measured, drawn: Drawn, path: Path = NUMBERS) -> None:
    """As one compressed file of arrays, the rest as JSON."""
    arrays = ("levels", "level_errors", "totals")
    told = {name: value for name, value in vars(found).items() if name not in arrays}
    told |= {"drawn": drawn.seed}
    kept: dict[str, Any] = {name: getattr(found, name).numpy() for name in arrays}
    kept |= {f"images-{name}": images.numpy() for name, images in drawn.images.items()}
    with written_whole(path) as part, part.open("wb") as file:
        np.savez_compressed(file, told=np.array(json.dumps(told)), **kept)


def read(path: Path = NUMBERS) -> tuple[Measured, Drawn]:
    """What `write` stored."""
    with np.load(path, allow_pickle=False) as file:
        told = json.loads(str(file["told"]))
        arrays: dict[str, Any] = {
            name: torch.from_numpy(file[name]) for name in file.files if name != "told"
        }
    drawn = Drawn(
        told.pop("drawn"), {rung.name: arrays.pop(f"images-{rung.name}") for rung in RUNGS}
    )
    told = {k: tuple(v) if isinstance(v, list) else v for k, v in told.items()}
    return Measured(**arrays, **told), drawn


def loaded(rung: Rung, folder: Path = STORED) -> Denoiser:
    """The rung's model, which clips where the rung does."""
    return replace(load(path_of(rung, folder))[0], clip=rung.clip)
