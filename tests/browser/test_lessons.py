"""Lessons in a real browser: each shipped one is played to its end, by button and by key."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from urllib.parse import parse_qsl

import pytest

from explorer.gui.app import LESSONS
from explorer.gui.lessons.files import find_lessons
from explorer.gui.lessons.lesson import Scene
from explorer.gui.lessons.parts import PARTS
from tests.browser.conftest import Pages, Visit, slide

pytestmark = pytest.mark.browser
SHIPPED, _ = find_lessons(LESSONS)
WAYS: dict[str, Callable[[Visit], None]] = {
    "button": lambda visit: visit.page.click("#lessons .next"),
    "arrow": lambda visit: visit.page.keyboard.press("ArrowRight"),
    "clicker": lambda visit: visit.page.keyboard.press("PageDown"),
}
TOURS = [name for name in SHIPPED if name.startswith("lecture-")]
"""Of the lectures: each is played by one way, and on a phone."""
LESSONS_ONLY = [name for name in SHIPPED if name not in TOURS]
PLAYED = [
    *((name, way) for name in LESSONS_ONLY for way in WAYS),
    *((name, list(WAYS)[i % len(WAYS)]) for i, name in enumerate(TOURS)),
]
PLACE = "document.querySelector('#lessons')?.explorer?.scene"
SETTLED = """([name, number, told]) => {
  const scene = document.querySelector("#lessons")?.explorer?.scene;
  return scene && scene.name === name && scene.number === number && scene.told === told
    && scene.settled;
}"""
SEEN = """selector => {
  const strip = document.querySelector("#lesson-strip").getBoundingClientRect();
  return [...document.querySelectorAll(selector)]
    .filter((node) => node.checkVisibility({ visibilityProperty: true }))
    .map((node) => {
      const { top, bottom, left, right } = node.getBoundingClientRect();
      const outline = getComputedStyle(node).outlineStyle;
      return { covered: top < strip.bottom - 1, top, bottom, left, right, outline };
    });
}"""
VISIBLE_T = """() => ["forward-t", "schedules-t", "reverse-t"]
  .map((id) => document.getElementById(id))
  .filter((slider) => slider?.checkVisibility()).map((slider) => slider.value)"""


def selector(part: str) -> str:
    return PARTS.get(part, f"#{part}")


def settle(visit: Visit, name: str, number: int, told: bool = False) -> None:
    """Until a scene is there, with all that it speaks of, and nothing moves any more."""
    visit.page.wait_for_function(SETTLED, arg=[name, number, told], timeout=90_000)


def check_scene(visit: Visit, scene: Scene, number: int, count: int) -> None:
    """The strip says which scene it is; its parts are seen; the page is as it asks."""
    page = visit.page
    assert page.inner_text("#lessons .count") == f"scene {number} of {count}"
    assert page.is_hidden("#lessons .trouble"), page.inner_text("#lessons .trouble")
    height = page.viewport_size["height"]
    strip = page.locator("#lesson-strip").bounding_box()
    assert strip["y"] >= 0 and strip["height"] < 0.47 * height
    first, *others = (page.evaluate(SEEN, selector(part)) for part in scene.highlight)
    for boxes in (first, *others):
        assert boxes, f"{scene.highlight} is not on the page"
        assert all(box["outline"] == "solid" for box in boxes)
    room = height - strip["y"] - strip["height"]
    assert all(box["top"] < height - 40 and not box["covered"] for box in first)
    if max(box["bottom"] for box in first) - min(box["top"] for box in first) < room - 120:
        assert all(box["bottom"] <= height for box in first)
    for part in scene.hide:
        assert not page.locator(selector(part)).first.is_visible()
    state = dict(parse_qsl(scene.address))
    tab = page.locator("[role=tab][aria-selected=true]").first
    assert tab.inner_text().strip().lower() == state["tab"]
    if "t" in state:  # another T may still be on its way
        page.wait_for_function(f"t => String(({VISIBLE_T})()) === t", arg=state["t"])
    if panel := state.pop("panel", None):  # a tab's first one is left out of the address
        assert page.is_visible(f"#panel-{panel}")
    if "show" in state:
        pressed = page.locator(f'#reverse-player [data-show="{state["show"]}"]')
        assert "true" in (
            pressed.get_attribute("aria-pressed"),
            pressed.get_attribute("aria-checked"),
        )
    wanted = {key.lower(): text for key, text in state.items()} | {"scene": str(number)}
    for _ in range(80):  # the address follows a little later
        shown = {key.lower(): text for key, text in parse_qsl(page.url.partition("#")[2])}
        if shown.items() >= wanted.items():
            break
        page.wait_for_timeout(250)
    assert shown.items() >= wanted.items()


@pytest.mark.parametrize(("name", "way"), PLAYED)
def test_a_lesson_is_played_to_its_end(visit: Visit, name: str, way: str) -> None:
    lesson, page = SHIPPED[name], visit.page
    page.evaluate("name => document.querySelector('#lessons').explorer.open(name)", name)
    for number, scene in enumerate(lesson.scenes, 1):
        settle(visit, name, number)
        check_scene(visit, scene, number, len(lesson.scenes))
        if scene.question:
            assert page.inner_text("#lessons .next") == "Show the answer"
            WAYS[way](visit)
            settle(visit, name, number, told=True)
            answer = page.inner_text("#lesson-text")
            assert "{{" not in answer and "–" not in answer.replace("–20", "")
        last = number == len(lesson.scenes)
        assert page.inner_text("#lessons .next") == ("Finish" if last else "Next ›")
        if not last:
            WAYS[way](visit)
    for key in ("ArrowLeft", "PageUp"):
        page.keyboard.press(key)
    settle(visit, name, len(lesson.scenes) - 2)
    page.click("#lessons .leave")
    page.wait_for_selector("#lessons section", state="hidden")


def test_the_answer_is_read_off_the_page(visit: Visit) -> None:
    page, t = visit.page, 437
    number = next(i for i, s in enumerate(SHIPPED["noise"].scenes, 1) if s.question)
    page.evaluate("n => document.querySelector('#lessons').explorer.open('noise', n)", number)
    settle(visit, "noise", number)
    slide(page, "forward-t", t)
    read = '#forward-stage [data-pane="{}"] [data-of="{}"]'
    shown = [
        page.inner_text(read.format(pane, what))
        for pane, what in ((0, "signal"), (0, "noise"), (0, "own"), (1, "own"))
    ]
    assert "437" not in page.inner_text("#lesson-text")
    page.click("#lessons .next")
    page.wait_for_selector("#lesson-text blockquote >> text=437")
    said = page.inner_text("#lesson-text")
    assert [part for part in shown if part not in said] == []
    assert page.locator("#lesson-text .katex").count() >= 2
    slide(page, "forward-t", 12)  # what was told stays told
    assert page.inner_text("#lesson-text") == said


def test_keys_belong_to_what_has_the_focus(visit: Visit) -> None:
    page = visit.page
    page.evaluate("document.querySelector('#lessons').explorer.open('noise', 2)")
    settle(visit, "noise", 2)
    page.focus("#forward-t")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("PageDown")
    assert page.input_value("#forward-t") == "51"
    page.focus("#forward-T input")
    page.keyboard.press("ArrowLeft")
    assert page.evaluate(PLACE)["number"] == 2
    page.focus("#forward-stage .play")
    page.keyboard.press("Shift+ArrowRight")
    assert page.evaluate(PLACE)["number"] == 2
    page.keyboard.press("ArrowRight")
    settle(visit, "noise", 3)


def test_a_link_opens_the_scene_and_one_leaves_and_comes_back(fresh: Visit) -> None:
    page = fresh.page
    assert "Noise in five minutes" in page.inner_text("#lessons .offer")
    page.goto("about:blank")
    page.goto(f"{fresh.address}/#lesson=COSINE&scene=4")
    settle(fresh, "cosine", 4)
    check_scene(fresh, SHIPPED["cosine"].scenes[3], 4, len(SHIPPED["cosine"].scenes))
    page.click("#lessons .leave")
    assert "at scene 4" in page.inner_text("#lessons .offer")
    assert (
        page.locator("#schedules-plot .readout").evaluate("n => getComputedStyle(n).outlineStyle")
        == "none"
    )
    page.keyboard.press("ArrowRight")
    assert page.evaluate(PLACE) is None
    page.reload()
    page.click("#lessons .take")
    settle(fresh, "cosine", 4)
    page.click(".app-header .lessons")
    page.click("#lessons dialog [data-lesson=ddim]")
    settle(fresh, "ddim", 1)
    page.click("#lessons .leave")
    page.click("#lessons .dismiss")
    page.reload()
    page.wait_for_selector("#forward-t, #reverse-t", state="attached")
    page.wait_for_selector(".app-header")
    assert page.is_hidden("#lessons .offer")


def test_what_an_address_names_and_is_not_there(fresh: Visit) -> None:
    page = fresh.page
    page.goto("about:blank")
    page.goto(f"{fresh.address}/#lesson=nothing&scene=3")
    fresh.wait_for_text("#lessons .trouble", "There is no lesson “nothing”; there are: noise,")
    assert page.evaluate(PLACE) is None
    page.goto("about:blank")
    page.goto(f"{fresh.address}/#lesson=noise&scene=77")
    settle(fresh, "noise", 1)
    assert "has scenes 1 to 10, and no “77”" in page.inner_text("#lessons .trouble")


@pytest.fixture
def small(pages: Pages, request: pytest.FixtureRequest) -> Iterator[Visit]:
    """A projector's page, 1024 × 768."""
    yield from pages.lend(1024, request.session)


@pytest.mark.parametrize(
    ("size", "names"),
    [("phone", LESSONS_ONLY), ("small", LESSONS_ONLY), *(("phone", [name]) for name in TOURS)],
    ids=["phone", "small", *TOURS],
)
def test_nothing_is_covered_on_a_phone_and_a_projector(
    size: str, names: list[str], request: pytest.FixtureRequest
) -> None:
    visit: Visit = request.getfixturevalue(size)
    page = visit.page
    page.set_viewport_size(
        {"width": page.viewport_size["width"], "height": 768 if size == "small" else 844}
    )
    for name in names:
        lesson = SHIPPED[name]
        page.evaluate("name => document.querySelector('#lessons').explorer.open(name)", name)
        for number, scene in enumerate(lesson.scenes, 1):
            settle(visit, name, number)
            check_scene(visit, scene, number, len(lesson.scenes))
            if scene.question:
                page.keyboard.press("PageDown")
                settle(visit, name, number, told=True)
            if number < len(lesson.scenes):
                page.keyboard.press("PageDown")
        page.click("#lessons .leave")


def test_the_guide_is_not_paged_through(visit: Visit) -> None:
    """Keys that scroll a dialog move no scene behind it."""
    page = visit.page
    page.evaluate("document.querySelector('#lessons').explorer.open('noise', 1)")
    settle(visit, "noise", 1)
    page.click(".app-header .guide")
    page.keyboard.press("PageDown")
    assert page.evaluate(PLACE)["number"] == 1
    page.keyboard.press("Escape")
    page.click("#lessons .leave")
    assert not re.search("lesson=", page.url) or page.evaluate(PLACE) is None
