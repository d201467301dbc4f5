"""The forward stage: one picture and one noise under two schedules, blended in the browser."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from explorer.diffusion import Schedule
from explorer.figures.plots import packed
from explorer.gui.parts.numbers import short, spans
from explorer.gui.parts.widget import Widget

NOISE_RANGE = 6.0
"""ε travels as int16 with steps of 6/32767: 0.02 of a grey level in the picture."""


class Scene(NamedTuple):
    """What the stage shows."""

    picture: Image.Image
    """x_0: square, RGB."""
    eps: Tensor
    """ε: (3, size, size)."""
    schedules: tuple[Schedule, Schedule]
    """Left and right, of the same T."""


def compare_kept(left: Schedule, right: Schedule) -> str:
    """Where each of two schedules keeps more of the picture, and how much they keep, in words."""
    (a, b), T = (left.alpha_bar, right.alpha_bar), left.T
    parts = []
    for schedule, more in ((right, (b > a)[1:]), (left, (a > b)[1:])):
        if more.any():
            where = "every t" if more.all() else f"t = {spans(more.tolist())}"
            parts.append(f"{schedule.name} keeps more at {where}")
    said = f"With T = {T:,} " + (", ".join(parts) or "both keep the same at every t")

    def at(t: int) -> list[str]:
        return [short(table[t].item(), 2) for table in (a, b)]

    (half, other), (end, last) = at(T // 2), at(T)
    return (
        f"{said}. Half-way {left.name} is at ᾱ = {half} and {right.name} at {other}, at the end "
        f"at {end} and {last}."
    )


class Blend(Widget):
    """x_t = √ᾱ_t x_0 + √(1 − ᾱ_t) ε while the slider moves, without asking the server."""

    def postprocess(self, value: Scene | None) -> dict[str, Any] | None:
        """x_0 as bytes (H, W, 3), ε as little-endian int16 of the same layout, tables of ᾱ."""
        if value is None:
            return None
        scene = value
        x0 = np.asarray(scene.picture.convert("RGB"), dtype=np.uint8)
        units = (scene.eps.clamp(-NOISE_RANGE, NOISE_RANGE) * (32767 / NOISE_RANGE)).round()
        eps = units.to(torch.int16).permute(1, 2, 0).contiguous().numpy().astype("<i2")
        return {
            "size": x0.shape[0],
            "x0": self.publish(x0.tobytes(), "x0.bin"),
            "eps": self.publish(eps.tobytes(), "eps.bin"),
            "epsScale": NOISE_RANGE / 32767,
            "T": scene.schedules[0].T,
            "told": compare_kept(*scene.schedules),
            "schedules": [
                {"name": schedule.name, "alphaBar": packed(schedule.alpha_bar)}
                for schedule in scene.schedules
            ],
        }
