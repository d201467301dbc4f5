"""The guidance panel in a real browser: stored strips, live numbers, a strip made and stopped."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.browser.conftest import Visit, pixels

if TYPE_CHECKING:
    from playwright.sync_api import Page


pytestmark = pytest.mark.browser


def opened(visit: Visit) -> Page:
    visit.open("Reverse")
    visit.open_panel("Guidance")
    visit.page.wait_for_selector("#guidance-strip [data-running='false']")
    visit.page.wait_for_selector("#guidance-plot .main-svg")
    return visit.page


def test_a_strip_is_there_is_moved_and_is_made(visit: Visit) -> None:
    page = opened(visit)
    assert "Stored" in page.inner_text("#guidance-status")
    assert page.locator("#guidance-strip .cell").count() == 50

    def formula() -> str:
        return page.inner_text("#guidance-strip .formula")

    def picture(name: str) -> list[int]:
        return pixels(page, name).tolist()

    page.wait_for_function(
        "document.querySelector('#guidance-strip .formula').innerText.includes('w')"
    )
    assert picture("guidance-0-0") == picture("guidance-0-7") != picture("guidance-4-7")
    before, last = formula(), picture("guidance-4-7")
    page.focus("#guidance-t")
    for _ in range(6):
        page.keyboard.press("ArrowRight")
    assert formula() != before and picture("guidance-4-7") != last
    assert "asked for 3" in page.inner_text("#guidance-strip .note")
    page.click("#guidance-strip button[aria-label='asked for 8, w = 2']")
    assert "asked for 8" in page.inner_text("#guidance-strip .note")
    page.get_by_role("radio", name="By a classifier, s").check()
    page.wait_for_function(
        "document.querySelector('#guidance-strip .formula').innerText.includes('log p')"
    )
    for name in ("1", "2", "10"):
        page.locator("#guidance-rows-s").get_by_label(name, exact=True).uncheck()
    page.click("#guidance-run")
    page.wait_for_function("document.querySelectorAll('#guidance-strip .cell').length === 20")
    page.click("#guidance-stop:not([disabled])")
    page.wait_for_selector("#guidance-run:not([disabled])")
    assert any(w in page.inner_text("#guidance-status") for w in ("stopped", "20 images"))


def test_a_phone_shows_it_whole(phone: Visit) -> None:
    box = opened(phone).locator("#guidance-strip .table").bounding_box()
    assert box["x"] >= 0 and box["x"] + box["width"] <= 390
    plot = phone.page.locator("#guidance-plot .main-svg").first.bounding_box()
    words = phone.page.locator("#guidance-plot .textpoint, #guidance-plot .xtitle")
    boxes = [box for box in (each.bounding_box() for each in words.all()) if box]
    assert len(boxes) == 12
    for i, box in enumerate(boxes):
        assert plot["x"] <= box["x"] and box["x"] + box["width"] <= plot["x"] + plot["width"]
        for other in boxes[:i]:
            across, down = (
                min(box[at] + box[size], other[at] + other[size]) - max(box[at], other[at])
                for at, size in (("x", "width"), ("y", "height"))
            )
            assert min(across, down) < 4  # the boxes are higher than what is written
