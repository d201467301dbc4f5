"""A page with nothing but the topic on stochastic differential equations."""

from __future__ import annotations

from typing import Any

import gradio as gr
import torch

from explorer.gui.context import Context
from explorer.gui.device import Device
from explorer.gui.limits import HOSTED
from explorer.gui.shared import Shared
from explorer.gui.theme import css, theme
from explorer.gui.topics import sde


def page() -> gr.Blocks:
    context = Context(Device(torch.device("cpu")), HOSTED)
    with gr.Blocks(title="sde", analytics_enabled=False) as demo:
        with gr.Tabs() as tabs, gr.Tab(sde.TITLE):
            sde.build(context, Shared(tabs, None))
    return demo


def launch(port: int) -> gr.Blocks:
    demo = page()
    options: dict[str, Any] = {"run_history": False, "ssr_mode": False}
    options |= {"theme": theme(), "css": css(), "prevent_thread_lock": True, "quiet": True}
    demo.launch(server_port=port, **options)
    return demo
