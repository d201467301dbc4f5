"""The Plane tab in a real browser: paths, fields and numbers against Python's."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch

from explorer.diffusion import SAMPLERS, GaussianMixture, sample
from explorer.diffusion.process import amplitudes
from explorer.gui.plane.order.work import AGAINST, MINUS, Order, measure, sentence_of, slope_text
from explorer.gui.plane.order.work import read as read_order
from explorer.gui.plane.tab import START, STORED
from explorer.gui.plane.view import SIDES, read, unpack
from explorer.gui.plane.work import denoiser_of, law_of, schedule
from explorer.plane import noise
from tests.browser.conftest import Visit, drawn, slide

if TYPE_CHECKING:
    from playwright.sync_api import Page


pytestmark = pytest.mark.browser
EXPLORER = "document.querySelector('#plane-stage').explorer"
CPU = torch.device("cpu")
WHERE = [[0.4, -1.1], [1.6, 1.2], [-2.5, 0.1], [0.0, 0.3]]


class Stage:
    """The tab on a page."""

    def __init__(self, visit: Visit) -> None:
        visit.open("Plane")
        self.visit, self.page = visit, visit.page
        self.page.wait_for_selector("#plane-stage [data-loads]")
        drawn(self.page)

    def ask(self, script: str, value: object = None) -> object:
        return self.page.evaluate(f"value => {EXPLORER}.{script}", value)

    def press(self, attribute: str, name: str) -> None:
        self.page.click(f"#plane-stage [data-{attribute}='{name}']")
        drawn(self.page)

    def set(self, t: int) -> None:
        """By the slider, as a hand would."""
        slide(self.page, "plane-t", t)

    def positions(self, panel: int, t: float) -> np.ndarray:
        return np.array(self.ask("positions(...value)", [panel, t])).reshape(-1, 2)

    def text(self, selector: str) -> str:
        return self.page.inner_text(f"#plane-stage {selector}").replace("\u2212", "-")

    def ink(self, panel: int) -> float:
        """The share of a panel's pixels that are drawn on."""
        return self.page.evaluate(
            """panel => {
              const canvas = document.querySelectorAll("#plane-stage canvas")[panel];
              const { width } = canvas, context = canvas.getContext("2d");
              const { data } = context.getImageData(0, 0, width, width);
              let drawn = 0;
              for (let i = 3; i < data.length; i += 4) drawn += data[i] > 8;
              return (4 * drawn) / data.length;
            }""",
            panel,
        )


@pytest.fixture
def stage(visit: Visit) -> Stage:
    """The tab, with time running from the noise to the picture."""
    stage = Stage(visit)
    stage.press("way", "reverse")
    return stage


@pytest.fixture
def new_stage(fresh: Visit) -> Stage:
    return Stage(fresh)


def test_paths_are_pythons_and_dragging_asks_nothing(stage: Stage) -> None:
    view, seen = read(STORED), len(stage.visit.requests)
    for name, belief in view.beliefs.items():
        stage.press("whose", name)
        for panel, way in enumerate(belief.ways):
            frames = unpack(way.sheet.read(), len(way.times)).numpy()
            for i in (0, len(frames) // 2, len(frames) - 1):
                shown = stage.positions(panel, way.times[i])
                np.testing.assert_allclose(shown, frames[i], atol=1e-4)
    t, s = view.beliefs["exact"].ways[1].times[8:10]  # between two steps: DDIM's own curve
    law, middle = law_of(START), (t + s) // 2
    x_t = torch.tensor(stage.positions(1, t))
    x0, (a, b) = law(x_t, t), [v.item() for v in amplitudes(schedule(), x_t, t)]
    a1, b1 = (v.item() for v in amplitudes(schedule(), x_t, middle))
    curve = a1 * x0 + b1 * (x_t - a * x0) / b
    np.testing.assert_allclose(stage.positions(1, middle), curve.numpy(), atol=0.03)
    for t in (0, 60, 200):
        stage.set(t)
    assert len(stage.visit.requests) == seen


def test_the_way_into_the_noise_is_the_forward_process(stage: Stage) -> None:
    view = read(STORED)
    stage.press("way", "forward")
    x0, eps = torch.from_numpy(np.frombuffer(view.training.read(), "<f4").copy()).reshape(2, -1, 2)
    for t in (0, 90, 200):
        a, b = amplitudes(schedule(), x0, t)
        np.testing.assert_allclose(stage.positions(1, t), (a * x0 + b * eps).numpy(), atol=1e-5)
    frames = unpack(view.walk.sheet.read(), len(view.walk.times)).numpy()
    np.testing.assert_allclose(stage.positions(0, view.walk.times[9]), frames[9], atol=1e-4)
    stage.set(90)
    a, b = (v.item() for v in amplitudes(schedule(), x0, 90))
    assert f"= {a:.3f}·x0 + {b:.3f}·ε" in stage.text("[data-panel='1'] .formula")


@pytest.mark.parametrize("name", ["trained", "ideal", "exact"])
def test_scores_are_pythons(stage: Stage, name: str) -> None:
    points = torch.tensor(WHERE, dtype=torch.float64)
    known = GaussianMixture(START.x0, schedule()) if name == "ideal" else law_of(START)
    stage.press("whose", name)
    for t in (3, 40, 150, 200):
        a, b = amplitudes(schedule(), points, t)
        if name == "trained":
            x0 = denoiser_of(read(STORED), CPU)(points.float(), t).double()
            truth = (points - a * x0) / b
        else:
            truth = -b * known.score(points, t)
        shown = stage.ask("noise(...value)", [[v for pair in WHERE for v in pair], t])
        np.testing.assert_allclose(np.array(shown).reshape(-1, 2), truth.numpy(), atol=0.02)


def test_the_shade_is_the_density(stage: Stage) -> None:
    line = 3.2 * ((2 * torch.arange(72, dtype=torch.float64) + 1) / 72 - 1)
    cells = torch.cartesian_prod(line, line).flip(1)
    for name, known in (
        ("exact", law_of(START)),
        ("ideal", GaussianMixture(START.x0, schedule())),
    ):
        stage.press("whose", name)
        for t in (40, 120):
            shown = np.array(stage.ask("densities(value)", t))
            truth = known.log_density(cells, t).exp().numpy()
            np.testing.assert_allclose(shown / shown.max(), truth / truth.max(), atol=1e-3)


def test_the_pointer_reads_the_score(stage: Stage) -> None:
    stage.press("whose", "exact")
    stage.set(60)
    box = stage.page.locator("#plane-ddim").bounding_box()
    stage.page.mouse.move(box["x"] + 0.62 * box["width"], box["y"] + 0.2 * box["height"])
    drawn(stage.page)
    pointer = stage.ask("pointer")
    x = torch.tensor([[pointer["x"], pointer["y"]]], dtype=torch.float64)
    assert x[0].tolist() == pytest.approx([0.24 * 3.2, 0.6 * 3.2], abs=0.03)
    law = law_of(START)
    assert pointer["score"] == pytest.approx(law.score(x, 60)[0].tolist(), rel=1e-3, abs=1e-3)
    assert pointer["belief"] == pytest.approx(law(x, 60)[0].tolist(), abs=1e-3)
    assert "∇ log p = (" in stage.text(".here")


def test_no_step_leads_to_the_data(stage: Stage) -> None:
    stage.press("way", "forward")
    stage.set(1)
    assert "xt−1" in stage.text("[data-panel='0'] .formula").replace("-", "−")
    stage.set(0)
    assert stage.text("[data-panel='0'] .formula") == "x0: the data, no step yet"


def test_the_clock_plays_and_steps(stage: Stage) -> None:
    before = stage.ink(0)
    stage.set(100)
    assert stage.text(".axis output").split() == ["100", "/", "200"]
    assert stage.page.get_attribute("#plane-ddpm", "data-t") == "100"
    stage.page.focus("#plane-t")
    for key, t in (("ArrowLeft", 99), ("PageDown", 89), ("End", 200), ("Home", 0)):
        stage.page.keyboard.press(key)
        assert stage.ask("t") == t
    stage.set(120)
    stage.page.keyboard.press("Space")
    stage.page.wait_for_function(f"{EXPLORER}.t < 115")  # out of the noise: to the left
    stage.page.keyboard.press("Space")
    assert not stage.ask("playing") and stage.ask("t") == int(stage.ask("t"))
    stage.press("way", "forward")
    at = stage.ask("t")
    stage.press("do", "play")
    stage.page.wait_for_function(f"{EXPLORER}.t > {at}")
    stage.press("do", "play")
    stage.set(40)
    stage.press("way", "reverse")
    for layer in ("density", "score", "trails"):
        stage.press("layer", layer)
    assert 0 < stage.ink(0) < before / 4  # only the points are left
    for layer in ("density", "score", "trails"):
        stage.press("layer", layer)


def test_trouble_is_told_until_it_is_mended(stage: Stage) -> None:
    box = stage.page.locator("[aria-label='number input for Training points']")
    box.fill("9999")
    stage.visit.wait_for_text("#tab-plane .rail", "Training points: 9999 is not allowed here")
    box.fill("256")  # as it is shown
    stage.visit.wait_for_text("#plane-status", "Stored result")
    stage.page.wait_for_function("!document.body.innerText.includes('is not allowed here')")


def test_too_many_points_are_as_many_as_there_can_be(stage: Stage) -> None:
    """The number in the box, what is asked for and what is shown are one."""
    box = stage.page.locator("[aria-label='number input for Training points']")
    for typed, most in (("9999", "500"), ("1", "2"), ("256", "256")):
        box.fill(typed)
        stage.page.keyboard.press("Tab")
        stage.page.wait_for_function(f"{EXPLORER}.view.title.includes(' {most} points')")
        assert box.input_value() == most
    assert stage.page.locator(".trouble-text").filter(visible=True).count() == 0


def choose(page: Page, menu: str, name: str) -> None:
    """In a menu, as a hand would."""
    page.click(f"#{menu} input")
    page.get_by_role("option", name=name, exact=True).click()


def test_any_two_samplers_stand_in_the_panels(stage: Stage) -> None:
    page, swatch = stage.page, "getComputedStyle(document.querySelectorAll('.swatch path')[{}]).{}"
    asked = replace(START, left="dpm-solver", right="heun")
    for side, name in ((0, asked.left), (1, asked.right)):
        choose(page, f"plane-{SIDES[side]}", SAMPLERS[name].title)
        page.wait_for_function(f"{EXPLORER}.view.samplers[{side}].name === '{name}'")
    for panel, lane in enumerate(asked.lanes):
        head = stage.text(f"[data-panel='{panel}'] figcaption")
        assert lane.title in head and f"{lane.evaluations} evaluations" in head
        style = SAMPLERS[lane.sampler].style
        colour = page.evaluate(swatch.format(panel, "stroke"))
        assert (
            colour == f"rgb({', '.join(str(int(style.light[i : i + 2], 16)) for i in (1, 3, 5))})"
        )
        assert page.evaluate(swatch.format(panel, "strokeDasharray")) != "none"
        for t in (200, 60, 1):  # the first step, one in between, the last
            stage.set(t)
            i = max(i for i, time in enumerate(lane.times) if time >= t)
            before = lane.times[i - 1] if i else None
            *_, x0, eps, _, change = lane.coefficients(schedule(), lane.steps[i], before)
            sign, symbol = "-" if change < 0 else "+", lane.way.correction.symbol
            told = f"x{lane.steps[i][1]} = {x0:.3f}·x̂0 + {eps:.3f}·ε̂ {sign} {abs(change):.3f}"
            formula = stage.text(f"[data-panel='{panel}'] .formula")
            assert formula == f"{told}·({symbol.replace(MINUS, '-')})"
    heads = stage.text(".nearest thead").split()
    assert heads == [SAMPLERS[name].title for name in (asked.left, asked.right)]
    assert page.get_attribute("button[data-way='reverse']", "aria-pressed") == "true"  # as it was
    law, x_T = law_of(asked), noise(asked.samples, asked.seed)
    stage.press("whose", "exact")
    for panel, lane in enumerate(asked.lanes):
        *_, last = sample(law, schedule(), x_T, lane.times, sampler=lane.sampler)
        np.testing.assert_allclose(stage.positions(panel, 0), last.x.numpy(), atol=1 / 128)


def test_error_against_steps_is_measured_and_told(stage: Stage) -> None:
    visit, page = stage.visit, stage.page
    page.click("#order button.label-wrap")
    page.wait_for_selector("#order-plot .js-plotly-plot .legendtext")
    drawn_lines = "[...document.querySelectorAll('#order-plot .legendtext')].map(e => e.innerHTML)"
    (uniform,) = measure("linear", "uniform", 256)

    def agree(order: Order, against: str) -> None:
        visit.wait_for_text("#order-status", sentence_of(order, against))
        legend = [
            f"{curve.way.title}, slope {slope_text(curve, against)}" for curve in order.curves
        ]
        assert page.evaluate(drawn_lines) == legend

    agree(read_order(), AGAINST[0])
    choose(page, "order-grid", "uniform")
    agree(uniform, AGAINST[0])
    page.get_by_label(AGAINST[1]).click()
    agree(uniform, AGAINST[1])


def chosen(page: Page) -> str:
    return page.inner_text("#plane-data label:has(input:checked)")


def agree(page: Page) -> None:
    """Until the choice and the picture are of the same data, and the pad is closed."""
    page.wait_for_selector("#plane-stage .pad", state="hidden")
    page.wait_for_function(
        f"""() => {EXPLORER}.view.data ===
          document.querySelector('#plane-data label:has(input:checked)').innerText.trim()"""
    )


def test_the_choice_says_what_is_shown(stage: Stage) -> None:
    page = stage.page
    first = chosen(page)
    page.click("#plane-data label:has-text('your own')")
    page.wait_for_selector("#plane-stage .pad:not([hidden])")
    page.click("[data-pad='leave']")  # without points of one's own: back
    agree(page)
    assert chosen(page) == first
    page.click("[data-pad='open']")
    box = page.locator("#plane-ddpm").bounding_box()
    for share in (0.3, 0.5, 0.7):
        page.mouse.click(box["x"] + share * box["width"], box["y"] + 0.5 * box["height"])
    page.click("[data-pad='use']")
    page.wait_for_function(f"{EXPLORER}.view.data === 'your own'")
    agree(page)
    page.click("#plane-data label:has-text('moons')")
    page.wait_for_function(f"{EXPLORER}.view.data === 'moons'")
    page.click("#plane-data label:has-text('your own')")  # there are some: shown at once
    page.wait_for_function(f"{EXPLORER}.view.data === 'your own'")
    agree(page)
    assert stage.ask("view.points") == 3
    page.click("[data-pad='open']")
    page.click("[data-pad='leave']")
    agree(page)
    assert chosen(page) == "your own"


def test_points_of_ones_own_are_learnt_live(new_stage: Stage) -> None:
    """Draw two lines, use them, train on them, stop."""
    stage, page = new_stage, new_stage.page
    page.click("#plane-data label:has-text('your own')")
    page.wait_for_selector("#plane-stage .pad:not([hidden])")
    box = page.locator("#plane-ddpm").bounding_box()
    assert page.is_disabled("[data-pad='use']")
    for height in (0.35, 0.65):
        y = box["y"] + height * box["height"]
        page.mouse.move(box["x"] + 0.3 * box["width"], y)
        page.mouse.down()
        page.mouse.move(box["x"] + 0.7 * box["width"], y, steps=4)
        page.mouse.up()
    count = int(stage.text(".count").split()[0])
    assert 40 < count < 80
    loads = page.get_attribute("#plane-stage [data-loads]", "data-loads")
    page.click("[data-pad='use']")
    page.wait_for_function(f"{EXPLORER}.view.data === 'your own' && {EXPLORER}.view.beliefs.ideal")
    assert stage.ask("view.points") == count and stage.ask("view.network") is None
    assert page.is_hidden("#plane-stage .pad") and page.is_checked("#plane-data input[value*=own]")
    page.click("#plane-train")
    page.wait_for_function(f"{EXPLORER}.view.beliefs.trained && {EXPLORER}.view.learning")
    assert page.get_attribute("[data-whose='trained']", "aria-pressed") == "true"
    page.click("#plane-stop")
    page.wait_for_function(f"!{EXPLORER}.view.learning")
    page.wait_for_selector("#plane-train:enabled")
    assert "trained for" in page.inner_text("#plane-status")
    assert int(page.get_attribute("#plane-stage [data-loads]", "data-loads")) > int(loads) + 2
    end = stage.positions(1, 0)
    assert len(end) == 256 and np.isfinite(end).all()
    ideal, trained = (
        stage.ask(f"view.beliefs.{name}.nearest[0]") for name in ("ideal", "trained")
    )
    assert ideal < 0.003 < trained


def test_on_a_phone_both_panels_are_seen_at_once(phone: Visit) -> None:
    stage = Stage(phone)
    boxes = [stage.page.locator(name).bounding_box() for name in ("#plane-ddpm", "#plane-ddim")]
    assert boxes[0]["x"] + boxes[0]["width"] < boxes[1]["x"]
    assert boxes[0]["width"] == pytest.approx(boxes[1]["width"], abs=1) and boxes[0]["width"] > 150
    choose(stage.page, "plane-left", "DPM-Solver++(2M)")
    stage.page.wait_for_function(f"{EXPLORER}.view.samplers[0].name === 'dpm-solver'")
    stage.set(200)  # the longest line
    ends = """document.querySelector("#plane-stage .formula")"""
    assert stage.page.evaluate(f"{ends}.scrollWidth <= {ends}.clientWidth")
