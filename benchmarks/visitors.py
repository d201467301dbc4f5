"""A visitor without a browser: a page of the app, by the protocol of Gradio's own page."""

from __future__ import annotations

import asyncio
import json
import secrets
import time
from collections.abc import AsyncIterator, Mapping
from typing import Any, NamedTuple

import httpx
from gradio_client.utils import apply_diff  # type: ignore[import-untyped]

from benchmarks.page import TROUBLE, Changes, Config

TIMEOUT = httpx.Timeout(60, connect=20)
"""Seconds without a byte; the app sends a sign of life every 15."""


class Refused(Exception):
    """The app has said in a sentence why it does not do what was asked."""


class Failed(RuntimeError):
    """Something went wrong."""


class Shown(NamedTuple):
    seconds: float
    """Since the click."""
    changes: Changes


class Visitor:
    """One page. `async with` opens it and leaves it again."""

    def __init__(
        self,
        address: str,
        config: Config | None = None,
        *,
        cookies: Mapping[str, str] | None = None,
    ) -> None:
        """config : if it is known; else it is fetched. cookies : of an earlier page."""
        self.address, self._config = address, config
        self.session = secrets.token_hex(6)
        self.opened = 0.0
        """Seconds until the page's HTML was there."""
        self.cookies = dict(cookies or {})
        self._client = httpx.AsyncClient(
            base_url=address, timeout=TIMEOUT, trust_env=False, verify=False
        )
        self._inboxes: dict[str, asyncio.Queue[dict[str, Any]]] = {}
        """Messages by the event that they belong to."""
        self._over: set[str] = set()
        """Events of which nothing more comes."""
        self._tasks: set[asyncio.Task[None]] = set()
        self._reader: asyncio.Task[None] | None = None

    @property
    def config(self) -> Config:
        if self._config is None:
            raise Failed("the page was not opened yet")
        return self._config

    async def __aenter__(self) -> Visitor:
        try:
            await self.open()
        except BaseException:
            await self.leave()
            raise
        return self

    async def __aexit__(self, *error: object) -> None:
        await self.leave()

    async def open(self) -> None:
        """Fetch the page, which may give a cookie, and ask what a page asks when it loads."""
        begun = time.perf_counter()
        self._client.headers.update(self._headers())
        answer = await self._checked(self._client.get("/"))
        self.opened = time.perf_counter() - begun
        # by hand: a browser takes a Secure cookie from loopback too, httpx's jar does not
        self.cookies |= dict(answer.cookies)
        self._client.headers.update({"Origin": self.address} | self._headers())
        if self._config is None:
            self._config = Config((await self._checked(self._client.get("/config"))).json())
        if self.config.heartbeat:
            self._spawn(self._beat())
        for dependency in self.config.at_load():
            if dependency["queue"]:
                self._spawn(self._drain(dependency))
            else:
                await self._run(dependency, {})

    async def leave(self) -> None:
        """Close the page: its streams end in the middle, as a browser's do."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._client.aclose()

    async def ask(self, name: str, set_: Changes, event: str = "change") -> Changes:
        """An event that does not queue, such as a setting's change: what it changes."""
        return await self._run(self.config.find(name, event), set_)

    def press(self, name: str, set_: Changes, event: str = "click") -> AsyncIterator[Shown]:
        """An event that queues: what it shows, as it comes. Refused or Failed if it ends so."""
        return self._stream(self.config.find(name, event), set_)

    async def fetch(self, path: str) -> bytes:
        """A file of the app, by the path that it gave."""
        return (await self._checked(self._client.get(f"{self._api}/file={path}"))).content

    async def upload(self, data: bytes, name: str) -> dict[str, Any]:
        """Send a file; the value for the component that takes it."""
        sent = self._client.post(f"{self._api}/upload", files={"files": (name, data)})
        path = (await self._checked(sent)).json()[0]
        return {"path": path, "orig_name": name, "meta": {"_type": "gradio.FileData"}}

    @property
    def _api(self) -> str:
        return self.config.prefix

    async def _checked(self, asked: Any) -> httpx.Response:
        """Refused for an answer that says no, Failed for one that says nothing."""
        try:
            answer = await asked
        except httpx.HTTPError as error:
            raise Failed(f"{self.address}: {str(error) or type(error).__name__}") from error
        if answer.is_success:
            return answer
        try:
            said = answer.json()
            sentence = said.get("detail") or said.get("error") or ""
        except (ValueError, AttributeError):
            sentence = ""
        if answer.status_code in (403, 413, 429, 503) and isinstance(sentence, str) and sentence:
            raise Refused(sentence)
        raise Failed(f"{answer.request.url.path} answers {answer.status_code} {sentence}"[:200])

    def _headers(self) -> dict[str, str]:
        said = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        return {"Cookie": said} if said else {}

    def _body(self, dependency: dict[str, Any], set_: Changes) -> dict[str, Any]:
        return {
            "data": self.config.values(dependency, set_),
            "fn_index": dependency["id"],
            "session_hash": self.session,
            "trigger_id": dependency["targets"][0][0],
        }

    async def _run(self, dependency: dict[str, Any], set_: Changes) -> Changes:
        body = self._body(dependency, set_)
        answer = await self._checked(self._client.post(f"{self._api}/run/predict", json=body))
        changes = self.config.named(dependency, answer.json()["data"])
        if changes.get(TROUBLE):
            raise Refused(changes[TROUBLE])
        return changes

    async def _stream(self, dependency: dict[str, Any], set_: Changes) -> AsyncIterator[Shown]:
        begun = time.perf_counter()
        body = self._body(dependency, set_)
        answer = await self._checked(self._client.post(f"{self._api}/queue/join", json=body))
        event = answer.json()["event_id"]
        inbox = self._inboxes.setdefault(event, asyncio.Queue())
        if self._reader is None or self._reader.done():
            self._reader = self._spawn(self._read())
        outputs: list[Any] | None = None
        try:
            while (message := await inbox.get())["msg"] != "process_completed":
                if message["msg"] == "unexpected_error":
                    raise Failed(message.get("message") or "the stream ended")
                if message["msg"] != "process_generating":
                    continue
                news = message["output"]["data"]
                if outputs is not None:
                    news = [apply_diff(old, d) for old, d in zip(outputs, news, strict=True)]
                before, outputs = outputs, news
                new = [
                    value if before is None or value != before[i] else {"__type__": "update"}
                    for i, value in enumerate(news)
                ]
                changes = self.config.named(dependency, new)
                if changes.get(TROUBLE):
                    raise Refused(changes[TROUBLE])
                yield Shown(time.perf_counter() - begun, changes)
            if not message["success"]:
                said = message["output"].get("error")
                raise Refused(said) if said else Failed("the event ended with an error")
            if outputs is None:  # no generator: it answers once
                changes = self.config.named(dependency, message["output"]["data"])
                yield Shown(time.perf_counter() - begun, changes)
        finally:
            self._inboxes.pop(event, None)

    async def _drain(self, dependency: dict[str, Any]) -> None:
        async for _ in self._stream(dependency, {}):
            pass

    async def _read(self) -> None:
        """The session's one stream: its messages go to those who wait for them.

        It ends with the last event; one that was begun meanwhile has another.
        """
        where, asked = f"{self._api}/queue/data", {"session_hash": self.session}
        try:
            while self._inboxes.keys() - self._over:
                async with self._client.stream("GET", where, params=asked) as stream:
                    async for line in stream.aiter_lines():
                        if line.startswith("data:") and not self._deliver(json.loads(line[5:])):
                            break
        except httpx.HTTPError as error:
            said = f"the stream broke: {type(error).__name__} {error}"
            self._deliver({"msg": "unexpected_error", "message": said})

    def _deliver(self, message: dict[str, Any]) -> bool:
        """Whether the stream goes on."""
        event, kind = message.get("event_id"), message["msg"]
        if kind == "process_completed" and event:
            self._over.add(event)
        if event:  # which may be told of before its join is answered
            self._inboxes.setdefault(event, asyncio.Queue()).put_nowait(message)
        elif kind == "unexpected_error":
            for event, inbox in self._inboxes.items():
                self._over.add(event)
                inbox.put_nowait(message)
        return event is not None or kind not in ("close_stream", "unexpected_error")

    async def _beat(self) -> None:
        """The stream by which the app knows that the page is still there."""
        where = f"{self._api}/heartbeat/{self.session}"
        async with self._client.stream("GET", where) as stream:
            async for _ in stream.aiter_bytes():
                pass

    def _spawn(self, work: Any) -> asyncio.Task[None]:
        task: asyncio.Task[None] = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)
        return task

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled():
            task.exception()  # seen: who waits for its messages has been told
