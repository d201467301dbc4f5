"""The topic on stochastic differential equations in a real browser, on a page of its own."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from explorer.gui.components.sde_film import RANGE
from explorer.gui.sde_pixels import read_stored
from tests.browser.conftest import free_port
from tests.browser.toy_race import DRAWN, PIXELS
from tests.browser.toy_sde import launch

pytestmark = pytest.mark.browser
GRAPH = "document.querySelector('#sde-plot .graph')"


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRADIO_TEMP_DIR", str(tmp_path_factory.mktemp("gradio")))
        demo = launch(port := free_port())
        yield f"http://127.0.0.1:{port}"
        demo.close()


@pytest.fixture
def page(request: pytest.FixtureRequest, browser: Any, address: str) -> Iterator[Any]:
    width = getattr(request, "param", 1280)
    page, trouble = browser.new_page(viewport={"width": width, "height": 900}), []
    page.set_default_timeout(60_000)
    page.on("pageerror", lambda error: trouble.append(str(error)))
    page.on("console", lambda said: trouble.append(said.text) if said.type == "error" else None)
    page.goto(address)
    for part in ("#sde-plot [data-draws]", "#sde-errors [data-draws]", "#sde-film [data-loads]"):
        page.wait_for_selector(part)
    yield page
    assert page.evaluate("document.documentElement.scrollWidth") == width
    page.close()
    assert trouble == []


def says(page: Any, selector: str, part: str) -> None:
    page.wait_for_function(
        "([s, p]) => document.querySelector(s)?.innerText.includes(p)", arg=[selector, part]
    )


@pytest.mark.parametrize("page", [390], indirect=True)
def test_the_film_shows_pythons_pixels_and_asks_nothing(page: Any) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    stored = read_stored().pixels
    frames, eps = (a.astype(float) * (RANGE / 32767) for a in (stored.frames, stored.eps))
    for k in (0, 13, 40):
        page.evaluate(
            """k => { const slider = document.getElementById("sde-t");
                      slider.value = k; slider.dispatchEvent(new Event("input")); }""",
            k,
        )
        page.evaluate(DRAWN)
        a = stored.alpha_bar[k]
        for name, truth in (
            ("sde-walk", frames[k]),
            ("sde-blend", np.sqrt(a) * frames[0] + np.sqrt(1 - a) * eps),
        ):
            width, height, text = page.evaluate(PIXELS, name)
            shown = np.frombuffer(base64.b64decode(text), np.uint8).reshape(height, width, 4)
            grey = np.clip(np.floor((truth + 1) * 127.5 + 0.5), 0, 255)
            assert np.abs(shown[..., :3] - np.broadcast_to(grey, (28, 28, 3))).max() <= 1
    assert f"{frames[40].std():.3f}" in page.inner_text("#sde-film .numbers")
    assert "1.00 · step 1000" in page.inner_text("#sde-film output")
    assert asked == []
    page.click("#sde-film .play")  # from the beginning, as it stands at the end
    page.wait_for_function("+document.querySelector('#sde-film [data-k]').dataset.k % 40 > 2")


def test_choose_an_sde_change_it_and_be_told_what_is_wrong(page: Any) -> None:
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


def test_measure_errors_and_follow_another_picture(page: Any) -> None:
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
