"""A picture whose pixels follow the variance-preserving SDE, beside a draw from q(x_t | x_0)."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import torch

from explorer.figures.plots import packed
from explorer.gui.lectures.sde.figure import MEASURED
from explorer.gui.parts.widget import Widget

RANGE = 16.0
"""Pixels travel as int16 with steps of 16/32767: 0.06 of a grey level."""


class PixelWalk(NamedTuple):
    """What the stage shows: arrays over frames, evenly spaced from t = 0 but for the last."""

    frames: np.ndarray
    """x by Euler–Maruyama: (frames, H, W, C), int16; the first is x_0."""
    eps: np.ndarray
    """ε of the blend beside it: (H, W, C), int16."""
    times: np.ndarray
    """t of the frames."""
    alpha_bar: np.ndarray
    """ᾱ at the frames."""
    euler: np.ndarray
    """(frames, 2): 1 − ½β dt and √(β dt) of the step that leads to a frame (of the first: on)."""
    exact: np.ndarray
    """(frames, 2): the forward process over the same step, √α and √(1 − α)."""
    steps: int
    title: str


def pack(values: Any) -> np.ndarray:
    """Pixels as int16, kept within ± `RANGE`."""
    scaled = np.clip(np.asarray(values), -RANGE, RANGE) * (32767 / RANGE)
    return np.round(scaled).astype("<i2")


class SdeFilm(Widget):
    """Plays both from t = 0 to the end in the browser; all the pixels are sent once."""

    def postprocess(self, value: PixelWalk | None) -> dict[str, Any] | None:
        if value is None:
            return None
        tables = {name: getattr(value, name) for name in ("times", "alpha_bar", "euler", "exact")}
        return {
            "shape": list(value.frames.shape),
            "frames": self.publish(value.frames.astype("<i2").tobytes(), "frames.bin"),
            "eps": self.publish(value.eps.astype("<i2").tobytes(), "eps.bin"),
            "scale": RANGE / 32767,
            "steps": value.steps,
            "title": value.title,
            "colour": {"light": MEASURED.light, "dark": MEASURED.dark},
            **{name: packed(torch.as_tensor(t).flatten()) for name, t in tables.items()},
        }
