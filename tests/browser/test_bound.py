"""The topic on the variational bound in a real browser."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.browser.conftest import Visit, slide

if TYPE_CHECKING:
    from playwright.sync_api import Page


pytestmark = pytest.mark.browser
TOPS = """["bound-bars", "bound-reading", "bound-view", "bound-plot", "bound-t"].map(
  (id) => Math.round(document.getElementById(id).getBoundingClientRect().top))"""
CELLS = """part => [...document.querySelectorAll(`#bound-reading [data-part="${part}"] td`)]
  .map((cell) => cell.firstChild.textContent)"""


def opened(visit: Visit) -> Page:
    visit.open_topic("bound")
    visit.page.wait_for_selector("#bound-plot .js-plotly-plot")
    visit.page.wait_for_selector("#bound-reading td")
    return visit.page


def test_it_streams_stops_and_nothing_moves(visit: Visit) -> None:
    page = opened(visit)
    assert "Stored: mnist, 64 test images" in page.inner_text("#bound-status")
    stored, tops = page.evaluate(CELLS, "total"), page.evaluate(TOPS)
    assert len(stored) == 2 and all(1 < float(text) < 3 for text in stored)
    page.fill("#bound-n input", "16")
    page.fill("#bound-times input", "200")
    page.click("#bound-run")
    visit.wait_for_text("#bound-status", "running")
    page.wait_for_function(f"({CELLS})('matching')[0] != '–' && ({CELLS})('total')[0] == '–'")
    assert page.evaluate(TOPS) == tops
    page.dispatch_event("#bound-stop", "click")  # however busy the page is
    visit.wait_for_text("#bound-status", "stopped")
    assert page.evaluate(CELLS, "reconstruction") == ["–", "–"]
    page.fill("#bound-n input", "2")
    page.fill("#bound-times input", "3")
    page.click("#bound-run")
    visit.wait_for_text("#bound-status", "8 evaluations")
    assert all(float(text) > 0 for text in page.evaluate(CELLS, "total"))
    assert page.evaluate(TOPS) == tops
    page.fill("#bound-n input", "1")
    page.click("#bound-run")
    page.get_by_text("Images: 1 is not allowed").wait_for()
    assert all(float(text) > 0 for text in page.evaluate(CELLS, "total"))  # nothing is lost


def test_views_and_the_cursor_on_a_phone(phone: Visit) -> None:
    page = opened(phone)
    bars = page.locator("#bound-bars .main-svg").first.bounding_box()
    for label in page.locator("#bound-bars .textpoint").all():
        box = label.bounding_box()
        assert "±" in label.text_content()
        assert box["x"] + box["width"] <= bars["x"] + bars["width"]
    slide(page, "bound-t", 2)
    phone.wait_for_text("#bound-plot output", "\u2007\u2007\u20072 / 1000")
    row = "#bound-plot .readout tbody tr:first-child td:last-child"
    assert 0.1 < float(page.inner_text(row)) < 1  # L_1 costs a quarter of a bit
    for view, part in {
        "share of the total": "share of the total",
        "weights": "weight of",
        "is it noise at T?": "at T = 1000",
    }.items():
        page.get_by_label(view, exact=True).first.click()
        page.wait_for_function(
            "part => document.querySelector('#bound-plot .graph').textContent.includes(part)",
            arg=part,
        )
