"""What is shown agrees with what the fields say, in a real browser: on every stage that runs."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlencode

import pytest

from tests.browser.conftest import Pages, Visit, slide, unfold

pytestmark = pytest.mark.browser
CHANGED = "Settings changed: run again"
STAGES = {
    "race": ({"tab": "reverse"}, {"seed": "9"}),
    "lanes": ({"tab": "reverse"}, {"lane-2-steps": "20"}),
    "quality": ({"tab": "reverse", "panel": "quality"}, {"quality.steps": "5"}),
    "guidance": ({"tab": "reverse", "panel": "guidance"}, {"guidance.seed": "8"}),
    "draws": ({"tab": "reverse", "panel": "trip"}, {"draws.pictures": "8"}),
    "spread": ({"tab": "reverse", "panel": "spread"}, {"spread.ways": "2"}),
    "train": ({"tab": "train"}, {"size": "20"}),
    "plane": ({"tab": "plane"}, {"seconds": "2"}),
    "autoencoder": ({"tab": "lectures", "topic": "autoencoder"}, {"autoencoder.steps": "100"}),
    "bound": ({"tab": "lectures", "topic": "bound"}, {"bound.times": "20"}),
    "forms": ({"tab": "lectures", "topic": "bound"}, {"bound-forms.draws": "8"}),
    "targets": ({"tab": "lectures", "topic": "targets"}, {"targets.seed": "3"}),
    "generative": ({"tab": "lectures", "topic": "generative"}, {"generative.seed": "3"}),
    "latent": ({"tab": "lectures", "topic": "latent"}, {"latent.steps": "20"}),
    "ladder": ({"tab": "lectures", "topic": "ladder"}, {"ladder.seed": "3"}),
    "sde": ({"tab": "lectures", "topic": "sde"}, {"sde.geometric-mu": "0.25"}),
}
"""A place, and a setting of a run there that is another one than at first."""
LINES = f"""() => [...document.querySelectorAll(".settings-changed")]
  .filter((line) => line.textContent === "{CHANGED}").length"""
TROUBLE = """() => [...document.querySelectorAll(".trouble-text")]
  .map((each) => each.textContent.trim()).filter(Boolean).join(" ")"""


@pytest.fixture
def page(pages: Pages, request: pytest.FixtureRequest) -> Iterator[Visit]:
    for visit in pages.lend(1280, request.session):
        visit.page.wait_for_selector("html[data-explorer=ready]")
        yield visit


def go(visit: Visit, **state: str) -> None:
    visit.page.evaluate("text => explorer.go(text)", urlencode(state))


def wait_for_lines(visit: Visit, count: int) -> None:
    """Until so many stages say that their settings were changed."""
    visit.page.wait_for_function(f"count => ({LINES})() === count", arg=count)


def wait_for_trouble(visit: Visit, part: str) -> None:
    """Until a sentence says this; "" until none is there."""
    visit.page.wait_for_function(
        f"part => part ? ({TROUBLE})().includes(part) : !({TROUBLE})()", arg=part
    )


def set_number(visit: Visit, selector: str, value: str) -> None:
    """Type into a field, as a hand does."""
    visit.page.fill(f"{selector} input", value)
    visit.page.keyboard.press("Tab")


@pytest.mark.parametrize("stage", STAGES)
def test_a_changed_setting_says_so_until_it_is_set_back(page: Visit, stage: str) -> None:
    place, change = STAGES[stage]
    go(page, **place)
    if stage == "quality":  # its fields are behind a heading
        heading = page.page.locator("button.label-wrap", has_text="Measure the chosen model")
        unfold(heading.first)
    wait_for_lines(page, 0)
    go(page, **place, **change)
    page.page.wait_for_function(f"() => ({LINES})() >= 1")
    go(page, **place)
    wait_for_lines(page, 0)


def test_a_press_of_train_counts_whatever_is_computed_at_the_moment(page: Visit) -> None:
    """The first news of a change comes between the button's going down and its going up."""
    go(page, tab="plane", seconds="2")
    page.page.wait_for_selector("#plane-stop:disabled")
    page.page.hover("#plane-train")
    page.page.mouse.down()
    go(page, tab="plane", seconds="2", samples="70", seed="3")
    page.page.wait_for_selector("#plane-stop:enabled")
    page.page.mouse.up()
    page.wait_for_text("#plane-status", "learning")
    page.page.wait_for_selector("#plane-stop:disabled")
    page.page.wait_for_selector("#plane-train:enabled")
    assert page.text("#plane-status").startswith("trained for")
    wait_for_lines(page, 0)
    go(page, tab="plane")


def test_a_run_takes_the_line_away(page: Visit) -> None:
    go(page, tab="plane", seconds="2", samples="60")
    page.page.click("#plane-train")
    page.wait_for_text("#plane-status", "learning")
    page.wait_for_text("#plane-status", "trained for")
    wait_for_lines(page, 0)
    go(page, tab="plane", seconds="1", samples="60")
    wait_for_lines(page, 1)
    go(page, tab="plane", seconds="2", samples="60")
    wait_for_lines(page, 0)


def test_a_race_s_settings_are_known_after_it(page: Visit) -> None:
    """Changed while it runs, set back, and for a page that comes again."""
    go(page, tab="reverse", preset="first-or-second-order-s-10", seed="3")
    wait_for_lines(page, 1)
    page.page.click("#reverse-run")
    wait_for_lines(page, 0)
    page.wait_for_text("#reverse-status", "10 of 10 evaluations")
    page.page.wait_for_selector("#reverse-stop:disabled")
    assert "seed 3" in page.text("#reverse-player .title")
    go(page, tab="reverse", preset="first-or-second-order-s-10", seed="4")
    wait_for_lines(page, 1)
    assert "seed 3" in page.text("#reverse-player .title")  # of what is shown
    page.page.reload()
    page.page.wait_for_selector("html[data-explorer=ready]")
    wait_for_lines(page, 1)
    go(page, tab="reverse", preset="first-or-second-order-s-10", seed="3")
    wait_for_lines(page, 0)
    go(page, tab="reverse")


def test_a_corrected_field_takes_its_sentence_away(page: Visit) -> None:
    go(page, tab="reverse")
    page.page.wait_for_timeout(1000)
    before = page.page.evaluate(f"({LINES})()")  # the race shown may be one of other settings
    seed = ".rail:has(#reverse-model) .block:has(> label > span:text-is('Seed'))"
    set_number(page, seed, "-3")
    wait_for_trouble(page, "Seed: -3 is not allowed")
    set_number(page, seed, "7")
    wait_for_trouble(page, "")
    wait_for_lines(page, before)


def test_moving_the_cursor_takes_its_sentence_away(page: Visit) -> None:
    go(page, tab="reverse")
    slide(page.page, "reverse-t", 0)
    page.page.click("#reverse-fork")
    wait_for_trouble(page, "At t = 0 the image is finished")
    slide(page.page, "reverse-t", 300)
    wait_for_trouble(page, "")


def test_what_a_mistake_cannot_show_is_unsaid_when_another_is_chosen(page: Visit) -> None:
    go(page, tab="reverse", **{"panel": "mistakes", "mistakes.sampler": "0"})
    page.page.click("#mistake-live")
    wait_for_trouble(page, "With η = 0 DDIM adds no noise")
    go(page, tab="reverse", panel="mistakes")
    wait_for_trouble(page, "")


@pytest.mark.parametrize(
    ("tab", "menu", "field", "name", "values"),
    [
        ("train", "#train-preset", "#train-size", "Digits 16×16", ("20", "16")),
        ("schedules", "#schedules-lecture", "#schedules-T", "", ("300", "")),
    ],
)
def test_a_preset_is_custom_until_its_values_are_back(
    page: Visit, tab: str, menu: str, field: str, name: str, values: tuple[str, str]
) -> None:
    go(page, tab=tab)
    none = "custom"
    if tab == "schedules":
        page.page.click(f"{menu} input")
        page.page.locator("[role=option]").nth(1).click()
        page.page.wait_for_function(
            "menu => document.querySelector(menu + ' input').value !== 'none'", arg=menu
        )
        name, none = page.page.input_value(f"{menu} input"), "none"
        page.page.wait_for_timeout(600)
        values = (values[0], page.page.input_value(f"{field} input"))
    assert page.page.input_value(f"{menu} input").startswith(name)
    set_number(page, field, values[0])
    says = "([menu, name]) => document.querySelector(menu + ' input').value.startsWith(name)"
    page.page.wait_for_function(says, arg=[menu, none])
    set_number(page, field, values[1])
    page.page.wait_for_function(says, arg=[menu, name])
    go(page, tab=tab)


def test_lanes_are_a_custom_race_until_they_are_back(page: Visit) -> None:
    go(page, tab="reverse")
    says = "name => document.querySelector('#reverse-race input').value.startsWith(name)"
    page.page.wait_for_function(says, arg="DDPM against DDIM")
    go(page, tab="reverse", **{"lane-2-steps": "20"})
    page.page.wait_for_function(says, arg="custom")
    go(page, tab="reverse")
    page.page.wait_for_function(says, arg="DDPM against DDIM")


def test_every_image_of_a_race_bears_its_class(page: Visit) -> None:
    go(page, tab="reverse")
    page.page.wait_for_selector("#reverse-player .labels span")
    names = "lane => [...lane.querySelectorAll('.labels span')].map((each) => each.textContent)"
    for lane in page.page.query_selector_all("#reverse-player .lane"):
        assert lane.evaluate(names) == ["0", "1", "2", "3"]
    assert page.text("#reverse-player .stepper span").endswith(", class 0")
    page.page.click("#reverse-player [data-picture='1']")
    assert page.text("#reverse-player .stepper span").endswith(", class 1")
    label = page.page.get_attribute("#anatomy-sum", "aria-label")
    assert label and label.endswith(", class 1")
    page.page.click("#reverse-player [data-picture='-1']")


def test_plane_opens_where_the_clock_does_not_move(page: Visit) -> None:
    go(page, tab="forward")
    page.page.reload()
    page.page.wait_for_selector("html[data-explorer=ready]")
    before = page.page.input_value("#forward-t")
    go(page, tab="plane")
    page.page.wait_for_selector("#plane-stage [data-loads]")
    go(page, tab="forward")
    page.page.wait_for_timeout(500)
    assert page.page.input_value("#forward-t") == before


def test_the_scope_of_other_cursors_is_said(page: Visit) -> None:
    go(page, tab="train")
    assert "of this film" in page.text("label[for=film-t]")
    go(page, tab="reverse", panel="guidance")
    assert "of this strip" in page.text("label[for=guidance-t]")


@pytest.mark.parametrize("panel", ["levels", "neighbours", "compare"])
def test_the_address_opens_a_panel_of_train(page: Visit, panel: str) -> None:
    go(page, tab="train", panel=panel)
    page.page.wait_for_selector(f"#panel-{panel} >> visible=true")
    page.page.wait_for_function("name => location.hash.includes('panel=' + name)", arg=panel)
    page.page.reload()
    page.page.wait_for_selector("html[data-explorer=ready]")
    page.page.wait_for_selector(f"#panel-{panel} >> visible=true")
    go(page, tab="train", panel="flat")
    page.page.wait_for_function("!location.hash.includes('panel=')")
