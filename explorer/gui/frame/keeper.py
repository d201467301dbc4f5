"""The page's hold on its jobs: it finds them again after a reload, a lost network, a long sleep.

keeper.js hears from Python that something goes on; when that falls silent, and whenever the page
comes back into view or the network returns, it asks again.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any

import gradio as gr

from explorer.gui.frame.address import Address
from explorer.gui.frame.context import Context
from explorer.gui.frame.follow import follow, following, session_of
from explorer.gui.frame.job import Job
from explorer.gui.frame.shared import QUIET, Changes
from explorer.gui.parts.widget import Widget

UNHEARD = 30.0
"""Seconds for which the server may go on telling a page that does not hear it any more."""


class Keeper(Widget):
    """Unseen; its value says whether a job is followed: {"live": …, "beat": …}, a beat of 0 that
    there is one to follow."""


def keep_attached(context: Context, demo: gr.Blocks, keeper: Keeper, address: Address) -> None:
    """When a page comes, or comes again, it is shown its visitor's jobs and follows them.

    Called when all of the page is built.
    """

    following_now: dict[str, object] = {}

    def look(request: gr.Request) -> Changes:
        """Whether a page that has just come has missed anything; then it asks."""
        if not context.jobs.of(context.visitor(request)):
            return gr.skip()
        return {keeper: {"live": True, "beat": 0}}

    async def attach(request: gr.Request, event: gr.EventData) -> AsyncIterator[Changes]:
        """A page is shown all that it has not seen to its end, and a `new` one what was asked for,
        but in fields that its address or somebody's hand has `taken`. What it has seen it is not
        shown again, since something else may stand there, unless it ended while the page was `cut`
        off, so many seconds ago. A page follows once: who asks again ends what came before.
        """
        session, jobs = session_of(request), context.jobs.of(context.visitor(request))
        new, cut = bool(getattr(event, "new", False)), getattr(event, "cut", 0)
        taken = address.components(getattr(event, "taken", None))
        since = time.monotonic() - cut - UNHEARD if cut and isinstance(cut, (int, float)) else None

        def missed(job: Job) -> bool:
            lately = since is not None and job.attended >= since
            fresh = lately or not job.over or session not in job.told_end
            return fresh and session not in job.replaced_on

        wanted = [job for job in jobs if missed(job)]
        asked = {k: v for job in wanted for k, v in job.asked.items() if k not in taken}
        if new and asked:
            yield asked
        mine = following_now[session] = object()
        try:
            async with aclosing(follow(wanted, session, keeper)) as news:
                async for changes in news:
                    if following_now.get(session) is not mine:
                        return
                    yield changes
        finally:
            if following_now.get(session) is mine:
                del following_now[session]

    outputs: list[Any] = [b for b in context.jobs.outputs if demo.blocks.get(b._id) is b]
    options = following(keeper) | {"show_progress": "hidden"}
    demo.load(look, None, keeper, **QUIET)
    keeper.again(attach, None, [keeper, *outputs], trigger_mode="multiple", **options)
