"""Schedules in a real browser."""

from __future__ import annotations

import pytest

from explorer.diffusion import make_schedule
from explorer.gui.parts.numbers import RAISED
from tests.browser.conftest import Visit, slide, unfold

pytestmark = pytest.mark.browser
GRAPH = "document.querySelector('#schedules-plot .graph')"


def draws(visit: Visit) -> int:
    return int(visit.page.get_attribute("#schedules-plot [data-draws]", "data-draws"))


def after_draw(visit: Visit, before: int) -> None:
    visit.page.wait_for_function(
        "n => +document.querySelector('#schedules-plot [data-draws]').dataset.draws > n",
        arg=before,
    )


@pytest.fixture
def schedules(visit: Visit) -> Visit:
    visit.open("Schedules")
    visit.page.wait_for_selector("#schedules-plot [data-draws]")
    return visit


def test_a_bad_option_is_explained_in_place_and_the_plot_stays(schedules: Visit) -> None:
    unfold(schedules.page.get_by_role("button", name="Options of linear"))
    schedules.page.fill("#schedules-linear-beta_end input", "1.5")
    schedules.page.keyboard.press("Tab")
    schedules.wait_for_text("body", "beta_end = 1.5 is not allowed")
    assert schedules.page.evaluate(f"{GRAPH}.data.length") == 2
    schedules.page.fill("#schedules-linear-beta_end input", "0.02")
    schedules.page.keyboard.press("Tab")
    schedules.page.wait_for_function("!document.body.innerText.includes('not allowed')")


def test_change_a_schedule_and_keep_the_zoom(schedules: Visit) -> None:
    names = f"{GRAPH}.data.map(trace => trace.name)"
    assert schedules.page.evaluate(names) == ["linear", "cosine"]
    box = schedules.page.locator("#schedules-plot .nsewdrag").bounding_box()
    x, y = box["x"], box["y"] + box["height"] / 2
    schedules.page.mouse.move(x + 0.2 * box["width"], y)
    schedules.page.mouse.down()
    schedules.page.mouse.move(x + 0.5 * box["width"], y + 2, steps=8)
    schedules.page.mouse.up()
    zoomed = schedules.page.evaluate(f"{GRAPH}.layout.xaxis.range")
    assert zoomed == pytest.approx([200, 500], abs=20)
    before = draws(schedules)
    schedules.page.get_by_label("quadratic", exact=True).check()
    after_draw(schedules, before)
    assert schedules.page.evaluate(names) == ["linear", "cosine", "quadratic"]
    assert schedules.page.evaluate(f"{GRAPH}.layout.xaxis.range") == zoomed
    end = schedules.page.evaluate(f"{GRAPH}._fullData[2].y.at(-1)")
    assert end == pytest.approx(make_schedule("quadratic").alpha_bar[1000].item(), rel=1e-6)


def test_options_quantities_and_the_cursor(schedules: Visit) -> None:
    before = draws(schedules)
    unfold(schedules.page.get_by_role("button", name="Options of linear"))
    schedules.page.fill("#schedules-linear-beta_end input", "0.05")
    schedules.page.keyboard.press("Tab")
    after_draw(schedules, before)
    linear = make_schedule("linear", beta_end=0.05)
    for t in (500, 1000):
        slide(schedules.page, "schedules-t", t)
        schedules.page.wait_for_timeout(100)
        row = schedules.page.locator("#schedules-plot tbody tr").first.inner_text()
        assert digits(linear.alpha_bar[t].item()) in row, t
        assert digits(linear.betas[t - 1].item()) in row, t
    before = draws(schedules)
    schedules.page.get_by_label("log-SNR", exact=True).check()
    after_draw(schedules, before)
    middle = schedules.page.evaluate(f"{GRAPH}._fullData[0].y[500]")
    assert middle == pytest.approx(linear.log_snr[500].item(), rel=1e-6)


def test_a_lecture_is_left_by_hand(schedules: Visit) -> None:
    page = schedules.page
    before = draws(schedules)
    page.click("#schedules-lecture input")
    page.get_by_role("option", name="Oslo, May 2025").click()
    after_draw(schedules, before)
    assert page.input_value("#schedules-T input") == "300"
    page.wait_for_function(f"{GRAPH}.data.length === 1")
    page.fill("#schedules-T input", "400")
    page.keyboard.press("Tab")
    page.wait_for_function("document.querySelector('#schedules-lecture input').value === 'none'")
    assert page.input_value("#schedules-T input") == "400"
    page.get_by_label("linear", exact=True).uncheck()
    schedules.wait_for_text("body", "No schedule is ticked")


def digits(x: float) -> str:
    """As the page writes it: 3 significant digits, 8.61·10⁻¹²."""
    if 0.001 <= x < 1000:
        return f"{x:#.3g}"
    mantissa, exponent = f"{x:.2e}".split("e")
    return f"{mantissa}·10{str(int(exponent)).translate(RAISED)}"
