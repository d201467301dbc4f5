"""Everybody can use the page: axe-core, contrast, sizes and headings in every view."""

from __future__ import annotations

import pytest

from tests.browser.access import (
    OF_COLOURS,
    RUN_AXE,
    THEMES,
    leaps,
    prepare,
    set_theme,
    views,
)
from tests.browser.conftest import Pages

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("width", [1280, 390])
def test_every_view_is_accessible(pages: Pages, width: int) -> None:
    visit = pages.visit(width)
    page = visit.page
    prepare(page)
    trouble, seen = [], 0
    for view in views(visit):
        seen += 1
        trouble += [f"{view}: {leap}" for leap in leaps(page.evaluate("measures.headings()"))]
        trouble += [f"{view}: small: {target}" for target in page.evaluate("measures.small()")]
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
