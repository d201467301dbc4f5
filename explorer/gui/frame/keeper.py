"""The page's hold on its jobs: it finds them again after a reload, a lost network, a long sleep.

keeper.js hears from Python that something goes on; when that falls silent, and whenever the page
comes back into view or the network returns, it asks again.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any

import gradio as gr

from explorer.gui.frame.context import Context
from explorer.gui.frame.jobs import follow, following, session_of
from explorer.gui.frame.shared import Changes
from explorer.gui.parts.widget import Widget


class Keeper(Widget):
    """Unseen; its value says whether a job is followed: {"live": …, "beat": …}."""


def keep_attached(context: Context, demo: gr.Blocks, keeper: Keeper) -> None:
    """When a page comes, or comes again, it is shown its visitor's jobs and follows them.

    Called when all of the page is built.
    """

    async def attach(request: gr.Request) -> AsyncIterator[Changes]:
        """A new page is shown all, and what was asked for."""
        jobs = context.jobs.of(context.visitor(request))
        if asked := {field: value for job in jobs for field, value in job.asked.items()}:
            yield asked
        async with aclosing(follow(jobs, session_of(request), keeper)) as news:
            async for changes in news:
                yield changes

    async def attach_again(request: gr.Request, event: gr.EventData) -> AsyncIterator[Changes]:
        """What a page has seen to its end it is not shown again, unless it says it was `cut` off:
        something else may be shown there by now."""
        session, cut = session_of(request), bool(getattr(event, "cut", False))
        jobs = context.jobs.of(context.visitor(request))
        missed = [job for job in jobs if cut or not job.over or session not in job.told_end]
        async with aclosing(follow(missed, session, keeper)) as news:
            async for changes in news:
                yield changes

    outputs: list[Any] = [b for b in context.jobs.outputs if demo.blocks.get(b._id) is b]
    options = following(keeper) | {"show_progress": "hidden"}
    demo.load(attach, None, [keeper, *outputs], **options)
    keeper.again(attach_again, None, [keeper, *outputs], trigger_mode="multiple", **options)
