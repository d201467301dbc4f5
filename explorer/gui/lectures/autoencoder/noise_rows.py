"""Digits clean, noised and denoised, at the noise factor of a slider in the browser."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import Any

from PIL import Image
from torch import Tensor

from explorer.gui.parts.gallery import png_uri
from explorer.gui.parts.widget import Widget


@dataclass(frozen=True, eq=False)
class NoiseRows:
    """All that the slider can show."""

    clean: Tensor
    """(n, side, side), uint8."""
    eps: Tensor
    """(n, side, side), int8: ε in steps of 1/grain."""
    grain: int
    factors: tuple[float, ...]
    trained_at: float
    denoised: Tensor
    """(factors, n, side, side), uint8."""
    noisy_mse: tuple[float, ...]
    denoised_mse: tuple[float, ...]
    measured: int
    """Over so many digits."""


class Denoising(Widget):
    """The browser noises the clean digits itself; every denoised picture is sent once."""

    def postprocess(self, value: NoiseRows | None) -> dict[str, Any] | None:
        if value is None:
            return None
        factors, n, side, _ = value.denoised.shape
        sheet = value.denoised.permute(0, 2, 1, 3).reshape(factors * side, n * side)
        return {
            "n": n,
            "side": side,
            "clean": base64.b64encode(value.clean.numpy().tobytes()).decode(),
            "eps": base64.b64encode(value.eps.numpy().tobytes()).decode(),
            "grain": value.grain,
            "factors": list(value.factors),
            "trained_at": value.trained_at,
            "sheet": png_uri(Image.fromarray(sheet.numpy())),
            "noisy": list(value.noisy_mse),
            "denoised": list(value.denoised_mse),
            "measured": value.measured,
        }
