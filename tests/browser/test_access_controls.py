"""Every kind of control is readable: hovered or not, chosen or not, in both themes."""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from PIL import Image, ImageDraw

from tests.browser.access import THEMES, prepare, set_theme, settle, unfold_all
from tests.browser.conftest import Visit

if TYPE_CHECKING:
    from playwright.sync_api import Locator

pytestmark = pytest.mark.browser
CONTROLS = {
    "Forward": {
        "radio": ".tight label:not(.selected)",
        "radio, chosen": ".tight label.selected",
        "small button": "button:text-is('New noise')",
        "tab": "[role=tab]:text-is('Plane')",
        "tab, chosen": "[role=tab]:text-is('Forward')",
        "choice": "[data-compare=snr]",
        "choice, chosen": "[data-compare=t]",
        "play": "#forward-stage .play",
        "theme": "[data-theme=system]",
        "guide": ".app-header .guide",
        "fold": "button.label-wrap",
        "number": "#forward-T input",
    },
    "Schedules": {
        "checkbox": "label:not(.selected):has([type=checkbox])",
        "checkbox, chosen": "label.selected:has([type=checkbox])",
        "dropdown": "#schedules-lecture input",
    },
    "Train": {
        "main button": "#train-start",
        "film": "[data-show=x0]",
        "film, chosen": "[data-show=x]",
    },
    "Reverse": {
        "button": "#reverse-fork",
        "values": "[data-range='3']",
        "values, chosen": "[data-range='1']",
        "round": "#reverse-player [data-do=later]",
        "apart": "#reverse-player summary",
        "panel": ".panels [role=tab]:has-text('Common mistakes')",
        "panel, chosen": ".panels [role=tab].selected",
    },
    "Plane": {
        "way": "button[data-way=forward]",
        "way, chosen": "button[data-way=reverse]",
        "draw": "#plane-stage .draw",
    },
}
"""By tab: what it is -> the first node seen that fits."""
READ = """(node) => {
  const { contrast, ground, ratio, channels } = window.measures;
  const texts = [node, ...node.querySelectorAll("*")].filter((each) =>
    [...each.childNodes].some((child) => child.nodeType === 3 && child.textContent.trim()));
  const icons = texts.length ? [] : [node.querySelector("svg") ?? node];
  const box = node.matches("input") ? null : node.querySelector("[type=radio], [type=checkbox]");
  let mark = null;
  if (box) {
    const { backgroundColor, borderColor } = getComputedStyle(box);
    const under = ground(box.parentElement);
    const shown = [backgroundColor, borderColor].map((colour) => ratio(channels(colour), under));
    const white = box.checked ? ratio(channels(backgroundColor), [255, 255, 255]) : Infinity;
    mark = [Math.max(...shown), white];
  }
  return { text: Math.min(...[...texts, ...icons].map((each) => contrast(each))), mark };
}"""


def shown(locator: Locator) -> Image.Image:
    """The control with a little of what is around it."""
    box = locator.bounding_box()
    assert box
    clip = {
        "x": max(0, box["x"] - 6),
        "y": max(0, box["y"] - 6),
        "width": min(box["width"], 240) + 12,
        "height": min(box["height"], 60) + 12,
    }
    return Image.open(io.BytesIO(locator.page.screenshot(clip=clip)))  # type: ignore[arg-type]


def sheet(rows: list[tuple[str, list[Image.Image]]]) -> Image.Image:
    """A row for each control: light, light under the pointer, dark, dark under the pointer."""
    picture = Image.new("RGB", (180 + 4 * 262, 80 * len(rows)), "#b0b0b8")
    pen = ImageDraw.Draw(picture)
    for i, (name, images) in enumerate(rows):
        pen.text((8, 80 * i + 30), name, fill="black")
        for k, image in enumerate(images):
            picture.paste(image, (180 + 262 * k, 80 * i + 4))
    return picture


def test_controls_are_readable_under_the_pointer_and_when_chosen(
    visit: Visit, tmp_path: Path
) -> None:
    """The sheet of all of them is for somebody to look at: CONTROLS_SHEET=FILE.png keeps it."""
    page = visit.page
    prepare(page)
    rows, faint = [], []
    for tab, controls in CONTROLS.items():
        visit.open(tab)
        settle(page)
        if tab == "Schedules":
            unfold_all(page)
        pictures: dict[str, list[Image.Image]] = {name: [] for name in controls}
        for theme in THEMES:
            set_theme(page, theme)
            for name, selector in controls.items():
                control = page.locator(selector).filter(visible=True).first
                control.scroll_into_view_if_needed()
                for hovered in (False, True):
                    page.mouse.move(0, 0)
                    if hovered:
                        control.hover()
                        box = control.locator("[type=radio], [type=checkbox]")
                        if box.count():
                            box.hover()  # it changes under the pointer, not only its label
                    page.wait_for_timeout(250)  # colours fade over
                    found = control.evaluate(READ)
                    pictures[name].append(shown(control))
                    state = f"{tab}, {name}, {theme}, {'hovered' if hovered else 'plain'}"
                    if found["text"] < 4.5:
                        faint.append(f"{state}: text {found['text']:.2f}")
                    if found["mark"] and min(found["mark"]) < 3:
                        faint.append(f"{state}: mark {found['mark']}")
        rows += list(pictures.items())
    assert len(rows) == sum(map(len, CONTROLS.values()))
    sheet(rows).save(os.environ.get("CONTROLS_SHEET") or tmp_path / "controls.png")
    assert faint == []


def test_options_of_a_menu_are_readable(visit: Visit) -> None:
    page = visit.page
    visit.open("Reverse")
    prepare(page)
    for theme in THEMES:
        set_theme(page, theme)
        page.locator("#reverse-model input").click()
        options = page.locator("[role=option]").filter(visible=True)
        options.first.wait_for()
        assert options.count() > 2
        for i in range(3):  # the first is chosen
            options.nth(i).hover()
            page.wait_for_timeout(250)
            for k in range(3):
                assert options.nth(k).evaluate(READ)["text"] >= 4.5, (theme, i, k)
        page.keyboard.press("Escape")
        page.locator("h1").click()
