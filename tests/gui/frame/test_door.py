"""What the door lets through, from whom, and the cookie that it sets."""

from __future__ import annotations

import re
from typing import Any

import httpx
import pytest
from starlette.types import Scope

from explorer.gui.frame.door import Door, Streams
from explorer.gui.frame.visitors import COOKIE, new_secret
from tests.asynchronous import finished
from tests.gui.frame.asked import AT, JOIN, ask, given, inside


@pytest.fixture(autouse=True)
def nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither a Space nor a proxy, unless a test says so."""
    monkeypatch.delenv("SPACE_ID", raising=False)
    monkeypatch.delenv("EXPLORER_PROXIES", raising=False)


# ---- the cookie -------------------------------------------------------------------------------


def test_a_page_brings_a_secret_that_scripts_cannot_read() -> None:
    secret, rest = given(ask())
    assert re.fullmatch(r"[A-Za-z0-9_-]{32}", secret)
    assert rest == {"HttpOnly", "Path=/", "SameSite=Lax", "Max-Age=604800"}
    assert given(ask())[0] != secret
    assert "private" in ask().headers["cache-control"]


def test_who_has_a_secret_keeps_it_for_another_week() -> None:
    secret = new_secret()
    assert given(ask(cookie=f"a=b; {COOKIE}={secret}; c=d"))[0] == secret


@pytest.mark.parametrize("wrong", ["", "x", "a" * 33, "<script>" * 4, '"' + "a" * 31])
def test_a_made_up_secret_is_replaced(wrong: str) -> None:
    secret, rest = given(ask(cookie=f"{COOKIE}={wrong}"))
    assert secret != wrong and len(secret) == 32 and len(rest) == 4


@pytest.mark.parametrize(
    ("space", "base", "headers"),
    [
        ("", "https://lab.example", {}),
        ("", f"http://{AT}", {"x_forwarded_proto": "https"}),
        ("", f"http://{AT}", {"x_forwarded_proto": "https, http"}),
        ("me/app", f"http://{AT}", {}),
    ],
)
def test_over_https_the_cookie_works_in_a_frame(
    space: str, base: str, headers: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SPACE_ID", space)
    _, rest = given(ask(base=base, **headers))
    assert {"SameSite=None", "Secure", "Partitioned", "HttpOnly", "Path=/"} < rest


@pytest.mark.parametrize(
    "request_of",
    [{"hosted": False}, {"path": "/config"}, {"path": "/assets/a.js"}, {"method": "HEAD"}],
)
def test_nothing_else_brings_a_cookie(request_of: dict[str, Any]) -> None:
    answer = ask(**request_of)
    assert answer.status_code == 200 and "set-cookie" not in answer.headers


# ---- whose pages ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"origin": f"http://{AT}"},
        {"origin": "HTTP://LAB.example:7860"},
        {"sec_fetch_site": "same-origin"},
        {"sec_fetch_site": "none"},
        {"origin": "https://me-app.hf.space", "host": "me-app.hf.space"},
        {"origin": "https://me-app.hf.space", "host": "me-app.hf.space:443"},
        {"origin": "http://127.0.0.1:9000", "host": "127.0.0.1:9000"},
        {"origin": "http://[::1]:9000", "host": "[::1]:9000"},
    ],
)
def test_own_pages_and_programs_may_send(headers: dict[str, str]) -> None:
    assert ask("POST", JOIN, **headers).text == "inside"


FOREIGN = [
    {"origin": "http://evil.example"},
    {"origin": "null"},
    {"origin": ""},
    {"origin": "http://[evil"},
    {"origin": "http://lab.example:99999"},
    {"origin": "http://lab.example:3000"},
    {"origin": "http://lab.example"},
    {"origin": "http://lab.example:7860.evil.example"},
    {"origin": "http://evil.example", "sec_fetch_site": "same-origin"},
    {"origin": "http://evil.example", "x_forwarded_host": "evil.example"},
    {"sec_fetch_site": "cross-site"},
    {"sec_fetch_site": "same-site"},
    {"origin": "http://localhost:9000", "host": "127.0.0.1:9000"},
]


@pytest.mark.parametrize("headers", FOREIGN)
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", JOIN),
        ("POST", "/gradio_api/upload"),
        ("POST", "/gradio_api/run/predict"),
        ("POST", "/gradio_api/component_server"),
        ("POST", "/gradio_api/cancel"),
        ("OPTIONS", JOIN),
        ("PUT", "/"),
        ("GET", "/gradio_api/queue/data?session_hash=a"),
        ("GET", "/gradio_api/heartbeat/a"),
    ],
)
def test_other_sites_pages_are_refused_with_a_sentence(
    method: str, path: str, headers: dict[str, str]
) -> None:
    answer = ask(method, path, **headers)
    assert answer.status_code == 403
    assert "a page of another site" in answer.json()["detail"]
    assert not any(value in answer.text for value in headers.values() if value)


def test_a_link_from_another_site_opens_the_page() -> None:
    assert ask(sec_fetch_site="cross-site", origin="http://evil.example").text == "inside"


def test_a_proxy_of_ours_says_where_it_is_reached(monkeypatch: pytest.MonkeyPatch) -> None:
    public = {"origin": "https://diffusion.example", "x_forwarded_host": "diffusion.example"}
    assert ask("POST", JOIN, **public).status_code == 403
    assert ask("POST", JOIN, origin="http://lab.example:8080").status_code == 403
    monkeypatch.setenv("EXPLORER_PROXIES", "1")
    assert ask("POST", JOIN, **public).text == "inside"
    assert ask("POST", JOIN, origin="http://lab.example:8080").text == "inside"
    assert ask("POST", JOIN, origin="http://evil.example").status_code == 403
    wrong = public | {"origin": "http://evil.example"}
    assert ask("POST", JOIN, **wrong).status_code == 403


def test_the_share_link_is_ours() -> None:
    link = "https://1234.gradio.live"
    assert ask("POST", JOIN, origin=link, shared=link).text == "inside"
    assert ask("POST", JOIN, origin="https://5678.gradio.live", shared=link).status_code == 403


# ---- what there is ----------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["http://evil.example/a", "https://evil.example", "http:/evil"])
def test_nothing_is_fetched_from_elsewhere(path: str) -> None:
    assert ask(path=f"/gradio_api/file={path}").status_code == 404
    assert ask(path="/gradio_api/file=/tmp/gradio/https/a.png").text == "inside"


def test_there_is_no_websocket() -> None:
    said: list[Any] = []

    async def send(message: Any) -> None:
        said.append(message["type"])

    async def receive() -> Any:
        return {"type": "websocket.connect"}

    scope: Scope = {"type": "websocket", "path": JOIN, "headers": []}
    finished(Door(inside, hosted=True)(scope, receive, send))
    assert said == ["websocket.close"]


def test_streams_are_counted_and_forgotten() -> None:
    heard = Streams(remembered=2)
    with heard.listening("a"):
        with heard.listening("a"):
            assert heard.open("a")
        assert heard.open("a")
        for other in "bcd":
            with heard.listening(other):
                pass
        assert heard.open("a") and heard.seen("a")
    assert [name for name in "abcd" if heard.seen(name)] == ["c", "d"]
    assert not heard.open("a")


def test_an_upload_that_is_too_much_is_refused_with_a_sentence() -> None:
    asked: list[tuple[str, int | None]] = []

    def refuse(sender: str, size: int | None) -> str | None:
        asked.append((sender, size))
        return "an upload of 9 GB is too much" if len(asked) > 1 else None

    door = Door(inside, hosted=True, refuse=refuse)

    async def send() -> list[httpx.Response]:
        transport = httpx.ASGITransport(app=door)
        async with httpx.AsyncClient(transport=transport, base_url=f"http://{AT}") as client:
            return [await client.post("/gradio_api/upload", content=b"12345") for _ in range(2)]

    taken, refused = finished(send())
    assert taken.text == "inside" and refused.status_code == 413
    assert refused.json() == {"detail": "an upload of 9 GB is too much"}
    assert [size for _, size in asked] == [5, 5] and asked[0][0] == "127.0.0.1"
