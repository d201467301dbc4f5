"""A page with the Train tab and the lectures' pages: give it a port and run it."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import gradio as gr
import torch

from explorer.gui.app import launch
from explorer.gui.context import Context
from explorer.gui.device import Device
from explorer.gui.limits import HOSTED
from explorer.gui.shared import Shared
from explorer.gui.tabs import train
from explorer.gui.topics.lecture_pages import PAGES


def page(context: Context) -> gr.Blocks:
    with gr.Blocks(title="lectures", analytics_enabled=False) as demo:
        with gr.Tabs(selected="lectures") as tabs:
            shared = Shared(tabs, gr.Dropdown([], render=False))
            with gr.Tab("Train", id="train"):
                train.build(context, shared)
            with gr.Tab("Lectures", id="lectures"):
                for each in PAGES:
                    with gr.Accordion(each.TITLE, open=False, elem_id=f"topic-{each.ID}"):
                        each.build(context, shared)
    return demo.queue()


if __name__ == "__main__":
    folder = Path(tempfile.mkdtemp())
    device = Device(torch.device("cpu"))
    context = Context(device, HOSTED, folder, folder, datasets=("mnist-5k", "emoji"))
    launch(page(context), context, server_port=int(sys.argv[1]))
