"""Who chooses anew while the answer to the last choice is on its way gets the new one."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import pytest

from explorer.gui.forward.tab import make_scene, samples
from explorer.gui.frame.limits import LOCAL
from explorer.lectures import LECTURES
from tests.browser.conftest import Visit, pixels, slide

if TYPE_CHECKING:
    from playwright.sync_api import Route

pytestmark = pytest.mark.browser
ANSWERS = "**/run/predict*"


class Slow:
    """A network that answers when it is told to."""

    def __init__(self, visit: Visit) -> None:
        self.visit = visit
        self.held: list[Route] = []
        self.holds = True
        visit.page.route(ANSWERS, self._hear)

    def _hear(self, route: Route) -> None:
        if self.holds:
            self.held.append(route)
        else:
            route.continue_()

    def wait(self) -> None:
        """Until somebody has asked."""
        for _ in range(600):
            if self.held:
                return
            self.visit.page.wait_for_timeout(100)
        raise AssertionError("nobody has asked")

    def answer(self) -> None:
        """From now on: what was asked last comes first."""
        self.holds = False
        for route in reversed(self.held):
            route.continue_()
            self.visit.page.wait_for_timeout(500)


def choose(visit: Visit, menu: str, option: str) -> None:
    visit.page.click(f"{menu} input")
    visit.page.get_by_role("option", name=option, exact=True).click()


@pytest.fixture
def slow(visit: Visit) -> Iterator[Slow]:
    slow = Slow(visit)
    yield slow
    visit.page.unroute(ANSWERS)


def test_of_two_samples_the_second_is_shown(slow: Slow, visit: Visit) -> None:
    slide(visit.page, "forward-t", 0)
    for name in ("coffee", "rocket", "astronaut"):
        visit.page.click(f".picker [title={name}] >> visible=true")
        slow.wait()
    slow.answer()
    visit.page.wait_for_function("explorer.value('forward.image') === 'astronaut'")
    wanted = make_scene(samples()["astronaut"], 256, 1000, 7, LOCAL).picture
    for _ in range(60):
        shown = pixels(visit.page, "forward-linear")[..., :3].astype(int)
        if (apart := np.abs(shown - np.array(wanted)).max()) <= 3:
            break
        visit.page.wait_for_timeout(500)
    assert apart <= 3


def test_of_two_lectures_the_second_is_set(slow: Slow, visit: Visit) -> None:
    visit.open("Schedules")
    visit.page.wait_for_selector("#schedules-lecture input")
    for title in (LECTURES["cars"].title, LECTURES["jax"].title):
        choose(visit, "#schedules-lecture", title)
        slow.wait()
    slow.answer()
    T = LECTURES["jax"].T
    visit.page.wait_for_function(f"explorer.value('schedules.T') === {T}")
    visit.page.wait_for_timeout(500)
    assert visit.page.evaluate("explorer.value('schedules.T')") == T


def test_each_choice_is_asked_once(slow: Slow, visit: Visit) -> None:
    """Gradio's menus tell of each twice."""
    visit.page.reload()
    visit.open("Schedules")
    visit.page.wait_for_selector("#schedules-lecture input")
    title = LECTURES["cars"].title
    choose(visit, "#schedules-lecture", title)
    slow.wait()
    visit.page.wait_for_timeout(1000)
    asked = [json.loads(route.request.post_data or "")["data"] for route in slow.held]
    slow.answer()
    assert asked.count([title]) == 1


def test_a_race_is_begun_with_the_choice_before_it(slow: Slow, visit: Visit) -> None:
    visit.open("Reverse")
    visit.page.wait_for_selector("#reverse-race input")
    choose(visit, "#reverse-race", "Grid: uniform, quadratic or Karras")
    slow.wait()
    run = visit.page.locator("#reverse-run")
    run.click()
    run.click()
    visit.page.wait_for_timeout(1000)
    assert run.get_attribute("aria-busy") == "true" and run.is_enabled()
    slow.answer()
    visit.page.wait_for_selector("#reverse-run:not([aria-busy=true])")
    visit.page.get_by_role("tab", name="Export").click()
    visit.wait_for_text("#take-python", "quadratic")
    visit.page.wait_for_selector("#reverse-run:not([disabled])", timeout=120_000)


def test_a_press_waits_no_longer_than_it_can_help(slow: Slow, visit: Visit) -> None:
    visit.open("Reverse")
    visit.page.wait_for_selector("#reverse-race input")
    choose(visit, "#reverse-race", "Grid: uniform, quadratic or Karras")
    slow.wait()
    visit.page.click("#reverse-run")
    visit.page.wait_for_selector("#reverse-run[disabled]")  # nothing was answered, and yet it runs
    slow.answer()
    visit.page.wait_for_selector("#reverse-run:not([disabled])", timeout=120_000)


def test_a_sentence_about_what_was_corrected_does_not_come_back(slow: Slow, visit: Visit) -> None:
    visit.open("Reverse")
    seed = visit.page.locator("#tab-reverse").get_by_label("Seed", exact=True).first
    for value in ("-3", "3"):
        seed.fill(value)
        seed.press("Tab")
        visit.page.wait_for_timeout(1000)  # it is asked after a while without a change
    slow.wait()
    slow.answer()
    visit.page.wait_for_timeout(2000)
    assert visit.page.evaluate("explorer.value('reverse.seed')") == 3
    assert visit.page.locator(".trouble-text:not(:empty) >> visible=true").all_inner_texts() == []
