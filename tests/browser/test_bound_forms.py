"""The two forms of the bound, the telescope, the bins and the pixel in a real browser."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from explorer.gui.lectures.bound.decoder.work import Guess, said_of_bins
from tests.browser.conftest import Visit

if TYPE_CHECKING:
    from playwright.sync_api import Page


pytestmark = pytest.mark.browser
PARTS = ("forms-plot", "decoder-plot", "pixel-plot")
CELLS = """([id, row]) => [...[...document.querySelectorAll(`#${id} tr`)]
  .find((each) => each.cells[0].textContent.trim() === row).cells].map((cell) => cell.innerText)"""
SUMS = """() => [...document.querySelectorAll("#telescope-rows tr:last-child td")]
  .map((cell) => cell.innerText.trim())"""
TOO_WIDE = """(ids) => ids.filter((id) => {
  const box = document.querySelector(`#${id} table`).getBoundingClientRect();
  return box.right > document.documentElement.clientWidth;
})"""


def opened(visit: Visit) -> Page:
    visit.open_topic("bound")
    for part in PARTS:
        visit.page.wait_for_selector(f"#{part} .js-plotly-plot")
    visit.page.wait_for_selector("#forms-numbers td")
    return visit.page


def number(page: Page, name: str, value: str) -> None:
    """Type into a slider's or a number's field."""
    page.fill(f"#{name} input[type=number]", value)
    page.keyboard.press("Tab")


def test_both_forms_open_with_equal_totals_and_are_drawn_again(visit: Visit) -> None:
    page = opened(visit)
    assert page.evaluate(CELLS, ["forms-numbers", "total"]) == ["total", "5.77", "5.77"]
    assert page.evaluate(CELLS, ["forms-numbers", "prior"])[1:] == ["2.82", "2.9·10⁻⁵"]
    said = page.evaluate(CELLS, ["forms-numbers", "nats at t = 100"])
    assert said[1:] == ["1.2 ± 28", "4.6 ± 0.29"]
    page.focus("#forms-t input[type=range]")
    page.keyboard.press("ArrowRight")
    visit.wait_for_text("#forms-numbers", "nats at t = 101")
    visit.wait_for_text("#forms-said", "At t = 101")
    number(page, "forms-steps", "20")
    number(page, "forms-draws", "8")
    visit.wait_for_text("body", "Settings changed: run again")
    page.click("#forms-run")
    visit.wait_for_text("#forms-status", "T = 20, 8 draws of each term")
    visit.wait_for_text("#forms-numbers", "nats at t = 19")  # the last there is
    totals = page.evaluate(CELLS, ["forms-numbers", "total"])
    assert totals[1] == totals[2]
    number(page, "forms-draws", "1")
    page.click("#forms-run")
    page.get_by_text("Draws of each term: 1 is not allowed").wait_for()
    page.wait_for_timeout(500)
    assert page.get_by_text("Draws of each term: 1 is not allowed").is_visible()  # it stays
    assert page.evaluate(CELLS, ["forms-numbers", "total"]) == totals  # nothing is lost


def test_the_telescope_by_keyboard(visit: Visit) -> None:
    page = opened(visit)
    visit.wait_for_text("#telescope-title", "Step 0 of 7")
    sums = page.evaluate(SUMS)
    assert sums[2] == "5.766"
    page.focus("#telescope-next")
    for step in range(1, 8):
        page.keyboard.press("Enter")
        visit.wait_for_text("#telescope-title", f"Step {step} of 7")
        page.wait_for_function(
            "want => document.querySelectorAll('#telescope-rows .cancel-lap, "
            "#telescope-rows .cancel-pad').length >= want",
            arg=2 if step in (3, 4, 5) else 0,
        )
        assert page.evaluate(SUMS) == sums
    assert "prior matching" in page.inner_text("#telescope-rows")
    assert page.locator("#telescope-rows math").count() == 5  # read aloud as formulas
    page.keyboard.press("Enter")  # the focus is still there, and this is the last
    page.focus("#telescope-back")
    page.keyboard.press("Enter")
    visit.wait_for_text("#telescope-title", "Step 6 of 7")
    page.focus("#telescope-step input[type=range]")
    page.keyboard.press("Home")
    visit.wait_for_text("#telescope-title", "Step 0 of 7")


def test_bins_and_pixel_follow_their_sliders(visit: Visit) -> None:
    page = opened(visit)
    assert "44.3" in page.inner_text("#decoder-numbers")
    number(page, "decoder-mean", "10")
    visit.wait_for_text("#decoder-said", "No other bin has more")
    page.focus("#decoder-sigma input[type=range]")
    page.keyboard.press("ArrowRight")
    visit.wait_for_text("#decoder-said", said_of_bins(Guess(10, 10.0, 0.011)))
    assert "0.990" in page.inner_text("#pixel-numbers")
    number(page, "pixel-beta", "0.5")
    visit.wait_for_text("#pixel-said", "√(1 − β) = 0.7071")
    page.get_by_label("yellow [1, 1, −1]").check()
    visit.wait_for_text("#pixel-numbers", "0.707\t0.707\t−0.707")
    for part in PARTS:  # each plot says in words what it shows
        label = page.locator(f"#{part} [role=img], #{part} [aria-label]").first
        assert len(label.get_attribute("aria-label")) > 10


def test_a_link_restores_them_and_a_phone_has_room(phone: Visit) -> None:
    page = opened(phone)
    names = ["forms-numbers", "telescope-rows", "decoder-numbers", "pixel-numbers"]
    assert page.evaluate(TOO_WIDE, names) == []
    state = "tab=lectures&topic=bound&bound-telescope.step=4&bound-decoder.mean=12.5"
    page.evaluate("text => explorer.go(text)", state + "&bound-pixel.beta=0.1&bound-forms.t=200")
    phone.wait_for_text("#telescope-title", "q(x₃ | x₀) cancels")
    phone.wait_for_text("#decoder-said", "predicted mean 12.5/255")
    phone.wait_for_text("#pixel-said", "With β = 0.1")
    phone.wait_for_text("#forms-said", "At t = 200")
    assert page.evaluate(TOO_WIDE, names) == []
