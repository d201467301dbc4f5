"""What canvases, plots and sliders say to those who hear the page is what Python computes."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

import pytest

from explorer.diffusion import make_schedule
from explorer.gui.plane.work import schedule as plane_schedule
from explorer.gui.reverse.stored import stored_race
from tests.browser.conftest import Visit, slide

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser


def said(alpha_bar: float, t: int, T: int) -> str:
    """√ᾱ in per cent and ᾱ/(1 − ᾱ) in decibels."""
    share = f"t = {t} of {T}: {100 * math.sqrt(alpha_bar):.0f} % signal"
    if t == 0:
        return f"{share}, no noise"
    db = 10 * math.log10(alpha_bar / (1 - alpha_bar))
    return f"{share}, SNR {'0' if abs(db) < 0.5 else f'{db:+.0f}'} dB".replace("-", "−")


def name_of(page: Page, selector: str) -> str:
    return page.get_attribute(selector, "aria-label") or ""


def test_forward_names_both_pictures_curves_and_histogram(visit: Visit) -> None:
    page = visit.page
    for t in (0, 137, 400, 1000):
        slide(page, "forward-t", t)
        for name in ("linear", "cosine"):
            level = said(make_schedule(name, 1000).alpha_bar[t].item(), t, 1000)
            assert name_of(page, f"#forward-{name}") == f"x_t, {name} schedule, {level}"
    heard = page.get_attribute("#forward-t", "aria-valuetext") or ""
    assert heard.startswith("1000 of 1000: signal linear 0.6 %, cosine 0.")
    curves = name_of(page, ".curves")
    assert "linear 4.04·10⁻⁵ at t = 1000" in curves
    found = re.findall(r"(−?[\d.]+) ± ([\d.]+)", name_of(page, ".histogram"))
    assert [(abs(float(m.replace("−", "-"))) < 0.1, s) for m, s in found[:2]] == [
        (True, "1.0")
    ] * 2


def test_reverse_names_its_lanes(visit: Visit) -> None:
    page = visit.page
    visit.open("Reverse")
    page.wait_for_selector("#reverse-player[data-frames], #reverse-player [data-frames]")
    race = stored_race()
    signal = {
        (lane.name, t): lane.coefficients[i][0]
        for lane in race.lanes
        for i, t in enumerate(lane.times)
    }
    for show, spoken in (("x", "state"), ("x0", "belief x̂₀"), ("eps", "predicted noise ε̂")):
        page.click(f"#reverse-player [data-show={show}]")
        for t in (1000, 640, 0):
            slide(page, "reverse-t", t)
            for lane, name in zip(race.lanes, ("ddpm", "ddim"), strict=True):
                at = int(page.get_attribute(f"#reverse-{name}", "data-t") or -1)
                level = said(signal[lane.name, at] ** 2, at, race.T)
                wanted = f"{lane.name}: {spoken} of {race.pictures} images, {level}"
                assert name_of(page, f"#reverse-{name}") == wanted
    page.click("#reverse-player [data-show=x]")


def test_plane_names_its_panels(visit: Visit) -> None:
    page = visit.page
    visit.open("Plane")
    page.wait_for_selector("#plane-stage [data-loads], #plane-stage[data-loads]")
    alpha_bar = plane_schedule().alpha_bar
    for t in (0, 60, 200):
        slide(page, "plane-t", t)
        for panel in ("ddpm", "ddim"):
            assert name_of(page, f"#plane-{panel}").endswith(said(alpha_bar[t].item(), t, 200))
    assert re.search(r"from \d\.\d{3} to \d\.\d{3} after \d+ steps", name_of(page, ".plane .loss"))


def test_a_plot_says_what_it_shows_and_arrows_read_it(visit: Visit) -> None:
    page = visit.page
    visit.open("Schedules")
    page.wait_for_selector("#schedules-plot .main-svg")
    picture = name_of(page, "#schedules-plot .main-svg[role=img]")
    linear, cosine = (make_schedule(name, 1000).alpha_bar for name in ("linear", "cosine"))
    assert "linear: from 1 at 0 to 4.04·10⁻⁵ at 1000" in picture
    assert "cosine: from 1 at 0" in picture
    graph = page.locator("#schedules-plot .graph")
    graph.focus()
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    reading = "#schedules-plot .reading"
    name, x, y = re.findall(r"^(\w+): .* (\d+), .*? ([\d.]+)$", visit.text(reading))[0]
    assert name == "linear" and float(y) == pytest.approx(linear[int(x)].item(), abs=5e-4)
    assert page.locator("#schedules-plot .hoverlayer .hovertext").count() > 0  # seen as well
    page.keyboard.press("ArrowDown")
    name, x, y = re.findall(r"^(\w+): .* (\d+), .*? ([\d.]+)$", visit.text(reading))[0]
    assert name == "cosine" and float(y) == pytest.approx(cosine[int(x)].item(), abs=5e-4)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('[role=toolbar]') !== null")
    page.keyboard.press("ArrowRight")
    assert page.evaluate("Boolean(document.activeElement.getAttribute('aria-label'))")


def test_every_picture_that_is_drawn_has_a_name(visit: Visit) -> None:
    page = visit.page
    for tab in ("Forward", "Schedules", "Train", "Reverse", "Plane"):
        visit.open(tab)
        page.wait_for_timeout(1500)
        nameless = page.evaluate(
            """() => [...document.querySelectorAll("canvas, svg.main-svg, [role=img], img")]
              .filter((node) => node.checkVisibility() && node.clientWidth > 24
                && !node.closest("[aria-hidden=true], button, [role=button]")
                && !node.closest("[aria-label]:not([role=application])")
                && !(node.getAttribute("aria-label") || node.alt))
              .map((node) => node.outerHTML.slice(0, 160))"""
        )
        assert nameless == [], tab
