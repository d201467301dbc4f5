"""What a visitor may ask for. Every handler checks here, whatever the page let through."""

from __future__ import annotations

import math
import os
from dataclasses import dataclass
from typing import Any

from explorer.data.limits import HOSTED as HOSTED_PICTURES
from explorer.data.limits import LOCAL as LOCAL_PICTURES
from explorer.data.limits import OwnLimits


@dataclass(frozen=True)
class Limits:
    """Bounds for one kind of place; checked on the server."""

    hosted: bool
    """Whether strangers share this machine: then they see only their own models."""
    resolution: tuple[int, int] = (32, 256)
    T: tuple[int, int] = (2, 4000)
    pictures: tuple[int, int] = (1, 16)
    sizes: tuple[int, int] = (8, 128)
    seconds: tuple[float, float] = (5, 24 * 3600)
    steps: tuple[int, int] = (10, 10_000_000)
    batch: tuple[int, int] = (2, 4096)
    memory: float = math.inf
    """Bytes that a training run may need, by its estimate."""
    slice: float | None = None
    """Seconds after which a run lets others at the device; None runs to its end."""
    patience: float | None = None
    """Seconds after which other jobs end as if they were stopped."""
    samples: int = 2048
    """Pictures for each cell of a table of quality."""
    evaluations: float = math.inf
    """Of the network, times pictures, for such a table."""
    plane_points: tuple[int, int] = (2, 1000)
    plane_samples: tuple[int, int] = (50, 2000)
    plane_seconds: tuple[float, float] = (1, 60)
    """Of training in the plane."""
    order_points: int = 256
    """Whose ends are compared with the exact flow's."""
    sde_paths: tuple[int, int] = (2, 1000)
    sde_steps: int = 2000
    """Of each path."""
    autoencoder_steps: tuple[int, int] = (50, 2000)
    bound_pictures: tuple[int, int] = (2, 256)
    bound_times: tuple[int, int] = (1, 4000)
    """At how many t the variational bound is evaluated."""
    form_draws: tuple[int, int] = (2, 128)
    """Of each term of the bound's two forms."""
    guidance_pictures: tuple[int, int] = (2, 40)
    """Of each class, for each point of a curve."""
    own: OwnLimits = LOCAL_PICTURES
    """Bounds for pictures that people bring to train on."""
    runs: int = 20
    """So many runs, the newest, can be continued and compared; of older ones the model is kept."""
    upload_bytes: int = 32 * 2**20
    """Of one picture."""
    zip_bytes: int = 2 * 2**30
    """Of a file of any kind that is sent here, such as a zip of pictures."""
    upload_pixels: int = 24_000_000
    """JPEGs may have four times as many, see `read_picture`."""
    queue: int = 64
    """Events waiting before the app says that it is busy."""
    wait: float = 600
    """Seconds a job waits for the device."""
    jobs: float = math.inf
    """Of one visitor at a time, running and waiting."""
    address_jobs: float = math.inf
    """Of one network address: a class behind one router, and no more."""
    all_jobs: float = math.inf
    keep: float = math.inf
    """Seconds after which a visitor's models and pictures are deleted."""
    temporary_keep: float = 24 * 3600
    """Seconds after which uploads are."""
    shown_keep: float = 24 * 3600
    """Seconds after which what browsers fetch is, once no open page shows it."""
    page_keep: float = 24 * 3600
    """Seconds for which a page that was closed is remembered."""
    run_bytes: float = math.inf
    """That a run may leave on the disk, by its estimate."""
    visitor_bytes: float = math.inf
    """Of one visitor's runs and own pictures on the disk."""
    runs_bytes: float = math.inf
    """Of all visitors'."""
    temporary_bytes: float = math.inf
    """Of uploads and what browsers fetch, in all."""
    sent_bytes: float = math.inf
    """That one visitor may send here within `temporary_keep` seconds."""
    spare_bytes: float = 200e6
    """That stay free on the disk."""


LOCAL = Limits(hosted=False)
HOSTED = Limits(
    hosted=True,
    upload_bytes=12 * 2**20,
    zip_bytes=64 * 2**20,
    pictures=(1, 8),
    seconds=(5, 100),
    steps=(10, 5000),
    sizes=(8, 32),
    batch=(2, 128),
    memory=2e9,
    slice=20,
    patience=60,
    samples=128,
    evaluations=12_000,  # about 20 seconds of a CPU core
    plane_points=(2, 500),
    plane_samples=(50, 1000),
    plane_seconds=(1, 10),
    sde_paths=(2, 500),
    autoencoder_steps=(50, 600),
    bound_pictures=(2, 16),
    bound_times=(1, 200),
    form_draws=(2, 32),
    own=HOSTED_PICTURES,
    runs=6,
    wait=1800,  # a class of thirty, each with a slice and what goes with it
    jobs=2,
    address_jobs=60,
    all_jobs=120,
    keep=2 * 3600,
    temporary_keep=2 * 3600,
    shown_keep=180,
    page_keep=600,
    run_bytes=470e6,  # a lecture's AttentionUnet takes 461 MB
    visitor_bytes=512e6,
    runs_bytes=8e9,
    temporary_bytes=2e9,
    sent_bytes=256e6,
)


def detect() -> Limits:
    """HOSTED on a Space or with EXPLORER_HOSTED=1, else LOCAL."""
    hosted = os.environ.get("SPACE_ID") or os.environ.get("EXPLORER_HOSTED") == "1"
    return HOSTED if hosted else LOCAL


def whole(name: str, value: Any, bounds: tuple[float, float]) -> int:
    """`value` as an int within bounds; ValueError with the value and what is allowed."""
    low, high = bounds
    _check(name, value, bounds, f"a whole number from {low:.0f} to {high:.0f}", whole=True)
    return int(value)


def number(name: str, value: Any, bounds: tuple[float, float]) -> float:
    """`value` as a float within bounds; ValueError with the value and what is allowed."""
    low, high = bounds
    _check(name, value, bounds, f"{low:g} to {high:g}")
    return float(value)


def _check(
    name: str, value: Any, bounds: tuple[float, float], allowed: str, *, whole: bool = False
) -> None:
    if value is None:
        raise ValueError(f"{name} is empty; give {allowed}")
    low, high = bounds
    fits = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not fits or not low <= value <= high or (whole and value != int(value)):
        raise ValueError(f"{name}: {repr(value)[:40]} is not allowed here; give {allowed}")


SEEDS = (0, 2**32 - 1)
"""Bounds of every seed."""
