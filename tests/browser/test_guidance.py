"""The guidance panel in a real browser: stored strips, live numbers, a strip made and stopped."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator

import pytest

from tests.browser.conftest import ROOT, free_port

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def panel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The panel on a page of its own; its address."""
    address = f"http://127.0.0.1:{(port := free_port())}"
    log = tmp_path_factory.mktemp("panel") / "log"
    command = [sys.executable, "-m", "tests.browser.guidance_app", str(port)]
    with open(log, "w") as file:
        environment = os.environ | {"OMP_NUM_THREADS": "1"}
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=file, stderr=file)
    try:
        for _ in range(240):
            try:
                urllib.request.urlopen(f"{address}/config", timeout=2).read()
                break
            except OSError:
                assert process.poll() is None, log.read_text()
                time.sleep(0.5)
        yield address
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
    assert "Traceback" not in log.read_text()


def test_a_strip_is_there_is_moved_and_is_made(panel: str, browser: object) -> None:
    page, trouble = browser.new_page(viewport={"width": 1280, "height": 900}), []
    page.set_default_timeout(90_000)
    page.on("pageerror", lambda error: trouble.append(str(error)))
    page.on("console", lambda m: trouble.append(m.text) if m.type == "error" else None)
    page.goto(panel)
    page.wait_for_selector("#guidance-strip [data-running='false']")
    page.wait_for_selector("#guidance-plot .main-svg")
    assert "Stored" in page.inner_text("#guidance-status")
    assert page.locator("#guidance-strip .cell").count() == 50

    def formula() -> str:
        return page.inner_text("#guidance-strip .formula")

    def pixels(name: str) -> list[int]:
        return page.evaluate(
            """name => { const c = document.getElementById(name);
                return [...c.getContext("2d").getImageData(0, 0, c.width, c.height).data]; }""",
            name,
        )

    page.wait_for_function(
        "document.querySelector('#guidance-strip .formula').innerText.includes('w')"
    )
    assert pixels("guidance-0-0") == pixels("guidance-0-7") != pixels("guidance-4-7")
    before, picture = formula(), pixels("guidance-4-7")
    page.focus("#guidance-t")
    for _ in range(6):
        page.keyboard.press("ArrowRight")
    assert formula() != before and pixels("guidance-4-7") != picture
    assert "asked for 3" in page.inner_text("#guidance-strip .note")
    page.click("#guidance-strip button[aria-label='asked for 8, w = 2']")
    assert "asked for 8" in page.inner_text("#guidance-strip .note")
    page.get_by_label("By a classifier, s").check()
    page.wait_for_function(
        "document.querySelector('#guidance-strip .formula').innerText.includes('log p')"
    )
    for name in ("1", "2", "10"):
        page.locator("#guidance-rows-s").get_by_label(name, exact=True).uncheck()
    page.click("#guidance-run")
    page.wait_for_function("document.querySelectorAll('#guidance-strip .cell').length === 20")
    page.click("#guidance-stop:not([disabled])")
    page.wait_for_selector("#guidance-run:not([disabled])")
    assert any(w in page.inner_text("#guidance-status") for w in ("stopped", "20 pictures"))
    page.close()
    assert trouble == []


def test_a_phone_shows_it_whole(panel: str, browser: object) -> None:
    page = browser.new_page(viewport={"width": 390, "height": 844})
    page.set_default_timeout(90_000)
    page.goto(f"{panel}/?__theme=dark")
    page.wait_for_selector("#guidance-strip [data-running='false']")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    box = page.locator("#guidance-strip .table").bounding_box()
    assert box["x"] >= 0 and box["x"] + box["width"] <= 390
    page.close()
