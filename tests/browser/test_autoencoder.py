"""The topic on the autoencoder in a real browser, on a page of its own."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from explorer.gui import autoencoder_work as work
from explorer.gui.topics import autoencoder
from tests.browser.conftest import free_port
from tests.browser.toy_networks import launch
from tests.browser.toy_race import DRAWN, PIXELS

pytestmark = pytest.mark.browser


@pytest.fixture
def page(browser: Any, tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))
    demo = launch(autoencoder, port := free_port())
    page, trouble = browser.new_page(viewport={"width": 390, "height": 900}), []
    page.set_default_timeout(60_000)
    page.on("pageerror", lambda error: trouble.append(str(error)))
    page.on("console", lambda said: trouble.append(said.text) if said.type == "error" else None)
    page.goto(f"http://127.0.0.1:{port}")
    page.wait_for_selector("#autoencoder-rows [data-factor='0.5']")
    page.wait_for_selector("#autoencoder-walks [data-tiles='6,6']")
    for plot in ("loss", "factors"):
        page.wait_for_selector(f"#autoencoder-{plot} [data-draws]")
    yield page
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    page.close()
    demo.close()
    assert trouble == []


def pictures(page: Any, name: str) -> np.ndarray:
    """The eight digits of a row, as they are drawn."""
    width, height, text = page.evaluate(PIXELS, f"autoencoder-{name}")
    shown = np.frombuffer(base64.b64decode(text), np.uint8).reshape(height, width, 4)[..., 0]
    return np.stack([shown[:, 30 * k : 30 * k + 28] for k in range(8)]).astype(float)


def test_slide_train_and_start_from_noise(page: Any) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    stored, _ = work.read()
    clean, eps = work.digits().unseen[:8].numpy(), work.digits().eps[:8].numpy()
    for k in (0, 3, 20):
        page.evaluate(
            """k => { const slider = document.getElementById("autoencoder-noise");
                      slider.value = k; slider.dispatchEvent(new Event("input")); }""",
            k,
        )
        page.evaluate(DRAWN)
        truth = np.clip(255 * (clean + work.FACTORS[k] * eps), 0, 255).reshape(8, 28, 28)
        assert np.abs(pictures(page, "noised") - truth).max() <= 0.51
        truth = stored.denoised[k].reshape(8, 28, 28).numpy()
        assert np.array_equal(pictures(page, "denoised"), truth)
        assert f"{stored.denoised_mse[k]:.4f}" in page.inner_text("#autoencoder-rows .denoised")
    assert asked == []

    page.click("#autoencoder-noise-run")
    page.wait_for_function("document.body.innerText.includes('Train it first')")
    assert "Stored: 400 of 400" in page.inner_text("#autoencoder-state")
    page.fill("#autoencoder-steps input[type=number]", "50")
    page.keyboard.press("Tab")
    page.click("#autoencoder-run")
    page.wait_for_function(
        "document.querySelector('#autoencoder-state').innerText.startsWith('50 of 50')"
    )
    page.wait_for_function(
        "document.querySelector('#autoencoder-progress').innerText.includes('diffusion: t')"
    )
    page.click("#autoencoder-stop")
    page.wait_for_selector("#autoencoder-run:not([disabled])")
    # what was shown of other noise factors is this network's now
    assert not np.array_equal(pictures(page, "denoised"), truth)
    assert page.input_value("#autoencoder-noise") == "20"
