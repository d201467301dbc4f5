"""The forward stage: one picture and one noise under two schedules, blended in the browser."""

from __future__ import annotations

import io
from typing import Any, NamedTuple

import torch
from PIL import Image
from torch import Tensor

from explorer.diffusion import Schedule
from explorer.figures.plots import packed
from explorer.gui.parts.numbers import short, spans
from explorer.gui.parts.widget import Widget


class Scene(NamedTuple):
    """What the stage shows."""

    picture: Image.Image
    """x_0: square, RGB."""
    seed: int
    """Of the noise."""
    schedules: tuple[Schedule, Schedule]
    """Left and right, of the same T."""

    @property
    def eps(self) -> Tensor:
        """ε ~ N(0, I), (3, size, size); noise.js draws the same from the same seed."""
        generator = torch.Generator().manual_seed(self.seed)
        return torch.randn(3, *reversed(self.picture.size), generator=generator)


def compare_kept(left: Schedule, right: Schedule) -> str:
    """Where each of two schedules keeps more of the picture, and how much they keep, in words."""
    (a, b), T = (left.alpha_bar, right.alpha_bar), left.T
    parts = []
    for schedule, more in ((right, (b > a)[1:]), (left, (a > b)[1:])):
        if more.any():
            where = "every t" if more.all() else f"t = {spans(more.tolist())}"
            parts.append(f"{schedule.name} keeps more of the image at {where}")
    said = f"With T = {T:,} " + (", ".join(parts) or "both keep the same amount at every t")

    def at(t: int) -> list[str]:
        return [short(table[t].item(), 2) for table in (a, b)]

    (half, other), (end, last) = at(T // 2), at(T)
    return (
        f"{said}. Halfway, {left.name} has ᾱ = {half} and {right.name} {other}; at the end "
        f"{end} and {last}."
    )


class Blend(Widget):
    """x_t = √ᾱ_t x_0 + √(1 − ᾱ_t) ε while the slider moves, without asking the server."""

    def postprocess(self, value: Scene | None) -> dict[str, Any] | None:
        """x_0 as a picture without loss, the seed of ε, tables of ᾱ."""
        if value is None:
            return None
        scene = value
        x0 = io.BytesIO()
        scene.picture.convert("RGB").save(x0, "WEBP", lossless=True, method=2)
        return {
            "size": scene.picture.width,
            "x0": self.publish(x0.getvalue(), "x0.webp"),
            "seed": scene.seed,
            "T": scene.schedules[0].T,
            "told": compare_kept(*scene.schedules),
            "schedules": [
                {"name": schedule.name, "alphaBar": packed(schedule.alpha_bar)}
                for schedule in scene.schedules
            ],
        }
