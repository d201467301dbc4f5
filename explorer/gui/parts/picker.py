"""A strip of thumbnails, one click each."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import gradio as gr
from PIL import Image

from explorer.gui.frame.shared import QUIET
from explorer.gui.parts.gallery import webp_uri
from explorer.gui.parts.widget import Widget

PICKED = """(_, ...others) =>
  [document.querySelector(".picker[data-key='{key}']")?.dataset.picked ?? null, ...others]"""
OWN = "own"
"""What is chosen where a visitor's own picture is shown."""


def picked_name(names: Iterable[str], start: str, own: bool = True) -> gr.Dropdown:
    """Which picture is shown, unseen: what a link holds of a strip.

    own : whether it can be the visitor's.
    """
    choices = [*names, *([OWN] if own else [])]
    return gr.Dropdown(choices, value=start, label="Image", visible="hidden")


def check_shipped(name: Any) -> None:
    """ValueError for a visitor's own picture, which no link holds."""
    if name == OWN:
        raise ValueError("the link was made with somebody's own image, which it cannot hold")


class Picker(Widget):
    """Buttons with pictures.

    key : in the address, of the name that is shown; its button is pressed.
    """

    def __init__(self, value: Any = None, *, key: str = "", **props: Any) -> None:
        super().__init__(value, {"key": key}, **props)

    def answer(
        self, choose: Callable[..., Any], inputs: Sequence[Any], outputs: Sequence[Any]
    ) -> None:
        """Let choose(name, *values of the inputs) answer a click; of two quick ones the last.

        The name is read when Python is asked: with what an event carries Gradio would repeat the
        first.
        """
        name = gr.JSON(visible=False)
        self.pick(choose, [name, *inputs], outputs, js=PICKED.format(**self.constants), **QUIET)

    def postprocess(self, value: dict[str, Image.Image] | None) -> list[dict[str, Any]] | None:
        """name -> picture, in order."""
        if value is None:
            return None
        return [
            {"name": name, "src": webp_uri(picture.convert("RGB").resize((56, 56)))}
            for name, picture in value.items()
        ]
