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
from explorer.gui.frame.shared import QUIET, Changes
from explorer.gui.parts.widget import Widget


class Keeper(Widget):
    """Unseen; its value says whether a job is followed: {"live": …, "beat": …}, a beat of 0 that
    there is one to follow."""


def keep_attached(context: Context, demo: gr.Blocks, keeper: Keeper) -> None:
    """When a page comes, or comes again, it is shown its visitor's jobs and follows them.

    Called when all of the page is built.
    """

    def look(request: gr.Request) -> Changes:
        """Whether a page that has just come has missed anything; then it asks."""
        if not context.jobs.of(context.visitor(request)):
            return gr.skip()
        return {keeper: {"live": True, "beat": 0}}

    async def attach(request: gr.Request, event: gr.EventData) -> AsyncIterator[Changes]:
        """A `new` page is shown all, and what was asked for. What a page has seen to its end it is
        not shown again, unless it says that it was `cut` off: something else may stand there."""
        session, jobs = session_of(request), context.jobs.of(context.visitor(request))
        new, cut = (bool(getattr(event, name, False)) for name in ("new", "cut"))
        if new and (asked := {k: value for job in jobs for k, value in job.asked.items()}):
            yield asked
        every = new or cut
        missed = [job for job in jobs if every or not job.over or session not in job.told_end]
        async with aclosing(follow(missed, session, keeper)) as news:
            async for changes in news:
                yield changes

    outputs: list[Any] = [b for b in context.jobs.outputs if demo.blocks.get(b._id) is b]
    options = following(keeper) | {"show_progress": "hidden"}
    demo.load(look, None, keeper, **QUIET)
    keeper.again(attach, None, [keeper, *outputs], trigger_mode="multiple", **options)
