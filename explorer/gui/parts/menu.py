"""A menu whose offers change while the page is open."""

from __future__ import annotations

from typing import Any

import gradio as gr


class Menu(gr.Dropdown):
    """Hands on what was chosen even if it has been taken off the list meanwhile.

    A choice and a change of the choices may cross on the way. Handlers look up what they are
    given and say in a sentence that it is gone, where Gradio would answer with an error.
    """

    is_template = True  # drawn as what it inherits from

    def preprocess(self, payload: Any) -> Any:
        return payload
