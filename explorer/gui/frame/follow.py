"""What pages are told of jobs while these go on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import ExitStack
from typing import Any

import gradio as gr

from explorer.gui.frame.job import Job
from explorer.gui.frame.shared import Changes

PAUSE = 0.15
"""Seconds between two messages to a page, at least."""
BEAT = 5.0
"""Seconds after which a page is told that nothing is new."""


async def follow(
    jobs: Sequence[Job], session: str, keeper: gr.blocks.Block | None = None
) -> AsyncGenerator[Changes, None]:
    """What these jobs have shown so far, and then what they show, until all have ended or the page
    shows something else in their place.

    Who is slow gets the last state of things, not every one before it. `keeper` is told that
    something goes on, whether or not there is news.
    """
    woken, seen, beat, due = asyncio.Event(), dict.fromkeys(jobs, 0), 0, False
    with ExitStack() as looks:
        for job in jobs:
            looks.enter_context(job.looked_at(session, woken))
        while True:
            woken.clear()
            jobs = [job for job in jobs if session not in job.replaced_on]
            over = all([job.over for job in jobs])  # before one looks at what they have shown
            news: Changes = {}
            for job in jobs:
                seen[job], changes = job.since(seen[job])
                news |= changes
            if keeper and (news or due or over):
                news[keeper] = {"live": not over, "beat": beat + 1}
            if news or due or (over and not beat):
                beat += 1
                yield news or gr.skip()  # an empty answer would clear everything
            if over:
                for job in jobs:
                    job.told_end.add(session)
                return
            await asyncio.sleep(PAUSE)
            try:
                await asyncio.wait_for(woken.wait(), BEAT)
                due = False
            except TimeoutError:
                due = keeper is not None


def session_of(request: gr.Request | None) -> str:
    """The page that asks; its name comes from the browser: untrusted."""
    return getattr(request, "session_hash", None) or ""


def following(state: gr.blocks.Block) -> dict[str, Any]:
    """How events are wired that follow a job: they take no thread, so that any number may."""
    return {
        "concurrency_limit": None,
        "show_progress": "minimal",
        "show_progress_on": state,
        "api_visibility": "private",
    }
