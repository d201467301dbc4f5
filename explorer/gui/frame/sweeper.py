"""What is old is swept away: frames, uploads, runs and emptied folders, by a timer of our own.

Gradio's cleaner knows the files of one process only, those that it has not lost count of; it runs
at the end alone. Replicas may share the folders: each renews what its own pages show, so that the
others' sweepers find it young, and takes what somebody else has deleted for gone.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import is_dataclass
from pathlib import Path
from typing import Any

import gradio as gr

from explorer.gui.frame import memory
from explorer.gui.frame.context import Context
from explorer.gui.frame.room import SHOWN, filling
from explorer.gui.frame.sweep import sweep_runs, sweep_temporary

EVERY = 60.0
"""Seconds between two sweeps."""


class Sweeper:
    """Keeps the folders of one app within its limits; `launch` runs it beside the server."""

    def __init__(
        self,
        demo: gr.Blocks,
        context: Context,
        held: Callable[[], Iterable[Any]] = tuple,
    ) -> None:
        """
        demo : whose pages show files.
        held : values beside the pages that still need the files named in them, such as the news
            of a job that a page may come back to.
        """
        self.demo, self.limits, self.held = demo, context.limits, held
        self.temporary, self.runs = Path(demo.GRADIO_CACHE), context.all_runs
        self._stop = threading.Event()

    def sweep(self, now: float) -> None:
        """Delete what is too old at `now`, then the oldest of what is too much."""
        self._forget_pages(now)
        self._renew(now)
        gone = sweep_temporary(self.temporary, self.limits, now)
        for known in self.demo.temp_file_sets:
            known.difference_update(gone)
        sweep_runs(self.runs, self.limits, now)
        for folder in (self.temporary, self.runs):
            filling(folder).look_again()

    @asynccontextmanager
    async def beside(self, app: Any) -> AsyncIterator[None]:
        """The lifespan of a server (`app_kwargs={"lifespan": sweeper.beside}`): it sweeps now and
        then, in a thread of its own."""
        memory.settle()
        self._stop.clear()
        timer = threading.Thread(target=self._run, name="sweeper", daemon=True)
        timer.start()
        try:
            yield
        finally:
            self._stop.set()

    def _run(self) -> None:
        while True:
            try:
                self.sweep(time.time())
                memory.give_back()
            except Exception:  # the next sweep may find it otherwise
                logging.getLogger(__name__).exception("a sweep failed")
            if self._stop.wait(EVERY):
                return

    def _sessions(self) -> list[tuple[str, Any, float]]:
        """Of each page: its name, its state and when it was last used."""
        holder = getattr(self.demo, "state_holder", None)
        if holder is None:  # not launched yet
            return []
        used = dict(holder.time_last_used)
        return [
            (name, state, used[name].timestamp())
            for name, state in list(holder.session_data.items())
            if name in used
        ]

    def _forget_pages(self, now: float) -> None:
        """Gradio keeps a megabyte and more for each page until so many others have come."""
        for name, state, used in self._sessions():
            if state.is_closed and now - used > self.limits.page_keep:
                holder = self.demo.state_holder
                with holder.lock:
                    holder.session_data.pop(name, None)
                    holder.time_last_used.pop(name, None)

    def _renew(self, now: float) -> None:
        """What open pages and jobs show is young again."""
        shown: list[Any] = []
        for _, state, used in self._sessions():
            age = now - used
            if age < (self.limits.shown_keep if state.is_closed else self.limits.keep):
                configs = list(state.config_values.values())
                shown += [config["props"].get("value") for config in configs if "props" in config]
                shown.append(list(state.state_data.values()))
        shown += self.held()
        for path in paths_in(shown, str(self.temporary / SHOWN)):
            with suppress(OSError):
                os.utime(path, (now, now))


def paths_in(value: Any, folder: str) -> set[str]:
    """All texts in a value that are paths into a folder; of what looks like numbers none are."""
    found: set[str] = set()
    seen: set[int] = set()
    waiting = [value]
    while waiting:
        value = waiting.pop()
        if isinstance(value, str):
            if value.startswith(folder):
                found.add(value)
            continue
        if isinstance(value, Mapping):
            parts: Iterable[Any] = list(value.values())
        elif isinstance(value, (list, tuple, set, frozenset)):
            parts = list(value)
            if parts and isinstance(parts[0], (int, float)):
                continue
        elif is_dataclass(value) and not isinstance(value, type):
            parts = list(vars(value).values())
        else:
            continue
        if id(value) not in seen:
            seen.add(id(value))
            waiting += parts
    return found
