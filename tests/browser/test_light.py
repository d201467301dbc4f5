"""What the page weighs: bytes over the wire, in a real browser; nothing is timed."""

from __future__ import annotations

import http.client
import json
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import gradio as gr
import pytest
import torch
from PIL import Image

from explorer.gui.app import launch
from explorer.gui.frame.context import Context
from explorer.gui.frame.device import Device
from explorer.gui.frame.keeper import Keeper
from explorer.gui.frame.limits import LOCAL
from explorer.gui.frame.shared import QUIET
from explorer.gui.parts.picker import Picker
from tests.browser.conftest import free_port

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Page, Route

pytestmark = pytest.mark.browser
FIRST = 600_000
"""Bytes until the Forward stage is there and the page is at rest."""
OPENED = {
    "Schedules": (1_650_000, "#schedules-plot [data-draws]"),  # of which Plotly is 1.3 MB
    "Train": (700_000, "#train-loss [data-draws]"),
    "Reverse": (2_700_000, "#reverse-ddim[data-t]"),  # of which the stored race is 2.5 MB
    "Plane": (200_000, "#plane-ddim"),
    "Lectures": (100_000, "#lectures-home img"),  # of which 40 kB are the cards' pictures
}
"""Bytes that each tab may take when it is first opened, one after the other, and what is then to
be seen."""
TOPICS = {"autoencoder": 160_000, "bound": 140_000, "sde": 400_000, "targets": 120_000}
"""The same of topics of the last tab."""


class Wire:
    """What a page's requests weigh, by address, with their headers; from a cache nothing."""

    def __init__(self, page: Page) -> None:
        self.page, self.got, self.ended = page, dict[str, dict[str, Any]](), 0
        session = page.context.new_cdp_session(page)
        session.send("Network.enable")
        session.on("Network.responseReceived", self._begin)
        session.on("Network.loadingFinished", self._end)

    def _begin(self, event: dict[str, Any]) -> None:
        answer = event["response"]
        if answer["url"].startswith("http"):
            headers = {name.lower(): value for name, value in answer["headers"].items()}
            self.got[event["requestId"]] = {"url": answer["url"], "headers": headers, "bytes": 0}

    def _end(self, event: dict[str, Any]) -> None:
        if event["requestId"] in self.got:
            self.got[event["requestId"]]["bytes"] = event["encodedDataLength"]
            self.ended += 1

    def settle(self) -> dict[str, int]:
        """Bytes by address since it was asked last, once nothing has come for a while."""
        seen = -1
        while len(self.got) + self.ended > seen:
            seen = len(self.got) + self.ended
            self.page.wait_for_timeout(1500)
        taken, self.got, self.ended = self.got, {}, 0
        self.headers = {each["url"]: each["headers"] for each in taken.values()}
        return {each["url"]: each["bytes"] for each in taken.values()}


@pytest.fixture
def blank(browser: BrowserContext) -> Iterator[Page]:
    """A page of a browser that has nothing in its cache."""
    assert browser.browser
    context = browser.browser.new_context(viewport={"width": 1280, "height": 720})
    page = context.new_page()
    page.set_default_timeout(60_000)
    page.on("pageerror", fail)
    yield page
    context.close()


def fail(error: Exception) -> None:
    pytest.fail(f"page error: {error}")


def told(sizes: dict[str, int]) -> str:
    heaviest = sorted(sizes.items(), key=lambda pair: -pair[1])[:12]
    return "\n".join(f"{size:9,} {url[-80:]}" for url, size in heaviest)


def open_first(page: Page, address: str) -> None:
    page.goto(address)
    page.wait_for_selector("[data-loads] #forward-t")


def test_each_part_of_the_page_keeps_to_its_budget(blank: Page, app: str) -> None:
    wire = Wire(blank)
    open_first(blank, app)
    first = wire.settle()
    assert 100_000 < sum(first.values()) <= FIRST, told(first)
    later = ("plotly", "auto-render", "KaTeX")  # of plots and formulas
    assert not [url for url in first if any(name in url for name in later)], told(first)
    assets = {url: size for url, size in first.items() if "/assets/" in url}
    assert max(assets.values()) < 60_000, told(assets)  # Gradio's editor is larger
    for tab, (most, seen) in OPENED.items():
        blank.get_by_role("tab", name=tab, exact=True).click()
        blank.wait_for_selector(f"{seen} >> visible=true")
        taken = wire.settle()
        assert sum(taken.values()) <= most, f"{tab}:\n{told(taken)}"
        assert not first.keys() & {url for url, size in taken.items() if size}
    for topic, most in TOPICS.items():
        for back in blank.locator(".topic .way-back").filter(visible=True).all():
            back.click()
        blank.click(f"#lectures-home [data-topic={topic}]")
        blank.wait_for_selector(f"#topic-{topic} canvas, #topic-{topic} .graph svg")
        taken = wire.settle()
        assert 0 < sum(taken.values()) <= most, f"{topic}:\n{told(taken)}"


def test_what_is_fetched_ahead_is_what_the_page_uses(blank: Page, app: str) -> None:
    asked: list[str] = []
    said: list[str] = []
    blank.on("request", lambda request: asked.append(urlsplit(request.url).path.lstrip("/")))
    blank.on("console", lambda message: said.append(message.text))
    held: list[Route] = []  # the window's load event waits for an image, until the page is there
    blank.route("**/held.png", lambda route: held.append(route))
    blank.add_init_script(
        """addEventListener("DOMContentLoaded", () => {
          document.body.append(Object.assign(new Image(), { src: "/held.png", hidden: true }));
        })"""
    )
    blank.goto(app, wait_until="domcontentloaded")
    blank.wait_for_selector("[data-loads] #forward-t")
    blank.wait_for_selector("html[data-explorer=ready]")
    assert held and blank.evaluate("document.readyState") == "interactive"
    for route in held:
        route.abort()
    blank.wait_for_load_state("load")
    ahead = blank.evaluate(
        """[...document.querySelectorAll("link[rel=modulepreload], link[rel=preload][as=fetch]")]
          .map((link) => link.getAttribute("href"))
          .filter((href) => href.startsWith("explorer/"))"""
    )
    blank.wait_for_timeout(6000)  # a few seconds after `load` Chromium tells of what nobody used
    assert len(ahead) > 15 and {
        address: asked.count(address) for address in ahead
    } == dict.fromkeys(ahead, 1)
    assert [text for text in said if "preload" in text] == []
    plain = "[Object.prototype, Array.prototype].includes(Object.getPrototypeOf(%s))"
    for watched in ("gradio_config.dependencies", "gradio_config.dependencies[0]"):
        assert not blank.evaluate(plain % watched)  # Svelte would read it through proxies
    assert blank.evaluate(plain % "gradio_config.components")


def test_a_second_load_fetches_only_what_changes(blank: Page, app: str) -> None:
    wire = Wire(blank)
    open_first(blank, app)
    wire.settle()
    open_first(blank, app)
    again = wire.settle()
    fetched = {urlsplit(url).path for url, size in again.items() if size}
    assert {path for path in fetched if not path.startswith("/gradio_api/")} == {"/"}
    assert not [path for path in fetched if "file=" in path]
    assert sum(again.values()) <= 120_000, told(again)


def test_the_page_is_compressed_and_its_streams_are_not(blank: Page, app: str) -> None:
    wire = Wire(blank)
    open_first(blank, app)
    sizes = wire.settle()
    compressed = ("html", "javascript", "css", "json")
    for url, headers in wire.headers.items():
        kind, encoding = headers.get("content-type", ""), headers.get("content-encoding")
        if "event-stream" in kind:
            assert encoding is None
        elif sizes[url] > 2000 and any(name in kind for name in compressed):
            assert encoding == "br", url
    assert any("event-stream" in each["content-type"] for each in wire.headers.values())


def values_of(component: dict[str, Any]) -> str:
    return json.dumps(component["props"].get("value"))


def test_nothing_stored_is_in_the_configuration(app: str) -> None:
    config = json.loads(urllib.request.urlopen(f"{app}/config").read())
    parts = [each for each in config["components"] if "mount.js" in str(each["props"])]
    assert len(parts) > 80
    stored = [each["props"]["value"] for each in parts if each["props"].get("value") is not None]
    assert len(stored) > 60 and all([*value] == ["stored"] for value in stored)
    for value in stored:
        answer = urllib.request.urlopen(f"{app}/{value['stored']}")
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert json.loads(answer.read()) is not None
    for component in config["components"]:
        assert len(values_of(component)) < 4000, component["props"].get("elem_id")
    whole = json.dumps(config)
    assert not [mark for mark in ("base64,", "bdata", "/stored/") if mark in whole]


# ---- behind a proxy ---------------------------------------------------------------------------


@contextmanager
def mounted(address: str, prefix: str) -> Iterator[str]:
    """A proxy that shows a server under `prefix`; the address."""
    there = urlsplit(address).netloc

    class Proxy(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if not self.path.startswith(f"{prefix}/"):
                self.send_error(404)
                return
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            connection = http.client.HTTPConnection(there)
            headers = dict(self.headers) | {"connection": "close"}
            connection.request(self.command, self.path.removeprefix(prefix), body, headers)
            answer = connection.getresponse()
            self.send_response(answer.status)
            for name, value in answer.getheaders():
                if name.lower() not in ("transfer-encoding", "connection"):
                    self.send_header(name, value)
            self.end_headers()
            while piece := answer.read1():
                self.wfile.write(piece)
                self.wfile.flush()

        do_POST = do_HEAD = do_GET

        def log_message(self, *told: Any) -> None:
            """Nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Proxy) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}{prefix}"
        server.shutdown()


@pytest.fixture
def two_parts() -> Iterator[str]:
    """An app of two parts, made to be shown under /class; one is told something at once."""
    pictures = {name: Image.new("RGB", (8, 8), name) for name in ("red", "blue")}
    with gr.Blocks() as demo:
        Picker(pictures, elem_id="pick")
        keeper = Keeper(elem_id="keeper")
        demo.load(lambda: {"live": True, "beat": 1}, None, keeper, **QUIET)
    context, threads = Context(Device(torch.device("cpu")), LOCAL), torch.get_num_threads()
    quiet = {"prevent_thread_lock": True, "quiet": True, "root_path": "/class"}
    _, url, _ = launch(demo, context, server_port=free_port(), **quiet)
    with mounted(url, "/class") as address:
        yield address
    demo.close()
    torch.set_num_threads(threads)


def test_under_a_root_path_parts_find_their_files(blank: Page, two_parts: str) -> None:
    blank.goto(f"{two_parts}/")
    blank.wait_for_selector("#pick button >> nth=1")
    names = blank.eval_on_selector_all("#pick button", "all => all.map((b) => b.title)")
    assert names == ["red", "blue"]


def test_what_python_says_before_a_script_has_come_is_heard(blank: Page, two_parts: str) -> None:
    held: list[Route] = []
    blank.route("**/keeper.js", lambda route: held.append(route))
    with blank.expect_response(lambda answer: "/run/" in answer.url):
        blank.goto(f"{two_parts}/")
    blank.wait_for_timeout(300)
    (route,) = held
    assert blank.locator("#keeper [data-live]").count() == 0
    route.continue_()
    blank.wait_for_selector("#keeper [data-live=true]", state="attached")


def test_a_part_whose_script_does_not_come_says_so(blank: Page, two_parts: str) -> None:
    blank.remove_listener("pageerror", fail)
    blank.route("**/picker.js", lambda route: route.abort())
    blank.goto(f"{two_parts}/")
    blank.wait_for_function(
        "document.querySelector('#pick')?.innerText.includes('Please reload the page')"
    )
