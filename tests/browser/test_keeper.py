"""Jobs outlive their page: a reload, another tab, a network that drops, in a real Chromium."""

from __future__ import annotations

import json
import re
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import BrowserContext, Route

from explorer.gui.frame.spoken import exactly
from tests.browser.conftest import Visit
from tests.hostile.capsules import named

pytestmark = pytest.mark.browser


class Wire:
    """A network between browser and app, which can be cut: connections break, new ones fail."""

    def __init__(self, address: str) -> None:
        target = urlsplit(address)
        self.target = (target.hostname, target.port)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        self.open: set[socket.socket] = set()
        self.up = True
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self.listener.accept()
            except OSError:
                return
            if not self.up:
                near.close()
                continue
            far = socket.create_connection(self.target)
            self.open |= {near, far}
            for pair in ((near, far), (far, near)):
                threading.Thread(target=self._carry, args=pair, daemon=True).start()

    def _carry(self, source: socket.socket, sink: socket.socket) -> None:
        try:
            while data := source.recv(65536):
                sink.sendall(data)
        except OSError:
            pass
        for end in (source, sink):
            self.open.discard(end)
            end.close()

    def cut(self) -> None:
        self.up = False
        for end in list(self.open):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def mend(self) -> None:
        self.up = True

    def close(self) -> None:
        self.cut()
        self.listener.close()


@pytest.fixture
def wire(app: str) -> Iterator[Wire]:
    wire = Wire(app)
    yield wire
    wire.close()


def step(visit: Visit) -> int:
    found = re.search(r"step (\d+)", visit.text("#train-status"))
    return int(found[1]) if found else -1


def begin(visit: Visit, seconds: int) -> None:
    visit.open("Train")
    visit.page.fill("#train-budget input", str(seconds))
    visit.page.keyboard.press("Tab")
    visit.wait_for_text("#train-start", f"Train for {exactly(seconds)}")
    visit.page.click("#train-start")
    visit.wait_for_text("#train-status", "images/s")


def end(visit: Visit) -> None:
    visit.page.click("#train-stop")
    visit.wait_for_text("#train-status", "saved")
    visit.page.wait_for_selector("#train-race")


def again(visit: Visit) -> None:
    """Reload; the address says that Train is open."""
    visit.page.reload()
    visit.page.wait_for_selector("#train-loss [data-draws]")


def goes_on(visit: Visit) -> None:
    """The run that this page shows makes steps."""
    visit.page.wait_for_selector("#train-status")
    visit.wait_for_text("#train-status", "images/s")
    before = step(visit)
    visit.page.wait_for_function(
        """(n) => {
          const found = /step (\\d+)/.exec(document.querySelector("#train-status")?.innerText);
          return found && +found[1] > n;
        }""",
        arg=before,
    )


def test_a_run_goes_on_through_a_reload_and_in_another_tab(
    stranger: BrowserContext, app: str
) -> None:
    visit = Visit(stranger, app)
    begin(visit, 100)
    again(visit)
    goes_on(visit)
    assert visit.page.input_value("#train-budget input") == "100"  # as it was asked for
    assert visit.page.is_disabled("#train-start") and visit.page.is_enabled("#train-stop")
    other = Visit(stranger, app)
    other.open("Train")
    goes_on(other)
    end(other)
    visit.page.bring_to_front()
    visit.wait_for_text("#train-status", "saved")  # there too
    visit.page.wait_for_selector("#train-start:not([disabled])")
    again(visit)
    visit.wait_for_text("#train-status", "saved")
    visit.page.wait_for_selector("#train-race")
    visit.check()


def reload_and_hold(visit: Visit) -> Route:
    """The question for its jobs of a page that has just come; it has not gone out."""
    held: list[Route] = []
    visit.page.route("**/queue/join*", lambda route: held.append(route), times=1)
    visit.page.reload()
    visit.page.wait_for_selector("#reverse-ddim[data-t]")
    while not held:
        visit.page.wait_for_timeout(100)
    return held[0]


def test_a_field_stays_that_was_changed_before_the_page_asked_for_its_jobs(
    stranger: BrowserContext, app: str
) -> None:
    """The others come back as they were asked with."""
    seed = ".rail:has(#reverse-model) .block:has(> label > span:text-is('Seed')) input"
    images = "[aria-label='number input for Images']"
    visit = Visit(stranger, app)
    visit.open("Reverse")
    visit.page.fill(images, "1")
    visit.page.fill(seed, "5")
    visit.page.keyboard.press("Tab")
    visit.page.click("#reverse-run")
    visit.wait_for_text("#reverse-player .title", "seed 5")
    visit.page.wait_for_selector("#reverse-stop:disabled")
    held: list[Route] = []
    released = threading.Event()

    def hold(route: Route) -> None:
        """What asks with nothing, as a page does that wants to know of its visitor's jobs."""
        asked = json.loads(route.request.post_data or "{}")
        if asked.get("data") == [] and not released.is_set():
            held.append(route)
        else:
            route.continue_()

    stranger.route("**/run/predict*", hold)
    other = Visit(stranger, app)
    other.open("Reverse")
    other.page.fill(seed, "6")
    other.page.keyboard.press("Tab")
    other.page.wait_for_timeout(500)
    assert held
    released.set()
    for route in held:
        route.continue_()
    other.wait_for_text("#reverse-player .title", "seed 5")
    other.page.wait_for_function(f"""document.querySelector("{images}").value === "1" """)
    assert other.page.input_value(seed) == "6"
    other.wait_for_text("#tab-reverse", "Settings changed: run again")
    other.check()


def test_a_capsule_stays_that_was_opened_before_the_page_asked_for_its_jobs(
    stranger: BrowserContext, app: str, tmp_path: Path
) -> None:
    capsule = tmp_path / "other.race.zip"
    capsule.write_bytes(named("other"))
    visit = Visit(stranger, app)
    visit.open("Reverse")
    visit.page.fill("[aria-label='number input for Images']", "1")
    visit.page.click("#reverse-race input")
    visit.page.get_by_role("option", name="Grid: uniform, quadratic or Karras").click()
    visit.page.click("#reverse-run")
    visit.wait_for_text("#reverse-status", "quadratic 10 of 10")
    held = reload_and_hold(visit)
    visit.open_panel("Export")
    visit.page.locator("input[type=file][accept*=zip]").last.set_input_files(capsule)
    visit.wait_for_text("#reverse-status", "From a capsule: other")
    held.continue_()
    visit.page.wait_for_timeout(3000)
    assert "From a capsule: other" in visit.text("#reverse-status")
    assert "other" in visit.text("#reverse-player")
    visit.check()


def test_a_run_goes_on_through_a_network_that_drops(stranger: BrowserContext, wire: Wire) -> None:
    visit = Visit(stranger, wire.address)
    begin(visit, 100)
    wire.cut()
    visit.page.wait_for_timeout(3000)
    wire.mend()
    before = step(visit)
    goes_on(visit)
    assert step(visit) > before
    end(visit)
