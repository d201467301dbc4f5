"""The topic on the network's inside in a real browser."""

from __future__ import annotations

import pytest

from explorer.gui.lectures.inside.work import read
from tests.browser.conftest import Visit, slide

pytestmark = pytest.mark.browser
TABLE = "#inside-network .modulation"


def test_drag_let_go_and_choose_another_model(phone: Visit) -> None:
    phone.open_topic("inside")
    page, says = phone.page, phone.wait_for_text
    page.wait_for_selector("#inside-network [data-parts='8']")
    says(TABLE, "at t = 400")
    stored, _ = read()
    assert f"{stored.modulation['middle'][0][40]:.3f}" in page.inner_text(TABLE)
    assert page.locator("#inside-network image").count() == 5 * 8
    seen = len(phone.requests)
    slide(page, "inside-t", 250)
    says(TABLE, "at t = 250")
    says("#inside-waves .numbers", "cos ω0 u = 0.241, sin ω0 u = −0.971")  # of 250
    scale = stored.modulation["down.0"][0][25]
    assert f"{scale:.3f}" in page.inner_text(TABLE)
    assert phone.requests[seen:] == []

    page.evaluate("document.getElementById('inside-t').dispatchEvent(new Event('change'))")
    says("#inside-state", "mnist, t = 250, image 4, seed 7")
    says("#inside-told", "x₂₅₀")
    says("#inside-network .title", "channels at t = 250")

    page.click("#inside-model input")
    page.get_by_role("option", name="fashion-mnist").click()
    says("#inside-state", "fashion-mnist, t = 250")
    says("#inside-network .title", "1,105,876 weights")
    says("#inside-waves .dims", "sin ω23u")
    assert page.input_value("#inside-t") == "250"
