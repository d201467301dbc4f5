"""A race of random integers: what is exported of it is compared with these integers."""

from __future__ import annotations

import math
import zlib
from typing import Any

import numpy as np

from explorer.diffusion import make_schedule
from explorer.race.lanes import Lane, ddim, ddpm
from explorer.race.view import LaneView, RaceView, Sheet

SETTINGS: dict[str, Any] = {
    "model": "mnist",
    "seed": 7,
    "labels": [0, 1, 2],
    "pictures": 3,
    "guidance": 1.0,
    "lanes": [
        {"sampler": "ddpm", "variance": "posterior", "breaks": []},
        {"sampler": "ddim", "steps": 5, "eta": 0.0, "spacing": "uniform", "breaks": []},
    ],
}


def settings(**changed: Any) -> dict[str, Any]:
    return SETTINGS | changed


class Toy:
    """A view, and the integers in its sheets: x, x0 and z, (frames, n, C, H, W), for each lane."""

    def __init__(
        self, T: int = 20, n: int = 3, size: int = 8, channels: int = 1, lanes: list | None = None
    ) -> None:
        random = np.random.default_rng(1)
        self.x: list[np.ndarray] = []
        self.x0: list[np.ndarray] = []
        self.z: list[np.ndarray | None] = []
        schedule, views = make_schedule("cosine", T), []
        for lane in lanes or [ddpm(T), ddim(T, min(T, 5))]:
            shape = (len(lane.times), n, channels, size, size)
            self.x.append(random.integers(-20_000, 20_000, shape).astype("<i2"))
            self.x0.append(random.integers(-4080, 4080, shape).astype("<i2"))
            noise = random.integers(-100, 100, shape).astype(np.int8)
            self.z.append(noise if lane.stochastic else None)
            views.append(self._lane(lane, schedule))
        self.view = RaceView(
            T, n, size, channels, views, title="a toy", settings=settings(pictures=n, labels=None)
        )

    def _lane(self, lane: Lane, schedule: Any) -> LaneView:
        steps = [list(step) for step in lane.steps]
        frames, half = len(lane.times), len(lane.times) // 2
        view = LaneView(
            lane.title, lane.sampler, lane.evaluations, lane.stochastic, list(lane.times),
            [*steps, [0, 0]],
            [*(lane.coefficients(schedule, tuple(step)) for step in steps), [1.0, 0, 1.0, 0, 0]],
            list(range(1, frames)) + [frames - 1], [k / 8 for k in range(frames)],
            [half, frames - half],
        )  # fmt: skip
        parts = [self.x[-1], self.x0[-1], *([] if self.z[-1] is None else [self.z[-1]])]
        for chosen in (slice(0, half), slice(half, frames)):
            data = b"".join(
                np.moveaxis(part[k], 1, -1).tobytes()
                for k in range(frames)[chosen]
                for part in parts
            )
            view.sheets.append(Sheet(zlib.compress(data)))
        return view

    def pixels(self, lane: int, frame: int, show: str, mapping: int) -> np.ndarray:
        """What is to be seen of a frame, (n, H, W, 3): from the integers, by the definitions."""
        if show == "eps":
            signal, sigma = self.view.lanes[lane].coefficients[frame][:2]
            if sigma == 0:
                return self.pixels(lane, frame - 1, show, mapping)
            x, x0 = ((part[lane][frame] + 0.5) / 4080 for part in (self.x, self.x0))
            grey = np.floor(((x - signal * x0) / sigma / mapping + 1) * 127.5 + 0.5)
        elif mapping == 1:
            grey = getattr(self, show)[lane][frame].astype(int) + 4096 >> 5
        else:
            q = getattr(self, show)[lane][frame].astype(int)
            grey = (2 * q + 1 + 192 * 128) // 192  # 127.5 (q + ½)/(3·4080) + 128
        seen = np.moveaxis(grey.clip(0, 255).astype(np.uint8), 1, -1)
        return seen.repeat(3, -1) if seen.shape[-1] == 1 else seen

    def frame_at(self, lane: int, clock: float) -> int:
        return max(k for k, t in enumerate(self.view.lanes[lane].times) if t >= math.floor(clock))
