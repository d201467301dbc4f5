"""The app in a frame of another site that keeps nothing, as on a Space with strict cookies."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.browser.conftest import ARGUMENTS

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Frame, Page

pytestmark = pytest.mark.browser
BLOCKED = {"profile": {"cookie_controls_mode": 1, "block_third_party_cookies": True}}
"""A browser's settings: a frame of another site has no cookies and no storage."""
DENIED = """name => { try { return String(window[name].length); } catch (error) {
  return error.name; } }"""


class Outside(BaseHTTPRequestHandler):
    """A page of another site, with the app in it."""

    def __init__(self, *asked: Any, inside: str) -> None:
        self.inside = inside
        super().__init__(*asked)

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.end_headers()
        frame = f'<iframe src="{self.inside}" width="1240" height="860"></iframe>'
        self.wfile.write(f"<!doctype html><title>A course</title>{frame}".encode())

    def log_message(self, *words: Any) -> None:
        pass


@pytest.fixture
def outside(app: str) -> Iterator[str]:
    """Its address: `localhost` is another site than 127.0.0.1."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Outside, inside=app)) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://localhost:{server.server_port}/"
        server.shutdown()


@pytest.fixture
def course(browser: BrowserContext, chromium: str, outside: str, tmp_path: Path) -> Iterator[Page]:
    """That page in a browser of its own."""
    assert browser.browser
    (tmp_path / "Default").mkdir()
    (tmp_path / "Default" / "Preferences").write_text(json.dumps(BLOCKED))
    own = browser.browser.browser_type.launch_persistent_context(
        str(tmp_path), executable_path=chromium, args=ARGUMENTS
    )
    page = own.new_page()
    page.set_default_timeout(60_000)
    page.goto(outside)
    yield page
    own.close()


def app_in(page: Page) -> Frame:
    frame = page.frames[1]
    frame.wait_for_selector("html[data-explorer=ready]")
    return frame


def test_a_frame_without_storage_has_the_whole_app(course: Page) -> None:
    trouble: list[str] = []
    course.on("pageerror", lambda error: trouble.append(str(error)))
    frame = app_in(course)
    for name in ("localStorage", "sessionStorage"):  # it is blocked indeed
        assert frame.evaluate(DENIED, name) == "SecurityError"
    assert frame.evaluate("document.cookie = 'a=b; path=/'; document.cookie") == ""

    frame.wait_for_selector("#forward-t")
    frame.evaluate("explorer.go('tab=forward&t=250&seed=9')")
    frame.wait_for_function("document.querySelector('#forward-t').value === '250'")
    dark = frame.evaluate("document.body.classList.contains('dark')")
    frame.click(f".app-header [data-theme={'light' if dark else 'dark'}]")
    frame.wait_for_function("was => document.body.classList.contains('dark') !== was", arg=dark)

    frame.evaluate("explorer.go('tab=reverse&seed=3')")
    frame.click("#reverse-run")
    frame.wait_for_function(
        "document.querySelector('#reverse-player .title')?.innerText.includes('seed 3')"
    )
    frame.wait_for_selector("#reverse-run:not([disabled])", timeout=180_000)
    said = frame.inner_text("#reverse-status")
    assert "evaluations" in said and "failed" not in said, said

    frame.evaluate("explorer.go('tab=lectures&topic=sde')")
    frame.wait_for_selector("#topic-sde h2 >> visible=true")
    assert trouble == []
