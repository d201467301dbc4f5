"""The Lectures tab's cards in a real browser: opened, left, linked to, by pointer and by keys."""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import pytest

from explorer.gui.lectures.pages.ways import tour_of, ways_of
from explorer.gui.lectures.tab import TOPICS
from explorer.lectures import LECTURES
from tests.browser.conftest import Visit

pytestmark = pytest.mark.browser
READY = "html[data-explorer=ready]"
AT_TOP = """name => {
  const strip = document.querySelector("#lesson-strip").getBoundingClientRect();
  const { top } = document.getElementById(`topic-${name}`).getBoundingClientRect();
  return Math.abs(top) < 1 || (top >= strip.height - 1 && top < strip.height + 8); }"""
"""Whether a topic begins where the window does, or below a strip that stays there."""
LEFT_AT = """document.addEventListener("click", () => (window.leftAt = scrollY),
  { capture: true, once: true })"""
"""Where the page is when it is clicked: lines above may still come until then."""
MOUNTED = """[...document.querySelectorAll(".topic")].filter((page) => page.childElementCount
  && page.querySelector(".block")).map((page) => page.id)"""


def asked(visit: Visit) -> dict[str, list[str]]:
    return parse_qs(urlsplit(visit.page.url).fragment)


def wait_for_address(visit: Visit, text: str) -> None:
    visit.page.wait_for_function("text => location.hash === text", arg=text)


def new(visit: Visit, fragment: str) -> None:
    """The page as a link opens it."""
    visit.page.goto("about:blank")
    visit.page.goto(f"{visit.address}/{fragment}")
    visit.page.wait_for_selector(READY)


def the_cards_open_and_lead_back(visit: Visit) -> None:
    page = visit.page
    new(visit, "#tab=lectures")
    page.wait_for_selector("#lectures-home img")
    cards = page.locator("#lectures-home [data-topic]")
    assert cards.count() == len(TOPICS)
    page.wait_for_function(
        """[...document.querySelectorAll("#lectures-home img")].every((image) =>
          image.complete && image.naturalWidth === 96 && image.alt === "")"""
    )
    page.locator("#lectures-home [data-topic=sde]").scroll_into_view_if_needed()
    page.evaluate(LEFT_AT)
    page.click("#lectures-home [data-topic=sde]")
    y = page.evaluate("window.leftAt")
    page.wait_for_selector("#sde-plot [data-draws] >> visible=true")
    assert page.is_hidden("#lectures-home")
    page.wait_for_function(AT_TOP, arg="sde")
    width = page.locator("#topic-sde").bounding_box()["width"]
    assert width > 0.9 * page.viewport_size["width"]
    wait_for_address(visit, "#tab=lectures&topic=sde")
    page.click("#topic-sde .way-back")
    page.wait_for_selector("#lectures-home >> visible=true")
    wait_for_address(visit, "#tab=lectures")
    page.wait_for_function("y => Math.abs(scrollY - y) <= 2", arg=y)
    page.wait_for_function("document.activeElement.dataset.topic === 'sde'")
    page.click("#lectures-home [data-topic=bound]")
    page.wait_for_selector("#bound-plot [data-draws] >> visible=true")
    assert page.is_hidden("#sde-plot")
    page.go_back()
    page.wait_for_selector("#lectures-home >> visible=true")
    page.go_back()
    page.wait_for_selector("#sde-plot >> visible=true")
    page.go_forward()
    page.wait_for_selector("#lectures-home >> visible=true")
    assert asked(visit) == {"tab": ["lectures"]}


def test_the_cards_open_and_lead_back(visit: Visit) -> None:
    the_cards_open_and_lead_back(visit)


def test_the_cards_open_and_lead_back_on_a_phone(phone: Visit) -> None:
    the_cards_open_and_lead_back(phone)


def test_keys_open_a_card_and_the_heading_has_the_focus(visit: Visit) -> None:
    page = visit.page
    new(visit, "#tab=lectures")
    page.wait_for_selector("#lectures-home img")
    page.focus("#lectures-home [data-topic]")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.dataset.topic") == "lecture-cars"
    page.keyboard.press("Enter")
    page.wait_for_selector("#cars-tour button >> visible=true")
    page.wait_for_function("document.activeElement.tagName === 'H2'")
    assert page.evaluate("document.activeElement.textContent") == "Stanford cars"
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Enter")
    page.wait_for_selector("#lectures-home >> visible=true")


def test_a_link_opens_a_topic_alone_at_its_top(visit: Visit) -> None:
    page = visit.page
    new(visit, "#tab=lectures&topic=autoencoder")
    page.wait_for_selector("#autoencoder-rows canvas >> visible=true")
    page.wait_for_function(AT_TOP, arg="autoencoder")
    assert page.inner_text("#topic-autoencoder h2") == "Denoising before diffusion"
    assert page.evaluate(MOUNTED) == ["topic-autoencoder"]  # nobody opened the others
    new(visit, "#tab=lectures&topic=home")
    visit.wait_for_text("#address .said", "There is no topic “home”")


def tour_begins(visit: Visit, name: str) -> None:
    page = visit.page
    visit.open_topic(f"lecture-{name}")
    button = page.locator(f"#{name}-tour button")
    button.wait_for()
    assert re.fullmatch(r"Take the tour, \d+ scenes", button.inner_text())
    button.click()
    page.wait_for_function(
        "name => document.querySelector('#lessons')?.explorer?.scene?.name === name",
        arg=tour_of(name),
    )
    page.wait_for_selector("#forward-stage, #sde-plot >> visible=true")
    page.click("#lessons .leave")


def test_one_button_begins_the_tour(visit: Visit) -> None:
    new(visit, "#tab=lectures")
    tour_begins(visit, "oslo")
    tour_begins(visit, "sutd")


@pytest.mark.parametrize("name", ["jax", "sutd"])
def test_the_ways_lead_to_the_lectures_settings(visit: Visit, name: str) -> None:
    page, lecture = visit.page, LECTURES[name]
    shown: dict[str, Callable[[], object]] = {
        "Forward": lambda: page.wait_for_function(
            "T => document.querySelector('#forward-t').max === T", arg=str(lecture.T)
        ),
        "Schedules": lambda: page.wait_for_function(
            "title => document.querySelector('#schedules-lecture input').value === title",
            arg=lecture.title,
        ),
        "Train": lambda: page.wait_for_function(
            "title => document.querySelector('#train-preset input').value === title",
            arg=f"Lecture: {lecture.title}",
        ),
        "Reverse": lambda: page.wait_for_selector("#reverse-player >> visible=true"),
    }
    new(visit, "#tab=lectures")
    for way in ways_of(name, lecture):
        visit.open_topic(f"lecture-{name}")
        page.click(f"#{name}-ways a:text-is('{way.title}')")
        tab = page.get_by_role("tab", name=way.title, exact=True)
        page.wait_for_function(
            "tab => document.querySelector(`#tab-${tab}`)?.checkVisibility()",
            arg=way.settings["tab"],
        )
        assert tab.get_attribute("aria-selected") == "true"
        shown[way.title]()
        assert page.is_hidden("#address .said") or not visit.text("#address .said")


def test_what_a_model_of_ones_own_gives_appears_at_the_button(visit: Visit) -> None:
    """The fold of its sheets is next to what fills it, above what was stored."""
    page = visit.page
    new(visit, "#tab=lectures&topic=lecture-oslo")
    page.wait_for_selector("#oslo-run >> visible=true")
    fold = page.get_by_role("button", name="Your models, sampled as the lecture does")
    below = fold.filter(visible=True).bounding_box()["y"]
    button = page.locator("#oslo-run").bounding_box()
    assert 0 < below - (button["y"] + button["height"]) < 120
