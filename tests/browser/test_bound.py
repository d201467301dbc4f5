"""The topic on the variational bound in a real browser, on a page of its own."""

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
DRAWN = "#bound-plot .js-plotly-plot"
TOPS = """["bound-bars", "bound-reading", "bound-view", "bound-plot", "bound-t"].map(
  (id) => Math.round(document.getElementById(id).getBoundingClientRect().top))"""
CELLS = """part => [...document.querySelectorAll(`#bound-reading [data-part="${part}"] td`)]
  .map((cell) => cell.firstChild.textContent)"""


@pytest.fixture(scope="module")
def bound_page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The topic's own page; its address."""
    folder = tmp_path_factory.mktemp("bound")
    address = f"http://127.0.0.1:{(port := free_port())}"
    environment = os.environ | {"GRADIO_TEMP_DIR": str(folder), "OMP_NUM_THREADS": "1"}
    with open(folder / "log", "w") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.browser.toy_bound", str(port)],
            cwd=ROOT,
            env=environment,
            stdout=log,
            stderr=log,
        )
        try:
            for _ in range(240):
                assert process.poll() is None, (folder / "log").read_text()
                try:
                    urllib.request.urlopen(f"{address}/config", timeout=2).read()
                    break
                except OSError:
                    time.sleep(0.25)
            yield address
        finally:
            process.terminate()
            process.wait(20)
    assert "Traceback" not in (folder / "log").read_text()


def visit(browser: object, address: str, width: int) -> Iterator[object]:
    page = browser.new_page(viewport={"width": width, "height": 900})
    page.set_default_timeout(60_000)
    trouble: list[str] = []
    page.on("pageerror", lambda error: trouble.append(str(error)))
    page.on("console", lambda m: trouble.append(m.text) if m.type == "error" else None)
    page.goto(address)
    page.wait_for_selector(DRAWN)
    page.wait_for_selector("#bound-reading td")
    yield page
    wide = page.evaluate("document.documentElement.scrollWidth")
    page.close()
    assert trouble == [] and wide <= width


@pytest.fixture
def page(browser: object, bound_page: str) -> Iterator[object]:
    yield from visit(browser, bound_page, 1280)


@pytest.fixture
def phone(browser: object, bound_page: str) -> Iterator[object]:
    yield from visit(browser, bound_page, 390)


def says(page: object, part: str) -> None:
    page.wait_for_function(
        "part => document.querySelector('#bound-status').innerText.includes(part)", arg=part
    )


def test_it_streams_stops_and_nothing_moves(page: object) -> None:
    assert "Stored: mnist, 64 test pictures" in page.inner_text("#bound-status")
    stored, tops = page.evaluate(CELLS, "total"), page.evaluate(TOPS)
    assert len(stored) == 2 and all(1 < float(text) < 3 for text in stored)
    page.fill("#bound-n input", "2")
    page.fill("#bound-times input", "400")
    page.click("#bound-run")
    says(page, "running")
    page.wait_for_function(f"({CELLS})('matching')[0] != '–' && ({CELLS})('total')[0] == '–'")
    assert page.evaluate(TOPS) == tops
    page.dispatch_event("#bound-stop", "click")  # however busy the page is
    says(page, "stopped")
    assert page.evaluate(CELLS, "reconstruction") == ["–", "–"]
    page.fill("#bound-times input", "3")
    page.click("#bound-run")
    says(page, "8 evaluations")
    assert all(float(text) > 0 for text in page.evaluate(CELLS, "total"))
    assert page.evaluate(TOPS) == tops
    page.fill("#bound-n input", "1")
    page.click("#bound-run")
    page.get_by_text("Pictures: 1 is not allowed").wait_for()
    assert all(float(text) > 0 for text in page.evaluate(CELLS, "total"))  # nothing is lost


def test_views_and_the_cursor_on_a_phone(phone: object) -> None:
    phone.evaluate(
        """() => { const slider = document.getElementById("bound-t");
                   slider.value = 2; slider.dispatchEvent(new Event("input")); }"""
    )
    phone.wait_for_function(
        "document.querySelector('#bound-plot output').innerText[0] == '\\u2007'"
    )
    row = "#bound-plot .readout tbody tr:first-child td:last-child"
    assert 0.1 < float(phone.inner_text(row)) < 1  # L_1 costs a quarter of a bit
    for view, part in {
        "share of the total": "share of the total",
        "weights": "weight of",
        "is it noise at T?": "at T = 1000",
    }.items():
        phone.get_by_label(view, exact=True).first.click()
        phone.wait_for_function(
            "part => document.querySelector('#bound-plot .graph').textContent.includes(part)",
            arg=part,
        )
