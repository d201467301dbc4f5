"""The page: header, tabs, and how it is served."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import gradio as gr

from explorer.gui.forward import tab as forward
from explorer.gui.frame.address import Address
from explorer.gui.frame.context import Context
from explorer.gui.frame.door import behind_door, streams
from explorer.gui.frame.environment import ASKED_PORT
from explorer.gui.frame.head import head
from explorer.gui.frame.keeper import Keeper, keep_attached
from explorer.gui.frame.present import Presenter
from explorer.gui.frame.shared import QUIET, Shared
from explorer.gui.frame.sweeper import Sweeper
from explorer.gui.frame.upload import Uploads
from explorer.gui.frame.visitors import cookie_notice, proxies
from explorer.gui.glossary.glossary import glossary
from explorer.gui.lectures import tab as lectures
from explorer.gui.lessons import strip
from explorer.gui.lessons.files import SHIPPED, find_lessons
from explorer.gui.parts.access import Access
from explorer.gui.parts.header import Header
from explorer.gui.parts.menu import Menu
from explorer.gui.plane import tab as plane
from explorer.gui.reverse import tab as reverse
from explorer.gui.schedules import tab as schedules
from explorer.gui.theme import css, theme
from explorer.gui.train import tab as train
from explorer.gui.train.settings import TrainParts

NAME = "Diffusion Explorer"
LESSONS = (SHIPPED,)
"""Folders whose lessons every app has."""
TABS = (forward, schedules, train, reverse, plane, lectures)
"""In the order of the page; each has `ID`, `TITLE` and `build(context, shared)`."""

for _kind in (gr.Number, gr.Slider):
    # What was typed, as it is: of what is out of bounds our handlers say beside the field what is
    # allowed, where Gradio would answer with an error. (A new instance stands in for a component
    # whose bounds were changed, so that telling ours is not enough.)
    _kind.preprocess = lambda self, payload: payload  # type: ignore[method-assign]


def create_app(context: Context | None = None, lessons: Iterable[Path] = ()) -> gr.Blocks:
    """All tabs around one context (by default what this machine has); `launch` serves it.

    lessons : folders or files of a course's own; what is wrong with one is said on the terminal.
    """
    context = context or Context.detect()
    found, troubles = find_lessons([*LESSONS, *lessons])
    for trouble in troubles:
        print(f"lesson left out: {trouble}", file=sys.stderr, flush=True)
    context.prune()
    with gr.Blocks(title=NAME, analytics_enabled=False, delete_cache=(86400, 86400)) as demo:
        Access(elem_classes="access")
        address = Address(elem_id="address")
        Header(context.device.badge)
        glossary()
        Presenter()
        strip.build(found)
        context.jobs.keeper = keeper = Keeper()
        if context.limits.hosted:
            notice = gr.Markdown("", elem_id="visitor-notice", elem_classes="message")
            gr.on(None, cookie_notice, None, notice, **QUIET)
        models = list(context.models(""))
        model = Menu(
            models,
            value=models[0] if models else None,
            label="Model",
            elem_id="reverse-model",
            render=False,
        )
        with gr.Tabs(overflow_behavior="wrap") as tabs:
            parts = TrainParts.create(context) if train in TABS else None
            shared = Shared(tabs, model, parts, address)
            for tab in TABS:
                with gr.Tab(tab.TITLE, id=tab.ID, elem_id=f"tab-{tab.ID}"):
                    gr.Markdown(f"## {tab.TITLE}", elem_classes="unseen")
                    tab.build(context, shared)
        address.describe(
            {tab.ID: tab.TITLE for tab in TABS},
            {tab.ID: tab.PLACES for tab in (train, reverse)},
            [topic.ID for topic in lectures.TOPICS],
        )
        address.wire(demo, context.visitor)
        keep_attached(context, demo, keeper, address)
    demo.queue(default_concurrency_limit=4, max_size=context.limits.queue, api_open=False)
    return demo


def launch(demo: gr.Blocks, context: Context, **options: Any) -> tuple[Any, str, str]:
    """Serve without a foreign request; `options` go to Gradio (server_port, share, …).

    SystemExit with a sentence if the port that was asked for, or any, cannot be had.
    """
    context.jobs.present = streams.open
    os.environ["FORWARDED_ALLOW_IPS"] = ""  # else whoever comes by localhost names their address
    door = behind_door(
        hosted=context.limits.hosted,
        shared_at=lambda: demo.share_url,
        refuse=Uploads(context.limits, Path(demo.GRADIO_CACHE)).refusal,
    )
    sweeper = Sweeper(demo, context, context.jobs.shown)

    @asynccontextmanager
    async def lifespan(app: Any) -> AsyncIterator[None]:
        async with door(app), sweeper.beside(app):
            yield

    settings: dict[str, Any] = {
        "run_history": False,
        "ssr_mode": False,
        "state_session_capacity": 300,
        "max_file_size": context.limits.zip_bytes,
        "theme": theme(),
        "css": css(),
        "head": head(demo),
        "footer_links": ["gradio", "settings"],
        "pwa": False,
        "enable_monitoring": False,
        "max_threads": 80,
        "app_kwargs": {"lifespan": lifespan},
    }
    try:
        port = options.pop("server_port", None) or asked_port(ASKED_PORT)
        proxies()
    except ValueError as error:
        sys.exit(str(error))
    try:
        return demo.launch(server_port=port, **settings | options)
    except OSError as error:
        if "empty port" not in str(error):
            raise
        sys.exit(no_port(port))


def asked_port(text: str) -> int | None:
    """The port in GRADIO_SERVER_PORT; None, any from 7860 on, if it is empty. ValueError."""
    if not text:
        return None
    if not re.fullmatch("[0-9]{1,5}", text) or not 1 <= int(text) <= 65535:
        raise ValueError(
            f"GRADIO_SERVER_PORT is {text[:40]!r}; give a whole number from 1 to 65535"
        )
    return int(text)


def no_port(port: int | None) -> str:
    """What is said where the server cannot listen."""
    if port is None:
        return "None of the ports from 7860 on is free; close a program that uses one."
    return (
        f"Port {port} cannot be opened: another program uses it, or you do not have permission. "
        "Give "
        "another GRADIO_SERVER_PORT, or none: then the next free one from 7860 on is taken."
    )
