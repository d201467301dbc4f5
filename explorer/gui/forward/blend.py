"""The forward stage: one picture and one noise under two schedules, blended in the browser."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from explorer.diffusion import Schedule
from explorer.figures.plots import packed
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
            "schedules": [
                {"name": schedule.name, "alphaBar": packed(schedule.alpha_bar)}
                for schedule in scene.schedules
            ],
        }
