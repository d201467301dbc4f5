"""How the browser tests of accessibility go through the page, and what they measure there."""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.browser.conftest import ROOT, Visit

if TYPE_CHECKING:
    from playwright.sync_api import Page

AXE = ROOT / "tools/web/node_modules/axe-core/axe.min.js"
MEASURES = Path(__file__).with_name("measures.js")
NO_AXE = "axe-core is not installed: run tools/web/check (or npm ci in tools/web)"
THEMES = ("light", "dark")
TABS = ("Forward", "Schedules", "Train", "Reverse", "Plane", "Lectures")
RUN_AXE = """async (rules) => {
  const only = rules ? { runOnly: rules } : {};
  const wanted = { iframes: false, resultTypes: ["violations"], ...only };
  const { violations } = await axe.run(document, wanted);
  return violations.filter(({ impact }) => impact === "serious" || impact === "critical").flatMap(
    ({ id, nodes }) => nodes.map(({ target, failureSummary }) =>
      `${id}: ${target.join(" ")}: ${failureSummary.split("\\n").at(-1).trim()}`));
}"""
OF_COLOURS = ["color-contrast", "link-in-text-block"]
"""The only rules of axe-core that a theme can break."""
UNFOLD = """() => {
  let opened = 0;
  for (const label of document.querySelectorAll("button.label-wrap:not(.open)"))
    if (label.checkVisibility()) {
      label.click();
      opened++;
    }
  return opened;
}"""


def need_axe() -> str:
    """axe-core as a script; where it is missing the test is skipped, in CI it fails."""
    if not AXE.is_file():
        if os.environ.get("REQUIRE_BROWSER") == "1":
            pytest.fail(NO_AXE)
        pytest.skip(NO_AXE)
    return AXE.read_text(encoding="utf-8")


def prepare(page: Page) -> None:
    """Put what measures into a page, once; colours do not fade over meanwhile."""
    page.emulate_media(reduced_motion="reduce")
    if not page.evaluate("'axe' in window"):
        page.evaluate(need_axe())
        page.evaluate(MEASURES.read_text(encoding="utf-8"))


def set_theme(page: Page, theme: str) -> None:
    page.evaluate("theme => window.explorerTheme.set(theme)", theme)
    page.wait_for_function(
        "dark => document.body.classList.contains('dark') === dark", arg=theme == "dark"
    )
    page.wait_for_timeout(400)  # plots are drawn anew


def unfold_all(page: Page) -> None:
    """Every accordion that is seen is opened, also those within others."""
    for _ in range(4):
        if not page.evaluate(UNFOLD):
            return
        page.wait_for_timeout(500)


def settle(page: Page) -> None:
    """What is seen has been drawn."""
    page.wait_for_function(
        """[...document.querySelectorAll(".plot-view")].filter((node) => node.checkVisibility())
          .every((node) => node.querySelector(".main-svg"))""",
        timeout=30_000,
    )
    page.wait_for_timeout(700)


def load_anew(visit: Visit) -> None:
    """The same place, without what was opened elsewhere: axe-core is slow with what is hidden."""
    visit.page.reload()
    visit.page.wait_for_selector("html[data-explorer=ready]")
    prepare(visit.page)


def views(visit: Visit) -> Iterator[str]:
    """The names of all tabs, panels and topics, each while it is open with all its folds."""
    page = visit.page
    for tab in TABS:
        visit.open(tab)
        page.wait_for_function(f"explorer.state().get('tab') === '{tab.lower()}'")
        load_anew(visit)
        page.wait_for_timeout(700)
        panels = page.locator(".panels [role=tab]").filter(visible=True)
        cards = page.locator("#lectures-home [data-topic]").filter(visible=True)
        topics = [card.get_attribute("data-topic") for card in cards.all()]
        doors = {door.inner_text().splitlines()[0]: door.click for door in panels.all()}
        if topics or not doors:
            doors[""] = lambda: None  # the cards themselves, or a tab without panels
        doors |= {topic: partial(visit.open_topic, topic) for topic in topics}
        for name, enter in doors.items():
            enter()
            if name in topics:
                load_anew(visit)
                page.wait_for_selector(f"#topic-{name} h2 >> visible=true")
            settle(page)
            unfold_all(page)
            settle(page)
            yield f"{tab} {name}".strip()


def leaps(headings: list[tuple[int, str]]) -> list[str]:
    """Where headings go down by more than one level, and whether there is one h1."""
    found = [] if [level for level, _ in headings].count(1) == 1 else [f"h1: {headings}"]
    for (above, _), (level, text) in zip(headings, headings[1:], strict=False):
        if level > above + 1:
            found.append(f"h{above} -> h{level} {text!r}")
    return found
