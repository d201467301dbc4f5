"""A real app, a real Chromium. With REQUIRE_BROWSER=1 (CI) a missing browser is a failure."""

from __future__ import annotations

import base64
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, ConsoleMessage, Locator, Page


ROOT = Path(__file__).parents[2]
ARGUMENTS = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
]
NO_BROWSER = (
    "no browser: install Chromium (Debian, Ubuntu: apt-get install chromium) or name one in "
    "CHROMIUM=/path/to/chromium"
)

PIXELS = """id => {
  const canvas = document.getElementById(id), { width, height } = canvas;
  const { data } = canvas.getContext("2d").getImageData(0, 0, width, height);
  let text = "";
  for (let i = 0; i < data.length; i++) text += String.fromCharCode(data[i]);
  return [height, width, btoa(text)];
}"""
LEAVING = ("AbortError: signal is aborted", "Unexpected error Connection errored out")
"""What Gradio says of its own stream when the page that it belongs to goes."""
BROKEN = "Unexpected client exception"
"""What it says of answers under way then: they are taken for the first of a stream."""
SLIDE = """([id, value]) => {
  const slider = document.getElementById(id);
  slider.value = value;
  slider.dispatchEvent(new Event("input", { bubbles: true }));
}"""


@pytest.fixture(scope="session")
def chromium() -> str:
    """The browser's path; skips with a sentence where there is none."""
    found = os.environ.get("CHROMIUM") or next(
        filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
    )
    if found is None:
        if os.environ.get("REQUIRE_BROWSER") == "1":
            pytest.fail(NO_BROWSER)
        pytest.skip(NO_BROWSER)
    return found


def free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


@pytest.fixture(scope="session")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """`python app.py` on a free port; the address. Hosted, so that runs are cleaned up."""
    address = f"http://127.0.0.1:{(port := free_port())}"
    folder = tmp_path_factory.mktemp("app")
    environment = os.environ | {
        "GRADIO_SERVER_PORT": str(port),
        "GRADIO_TEMP_DIR": str(folder / "gradio"),
        "EXPLORER_HOSTED": "1",
        "OMP_NUM_THREADS": "1",
    }
    with open(folder / "log", "w") as log:
        process = subprocess.Popen(
            [sys.executable, "app.py"], cwd=ROOT, env=environment, stdout=log, stderr=log
        )
        try:
            for _ in range(1200):
                if process.poll() is not None:
                    pytest.fail(f"the app ended:\n{(folder / 'log').read_text()}")
                try:
                    urllib.request.urlopen(f"{address}/config", timeout=2).read()
                    break
                except OSError:
                    time.sleep(0.5)
            yield address
        finally:
            process.terminate()  # at an interrupt it would wait for the browser's connections
            process.wait()
    assert "Traceback" not in (folder / "log").read_text()


@pytest.fixture(scope="session")
def browser(chromium: str) -> Iterator[BrowserContext]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        yield launched.new_context()  # one for all pages: what they share is fetched once
        launched.close()


@pytest.fixture
def stranger(browser: BrowserContext) -> Iterator[BrowserContext]:
    """Another visitor's browser: pages of one context share its cookies."""
    assert browser.browser
    new = browser.browser.new_context()
    yield new
    new.close()


def new_page(browser: BrowserContext, width: int, height: int = 900) -> Page:
    """An empty page of this size."""
    page = browser.new_page()
    page.set_viewport_size({"width": width, "height": height})
    return page


def drawn(page: Page) -> None:
    """Wait until what has been asked for is on the screen."""
    page.evaluate(
        "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
    )


def slide(page: Page, name: str, value: int) -> None:
    """Set a slider of our own as a hand does, and let the page draw."""
    page.evaluate(SLIDE, [name, value])
    drawn(page)


def pixels(page: Page, name: str) -> np.ndarray:
    """What a canvas holds, (H, W, 4)."""
    height, width, text = page.evaluate(PIXELS, name)
    return np.frombuffer(base64.b64decode(text), np.uint8).reshape(height, width, 4)


def unfold(heading: Locator) -> None:
    """Open an accordion by its heading, unless it is open."""
    if "open" not in heading.get_attribute("class").split():
        heading.click()


class Visit:
    """A page, what it asked for, and what it complained of."""

    def __init__(self, browser: BrowserContext, address: str, width: int = 1280) -> None:
        self.page = new_page(browser, width)
        self.page.set_default_timeout(60_000)
        self.requests: list[str] = []
        self.trouble: list[str] = []
        self.leaving = False
        self.page.on("domcontentloaded", self._arrive)
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.on("pageerror", lambda error: self.trouble.append(f"page error: {error}"))
        self.page.on("console", self._console)
        self.page.goto(address)
        self.page.wait_for_selector("[data-loads] #forward-t")
        self.address = address

    def _arrive(self, _: Page) -> None:
        self.leaving = False

    def _console(self, message: ConsoleMessage) -> None:
        if message.type != "error":
            return
        if message.text.startswith(LEAVING):
            self.leaving = True
        elif not (self.leaving and message.text.startswith(BROKEN)):
            self.trouble.append(message.text)

    def open(self, tab: str) -> None:
        self.page.get_by_role("tab", name=tab, exact=True).click()

    def open_panel(self, name: str) -> None:
        """A tab within a tab, by its title, the first line of what it says."""
        self.page.get_by_role("tab", name=name).click()

    def open_topic(self, name: str) -> None:
        """By its card, from wherever the page is."""
        self.open("Lectures")
        self.page.wait_for_selector("#lectures-home [data-topic]", state="attached")
        for back in self.page.locator(".topic .way-back").filter(visible=True).all():
            back.click()
        self.page.click(f"#lectures-home [data-topic={name}]")
        self.page.wait_for_selector(f"#topic-{name} h2 >> visible=true")

    def text(self, selector: str) -> str:
        return self.page.inner_text(selector)

    def wait_for_text(self, selector: str, part: str) -> None:
        """Until the element says `part`; fails with what it says after a minute."""
        try:
            self.page.wait_for_function(
                "([s, p]) => document.querySelector(s)?.innerText.includes(p)",
                arg=[selector, part],
            )
        except Exception as error:
            raise AssertionError(f"{selector} says {self.text(selector)!r}") from error

    def check(self) -> None:
        """Nothing wider than the screen, no console error, nothing asked of another host."""
        assert self.page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
        own = (self.address, "data:", "blob:")
        assert [url for url in self.requests if not url.startswith(own)] == []
        assert self.trouble == []


class Pages:
    """A page of the app for each width, each another visitor's, opened when it is first wanted."""

    def __init__(self, browser: BrowserContext, address: str) -> None:
        self.browser, self.address = browser, address
        self.visits: dict[int, Visit] = {}

    def visit(self, width: int) -> Visit:
        if width not in self.visits:
            assert self.browser.browser
            visitor = self.browser.browser.new_context()
            self.visits[width] = Visit(visitor, self.address, width)
        self.visits[width].page.bring_to_front()  # a page in the background is not drawn
        return self.visits[width]

    def close(self, width: int) -> None:
        self.visits.pop(width).page.context.close()

    def lend(self, width: int, session: pytest.Session) -> Iterator[Visit]:
        """The page to one test; checked after it, and closed if the test or the check fails."""
        failed = session.testsfailed
        yield self.visit(width)
        sound = session.testsfailed == failed
        try:
            self.visit(width).check()
        except BaseException:
            sound = False
            raise
        finally:
            if not sound:
                self.close(width)


@pytest.fixture(scope="module")
def pages(browser: BrowserContext, app: str) -> Iterator[Pages]:
    """The tests of a file share their pages: each finds what the one before it has left."""
    pages = Pages(browser, app)
    yield pages
    for width in list(pages.visits):
        pages.close(width)


@pytest.fixture
def visit(pages: Pages, request: pytest.FixtureRequest) -> Iterator[Visit]:
    yield from pages.lend(1280, request.session)


@pytest.fixture
def phone(pages: Pages, request: pytest.FixtureRequest) -> Iterator[Visit]:
    yield from pages.lend(390, request.session)


@pytest.fixture
def fresh(pages: Pages, request: pytest.FixtureRequest) -> Iterator[Visit]:
    """A page as it is when somebody new has just opened it."""
    if 1280 in pages.visits:
        pages.close(1280)
    yield from pages.lend(1280, request.session)
