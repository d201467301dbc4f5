"""The topic on the autoencoder in a real browser."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from explorer.gui.lectures.autoencoder import work
from tests.browser.conftest import Visit, pixels, slide

if TYPE_CHECKING:
    from playwright.sync_api import Page


pytestmark = pytest.mark.browser


def pictures(page: Page, name: str) -> np.ndarray:
    """The eight digits of a row, as they are drawn."""
    shown = pixels(page, f"autoencoder-{name}")[..., 0]
    return np.stack([shown[:, 30 * k : 30 * k + 28] for k in range(8)]).astype(float)


def test_slide_train_and_start_from_noise(phone: Visit) -> None:
    phone.open_topic("autoencoder")
    page = phone.page
    page.wait_for_selector("#autoencoder-rows [data-factor='0.5']")
    page.wait_for_selector("#autoencoder-walks [data-tiles='6,6']")
    for plot in ("loss", "factors"):
        page.wait_for_selector(f"#autoencoder-{plot} [data-draws]")
    seen = len(phone.requests)
    stored, _ = work.read()
    clean, eps = work.digits().unseen[:8].numpy(), work.digits().eps[:8].numpy()
    for k in (0, 3, 20):
        slide(page, "autoencoder-noise", k)
        truth = np.clip(255 * (clean + work.FACTORS[k] * eps), 0, 255).reshape(8, 28, 28)
        assert np.abs(pictures(page, "noised") - truth).max() <= 0.51
        truth = stored.denoised[k].reshape(8, 28, 28).numpy()
        assert np.array_equal(pictures(page, "denoised"), truth)
        assert f"{stored.denoised_mse[k]:.4f}" in page.inner_text("#autoencoder-rows .denoised")
    assert phone.requests[seen:] == []

    page.click("#autoencoder-noise-run")
    page.wait_for_function("document.body.innerText.includes('Train the autoencoder first')")
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
    page.evaluate("document.querySelector('#autoencoder-stop').click()")  # or it has ended
    page.wait_for_selector("#autoencoder-run:not([disabled])")
    # what was shown of other noise factors is this network's now
    assert not np.array_equal(pictures(page, "denoised"), truth)
    assert page.input_value("#autoencoder-noise") == "20"
