"""Everybody can use the page: axe-core, contrast, sizes and headings in every view."""

from __future__ import annotations

import pytest

from tests.browser.access import (
    OF_COLOURS,
    RUN_AXE,
    TABS,
    THEMES,
    leaps,
    set_theme,
    settle,
    views,
)
from tests.browser.conftest import Pages, Visit

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("width", [1280, 390])
def test_every_view_is_accessible(pages: Pages, width: int) -> None:
    visit = pages.visit(width)
    page = visit.page
    trouble, seen = [], 0
    for view in views(visit):
        seen += 1
        trouble += [f"{view}: {leap}" for leap in leaps(page.evaluate("measures.headings()"))]
        trouble += [f"{view}: small: {target}" for target in page.evaluate("measures.small()")]
        trouble += [f"{view}: cut: {choice}" for choice in page.evaluate("measures.cut()")]
        for theme in THEMES if width > 1000 else THEMES[:1]:  # colours do not change with width
            set_theme(page, theme)
            count, faint = page.evaluate("measures.faint()")
            assert count > 40, view
            rules = OF_COLOURS if theme == "dark" else None  # all the others have been asked
            found = [*page.evaluate(RUN_AXE, rules), *faint]
            trouble += [f"{view}, {theme}: {each}" for each in found]
    assert seen >= 20
    assert trouble == []
    visit.check()


def test_no_id_is_used_twice_however_much_has_been_opened(visit: Visit) -> None:
    """What labels and describes is found by its id, whether or not it is seen."""
    for tab in TABS:
        visit.open(tab)
        for panel in visit.page.locator(".panels [role=tab]").filter(visible=True).all():
            panel.click()
    topics = visit.page.locator("#lectures-home [data-topic]")
    topics.first.wait_for(state="attached")
    for name in [topic.get_attribute("data-topic") for topic in topics.all()]:
        visit.open_topic(name)
    settle(visit.page)
    named, twice = visit.page.evaluate(
        """() => {
        const ids = [...document.querySelectorAll("[id]:not([id=''])")].map(({ id }) => id);
        return [ids.length, ids.filter((id, i) => ids.indexOf(id) !== i)]; }"""
    )
    assert named > 500 and twice == []
