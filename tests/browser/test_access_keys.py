"""The page by the keyboard, by ear, in the theme that was chosen, and without motion."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.browser.conftest import Visit, drawn

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

pytestmark = pytest.mark.browser
DARK = "document.body.classList.contains('dark')"
READY = "[data-loads] #forward-t"


def is_dark(page: Page) -> bool:
    return bool(page.evaluate(DARK))


def opened(context: BrowserContext, address: str) -> Page:
    page = context.new_page()
    page.set_default_timeout(60_000)
    page.goto(address)
    page.wait_for_selector(READY)
    return page


def browser_of(visit: Visit) -> Browser:
    found = visit.page.context.browser
    assert found
    return found


def test_the_theme_is_chosen_kept_and_follows_the_system(visit: Visit) -> None:
    context = browser_of(visit).new_context(color_scheme="dark")
    page = opened(context, visit.address)
    assert is_dark(page) and page.get_attribute("[data-theme=system]", "aria-pressed") == "true"
    page.click("[data-theme=light]")  # at once, against the system
    assert not is_dark(page)
    page.emulate_media(color_scheme="light")
    page.emulate_media(color_scheme="dark")  # Gradio's own would turn dark now
    drawn(page)
    assert not is_dark(page)
    page.reload()
    page.wait_for_selector(READY)
    assert not is_dark(page)
    assert page.get_attribute("[data-theme=light]", "aria-pressed") == "true"
    page.click("[data-theme=system]")
    assert is_dark(page)
    page.emulate_media(color_scheme="light")
    page.wait_for_function(f"!{DARK}")
    context.close()


def test_a_links_theme_counts_until_another_is_chosen(visit: Visit) -> None:
    context = browser_of(visit).new_context(color_scheme="light")
    page = opened(context, f"{visit.address}/?__theme=dark")
    assert is_dark(page)
    page.reload()
    page.wait_for_selector(READY)
    assert is_dark(page)
    page.click("[data-theme=light]")
    page.reload()
    page.wait_for_selector(READY)
    assert not is_dark(page)
    assert is_dark(opened(context, f"{visit.address}/?__theme=dark"))  # a new visit by the link
    assert not is_dark(opened(context, visit.address))
    context.close()


def test_the_first_stop_leads_to_the_stage(fresh: Visit) -> None:
    page = fresh.page
    before = page.url
    page.keyboard.press("Tab")
    link = page.locator(":focus")
    assert link.inner_text() == "Skip to the stage"
    box = link.bounding_box()
    assert box and box["height"] >= 24 and box["x"] >= 0
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.matches('.stage')")
    assert page.url == before
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('.stage') !== null")


def test_every_stop_has_a_ring(visit: Visit) -> None:
    page = visit.page
    visit.open("Plane")
    page.wait_for_selector("#plane-t >> visible=true")
    page.evaluate("document.querySelector('.skip').focus()")
    stops = []
    for _ in range(30):
        page.keyboard.press("Tab")
        stops.append(
            page.evaluate(
                """() => { const node = document.activeElement, style = getComputedStyle(node);
                  const ringed = [node, node.closest("label, .block, .wrap-inner, .container")]
                    .some((each) => each && (parseFloat(getComputedStyle(each).outlineWidth) >= 1
                      && getComputedStyle(each).outlineStyle !== "none"
                      || getComputedStyle(each).boxShadow !== "none"));
                  return [node.outerHTML.slice(0, 90), ringed, node.matches("body")]; }"""
            )
        )
    assert [html for html, ringed, is_body in stops if not ringed and not is_body] == []
    assert len({html for html, _, _ in stops}) > 15


def test_folds_say_whether_they_are_open(visit: Visit) -> None:
    page = visit.page
    visit.open("Schedules")
    fold = page.locator("button.label-wrap").filter(visible=True).first
    for wanted in ("true", "false"):
        fold.click()
        page.wait_for_function(
            "([node, wanted]) => node.getAttribute('aria-expanded') === wanted",
            arg=[fold.element_handle(), wanted],
        )
    visit.open("Reverse")
    page.wait_for_selector("#reverse-player summary")
    unsaid = page.evaluate(
        """[...document.querySelectorAll(".label-wrap, .overflow-menu > button")]
          .filter((node) => node.ariaExpanded === null).length"""
    )
    assert unsaid == 0


def test_planes_score_is_read_by_arrow_keys_as_by_the_pointer(visit: Visit) -> None:
    page = visit.page
    visit.open("Plane")
    page.wait_for_selector("#plane-stage [data-loads], #plane-stage[data-loads]")
    page.evaluate("document.querySelector('#plane-stage').explorer.setT(60)")
    page.locator("#plane-t").focus()
    canvas = page.locator("#plane-ddim")
    for _ in range(4):  # the “?” of the panels stands between
        page.keyboard.press("Shift+Tab")
        if canvas.evaluate("(node) => node === document.activeElement"):
            break
    assert canvas.evaluate("(node) => node === document.activeElement")
    for key in ("Shift+ArrowRight", "ArrowRight", "ArrowUp"):
        page.keyboard.press(key)
    drawn(page)
    heard = visit.text(".here")
    assert page.get_attribute(".here", "aria-live") == "polite"
    assert re.sub(r"\s", "", heard.split("\n")[0]) == "x=(0.60,0.10)" and "∇ log p" in heard
    assert page.evaluate("document.querySelector('#plane-stage').explorer.t") == 60
    by_key = page.evaluate("document.querySelector('#plane-stage').explorer.pointer")
    sent = page.evaluate("document.querySelector('#plane-stage').explorer.noise([0.6, 0.1], 60)")
    alpha_bar = page.evaluate("document.querySelector('#plane-stage').explorer.view.alpha_bar[60]")
    wanted = [-each / (1 - alpha_bar) ** 0.5 for each in sent]
    assert by_key["score"] == pytest.approx(wanted, rel=1e-4)
    page.keyboard.press("Escape")
    drawn(page)
    assert "Point at a panel" in visit.text(".here")


def test_points_are_drawn_by_the_keyboard(visit: Visit) -> None:
    page = visit.page
    visit.open("Plane")
    pad = page.locator("#plane-stage [data-pad=open]")
    assert pad.get_attribute("aria-expanded") == "false"
    pad.click()
    assert pad.get_attribute("aria-expanded") == "true"
    page.locator("#plane-ddpm").focus()
    for key in ("ArrowRight", "Enter", "Shift+ArrowUp", "Enter"):
        page.keyboard.press(key)
    drawn(page)
    assert visit.text("#plane-stage .pad .count").startswith("2 of at most")
    page.click("#plane-stage [data-pad=clear]")
    page.click("#plane-stage [data-pad=leave]")


def test_a_jobs_milestones_are_told_and_no_more(visit: Visit) -> None:
    page = visit.page
    visit.open("Plane")
    page.wait_for_selector("#plane-train >> visible=true")
    page.evaluate(
        """() => { window.heard = []; window.said = [];
          const all = { childList: true, characterData: true, subtree: true };
          const lists = { ".announcer": window.heard, "#plane-status": window.said };
          for (const [name, list] of Object.entries(lists)) {
            const node = document.querySelector(name);
            new MutationObserver(() => list.push(node.textContent.trim())).observe(node, all);
          } }"""
    )
    page.click("#plane-train")
    visit.wait_for_text("#plane-status", "trained for")
    page.wait_for_function("window.heard.at(-1)?.includes('trained for')")
    heard, said = page.evaluate("[window.heard, window.said]")
    assert heard[-1] in visit.text("#plane-status")
    assert len(heard) <= 5 < len(said)


def test_trouble_is_an_alert(visit: Visit) -> None:
    page = visit.page
    visit.open("Forward")
    number = page.locator("#forward-T input")
    number.fill("-3")
    number.press("Enter")
    page.wait_for_selector(".trouble-text[role=alert] p >> visible=true")
    number.fill("1000")
    number.press("Enter")
    page.wait_for_selector(".trouble-text[role=alert] p >> visible=true", state="hidden")


def test_pictures_stand_where_less_motion_is_wished(visit: Visit) -> None:
    context = browser_of(visit).new_context(reduced_motion="reduce")
    page = opened(context, visit.address)
    page.evaluate(
        """() => { window.times = [];
          const output = document.querySelector(".blend output");
          const t = () => Number(document.getElementById("forward-t").value);
          new MutationObserver(() => window.times.at(-1) !== t() && window.times.push(t()))
            .observe(output, { childList: true, characterData: true, subtree: true }); }"""
    )
    page.click("#forward-stage .play")
    page.wait_for_function("window.times.length >= 4", timeout=60_000)
    times = page.evaluate("window.times")
    assert min(b - a for a, b in zip(times, times[1:], strict=False)) >= 60  # half a second's way
    moving = page.evaluate(
        """[...document.querySelectorAll("*")].filter((node) => {
          const { animationName, transitionDuration } = getComputedStyle(node);
          return animationName !== "none" || parseFloat(transitionDuration) > 0; }).length"""
    )
    assert moving == 0
    context.close()
