"""The guidance panel on a page of its own: a port, then run it."""

from __future__ import annotations

import sys

import gradio as gr

from explorer.gui import guidance
from explorer.gui.app import launch
from explorer.gui.context import Context
from explorer.gui.shared import Shared


def page(context: Context) -> gr.Blocks:
    """A model to choose, and the panel."""
    with gr.Blocks() as demo:
        names = list(context.models(""))
        model = gr.Dropdown(names, value=names[0], label="Model", elem_id="reverse-model")
        with gr.Tabs() as tabs, gr.Tab("Guidance"):
            guidance.build(context, Shared(tabs, model))
    return demo.queue()


if __name__ == "__main__":
    context = Context.detect()
    launch(page(context), context, server_port=int(sys.argv[1]))
