"""What is asked of the door in its tests, and what it gives."""

from __future__ import annotations

import httpx
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from explorer.gui.frame.door import Door
from explorer.gui.frame.visitors import COOKIE
from tests.asynchronous import finished

JOIN = "/gradio_api/queue/join"
AT = "lab.example:7860"


async def inside(scope: Scope, receive: Receive, send: Send) -> None:
    """What has come through."""
    await PlainTextResponse("inside")(scope, receive, send)


def ask(
    method: str = "GET",
    path: str = "/",
    *,
    hosted: bool = True,
    shared: str | None = None,
    base: str = f"http://{AT}",
    **headers: str,
) -> httpx.Response:
    """What the door answers; x_forwarded_host is X-Forwarded-Host."""
    door = Door(inside, hosted=hosted, shared_at=lambda: shared)
    named = {name.replace("_", "-"): value for name, value in headers.items()}

    async def answer() -> httpx.Response:
        transport = httpx.ASGITransport(app=door)
        async with httpx.AsyncClient(transport=transport, base_url=base) as client:
            return await client.request(method, path, headers=named)

    return finished(answer())


def given(response: httpx.Response) -> tuple[str, set[str]]:
    """The secret that an answer sets, and the rest of its header."""
    (header,) = response.headers.get_list("set-cookie")
    pair, *rest = header.split("; ")
    name, _, secret = pair.partition("=")
    assert name == COOKIE
    return secret, set(rest)
