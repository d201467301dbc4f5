"""The presenter's view in a real browser: what it shows, how large, and its keys."""

from __future__ import annotations

import pytest

from tests.browser.conftest import Visit, drawn

pytestmark = pytest.mark.browser
TABS = ["Forward", "Schedules", "Train", "Reverse", "Plane", "Lectures"]
SMALL = """() => { const found = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node; (node = walker.nextNode()); ) {
    const parent = node.parentElement;
    const seen = { visibilityProperty: true, opacityProperty: true };
    if (!/[^\\s\\u200b]/.test(node.textContent) || !parent.checkVisibility(seen)) continue;
    if (parent.closest("dialog, script, style, .katex-mathml, .visually-hidden")) continue;
    let size = parseFloat(getComputedStyle(parent).fontSize);
    if (parent instanceof SVGElement) {
      const { a, b } = parent.getScreenCTM();
      size *= Math.hypot(a, b);
    }
    if (size < 19.9) found.push(`${node.textContent.slice(0, 30)}: ${size.toFixed(1)}`);
  }
  return found; }"""
"""Every text in sight whose type is smaller than 20 CSS pixels, as it is drawn."""
IS_ON = "document.body.classList.contains('present')"


def present(visit: Visit, width: int = 1920, height: int = 1080) -> None:
    page = visit.page
    page.set_viewport_size({"width": width, "height": height})
    if not page.evaluate(IS_ON):
        page.get_by_role("button", name="Present").click()
    assert page.evaluate(IS_ON)


@pytest.mark.parametrize("size", [(1920, 1080), (1024, 768)], ids=["1080p", "projector"])
@pytest.mark.parametrize("number", range(6), ids=TABS)
def test_the_stage_fills_the_window_in_large_type(
    visit: Visit, number: int, size: tuple[int, int]
) -> None:
    page = visit.page
    present(visit, *size)
    page.keyboard.press(str(number + 1))
    tab = page.get_by_role("tab", name=TABS[number], exact=True)
    assert tab.get_attribute("aria-selected") == "true"
    page.wait_for_timeout(1500)  # until plots are drawn
    page.evaluate("scrollTo(0, 0)")
    drawn(page)
    assert page.evaluate(SMALL) == []
    assert page.locator(".rail >> visible=true").count() == 0
    assert page.locator(".app-header >> visible=true").count() == 0
    for name in ("#forward-t", "#schedules-t", "#film-t", "#reverse-t", "#plane-t"):
        if page.is_visible(name):
            box = page.locator(name).bounding_box()
            assert box and box["y"] + box["height"] <= size[1]
    wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    assert wide <= 0


def test_pictures_are_as_large_as_fit_and_pixelated(visit: Visit) -> None:
    page = visit.page
    present(visit)
    page.keyboard.press("1")
    box = page.locator("#forward-linear").bounding_box()
    assert box and box["width"] > 640
    page.keyboard.press("4")
    page.wait_for_selector("#reverse-ddpm[data-t]")
    box = page.locator("#reverse-ddpm").bounding_box()
    assert box and box["height"] > 300
    for name in ("#forward-linear", "#reverse-ddpm"):
        rendering = page.locator(name).evaluate("(node) => getComputedStyle(node).imageRendering")
        assert rendering == "pixelated"


def test_keys_play_and_move_what_is_in_sight(visit: Visit) -> None:
    page = visit.page
    present(visit)
    page.keyboard.press("1")
    before = int(page.input_value("#forward-t"))
    page.keyboard.press("ArrowRight")
    drawn(page)
    assert int(page.input_value("#forward-t")) == min(1000, before + 10)
    page.keyboard.press("ArrowLeft")
    drawn(page)
    assert int(page.input_value("#forward-t")) == min(1000, before + 10) - 10
    play = page.locator(".blend .play")
    for focus in (".blend [data-compare=t]", ".blend [data-compare=snr]"):
        page.focus(focus)  # a button does not take the key
        page.keyboard.press("Space")
        assert play.get_attribute("aria-label") == "pause"
        page.keyboard.press("Space")
        assert play.get_attribute("aria-label") == "play"
    assert page.get_attribute(".blend [data-compare=snr]", "aria-pressed") == "false"

    page.keyboard.press("4")
    page.wait_for_selector("#reverse-ddpm[data-t]")
    page.evaluate("document.querySelector('#reverse-player').explorer.setT(500)")
    drawn(page)
    page.keyboard.press("ArrowLeft")  # the next frame, as its own keys do
    drawn(page)
    assert 470 < int(page.input_value("#reverse-t")) < 500
    page.evaluate("document.activeElement?.blur()")
    page.keyboard.press("Space")
    assert page.get_attribute("#reverse-player .play", "aria-label") == "pause"
    page.keyboard.press("Space")


def test_theme_keys_and_the_way_out(visit: Visit) -> None:
    page = visit.page
    present(visit)
    dark = "document.body.classList.contains('dark')"
    before = page.evaluate(dark)
    page.keyboard.press("t")
    assert page.evaluate(dark) is not before
    page.keyboard.press("t")
    assert page.evaluate(dark) is before
    keys = page.locator("dialog[aria-label='Keys of the presenter\\'s view']")
    page.keyboard.press("?")
    assert keys.is_visible()
    page.keyboard.press("Escape")  # the list goes, the view stays
    assert keys.is_hidden() and page.evaluate(IS_ON)
    page.keyboard.press("Escape")
    assert not page.evaluate(IS_ON)
    assert page.locator(".rail >> visible=true").count() > 0
    page.keyboard.press("1")  # outside the view keys are no shortcuts
    page.keyboard.press("t")
    assert page.evaluate(dark) is before and not page.evaluate(IS_ON)


def test_the_button_leaves_and_what_is_typed_is_no_key(visit: Visit) -> None:
    page = visit.page
    present(visit)
    page.keyboard.press("3")
    page.get_by_role("button", name="Leave").click()
    assert not page.evaluate(IS_ON)
    present(visit)
    page.keyboard.press("3")
    page.get_by_role("tab", name="Compare runs").click()
    page.click("#train-compare input")
    page.keyboard.press("1")
    page.keyboard.press("f")
    assert page.input_value("#train-compare input") == "1f"
    train = page.get_by_role("tab", name="Train", exact=True)
    assert train.get_attribute("aria-selected") == "true"
    page.keyboard.press("Escape")


@pytest.mark.parametrize("mark", ["present", "present=1"])
def test_the_address_opens_it(visit: Visit, mark: str) -> None:
    page = visit.page
    page.goto("about:blank")
    page.goto(f"{visit.address}/#tab=reverse&{mark}")
    page.wait_for_selector("#reverse-ddpm[data-t] >> visible=true")
    assert page.evaluate(IS_ON)
    page.keyboard.press("Escape")
    assert not page.evaluate(IS_ON)
