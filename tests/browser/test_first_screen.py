"""What is in sight when a tab opens: one sentence of what to look at, the stage, its clock."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import pytest
from playwright.sync_api import BrowserContext, Page

from tests.browser.conftest import drawn, new_page

pytestmark = pytest.mark.browser

SCREENS = {
    "1280x720": (1280, 720),
    "1280x720 at 125 %": (1024, 576),
    "1024x768": (1024, 768),
    "1024x768 at 125 %": (819, 614),
    "390x844": (390, 844),
    "390x844 at 125 %": (312, 675),
}


class First(NamedTuple):
    """A tab's own selectors: what must be seen whole, and the clock, where it has one."""

    stage: str
    clock: str | None = None


TABS = {
    "Forward": First(".blend .pane canvas", "#forward-t"),
    "Schedules": First("#schedules-plot .main-svg", "#schedules-t"),
    "Train": First("#train-loss .main-svg", "#film-t"),
    "Reverse": First(".lane canvas", "#reverse-t"),
    "Plane": First(".plane .panel canvas", "#plane-t"),
    "Lectures": First("#lectures-home li"),
}
BOXES = """(selector) => [...document.querySelectorAll(selector)]
  .filter((node) => node.checkVisibility())
  .map((node) => { const { top, bottom, width, height } = node.getBoundingClientRect();
    return { top, bottom, width, height, text: node.innerText ?? "" }; })"""
REACHED = """(selector) => { const node = [...document.querySelectorAll(selector)].find((n) =>
    n.checkVisibility());
  const { left, top, width, height } = node.getBoundingClientRect();
  return node.contains(document.elementFromPoint(left + width / 2, top + height / 2)); }"""
"""Whether nothing lies over the middle of it."""


@pytest.fixture(scope="module", params=list(SCREENS.values()), ids=list(SCREENS))
def screen(
    request: pytest.FixtureRequest, browser: BrowserContext, app: str
) -> Iterator[tuple[Page, int]]:
    """A page of this size, and its height."""
    width, height = request.param
    page = new_page(browser, width, height)
    page.set_default_timeout(60_000)
    page.goto(app)
    page.wait_for_selector("[data-loads] #forward-t")
    yield page, height
    page.close()


def open_tab(page: Page, title: str) -> None:
    page.bring_to_front()
    page.get_by_role("tab", name=title, exact=True).click()
    stage = TABS[title].stage
    page.wait_for_selector(f"{stage} >> visible=true")
    page.wait_for_function("(s) => document.querySelector(s).clientHeight !== 8", arg=stage)
    page.evaluate("scrollTo(0, 0)")
    drawn(page)


@pytest.mark.parametrize("title", TABS)
def test_sentence_stage_and_clock_are_on_the_first_screen(
    screen: tuple[Page, int], title: str
) -> None:
    page, height = screen
    open_tab(page, title)
    sentence, *_ = page.evaluate(BOXES, ".look-at")
    assert 0 < sentence["top"] and sentence["bottom"] < height
    assert sentence["text"].startswith("What to look at. ")
    assert 30 < len(sentence["text"]) < 250
    first, *_ = page.evaluate(BOXES, TABS[title].stage)
    assert min(first["width"], first["height"]) > 60
    end = height
    if clock := TABS[title].clock:
        slider, *_ = page.evaluate(BOXES, clock)
        assert sentence["bottom"] < slider["top"] and slider["bottom"] <= height
        assert page.evaluate(REACHED, clock)
        end = slider["top"]
    assert sentence["bottom"] < first["top"] and first["bottom"] <= end


@pytest.mark.parametrize("title", [title for title, first in TABS.items() if first.clock])
def test_the_clock_stays_in_sight_along_its_stage(screen: tuple[Page, int], title: str) -> None:
    """However far the stage reaches: at its upper part, in its middle and at its end."""
    page, height = screen
    open_tab(page, title)
    clock = TABS[title].clock
    part = page.evaluate_handle(
        "(s) => document.querySelector(s).closest('.blend, .plot-view, .film, .player, .plane')",
        clock,
    )
    for share in (0.2, 0.5, 0.8):
        page.evaluate(
            """([part, share]) => { const { top, height } = part.getBoundingClientRect();
              scrollBy({ top: top + share * height - innerHeight / 2, behavior: "instant" }); }""",
            [part, share],
        )
        drawn(page)
        slider, *_ = page.evaluate(BOXES, clock)
        assert 0 <= slider["top"] and slider["bottom"] <= height, share
    page.evaluate("scrollTo(0, 0)")


def test_trains_settings_are_reached_soon(screen: tuple[Page, int]) -> None:
    page, _ = screen
    open_tab(page, "Train")
    preset, *_ = page.evaluate(BOXES, "#train-preset")
    rail, *_ = page.evaluate(BOXES, ".rail")
    assert preset["top"] < 3300
    if page.evaluate("innerWidth") >= 390:  # at 125 % what lies above is longer by a quarter
        assert rail["bottom"] < 3900


@pytest.mark.parametrize("title", ["Train", "Reverse"])
def test_panels_say_what_they_show_and_all_are_reached(
    screen: tuple[Page, int], title: str
) -> None:
    page, _ = screen
    open_tab(page, title)
    tabs = page.locator(".panels [role=tab] >> visible=true")
    assert tabs.count() == (7 if title == "Reverse" else 4)
    assert page.locator(".panels .overflow-menu >> visible=true").count() == 0
    for tab in tabs.all():
        name, summary = tab.inner_text().split("\n")
        assert name and len(summary) > 20
        tab.scroll_into_view_if_needed()
        box = tab.bounding_box()
        assert box and box["x"] >= 0 and box["x"] + box["width"] <= page.evaluate("innerWidth")
        tab.click()
        assert tab.get_attribute("aria-selected") == "true"
    tabs.first.click()


def test_a_large_screen_is_used(browser: BrowserContext, app: str) -> None:
    """At 1920 × 1080 a digit is at least 250 pixels wide, and drawn pixel by pixel."""
    page = new_page(browser, 1920, 1080)
    page.goto(app)
    page.wait_for_selector("[data-loads] #forward-t")
    open_tab(page, "Reverse")
    page.wait_for_function("document.querySelector('.lane canvas').width > 8")
    drawn(page)
    lane, *_ = page.evaluate(BOXES, ".lane canvas")
    assert lane["height"] > 250 and lane["width"] > 1000
    rendering = "getComputedStyle(document.querySelector('.lane canvas')).imageRendering"
    assert page.evaluate(rendering) == "pixelated"
    rail = page.locator(".rail >> visible=true").first.bounding_box()
    assert rail and rail["x"] + rail["width"] > 1860  # nothing is left white beside it
    page.close()
