"""Round trip, and when a picture is decided, in a real browser."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from tests.browser.conftest import ROOT, Visit

pytestmark = pytest.mark.browser
CELL = """id => {
  const canvas = document.getElementById(id), { width, height } = canvas;
  return [canvas.parentNode.classList.contains("filled"), width,
          [...canvas.getContext("2d").getImageData(0, 0, width, height).data]];
}"""


def open_panel(page: object, name: str) -> None:
    """On a phone the later tabs stand in a menu."""
    tab = page.get_by_role("tab", name=name)
    if not tab.is_visible():
        page.locator(".panels .overflow-menu > button").click()
        tab = page.locator(".panels .overflow-dropdown button", has_text=name)
    tab.click()


def open_trip(visit: Visit) -> object:
    visit.open("Reverse")
    open_panel(visit.page, "Round trip")
    visit.page.wait_for_selector("#trip-table .filled")
    return visit.page


@pytest.fixture
def page(visit: Visit) -> object:
    return open_trip(visit)


@pytest.fixture
def small(phone: Visit) -> Iterator[object]:
    yield open_trip(phone)
    assert phone.page.evaluate("document.documentElement.scrollWidth") <= 390


def cell(page: object, column: str, row: int = 0) -> np.ndarray | None:
    """The pixels of a cell; None while it is empty."""
    filled, size, pixels = page.evaluate(CELL, f"trip-{column}-{row}")
    return np.array(pixels, np.uint8).reshape(size, size, 4)[..., 0] if filled else None


def test_a_digit_goes_there_and_back(page: object, tmp_path: Path) -> None:
    from explorer.checkpoints import describe
    from explorer.figures.trip import read
    from explorer.gui.round_trip import STORED, preview, samples

    stored = read(STORED)
    for column, pixels in stored.pixels.items():
        for row in range(2):
            assert (cell(page, column, row) == pixels[row, 0].numpy()).all()
    assert "Stored" in page.inner_text("#trip-status")
    assert "handwritten digits" in page.inner_text("#trip-table .verdict")
    height = page.evaluate("document.querySelector('#trip-table').offsetHeight")

    page.click("#trip-picker button[title='digit 7']")
    page.wait_for_function("document.querySelector('#trip-table').innerText.includes('digit 7')")
    assert cell(page, "ddpm") is None and cell(page, "shot") is None
    page.fill("[aria-label='number input for Noise it up to t₀, % of T']", "10")
    page.keyboard.press("Tab")
    page.wait_for_selector("#trip-table .trip[data-t='100']")
    spec = describe(ROOT / "checkpoints" / "mnist.safetensors")
    expected = preview(spec, ("digit 7", samples()["digit 7"]), 100, 7)
    assert (cell(page, "noisy") == expected.pixels["noisy"][0, 0].numpy()).all()

    page.click("#trip-run")
    page.wait_for_selector("#trip-run:not([disabled])")
    page.wait_for_function("document.querySelector('#trip-table .verdict').innerText !== ''")
    assert "DDPM 100 of 100" in page.inner_text("#trip-status")
    assert "nothing unusual" in page.inner_text("#trip-table .verdict")
    back = cell(page, "ddpm").astype(float)
    assert np.abs(back - cell(page, "original")).mean() < 16
    assert page.evaluate("document.querySelector('#trip-table').offsetHeight") == height

    bad = tmp_path / "a.png"
    bad.write_text("no picture")
    page.set_input_files("#trip-image input[type=file]", bad)
    page.wait_for_function("document.body.innerText.includes('not a picture')")


def open_spread(page: object) -> None:
    """The stored forks, the middles of whose eleven columns stand under the eleven points."""
    open_panel(page, "When is it decided?")
    page.wait_for_selector("#spread-plot .js-plotly-plot")
    page.wait_for_selector("#spread-ddpm[src]")
    assert "Stored" in page.inner_text("#spread-status")
    assert "half of that is gone" in page.inner_text("#spread-fan .text")
    page.wait_for_function(
        """() => {
          const trace = document.querySelector("#spread-plot .scatterlayer .trace");
          const points = [...(trace?.querySelectorAll(".point") ?? [])];
          const sheet = document.querySelector("#spread-ddpm").getBoundingClientRect();
          const at = points.map((point) => point.getBoundingClientRect());
          return at.length === 11 && at.every(({ left, width }, i) =>
            Math.abs(left + width / 2 - sheet.left - sheet.width * (i + 0.5) / 11) < 1.5);
        }"""
    )


def test_forks_run_and_can_be_stopped(page: object) -> None:
    open_spread(page)
    before = page.get_attribute("#spread-ddpm", "src")
    page.click("#spread-run")
    page.wait_for_selector("#spread-stop:not([disabled])")
    page.wait_for_function("src => document.querySelector('#spread-ddpm').src !== src", arg=before)
    page.click("#spread-stop")
    page.wait_for_selector("#spread-run:not([disabled])")
    page.wait_for_function(
        "document.querySelector('#spread-status').innerText.includes('stopped')"
    )


def test_both_fit_a_phone(small: object) -> None:
    sides = small.evaluate(
        """[...document.querySelectorAll("#trip-table canvas")]
           .map((canvas) => canvas.getBoundingClientRect().width)"""
    )
    assert len(sides) == 10 and min(sides) > 60
    open_spread(small)
