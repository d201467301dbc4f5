"""Round trip, and when a picture is decided, in a real browser."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.browser.conftest import ROOT, Visit, pixels

if TYPE_CHECKING:
    from playwright.sync_api import Page


pytestmark = pytest.mark.browser


def open_trip(visit: Visit) -> Visit:
    visit.open("Reverse")
    visit.open_panel("Round trip")
    visit.page.wait_for_selector("#trip-table .filled")


def cell(page: Page, column: str, row: int = 0) -> np.ndarray | None:
    """The pixels of a cell; None while it is empty."""
    if not page.locator(f".filled > #trip-{column}-{row}").count():
        return None
    return pixels(page, f"trip-{column}-{row}")[..., 0]


def test_a_digit_goes_there_and_back(visit: Visit, tmp_path: Path) -> None:
    from explorer.checkpoints import describe
    from explorer.gui.reverse.round_trip.trip import read
    from explorer.gui.reverse.round_trip.work import STORED, preview, samples

    open_trip(visit)
    page, stored = visit.page, read(STORED)
    for column, known in stored.pixels.items():
        for row in range(2):
            assert (cell(page, column, row) == known[row, 0].numpy()).all()
    assert "Stored" in page.inner_text("#trip-status")
    assert "handwritten digits" in page.inner_text("#trip-table .verdict")
    height = page.evaluate("document.querySelector('#trip-table').offsetHeight")

    page.click("#trip-picker button[title='digit 7']")
    page.wait_for_function("document.querySelector('#trip-table').innerText.includes('digit 7')")
    assert cell(page, "ddpm") is None and cell(page, "shot") is None
    page.fill("[aria-label='number input for Add noise up to t₀, % of T']", "10")
    page.keyboard.press("Tab")
    page.wait_for_selector("#trip-table .trip[data-t='100']")
    spec = describe(ROOT / "checkpoints" / "mnist.safetensors")
    expected = preview(spec, ("digit 7", samples()["digit 7"]), 100, 7)
    assert (cell(page, "noisy") == expected.pixels["noisy"][0, 0].numpy()).all()

    page.click("#trip-run")
    page.wait_for_selector("#trip-run:not([disabled])")
    page.wait_for_function("document.querySelector('#trip-table .verdict').innerText !== ''")
    assert "DDPM 100 of 100" in page.inner_text("#trip-status")
    assert "Yours came back" in page.inner_text("#trip-table .verdict")
    back = cell(page, "ddpm").astype(float)
    assert np.abs(back - cell(page, "original")).mean() < 16
    assert page.evaluate("document.querySelector('#trip-table').offsetHeight") == height

    bad = tmp_path / "a.png"
    bad.write_text("no image")
    page.set_input_files("#trip-image input[type=file]", bad)
    page.wait_for_function("document.body.innerText.includes('not an image')")


def open_spread(visit: Visit) -> Page:
    """The stored forks, the middles of whose eleven columns stand under the eleven points."""
    visit.open("Reverse")
    visit.open_panel("When is it decided?")
    page = visit.page
    page.wait_for_selector("#spread-plot .js-plotly-plot")
    page.wait_for_selector("#spread-ddpm[src]")
    assert "Stored" in page.inner_text("#spread-status")
    assert "Half of that is gone" in page.inner_text("#spread-fan .text")
    page.wait_for_function(
        """() => {
          const traces = [...document.querySelectorAll("#spread-plot .scatterlayer .trace")];
          const points = traces.map((trace) => [...trace.querySelectorAll(".point")])
            .find(({ length }) => length === 11) ?? [];
          const sheet = document.querySelector("#spread-ddpm").getBoundingClientRect();
          const at = points.map((point) => point.getBoundingClientRect());
          return at.length === 11 && at.every(({ left, width }, i) =>
            Math.abs(left + width / 2 - sheet.left - sheet.width * (i + 0.5) / 11) < 1.5);
        }"""
    )
    return page


def test_forks_run_and_can_be_stopped(visit: Visit) -> None:
    page = open_spread(visit)
    before = page.get_attribute("#spread-ddpm", "src")
    page.click("#spread-run")
    page.wait_for_selector("#spread-stop:not([disabled])")
    page.wait_for_function("src => document.querySelector('#spread-ddpm').src !== src", arg=before)
    page.click("#spread-stop")
    page.wait_for_selector("#spread-run:not([disabled])")
    page.wait_for_function(
        "document.querySelector('#spread-status').innerText.includes('stopped')"
    )


def test_both_fit_a_phone(phone: Visit) -> None:
    open_trip(phone)
    sides = phone.page.evaluate(
        """[...document.querySelectorAll("#trip-table canvas")]
           .map((canvas) => canvas.getBoundingClientRect().width)"""
    )
    assert len(sides) == 10 and min(sides) > 60
    open_spread(phone)
