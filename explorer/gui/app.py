"""The page: header, tabs, and how it is served."""

from __future__ import annotations

import os
from typing import Any

os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"  # before gradio: it would ask two foreign hosts
os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")

from explorer.gui.frame.temporary import use_own_folder  # noqa: E402

use_own_folder()

import gradio as gr  # noqa: E402

from explorer.devices import choose_threads  # noqa: E402
from explorer.gui.forward import tab as forward  # noqa: E402
from explorer.gui.frame.context import Context  # noqa: E402
from explorer.gui.frame.shared import Shared  # noqa: E402
from explorer.gui.frame.sweeper import Sweeper  # noqa: E402
from explorer.gui.lectures import tab as lectures  # noqa: E402
from explorer.gui.parts.header import Header  # noqa: E402
from explorer.gui.plane import tab as plane  # noqa: E402
from explorer.gui.reverse import tab as reverse  # noqa: E402
from explorer.gui.schedules import tab as schedules  # noqa: E402
from explorer.gui.theme import css, theme  # noqa: E402
from explorer.gui.train import tab as train  # noqa: E402
from explorer.gui.train.settings import TrainParts  # noqa: E402

NAME = "Diffusion Explorer"
TABS = (forward, schedules, train, reverse, plane, lectures)
"""In the order of the page; each has `ID`, `TITLE` and `build(context, shared)`."""

for _kind in (gr.Number, gr.Slider):
    # What was typed, as it is: of what is out of bounds our handlers say beside the field what is
    # allowed, where Gradio would answer with an error. (A new instance stands in for a component
    # whose bounds were changed, so that telling ours is not enough.)
    _kind.preprocess = lambda self, payload: payload  # type: ignore[method-assign]


def create_app(context: Context | None = None) -> gr.Blocks:
    """All tabs around one context (by default what this machine has); `launch` serves it."""
    context = context or Context.detect()
    context.prune()
    with gr.Blocks(title=NAME, analytics_enabled=False, delete_cache=(86400, 86400)) as demo:
        Header(context.device.name)
        models = list(context.models(""))
        model = gr.Dropdown(
            models,
            value=models[0] if models else None,
            label="Model",
            elem_id="reverse-model",
            render=False,
        )
        with gr.Tabs() as tabs:
            parts = TrainParts.create(context) if train in TABS else None
            shared = Shared(tabs, model, parts)
            for tab in TABS:
                with gr.Tab(tab.TITLE, id=tab.ID):
                    tab.build(context, shared)
    demo.queue(default_concurrency_limit=4, max_size=context.limits.queue, api_open=False)
    return demo


def launch(demo: gr.Blocks, context: Context, **options: Any) -> tuple[Any, str, str]:
    """Serve without a foreign request; `options` go to Gradio (server_port, share, …)."""
    choose_threads(spare=1)  # a core for the page
    settings: dict[str, Any] = {
        "run_history": False,
        "ssr_mode": False,
        "state_session_capacity": 300,
        "max_file_size": context.limits.zip_bytes,
        "theme": theme(),
        "css": css(),
        "footer_links": ["gradio", "settings"],
        "pwa": False,
        "max_threads": 80,  # those who wait for the device hold one
        "app_kwargs": {"lifespan": Sweeper(demo, context).beside},
    }
    return demo.launch(**settings | options)
