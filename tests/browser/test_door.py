"""The visitor's cookie in a real Chromium, and what pages of other sites can do."""

from __future__ import annotations

import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import torch

from explorer.gui.app import create_app, launch
from explorer.gui.frame.context import Context
from explorer.gui.frame.device import Device
from explorer.gui.frame.limits import HOSTED
from explorer.gui.frame.visitors import COOKIE, WITHOUT_COOKIE
from tests.browser.conftest import ARGUMENTS, Visit, free_port

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Frame, Page, Response

pytestmark = pytest.mark.browser
NO_FOREIGN_COOKIES = "--test-third-party-cookie-phaseout"
SEND = """async ([address, mode]) => {
  const body = JSON.stringify({ data: [], fn_index: 0, session_hash: "foreign" });
  const headers = { "Content-Type": mode === "cors" ? "application/json" : "text/plain" };
  const options = { method: "POST", mode, body, headers, credentials: "include" };
  try { return (await fetch(`${address}/gradio_api/queue/join`, options)).type; }
  catch (error) { return error.name; }
}"""
READ = """async (address) => {
  try { return (await fetch(address, { credentials: "include" })).status; }
  catch (error) { return error.name; }
}"""


def secrets_of(context: BrowserContext, address: str) -> list[Any]:
    return [cookie for cookie in context.cookies(address) if cookie["name"] == COOKIE]


@pytest.fixture
def strict(browser: BrowserContext, chromium: str) -> Iterator[BrowserContext]:
    """Of one that keeps no cookies of other sites."""
    assert browser.browser
    launched = browser.browser.browser_type.launch(
        executable_path=chromium, args=[*ARGUMENTS, NO_FOREIGN_COOKIES]
    )
    yield launched.new_context(ignore_https_errors=True)
    launched.close()


@pytest.fixture
def secure_app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The hosted app over https, with a certificate of its own; the address."""
    if not (openssl := shutil.which("openssl")):
        pytest.skip("no openssl to make a certificate with")
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "gradio"))
    monkeypatch.setenv("FORWARDED_ALLOW_IPS", "")
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    made = [openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=127.0.0.1"]
    subprocess.run([*made, "-keyout", key, "-out", certificate], check=True, capture_output=True)
    context = Context(Device(torch.device("cpu")), HOSTED)
    demo, port = create_app(context), free_port()
    options = {"ssl_keyfile": str(key), "ssl_certfile": str(certificate), "ssl_verify": False}
    options |= {"server_port": port, "prevent_thread_lock": True, "quiet": True}
    launch(demo, context, **options)
    yield f"https://127.0.0.1:{port}"
    demo.close()


@contextmanager
def other_site(address: str) -> Iterator[str]:
    """A page elsewhere (localhost is another site than 127.0.0.1) with the app in a frame."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            frame = f'<iframe src="{address}" width="1280" height="800"></iframe>'
            self.wfile.write(f"<!doctype html>{frame}".encode())

        def log_message(self, *_: Any) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://localhost:{server.server_port}/"
    finally:
        server.shutdown()
        server.server_close()


def framed(page: Page, address: str) -> Frame:
    """The app in the frame of another site's page, once it has loaded."""
    (frame,) = [frame for frame in page.frames if frame.url.startswith(address)]
    frame.wait_for_selector("[data-loads] #forward-t", timeout=60_000)
    return frame


def test_a_browser_keeps_its_secret_and_shows_it_nowhere(
    stranger: BrowserContext, app: str
) -> None:
    visit = Visit(stranger, app)
    (kept,) = secrets_of(stranger, app)
    assert kept["httpOnly"] and kept["sameSite"] == "Lax" and len(kept["value"]) == 32
    assert COOKIE not in visit.page.evaluate("document.cookie")
    assert kept["value"] not in visit.page.content()
    visit.page.reload()
    visit.page.wait_for_selector("[data-loads] #forward-t")
    assert [cookie["value"] for cookie in secrets_of(stranger, app)] == [kept["value"]]
    assert not visit.page.is_visible("#visitor-notice")
    assert not [url for url in visit.requests if kept["value"] in url]
    visit.check()


def test_in_a_frame_without_https_the_page_says_that_it_forgets(
    stranger: BrowserContext, app: str
) -> None:
    with other_site(app) as address:
        page = stranger.new_page()
        page.goto(address)
        frame = framed(page, app)
        frame.wait_for_selector("#visitor-notice >> visible=true")
        assert frame.inner_text("#visitor-notice").strip() == WITHOUT_COOKIE
        assert secrets_of(stranger, app) == []
        assert frame.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0


def test_in_a_frame_with_https_the_cookie_works_though_others_are_blocked(
    strict: BrowserContext, secure_app: str
) -> None:
    with other_site(secure_app) as address:
        page = strict.new_page()
        page.goto(address)
        frame = framed(page, secure_app)
        (kept,) = secrets_of(strict, secure_app)
        assert kept["secure"] and kept["sameSite"] == "None" and kept["partitionKey"]
        with page.expect_response(lambda answer: "/run/" in answer.url) as asked:
            page.reload()
        assert f"{COOKIE}={kept['value']}" in asked.value.request.all_headers()["cookie"]
        frame = framed(page, secure_app)
        assert not frame.is_visible("#visitor-notice")
        assert [cookie["value"] for cookie in secrets_of(strict, secure_app)] == [kept["value"]]


def test_another_sites_page_can_neither_send_nor_read(stranger: BrowserContext, app: str) -> None:
    with other_site(app) as address:
        page = stranger.new_page()
        page.goto(address)
        framed(page, app)
        answers: list[Response] = []
        page.on("response", lambda answer: answers.append(answer))
        assert page.evaluate(SEND, [app, "no-cors"]) == "opaque"
        assert page.evaluate(SEND, [app, "cors"]) == "TypeError"
        assert page.evaluate(READ, f"{app}/config") == "TypeError"
        own = [answer for answer in answers if answer.frame == page.main_frame]
        posted = {answer.status for answer in own if answer.request.method == "POST"}
        assert 403 in posted and 200 not in posted
