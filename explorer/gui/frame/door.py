"""The door of the web server: what answers, to whose pages, and the visitor's cookie.

It stands around all of Gradio, whose own middleware lets every page read the answers of an app
that is not on localhost.
"""

from __future__ import annotations

import os
import threading
import time
from collections import Counter, OrderedDict
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from typing import Any
from urllib.parse import SplitResult, urlsplit

from starlette.datastructures import Headers, MutableHeaders, QueryParams
from starlette.requests import HTTPConnection
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from explorer.gui.frame.delivery import delivered
from explorer.gui.frame.page_files import PREFIX
from explorer.gui.frame.visitors import COOKIE, address_of, new_secret, proxies, secret_of

API = "/gradio_api/"
STREAM, UPLOAD = f"{API}queue/data", f"{API}upload"
SHOWN = {"", "/config", "/theme.css", f"{API}theme.css"}
SHOWN |= {"/favicon.ico", "/robots.txt", "/manifest.json"}
SHOWN_UNDER = (f"/{PREFIX}", "/assets/", "/static/", "/svelte/", f"{API}file=")
"""What is read (GET, HEAD); paths without their last slash."""
FETCHED = (f"{API}file=http:", f"{API}file=https:")
"""Of it what Gradio would fetch from elsewhere."""
ASKED = {STREAM, *(API + name for name in ("info", "app_id", "startup-events", "upload_progress"))}
ASKED_UNDER = (f"{API}heartbeat/",)
"""What is read too, but changes something, or belongs to one page."""
SENT = {API + name for name in ("queue/join", "upload", "component_server", "cancel", "reset")}
SENT_UNDER = (f"{API}run/",)
"""What is sent (POST). All else that Gradio has, and may get, is not there: our pages and
`gradio_client` do without."""
WEEK = 7 * 24 * 3600
FOREIGN = (
    "This was sent by a page of another site, so it was refused. If it is this app's own "
    "page behind a proxy, the proxy must pass on the Host header, or send X-Forwarded-Host while "
    "EXPLORER_PROXIES says how many proxies there are."
)


class Streams:
    """Which pages listen, by their session's name: a page whose job waits has a stream open."""

    def __init__(self, remembered: int = 10_000) -> None:
        self.remembered = remembered
        """Of so many sessions, those that listened last, it is known once they have stopped."""
        self._lock = threading.Lock()
        self._open: Counter[str] = Counter()
        self._first: OrderedDict[str, float] = OrderedDict()

    def open(self, session: str) -> bool:
        """Whether it listens now."""
        return session in self._open

    def seen(self, session: str) -> bool:
        """Whether it has ever listened."""
        return session in self._open or session in self._first

    def since(self, session: str) -> float | None:
        """When it listened first, by `time.monotonic`; None if it never has."""
        return self._first.get(session)

    @contextmanager
    def listening(self, session: str) -> Iterator[None]:
        """While a stream of this session is open."""
        with self._lock:
            self._open[session] += 1
            self._first.setdefault(session, time.monotonic())
            self._first.move_to_end(session)
            if len(self._first) > self.remembered:
                self._first.popitem(last=False)
        try:
            yield
        finally:
            with self._lock:
                self._open[session] -= 1
                if not self._open[session]:
                    del self._open[session]


streams = Streams()
"""Of this process."""


class Door:
    """ASGI: lets through what the page needs, from the app's own pages, and sets the cookie."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        hosted: bool,
        shared_at: Callable[[], str | None] = lambda: None,
        refuse: Callable[[str, int | None], str | None] = lambda sender, size: None,
    ) -> None:
        """
        hosted : whether visitors are told apart.
        shared_at : the address of the share link.
        refuse : why an upload of so many bytes, None if it does not say, is not taken from a
            visitor; None if it is.
        """
        self.app, self.hosted, self.shared_at, self.refuse = app, hosted, shared_at, refuse

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":  # there is none
            await send({"type": "websocket.close", "code": 1008})
            return
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers, method, path = Headers(scope=scope), scope["method"], scope["path"].rstrip("/")
        read = method in ("GET", "HEAD")
        shown = read and (path in SHOWN or path.startswith(SHOWN_UNDER))
        shown = shown and not path.startswith(FETCHED)
        asked = read and (path in ASKED or path.startswith(ASKED_UNDER))
        sent = method == "POST" and (path in SENT or path.startswith(SENT_UNDER))
        if (asked or not read) and self._foreign(headers):
            await JSONResponse({"detail": FOREIGN}, 403)(scope, receive, send)
            return
        if not (shown or asked or sent):
            await JSONResponse({"detail": "Not Found"}, 404)(scope, receive, send)
            return

        if path == UPLOAD:
            length = headers.get("content-length", "")
            size = int(length) if length.isascii() and length.isdigit() else None
            connection = HTTPConnection(scope)
            if why := self.refuse(secret_of(connection) or address_of(connection), size):
                await JSONResponse({"detail": why}, 413)(scope, receive, send)
                return

        cookie = self._cookie(scope) if self.hosted and path == "" and method == "GET" else ""

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                told = MutableHeaders(scope=message)
                for name in [n for n in told.keys() if n.startswith("access-control-")]:
                    del told[name]  # no other site's page may read an answer
                if cookie:
                    told.append("set-cookie", cookie)
                    told["cache-control"] = "private, no-cache"
            await send(message)

        session = QueryParams(scope["query_string"]).get("session_hash", "")
        if path == STREAM and 0 < len(session) <= 100:
            with streams.listening(session):
                await self.app(scope, receive, answer)
        else:
            await self.app(scope, receive, answer)

    def _foreign(self, headers: Headers) -> bool:
        """Whether another site's page asks. Programs name no page, so theirs is none."""
        origins = headers.getlist("origin")
        if not origins:
            return headers.get("sec-fetch-site", "none") not in ("same-origin", "none")
        behind = proxies() > 0
        hosts = [f"//{headers.get('host', '')}", self.shared_at() or ""]
        if behind:
            hosts += [f"//{h.strip()}" for h in headers.get("x-forwarded-host", "").split(",")]
        own = [_place(host) for host in hosts]
        return not all(_same(_place(origin), own, port=not behind) for origin in origins)

    def _cookie(self, scope: Scope) -> str:
        """The header that gives the visitor a secret, or keeps theirs for another week.

        Over https it also works where the page stands in a frame on another site, as a Space's
        does, but apart for each such site (Partitioned).
        """
        connection = HTTPConnection(scope)
        forwarded = connection.headers.get("x-forwarded-proto", "")
        https = "https" in (scope["scheme"], forwarded.split(",")[0].strip())
        framed = https or os.environ.get("SPACE_ID")
        where = "SameSite=None; Secure; Partitioned" if framed else "SameSite=Lax"
        secret = secret_of(connection) or new_secret()
        return f"{COOKIE}={secret}; Max-Age={WEEK}; Path=/; HttpOnly; {where}"


def behind_door(**options: Any) -> Callable[[Any], AbstractAsyncContextManager[None]]:
    """A lifespan for Gradio's app that puts a Door with these options around it, and within it
    what compresses the answers (delivery.py).

    As one of the app's `middleware` they would stand inside of Gradio's own.
    """

    @asynccontextmanager
    async def lifespan(app: Any) -> AsyncIterator[None]:
        app.middleware_stack = Door(delivered(app.middleware_stack), **options)
        yield

    return lifespan


def _place(address: str) -> tuple[str, int | None]:
    """Host and port of "http://host:port" or "//host:port"; ("", None) of what is neither."""
    try:
        parts: SplitResult = urlsplit(address)
        return parts.hostname or "", parts.port or {"http": 80, "https": 443}.get(parts.scheme)
    except ValueError:
        return "", None


def _same(origin: tuple[str, int | None], own: list[tuple[str, int | None]], port: bool) -> bool:
    """Whether a page's origin is one of our own places; a Host without port is at the usual one.

    port : whether it counts too. A proxy of ours may listen at another than it says.
    """
    host, at = origin
    return bool(host) and any(
        host == ours and (not port or at == theirs or (theirs is None and at in (80, 443)))
        for ours, theirs in own
    )
