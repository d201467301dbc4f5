"""The topic on the network's inside in a real browser, on a page of its own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from explorer.gui.inside_work import read
from explorer.gui.topics import inside
from tests.browser.conftest import free_port
from tests.browser.toy_networks import launch
from tests.browser.toy_race import DRAWN

pytestmark = pytest.mark.browser
TABLE = "#inside-network .modulation"


@pytest.fixture
def page(browser: Any, tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))
    demo = launch(inside, port := free_port())
    page, trouble = browser.new_page(viewport={"width": 390, "height": 900}), []
    page.set_default_timeout(60_000)
    page.on("pageerror", lambda error: trouble.append(str(error)))
    page.on("console", lambda said: trouble.append(said.text) if said.type == "error" else None)
    page.goto(f"http://127.0.0.1:{port}")
    page.wait_for_selector("#inside-network [data-parts='8']")
    says(page, TABLE, "at t = 400")
    yield page
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    page.close()
    demo.close()
    assert trouble == []


def says(page: Any, selector: str, part: str) -> None:
    page.wait_for_function(
        "([s, p]) => document.querySelector(s)?.innerText.includes(p)", arg=[selector, part]
    )


def test_drag_let_go_and_choose_another_model(page: Any) -> None:
    stored, _ = read()
    assert f"{stored.modulation['middle'][0][40]:.3f}" in page.inner_text(TABLE)
    assert page.locator("#inside-network image").count() == 5 * 8
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.evaluate(
        """t => { const slider = document.getElementById("inside-t");
                  slider.value = t; slider.dispatchEvent(new Event("input")); }""",
        250,
    )
    page.evaluate(DRAWN)
    says(page, TABLE, "at t = 250")
    says(page, "#inside-waves .numbers", "cos ω0 u = 0.241, sin ω0 u = −0.971")  # of 250
    scale = stored.modulation["down.0"][0][25]
    assert f"{scale:.3f}" in page.inner_text(TABLE)
    assert asked == []

    page.evaluate("document.getElementById('inside-t').dispatchEvent(new Event('change'))")
    says(page, "#inside-state", "mnist, t = 250, picture 4, seed 7")
    says(page, "#inside-told", "x₂₅₀")
    says(page, "#inside-network .title", "channels at t = 250")

    page.click("#inside-model input")
    page.get_by_role("option", name="fashion-mnist").click()
    says(page, "#inside-state", "fashion-mnist, t = 250")
    says(page, "#inside-network .title", "1,105,876 weights")
    says(page, "#inside-waves .dims", "sin ω23u")
    assert page.input_value("#inside-t") == "250"
