"""How answers travel: compressed, and those whose address names their content only once.

Gradio compresses its scripts anew at every request, its page and answers never, and lets browsers
guess how long a file is good for.
"""

from __future__ import annotations

import gzip
from collections.abc import Callable

import anyio.to_thread
import brotli
from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware.gzip import (
    DEFAULT_EXCLUDED_CONTENT_TYPES,
    GZipMiddleware,
    IdentityResponder,
)
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from explorer.gui.frame.page_files import PREFIX
from explorer.gui.frame.room import SHOWN

YEAR = 365 * 24 * 3600
FOREVER = f"public, max-age={YEAR}, immutable"
KEPT = {f"/{PREFIX}": FOREVER, "/assets/": FOREVER, "/static/": "public, max-age=3600"}
"""How long our files and Gradio's are good for: the first two have their content's hash in their
address, the last change with Gradio."""
PUBLISHED = ("/gradio_api/file=", f"/{SHOWN}/")
"""What the address of a part's file for a visitor begins with and has within it: its hash too."""
DENSE = (*DEFAULT_EXCLUDED_CONTENT_TYPES, "application/octet-stream")
"""Not worth compressing on the way: models and frames are dense, and streams must not wait."""
WORTH = 1000
"""Bytes from which on an answer is compressed."""
MOST = 64 * 2**20
"""Bytes that are kept compressed; what is beyond is compressed at each request."""
ENCODERS: dict[str, Callable[[bytes], bytes]] = {
    "br": lambda data: brotli.compress(data, quality=5),
    "gzip": lambda data: gzip.compress(data, 6, mtime=0),
}
"""What browsers may accept, the best first."""


def delivered(app: ASGIApp) -> ASGIApp:
    """Gradio's app, of which all that is worth it is compressed.

    It stands around Gradio's own middleware, which would compress what is kept here again.
    """
    return Kept(app)


class Packed:
    """ASGI: answers are compressed while they are written."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self.otherwise = GZipMiddleware(app, WORTH, compresslevel=5, exclude_content_types=DENSE)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and best_encoding(scope) == "br":
            responder = BrotliResponder(self.app, WORTH, exclude_content_types=DENSE)
            await responder(scope, receive, send)
        else:
            await self.otherwise(scope, receive, send)


class BrotliResponder(IdentityResponder):
    """As Starlette's for gzip, of whose bytes the page, which repeats itself, needs two thirds."""

    content_encoding = "br"

    async def apply_compression(self, body: bytes, *, more_body: bool) -> bytes:
        if not hasattr(self, "_compressor"):
            self._compressor = brotli.Compressor(quality=5)
        return await anyio.to_thread.run_sync(self._compress, body, more_body)

    def _compress(self, body: bytes, more_body: bool) -> bytes:
        begun = self._compressor.process(body)
        rest = self._compressor.flush() if more_body else self._compressor.finish()
        return bytes(begun + rest)


class Kept:
    """ASGI: files are asked for once, compressed once, and cached by browsers."""

    def __init__(self, app: ASGIApp) -> None:
        self.app, self.packed = app, Packed(app)
        self._kept: dict[tuple[str, str], tuple[Headers, bytes]] = {}
        self._size = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"] if scope["type"] == "http" else ""
        under = next((prefix for prefix in KEPT if path.startswith(prefix)), None)
        if under is None or scope["method"] not in ("GET", "HEAD"):
            await self.packed(scope, receive, _cached(send) if _named(scope) else send)
            return
        encoding = best_encoding(scope)
        if (found := self._kept.get((path, encoding))) is None:
            answer = await _whole(self.app, scope, receive)
            if answer.status_code != 200:
                await answer(scope, receive, send)
                return
            found = await anyio.to_thread.run_sync(_encoded, answer, encoding, KEPT[under])
            if self._size + len(found[1]) <= MOST:
                self._kept[path, encoding] = found
                self._size += len(found[1])
        headers, body = found
        answer = Response(b"" if scope["method"] == "HEAD" else body)
        answer.raw_headers = headers.raw
        await answer(scope, receive, send)


def best_encoding(scope: Scope) -> str:
    """Of ours the first that a request's Accept-Encoding takes; "" if it takes none."""
    accepted = Headers(scope=scope).get("accept-encoding", "")
    offers = [offer.strip().lower().partition(";") for offer in accepted.split(",")]
    taken = {name.strip() for name, _, weight in offers if weight.strip() not in ("q=0", "q=0.0")}
    return next((name for name in ENCODERS if name in taken), "")


def _named(scope: Scope) -> bool:
    """Whether the address names what lies there for good: the theme, and what parts published."""
    if scope["type"] != "http":
        return False
    begins, within = PUBLISHED
    theme = scope["path"] == "/theme.css" and scope["query_string"].startswith(b"v=")
    return theme or (scope["path"].startswith(begins) and within in scope["path"])


def _cached(send: Send) -> Send:
    """Tells the visitor's browser, and no proxy, to keep a good answer."""

    async def answer(message: Message) -> None:
        if message["type"] == "http.response.start" and message["status"] == 200:
            MutableHeaders(scope=message)["cache-control"] = FOREVER.replace("public", "private")
        await send(message)

    return answer


async def _whole(app: ASGIApp, scope: Scope, receive: Receive) -> Response:
    """All of a file, as it is, whatever part or form of it was asked for."""
    asked = dict(scope, method="GET", headers=[], extensions={})
    answer, parts = Response(), []

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            answer.status_code, answer.raw_headers = message["status"], message["headers"]
        else:
            parts.append(message.get("body", b""))

    await app(asked, receive, send)
    answer.body = b"".join(parts)
    return answer


def _encoded(answer: Response, encoding: str, lasting: str) -> tuple[Headers, bytes]:
    """Its headers and body as they travel: in this encoding if that is shorter."""
    body, kind = answer.body, answer.headers.get("content-type", "").partition(";")[0]
    told = MutableHeaders({"content-type": answer.headers["content-type"]})
    told["cache-control"], told["vary"] = lasting, "Accept-Encoding"
    if encoding and kind not in DEFAULT_EXCLUDED_CONTENT_TYPES:
        shorter = ENCODERS[encoding](bytes(body))
        if len(shorter) < 0.95 * len(body):
            body, told["content-encoding"] = shorter, encoding
    told["content-length"] = str(len(body))
    return told, bytes(body)
