"""What is served by `launch`: the door around a real Gradio app."""

from __future__ import annotations

import re
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gradio as gr
import httpx
import pytest
import torch
from gradio_client import Client, handle_file

from explorer.gui.app import create_app, launch
from explorer.gui.frame.context import HOME, Context
from explorer.gui.frame.device import Device
from explorer.gui.frame.door import streams
from explorer.gui.frame.limits import HOSTED
from explorer.gui.frame.visitors import COOKIE, address_of, visitor_of
from tests.gui.frame.asked import JOIN, ask, given
from tests.gui.small import until

HOSTED_HERE = Context(Device(torch.device("cpu")), HOSTED)
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


@pytest.fixture(autouse=True)
def nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither a Space nor a proxy, unless a test says so."""
    monkeypatch.delenv("SPACE_ID", raising=False)
    monkeypatch.delenv("EXPLORER_PROXIES", raising=False)


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


def test_a_hosted_page_has_a_place_for_the_notice(tmp_path: Path) -> None:
    ids = [block["props"].get("elem_id") for block in create_app(HOSTED_HERE).config["components"]]
    assert ids.count("visitor-notice") == 1
