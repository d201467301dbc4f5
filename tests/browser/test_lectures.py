"""The lectures' pages in a real browser: one click sets the Train tab."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from explorer.lectures import LECTURES
from tests.browser.conftest import Visit

if TYPE_CHECKING:
    from playwright.sync_api import Page


pytestmark = pytest.mark.browser


def value(page: Page, selector: str, wanted: str) -> None:
    page.wait_for_function(
        "([s, v]) => document.querySelector(s)?.value === v", arg=[selector, wanted]
    )


def the_formula_follows_t(visit: Visit) -> None:
    for name in ("cars", "sutd"):
        visit.open_topic(f"lecture-{name}")
        visit.page.wait_for_selector(f"#{name}-formula .katex >> visible=true")
        assert "$" not in visit.text(f"#{name}-formula")
        number = visit.page.locator(f"#{name}-t input[type=number]")
        number.fill("7")
        number.press("Enter")
        visit.page.wait_for_function(
            "s => /x_\\{?7\\}?/.test(document.querySelector(s).textContent)",
            arg=f"#{name}-formula",
        )


def test_the_formula_follows_t(visit: Visit) -> None:
    the_formula_follows_t(visit)


def test_the_formula_follows_t_on_a_phone(phone: Visit) -> None:
    the_formula_follows_t(phone)


def one_click_sets_the_train_tab(visit: Visit) -> None:
    page = visit.page
    for name in ("jax", "oslo"):
        lecture = LECTURES[name]
        visit.open_topic(f"lecture-{name}")
        page.click(f"#{name}-train")
        page.wait_for_selector("#train-start >> visible=true")
        value(page, "#train-preset input", f"Lecture: {lecture.title}")
        value(page, "#train-size input", str(lecture.shared_size))
        value(page, "#train-budget input", "300")
        visit.wait_for_text("#train-start", "Train for 300 steps")
        visit.wait_for_text("#train-told", "instead of mnist")
        visit.wait_for_text("#train-forecast", "M weights")
        assert page.locator(".trouble-text p").filter(visible=True).count() == 0


def test_ours_is_one_click_away_too(visit: Visit) -> None:
    page = visit.page
    visit.open_topic("lecture-oslo")
    page.click("#oslo-ours")
    visit.wait_for_text("#train-told", "Ours, for the images")
    value(page, "#train-preset input", "custom")
    value(page, "#train-budget input", "300")
    visit.wait_for_text("#train-forecast", "1.1 M weights")


def test_one_click_sets_the_train_tab(visit: Visit) -> None:
    one_click_sets_the_train_tab(visit)


def test_one_click_sets_it_on_a_phone(phone: Visit) -> None:
    one_click_sets_the_train_tab(phone)
