"""A page with nothing but one topic."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import gradio as gr
import torch

from explorer.gui.context import Context
from explorer.gui.device import Device
from explorer.gui.limits import HOSTED
from explorer.gui.shared import Shared
from explorer.gui.theme import css, theme


def page(topic: ModuleType) -> gr.Blocks:
    context = Context(Device(torch.device("cpu")), HOSTED)
    with gr.Blocks(title=topic.ID, analytics_enabled=False) as demo:
        with gr.Tabs() as tabs, gr.Tab(topic.TITLE):
            topic.build(context, Shared(tabs, None))
    return demo


def launch(topic: ModuleType, port: int) -> gr.Blocks:
    demo = page(topic)
    options: dict[str, Any] = {"run_history": False, "ssr_mode": False}
    options |= {"theme": theme(), "css": css(), "prevent_thread_lock": True, "quiet": True}
    demo.launch(server_port=port, **options)
    return demo
