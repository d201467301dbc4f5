"""What the web server answers, and to whom: the door alone, and around a Gradio app."""

from __future__ import annotations

import asyncio
import os
import re
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gradio as gr
import httpx
import pytest
import torch
from gradio_client import Client, handle_file
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from explorer.gui.app import asked_port, create_app, launch
from explorer.gui.frame.context import HOME, Context
from explorer.gui.frame.device import Device
from explorer.gui.frame.door import Door, Streams, streams
from explorer.gui.frame.limits import HOSTED
from explorer.gui.frame.visitors import COOKIE, address_of, new_secret, visitor_of
from tests.gui.small import until

JOIN = "/gradio_api/queue/join"
HOSTED_HERE = Context(Device(torch.device("cpu")), HOSTED)
AT = "lab.example:7860"


@pytest.fixture(autouse=True)
def nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither a Space nor a proxy, unless a test says so."""
    monkeypatch.delenv("SPACE_ID", raising=False)
    monkeypatch.delenv("EXPLORER_PROXIES", raising=False)


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

    return asyncio.run(answer())


def given(response: httpx.Response) -> tuple[str, set[str]]:
    """The secret that an answer sets, and the rest of its header."""
    (header,) = response.headers.get_list("set-cookie")
    pair, *rest = header.split("; ")
    name, _, secret = pair.partition("=")
    assert name == COOKIE
    return secret, set(rest)


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

ANSWERED = {
    *("GET /", "GET /config", "GET /theme.css", "GET /favicon.ico"),
    *("GET /robots.txt", "GET /manifest.json", "GET /gradio_api/theme.css"),
    *("GET /assets/{path}", "GET /static/{path}", "GET /svelte/{path}"),
    *("GET /gradio_api/file={path_or_url}", "GET /gradio_api/info", "GET /gradio_api/app_id"),
    *("GET /gradio_api/startup-events", "GET /gradio_api/upload_progress"),
    *("GET /gradio_api/heartbeat/{session_hash}", "GET /gradio_api/queue/data"),
    *("POST /gradio_api/queue/join", "POST /gradio_api/upload", "POST /gradio_api/cancel"),
    *("POST /gradio_api/component_server", "POST /gradio_api/reset"),
    "POST /gradio_api/run/{api_name}",
}


def test_of_what_gradio_serves_only_what_the_page_needs_is_there(gradio_app: Gradio) -> None:
    """Every route of the Gradio that is installed, and FastAPI's own descriptions."""
    served = {
        f"{method.upper()} {path if path == '/' else path.rstrip('/')}"
        for path, methods in gradio_app.demo.app.openapi()["paths"].items()
        for method in methods
        if method in ("get", "post", "put", "patch", "delete")
    }
    assert len(served) > 40 and {"GET /monitoring", "GET /gradio_api/openapi.json"} < served
    served |= {"GET /openapi.json", "GET /docs", "GET /redoc", "DELETE /", "POST /"}
    answers = {}
    for route in served:
        method, path = route.split()
        answers[route] = ask(method, re.sub(r"\{\w+\}", "x", path)).status_code
    assert {route for route, code in answers.items() if code == 200} == ANSWERED
    assert set(answers.values()) == {200, 404}


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
    asyncio.run(Door(inside, hosted=True)(scope, receive, send))
    assert said == ["websocket.close"]


# ---- around Gradio ----------------------------------------------------------------------------


class Gradio:
    """A page behind `launch`, as hosted: a function that queues, one that does not, an upload."""

    def __init__(self) -> None:
        self.go_on = threading.Event()
        with gr.Blocks() as self.demo:
            text, file, out = gr.Textbox(), gr.File(), gr.Textbox()
            options: dict[str, Any] = {"api_visibility": "private"}
            gr.Button().click(self.wait, text, out, **options)
            gr.Button().click(self.who, text, out, queue=False, **options)
            gr.Button().click(self.size, file, out, **options)
        self.demo.queue(api_open=False)
        quiet = {"prevent_thread_lock": True, "quiet": True}
        _, url, _ = launch(self.demo, HOSTED_HERE, server_port=free_port(), **quiet)
        self.url = url.rstrip("/")

    def wait(self, text: str) -> Iterator[str]:
        yield text
        assert self.go_on.wait(60)
        yield text + "!"

    def who(self, text: str, request: gr.Request) -> str:
        return f"{visitor_of(request)} {address_of(request)}"

    def size(self, path: str) -> int:
        return Path(path).stat().st_size


def free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


@pytest.fixture(scope="module")
def gradio_app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gradio]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRADIO_TEMP_DIR", str(tmp_path_factory.mktemp("gradio")))
        patch.setenv("FORWARDED_ALLOW_IPS", "*")  # ours counts
        threads, running = torch.get_num_threads(), Gradio()
        yield running
        running.demo.close()
        torch.set_num_threads(threads)


def test_programs_call_what_the_page_calls(gradio_app: Gradio, tmp_path: Path) -> None:
    (tmp_path / "seven.txt").write_text("7 bytes")
    client = Client(gradio_app.url, verbose=False, analytics_enabled=False)
    for endpoint in client.endpoints.values():
        endpoint.is_valid = True  # of a private one the client itself says that there is none
    gradio_app.go_on.set()
    assert client.predict("so", fn_index=0) == "so!"
    assert client.predict(handle_file(tmp_path / "seven.txt"), fn_index=2) == "7"
    info = httpx.get(f"{gradio_app.url}/gradio_api/info?all_endpoints=True").json()
    assert info == {"named_endpoints": {}, "unnamed_endpoints": {}}
    client.close()


@pytest.mark.parametrize(
    "path",
    ["/etc/passwd", f"{HOME}/app.py", "app.py", "..%2f..%2fetc/passwd", "//etc/passwd", "/proc/1"],
)
def test_files_that_are_not_shown_cannot_be_read(gradio_app: Gradio, path: str) -> None:
    assert httpx.get(f"{gradio_app.url}/gradio_api/file={path}").status_code in (403, 404)


def run(app: Gradio, **headers: str) -> list[str]:
    """What the unqueued function says of who asked and where they are."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    body = {"data": ["x"], "fn_index": 1, "session_hash": "page"}
    answer = httpx.post(f"{app.url}/gradio_api/run/predict", json=body, headers=named)
    return answer.json()["data"][0].split()


def test_a_visitor_is_the_browser_that_keeps_the_secret(gradio_app: Gradio) -> None:
    page = httpx.get(gradio_app.url)
    secret, _ = given(page)
    assert secret not in page.text
    known, _ = run(gradio_app, cookie=f"{COOKIE}={secret}")
    assert known == run(gradio_app, cookie=f"{COOKIE}={secret}")[0]
    assert known != run(gradio_app)[0] == run(gradio_app, cookie=f"{COOKIE}=made-up")[0]


def test_nobody_chooses_their_address(gradio_app: Gradio, monkeypatch: pytest.MonkeyPatch) -> None:
    """The web server itself would believe whoever comes by localhost, as a proxy does."""
    assert run(gradio_app, x_forwarded_for="6.6.6.6")[1] == "127.0.0.1"
    monkeypatch.setenv("EXPLORER_PROXIES", "1")
    assert run(gradio_app, x_forwarded_for="6.6.6.6, 1.1.1.1")[1] == "1.1.1.1"


@pytest.mark.parametrize("host", ["", "lab.example"])
def test_other_sites_pages_cannot_read(gradio_app: Gradio, host: str) -> None:
    """For a host with a name Gradio itself lets every page read, as the visitor."""
    headers = {"origin": "http://evil.example"} | ({"host": host} if host else {})
    for path in ("/", "/config"):
        answer = httpx.get(gradio_app.url + path, headers=headers)
        assert answer.status_code == 200
        assert not [name for name in answer.headers if name.startswith("access-control")]
    asked = headers | {"access-control-request-method": "POST"}
    before = httpx.request("OPTIONS", gradio_app.url + JOIN, headers=asked)
    assert before.status_code == 403
    assert not [name for name in before.headers if name.startswith("access-control")]


def test_which_pages_listen(gradio_app: Gradio) -> None:
    gradio_app.go_on.clear()
    job = {"data": ["x"], "fn_index": 0, "session_hash": "listens"}
    deaf = job | {"session_hash": "deaf"}
    for body in (job, deaf):
        assert httpx.post(gradio_app.url + JOIN, json=body).status_code == 200
    assert not streams.seen("listens") and streams.since("listens") is None
    address = f"{gradio_app.url}/gradio_api/queue/data?session_hash=listens"
    with httpx.stream("GET", address, timeout=60) as heard:
        lines = heard.iter_lines()
        next(lines)
        first = streams.since("listens")
        assert streams.open("listens") and streams.seen("listens") and first is not None
        gradio_app.go_on.set()
        assert any("process_completed" in line for line in lines)
    until(lambda: not streams.open("listens"))
    assert streams.seen("listens") and streams.since("listens") == first
    assert not streams.seen("deaf") and not streams.open("deaf")


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


def test_a_hosted_page_has_a_place_for_the_notice(tmp_path: Path) -> None:
    ids = [block["props"].get("elem_id") for block in create_app(HOSTED_HERE).config["components"]]
    assert ids.count("visitor-notice") == 1


# ---- the port ---------------------------------------------------------------------------------


def test_a_port_that_is_one() -> None:
    assert (asked_port(""), asked_port("1"), asked_port("65535")) == (None, 1, 65535)


@pytest.mark.parametrize("text", ["abc", "0", "65536", "-1", "78.6", " 7860", "٧", "9" * 5000])
def test_a_port_that_is_none(text: str) -> None:
    with pytest.raises(ValueError, match="GRADIO_SERVER_PORT is .{2,50}; give .* 1 to 65535"):
        asked_port(text)


@pytest.mark.parametrize("text", ["taken", "abc"])
def test_a_port_that_cannot_be_had_ends_the_app_with_a_sentence(text: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1]) if text == "taken" else text
        environment = os.environ | {"GRADIO_SERVER_PORT": port}
        ended = subprocess.run(
            [sys.executable, "app.py"],
            cwd=HOME,
            env=environment,
            capture_output=True,
            text=True,
            timeout=120,
        )
    assert ended.returncode == 1
    (line,) = ended.stderr.splitlines()
    assert port in line and "GRADIO_SERVER_PORT" in line


def test_a_number_of_proxies_that_is_none_ends_the_app(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EXPLORER_PROXIES", "many")
    with pytest.raises(SystemExit, match="EXPLORER_PROXIES is 'many'"):
        launch(gr.Blocks(), HOSTED_HERE)
