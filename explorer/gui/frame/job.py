"""A job on the server: who owns it, how far it is, and what it has shown."""

from __future__ import annotations

import asyncio
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, Literal

import gradio as gr
from gradio.blocks import Block

from explorer.gui.frame.device import StopFlag
from explorer.gui.frame.shared import Changes
from explorer.gui.parts.widget import Prepared, Widget

State = Literal["waiting", "running", "over"]
READING = 10.0
"""Seconds within which a job's work reads what it was asked for, on a busy machine too."""


class Job:
    """It runs on a thread of its own; pages look at what it has shown, and may come and go.

    What it has shown is kept as the last value of each component that it changed: so much and no
    more, however long it runs. Safe to be used from several threads.
    """

    def __init__(
        self,
        kind: str,
        owner: str,
        address: str = "",
        *,
        session: str = "",
        lasting: bool = False,
    ) -> None:
        """session : of the page that has begun it.
        lasting : it ends by itself where it can be continued, once its pages have gone.
        """
        self.id = secrets.token_hex(8)
        self.kind, self.owner, self.address = kind, owner, address
        self.session, self.lasting = session, lasting
        self.flag = StopFlag(self.id)
        self.state: State = "waiting"
        self.waits = ""
        """What is said of its wait, while it waits."""
        self.begun = self.attended = time.monotonic()
        """When it began; when a page was last seen to look at it, or it ended."""
        self.seen = self.left = False
        """Whether a page has looked at it; whether it ends because none does any more."""
        self.thread: threading.Thread | None = None
        self.pages: dict[str, int] = {}
        """Sessions that look at it, and how often."""
        self.told_end: set[str] = set()
        """Sessions that have been shown all of it."""
        self.replaced_on: set[str] = set()
        """Sessions that show something else where it was shown: they are told nothing more."""
        self.line: Block | None = None
        """What says on the page how far it is."""
        self._words, self._aside = "", ""
        """What it says there itself, and what is said beside it."""
        self.asked: Changes = {}
        """The fields of the page that it was begun with, and what stood in them."""
        self._made: Any = None
        self._read = threading.Event()
        """Whether its work has read what it was asked for: `made` is as it stays."""
        self._closed = False
        """Whether its last words are being said."""
        self._version = 0
        self._shown: dict[Block, tuple[int, Any]] = {}
        self._lock = threading.Lock()
        self._listeners: set[Callable[[], None]] = set()

    @property
    def over(self) -> bool:
        return self.state == "over"

    @property
    def made(self) -> Any:
        """The settings that its result is shown with, None where its work keeps none; whoever asks
        while the work has only just begun waits until it has read them."""
        self._read.wait(READING)
        return self._made

    @made.setter
    def made(self, settings: Any) -> None:
        self._made = settings
        self._read.set()

    def show(self, changes: Changes) -> None:
        """From now on pages see this."""
        ready = {block: _prepared(block, value) for block, value in changes.items()}
        with self._lock:
            self._put(ready)
        self._notify()

    def _put(self, ready: Changes) -> None:
        self._version += 1
        self._read.set()
        for block, value in ready.items():
            if block is self.line and isinstance(value, str):
                self._words, value = value, " · ".join(filter(None, (value, self._aside)))
            if block in self._shown:
                value = _both(self._shown[block][1], value)
            self._shown[block] = (self._version, value)

    def say_beside(self, aside: str) -> bool:
        """From now on this is said beside its own words on how far it is, also beside the last;
        False if it is over, so that nobody would be shown it."""
        with self._lock:
            if self.over or self.line is None:
                return False
            self._aside = aside
            self._put({self.line: self._words})
        self._notify()
        return True

    def stop(self, said: Changes) -> None:
        """It ends at its next look; until then pages see what is said. Nothing once it closes."""
        with self._lock:
            if self._closed:
                return
            self.flag.stop()
            self._put(said)
        self._notify()

    def close(self) -> None:
        """What is shown now are its last words: `stop` says nothing after them."""
        with self._lock:
            self._closed = True

    def end(self) -> None:
        """Nothing more comes."""
        self.close()
        self.flag.stop()
        self.attended = time.monotonic()
        with self._lock:
            self.state = "over"
        self._read.set()
        self._notify()

    def since(self, version: int) -> tuple[int, Changes]:
        """What was shown after a version, 0 being the beginning; and the version now."""
        with self._lock:
            news = {block: value for block, (v, value) in self._shown.items() if v > version}
            return self._version, news

    def last(self, block: Block) -> Any:
        """What this component was shown last; None if nothing."""
        with self._lock:
            return self._shown.get(block, (0, None))[1]

    def _notify(self) -> None:
        for listener in list(self._listeners):
            listener()

    @contextmanager
    def looked_at(self, session: str, woken: asyncio.Event) -> Iterator[None]:
        """While a page of this session looks at it; `woken` is set when there is news."""
        loop = asyncio.get_running_loop()

        def listen() -> None:
            with suppress(RuntimeError):  # the loop was closed: nobody is there
                loop.call_soon_threadsafe(woken.set)

        self._listeners.add(listen)
        self.pages[session] = self.pages.get(session, 0) + 1
        try:
            yield
        finally:
            self._listeners.discard(listen)
            self.attended = time.monotonic()
            self.pages[session] -= 1
            if not self.pages[session]:
                del self.pages[session]


def _prepared(block: Block, value: Any) -> Any:
    """What a browser part gets, made now: what it is made of may go on growing."""
    if isinstance(block, Widget) and not _is_update(value):
        return Prepared(block.postprocess(value))
    return value


def _is_update(value: Any) -> bool:
    """Whether it changes properties of a component, as gr.Button(interactive=False) does."""
    return isinstance(value, Block) or (isinstance(value, dict) and "__type__" in value)


def _both(before: Any, value: Any) -> Any:
    """What somebody is shown who sees neither yet."""
    if not (_is_update(before) or _is_update(value)):
        return value
    properties = _properties(before) | _properties(value)
    kind = next((type(each) for each in (value, before) if isinstance(each, Block)), gr.update)
    return kind(**properties)


def _properties(value: Any) -> dict[str, Any]:
    if isinstance(value, Block):
        return value.constructor_args
    return (
        {k: v for k, v in value.items() if k != "__type__"}
        if _is_update(value)
        else {"value": value}
    )
