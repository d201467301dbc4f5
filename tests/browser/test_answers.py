"""Glossary, answers and copying in a real browser."""

from __future__ import annotations

import pytest

from tests.browser.conftest import Visit, slide

pytestmark = pytest.mark.browser
OPEN = "document.querySelector('#glossary .tip').matches(':popover-open')"


def test_a_term_is_explained_by_keyboard_and_not_covered(visit: Visit) -> None:
    page = visit.page
    term = page.locator(".prose-note .term").first
    term.scroll_into_view_if_needed()
    term.focus()
    page.wait_for_function(OPEN)
    described = term.get_attribute("aria-describedby").split()
    texts = [page.locator(f"#{each}").text_content() for each in described]
    tip = page.locator("#glossary .tip")
    assert texts and all(text.split(": ")[0] in tip.text_content() for text in texts)
    a, b = term.bounding_box(), tip.bounding_box()
    assert b["y"] >= a["y"] + a["height"] or b["y"] + b["height"] <= a["y"]
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.closest('.tip') !== null")
    page.keyboard.press("Escape")
    assert not page.evaluate(OPEN)
    assert term.evaluate("node => node === document.activeElement")


def test_the_first_occurrence_in_a_paragraph_is_marked_once(visit: Visit) -> None:
    marks = visit.page.evaluate(
        "[...document.querySelectorAll('.prose-note p')].map(p =>"
        " [...p.querySelectorAll('span.term:not(.katex)')].map(term => term.dataset.terms))"
    )
    assert any(marks)
    assert all(len(set(each)) == len(each) for each in marks)


def test_the_glossary_lists_and_finds_all_terms(visit: Visit) -> None:
    page = visit.page
    page.click("[data-opens=glossary]")
    everything = page.locator("#glossary .list .entry:visible").count()
    page.fill("#glossary dialog input", "eta")
    found = page.locator("#glossary .list .entry:visible")
    assert 0 < found.count() < everything
    assert "noise of DDIM" in " ".join(found.all_text_contents())
    page.keyboard.press("Escape")
    assert page.locator("#glossary dialog").is_hidden()


def test_copying_without_permission_shows_the_text_selected(visit: Visit) -> None:
    page = visit.page
    slide(page, "forward-t", 137)
    page.evaluate("Object.defineProperty(navigator, 'clipboard', { value: undefined })")
    page.click("#forward-copy .buttons button")
    area = page.locator("#forward-copy textarea")
    text = area.input_value()
    assert '("linear", 137), ("cosine", 137)' in text and "{{" not in text
    assert area.evaluate("node => node.selectionEnd - node.selectionStart") == len(text)


def test_the_question_mark_of_a_plot_says_what_is_shown(visit: Visit) -> None:
    page = visit.page
    page.locator("#forward-stage .explain summary").first.click()
    for t in (200, 700):
        slide(page, "forward-t", t)
        page.wait_for_function(
            "t => document.querySelector('#forward-stage .explain').textContent"
            ".includes(`at t = ${t}`)",
            arg=t,
        )
