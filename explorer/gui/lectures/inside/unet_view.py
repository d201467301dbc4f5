"""A network drawn as its levels, with what their channels hold and how time modulates them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from PIL import Image
from torch import Tensor

from explorer.gui.lectures.inside.shape import Anatomy
from explorer.gui.parts.gallery import png_uri
from explorer.gui.parts.widget import Widget


@dataclass(frozen=True, eq=False)
class Inside:
    """What is drawn; without activations only the network's shape."""

    anatomy: Anatomy
    title: str
    channels: dict[str, Tensor]
    """Part's name -> its first channels, uint8, (channels, h, w)."""
    T: int
    times: list[int]
    modulation: dict[str, list[list[float]]]
    """Part's name -> mean |scale| and mean |shift| at `times`."""


class UNetView(Widget):
    """An SVG as wide as there is room; numbers follow the cursor of `Waves` in the browser."""

    def postprocess(self, value: Inside | None) -> dict[str, Any] | None:
        """Each channel as a lossless data URI."""
        if value is None:
            return None
        shape = value.anatomy
        return {
            "unet": shape.unet,
            "title": value.title,
            "parameters": shape.parameters,
            "multiply_adds": shape.multiply_adds,
            "parts": [vars(part) | {"share": shape.share(part)} for part in shape.parts],
            "channels": {
                name: [png_uri(Image.fromarray(x.numpy())) for x in stack]
                for name, stack in value.channels.items()
            },
            "T": value.T,
            "times": value.times,
            "modulation": value.modulation,
        }
