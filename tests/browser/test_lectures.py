"""The lectures' pages in a real browser: one click sets the Train tab."""

from __future__ import annotations

import pytest

from explorer.lectures import LECTURES
from tests.browser.conftest import Visit

pytestmark = pytest.mark.browser


def value(page: object, selector: str, wanted: str) -> None:
    page.wait_for_function(
        "([s, v]) => document.querySelector(s)?.value === v", arg=[selector, wanted]
    )


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
        visit.wait_for_text("#train-told", "in place of mnist")
        visit.wait_for_text("#train-forecast", "M weights")
        assert page.locator(".trouble-text p").filter(visible=True).count() == 0


def test_one_click_sets_the_train_tab(visit: Visit) -> None:
    one_click_sets_the_train_tab(visit)


def test_one_click_sets_it_on_a_phone(phone: Visit) -> None:
    one_click_sets_the_train_tab(phone)
