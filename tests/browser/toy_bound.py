"""A page with nothing but the topic on the variational bound: give it a port and run it."""

from __future__ import annotations

import sys

import gradio as gr
import torch

from explorer.gui.app import launch
from explorer.gui.context import Context
from explorer.gui.device import Device
from explorer.gui.limits import LOCAL
from explorer.gui.shared import Shared
from explorer.gui.topics import bound


def page(context: Context) -> gr.Blocks:
    with gr.Blocks(title="bound", analytics_enabled=False) as demo:
        with gr.Tabs() as tabs, gr.Tab(bound.TITLE):
            bound.build(context, Shared(tabs, None))
    return demo.queue()


if __name__ == "__main__":
    context = Context(Device(torch.device("cpu")), LOCAL)
    launch(page(context), context, server_port=int(sys.argv[1]))
