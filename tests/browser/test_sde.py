"""The topic on stochastic differential equations in a real browser."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from explorer.gui.lectures.sde.film import RANGE
from explorer.gui.lectures.sde.pixels import read_stored
from tests.browser.conftest import Visit, pixels, slide

if TYPE_CHECKING:
    from playwright.sync_api import Page


pytestmark = pytest.mark.browser
GRAPH = "document.querySelector('#sde-plot .graph')"


@pytest.fixture
def page(visit: Visit) -> Page:
    return opened(visit)


def opened(visit: Visit) -> Page:
    visit.open_topic("sde")
    for part in ("#sde-plot [data-draws]", "#sde-errors [data-draws]", "#sde-film [data-loads]"):
        visit.page.wait_for_selector(part)
    return visit.page


def says(page: Page, selector: str, part: str) -> None:
    page.wait_for_function(
        "([s, p]) => document.querySelector(s)?.innerText.includes(p)", arg=[selector, part]
    )


def test_the_film_shows_pythons_pixels_and_asks_nothing(phone: Visit) -> None:
    page, seen = opened(phone), len(phone.requests)
    stored = read_stored().pixels
    frames, eps = (a.astype(float) * (RANGE / 32767) for a in (stored.frames, stored.eps))
    for k in (0, 13, 40):
        slide(page, "sde-t", k)
        a = stored.alpha_bar[k]
        for name, truth in (
            ("sde-walk", frames[k]),
            ("sde-blend", np.sqrt(a) * frames[0] + np.sqrt(1 - a) * eps),
        ):
            grey = np.clip(np.floor((truth + 1) * 127.5 + 0.5), 0, 255)
            assert (
                np.abs(pixels(page, name)[..., :3] - np.broadcast_to(grey, (28, 28, 3))).max() <= 1
            )
    assert f"{frames[40].std():.3f}" in page.inner_text("#sde-film .numbers")
    assert "1.00 · step 1000" in page.inner_text("#sde-film output")
    assert phone.requests[seen:] == []
    page.click("#sde-film .play")  # from the beginning, as it stands at the end
    page.wait_for_function("+document.querySelector('#sde-film [data-k]').dataset.k % 40 > 2")


def test_choose_an_sde_change_it_and_be_told_what_is_wrong(page: Page) -> None:
    assert page.inner_text("#sde-state").startswith("Stored: Geometric Brownian")
    page.get_by_label("Ornstein–Uhlenbeck", exact=True).check()
    says(page, "#sde-state", "θ = 1, μ = 0, σ = 1, x(0) = 4, 200 paths")
    page.fill("#sde-ornstein-uhlenbeck-theta input[type=number]", "2")
    page.keyboard.press("Tab")
    says(page, "#sde-state", "θ = 2")
    page.fill("#sde-ornstein-uhlenbeck-dt input", "0")
    page.keyboard.press("Tab")
    says(page, "body", "dt: 0 is not allowed here")
    assert page.evaluate(f"{GRAPH}.data.length") == 8  # the plot stays
    page.fill("#sde-ornstein-uhlenbeck-dt input", "0.5")
    page.keyboard.press("Tab")
    page.wait_for_function("!document.body.innerText.includes('not allowed')")
    page.wait_for_function(f"{GRAPH}._fullData[4].x.length === 11")
    # another SDE and back: its numbers are as they were left
    page.get_by_label("Drift", exact=True).check()
    says(page, "#sde-state", "k = 0.1")
    page.get_by_label("Ornstein–Uhlenbeck", exact=True).check()
    says(page, "#sde-state", "θ = 2")
    assert page.input_value("#sde-ornstein-uhlenbeck-theta input[type=number]") == "2"
    assert page.input_value("#sde-ornstein-uhlenbeck-dt input") == "0.5"


def test_measure_errors_and_follow_another_picture(page: Page) -> None:
    page.get_by_label("Brownian motion", exact=True).check()
    says(page, "#sde-state", "Brownian")
    page.click("#sde-measure")
    says(page, "#sde-order", "No error but rounding")
    page.evaluate("document.querySelector('#sde-stop').click()")  # or it has ended by itself
    page.wait_for_selector("#sde-measure:not([disabled])")
    page.get_by_label("emoji", exact=True).click()
    says(page, "#sde-film .title", "emoji, linear β, dt = 1/1000")
    page.get_by_label("1/10", exact=True).check()
    says(page, "#sde-film .title", "emoji, linear β, dt = 1/10,")
    assert page.get_attribute("#sde-t", "max") == "10"
    says(page, "#sde-film .steps", "forward process, same dt")
