"""Common mistakes in a real browser: what was measured, and a live run of it."""

from __future__ import annotations

import pytest

from tests.browser.conftest import Visit

pytestmark = pytest.mark.browser

SHOWN = "#mistake-view figcaption"


def test_a_mistake_is_shown_by_its_numbers_and_run_live(visit: Visit) -> None:
    from explorer.gui.reverse.mistakes.records import NO_NOISE, WRONG_ORDER, read
    from explorer.gui.reverse.mistakes.sentences import seen_facts
    from explorer.race.breaks import MISTAKES

    measured = read("mnist")
    assert measured is not None
    visit.open("Reverse")
    visit.open_panel("Common mistakes")
    page = visit.page
    page.wait_for_selector(SHOWN)
    for mistake, strips in ((NO_NOISE, 6), (WRONG_ORDER, 2)):
        page.get_by_label(MISTAKES[mistake].title).first.check()
        visit.wait_for_text("#mistake-wrong", MISTAKES[mistake].sentence[:30])
        outcome = measured.find(1.0, mistake)
        assert outcome is not None
        page.wait_for_function(
            "([n, s]) => document.querySelectorAll(s).length === n", arg=[strips, SHOWN]
        )
        assert page.locator("#mistake-view li").all_inner_texts() == seen_facts(measured, outcome)
        wide = page.evaluate(
            "[...document.querySelectorAll('#mistake-view img')].map((i) => i.naturalWidth)"
        )
        assert wide == [10 * 28 + 9 * 2] * strips
    page.click("#mistake-live")
    visit.wait_for_text("#reverse-status", f"{measured.steps} of {measured.steps}")
    visit.wait_for_text("#reverse-status", "wrong order")
    page.wait_for_selector("#reverse-run:not([disabled])")
    visit.check()


def test_on_a_phone_nothing_is_wider_than_the_screen(phone: Visit) -> None:
    phone.open("Reverse")
    phone.open_panel("Common mistakes")
    phone.page.wait_for_selector(SHOWN)
    phone.check()
