"""Train in a real browser, real runs on this machine, and the way from there to Reverse."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from explorer.gui.frame.spoken import exactly
from explorer.gui.reverse.tab import about
from tests.browser.conftest import Pages, Visit, unfold
from tests.gui.small import pictures

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext

pytestmark = pytest.mark.browser

NAME = "mnist-5k-16-cosine"
PANELS = ("Why is my loss flat?", "Learnt when?", "Memorised or new?")
FILM_STEPS = """document.querySelector("#train-film .film").closest("#train-film")
  .querySelector("[data-snapshots]").explorer.growth.snapshots.map(({ step }) => step)"""


def seconds(visit: Visit, amount: int) -> None:
    visit.page.fill("#train-budget input", str(amount))
    visit.page.keyboard.press("Tab")
    visit.wait_for_text("#train-start", f"Train for {exactly(amount)}")


def trace(visit: Visit, plot: str, index: int, axis: str = "y") -> list[float]:
    """What a curve is drawn through."""
    return visit.page.evaluate(
        "([p, i, a]) => [...(document.querySelector(`${p} .graph`)?._fullData?.[i]?.[a] ?? [])]",
        [plot, index, axis],
    )


def open_fold(visit: Visit, name: str) -> None:
    unfold(visit.page.get_by_role("button", name=name).filter(visible=True).first)


def steps_done(visit: Visit) -> int:
    return int(re.search(r"(\d+) steps in", visit.text("#train-status"))[1])


def start(visit: Visit) -> None:
    visit.page.click("#train-start")
    visit.wait_for_text("#train-status", "images/s")


def opened(visit: Visit) -> Visit:
    visit.open("Train")
    visit.page.wait_for_selector("#train-loss [data-draws]")
    for panel in PANELS:  # each is there once it has been seen; the last stays open
        visit.open_panel(panel)
    visit.page.wait_for_selector("#train-buckets [data-draws]", state="attached")
    visit.page.wait_for_selector("#train-levels [data-draws]", state="attached")
    return visit


@pytest.fixture
def train(visit: Visit) -> Visit:
    return opened(visit)


def test_a_run_fills_the_page_and_goes_to_reverse(train: Visit) -> None:
    assert "tored" in train.text("#train-status")  # never empty
    train.wait_for_text("#train-forecast", "M weights")
    open_fold(train, "Network and optimiser")
    train.page.fill("#train-T input", "4000")  # its race lasts long enough for what follows
    train.page.keyboard.press("Tab")
    seconds(train, 8)
    before = train.page.get_attribute("#train-samples img", "src")
    pairs = train.page.get_attribute("#train-neighbours img", "src")
    start(train)
    assert train.page.is_disabled("#train-start") and train.page.is_enabled("#train-stop")
    train.wait_for_text("#train-neighbours figcaption", "when the run has ended")
    assert not train.page.is_visible("#train-neighbours img")  # those shown were another run's
    train.page.fill("#train-rate input", "0.001")  # while it runs
    train.open("Forward")  # the run survives a look elsewhere
    train.open("Train")
    train.wait_for_text("#train-status", "saved")
    assert train.page.locator(".trouble-text").filter(visible=True).count() == 0

    train.page.wait_for_selector("#train-race")
    steps = steps_done(train)
    train.page.wait_for_function(  # both figures are drawn up to the end
        """(n) => { const figure = (id) => document.querySelector(`${id} .graph`)._fullData;
        const probe = figure("#train-loss")[2];
        const edges = figure("#train-buckets")[0].x;
        return probe?.x.at(-1) === n && edges.length === probe.x.length + 1; }""",
        arg=steps,
    )
    smooth, probe = trace(train, "#train-loss", 1), trace(train, "#train-loss", 2)
    assert len(smooth) > 5 and smooth[-1] < smooth[0]
    assert len(probe) >= 2 and probe[-1] < probe[0]  # how many depends on the machine
    looks = trace(train, "#train-loss", 2, "x")
    edges = trace(train, "#train-buckets", 0, "x")
    assert len(edges) == len(looks) + 1 and looks[0] == 0
    shown = train.page.evaluate(
        """() => { const axis = document.querySelector("#train-buckets .graph")._fullLayout.xaxis;
        return axis.range.map((x) => axis.type === "log" ? 10 ** x : x); }"""
    )
    assert shown[0] <= edges[0] * 1.001 and shown[1] >= edges[-1] * 0.999

    assert "after" in train.text("#train-samples figcaption")
    assert train.page.get_attribute("#train-samples img", "src") != before
    train.wait_for_text("#train-neighbours", "training images")
    train.page.wait_for_function(
        "(old) => { const i = document.querySelector('#train-neighbours img');"
        "return !i.hidden && i.src !== old; }",
        arg=pairs,
    )
    train.page.wait_for_function(
        "(n) => document.querySelector('#train-film .film').dataset.step === String(n)", arg=steps
    )
    assert int(train.page.get_attribute("#train-film [data-snapshots]", "data-snapshots")) >= 2
    assert train.text("#train-film .steps").split() == [  # a row for each, no empty one
        str(step) for step in train.page.evaluate(FILM_STEPS)
    ]
    asked = len(train.requests)
    train.page.focus("#film-step")
    train.page.keyboard.press("Home")
    train.page.wait_for_selector("#train-film .film[data-step='0']")
    train.page.focus("#film-t")
    train.page.keyboard.press("End")
    train.page.wait_for_selector("#train-film .film[data-t='4000']")
    assert train.requests[asked:] == []  # scrubbing asks nobody

    with train.page.expect_download() as download:
        train.page.click("text=Download the model")
    assert download.value.suggested_filename == f"{NAME}.safetensors"
    from explorer.checkpoints import describe

    spec = describe(download.value.path())
    assert (spec.size, spec.schedule, spec.T) == (16, "cosine", 4000)
    assert spec.training["steps"] == steps

    train.open_panel("Compare runs")
    train.page.wait_for_selector("#train-compare-plot [data-draws]")
    overlaid = "document.querySelector('#train-compare-plot .graph')?._fullData?.length"
    train.page.wait_for_function(f"{overlaid} === 2")  # the stored runs
    train.page.click("#train-compare input")
    train.page.get_by_role("option", name=NAME, exact=True).click()
    train.page.wait_for_function(f"{overlaid} >= 3")  # and where its rate changed
    assert len(trace(train, "#train-compare-plot", 2)) > 5
    sheets = train.page.locator(".compared img").filter(visible=True)
    sheets.nth(2).wait_for()
    assert sheets.count() == 3
    train.page.keyboard.press("Escape")

    # a race of a minute, which the second press below is to find running
    train.page.evaluate("explorer.go('tab=reverse&pictures=16&w=4')")
    train.open("Train")
    train.page.click("#train-race")
    train.page.wait_for_function(
        f"document.querySelector('#reverse-model input')?.value === '{NAME}'"
    )
    said = 'document.querySelector("#reverse-status").innerText'
    for _ in range(5):  # on a busy machine the race may be over before the press is heard
        train.page.wait_for_function(f"/running|is selected/.test({said})")
        if "is selected" in train.text("#reverse-status"):
            break
        train.page.evaluate("document.querySelector('#train-race').click()")
        train.page.wait_for_function(
            f"/is selected|4000 of 4000 evaluations in/.test({said})", timeout=400_000
        )
    train.wait_for_text("#reverse-status", f"{NAME} is selected: now press “Run the race”")
    train.wait_for_text("#reverse-player .title", f"{NAME} · seed 7 · w = 4")
    train.page.evaluate("document.querySelector('#reverse-stop').click()")  # or it has ended
    train.page.wait_for_selector("#reverse-run:not([disabled])")
    train.wait_for_text("#reverse-status", f"{NAME} is selected")
    train.wait_for_text("#reverse-status", "of 4000 evaluations")
    train.wait_for_text("body", about(spec))


def test_pause_continue_stop_and_look_back(train: Visit) -> None:
    seconds(train, 100)
    start(train)
    train.page.click("#train-pause")
    train.wait_for_text("#train-status", "paused and saved")
    paused = steps_done(train)
    train.page.click("#train-continue")
    train.wait_for_text("#train-status", "images/s")
    open_fold(train, "Network and optimiser")
    train.page.fill("#train-rate input", "0.0005")
    train.page.keyboard.press("Tab")
    train.page.wait_for_function(
        "(n) => +(/step (\\d+)/.exec(document.querySelector('#train-status').innerText)?.[1]) > n",
        arg=paused + 1,
    )
    train.page.click("#train-stop")
    train.wait_for_text("#train-status", "saved")
    name, done = train.text("#train-status").split()[0], steps_done(train)
    assert name.startswith(NAME)
    train.page.wait_for_selector("#train-race")
    assert done > paused
    curve = trace(train, "#train-loss", 1, "x")
    assert curve[0] == 1 and curve[-1] == done and curve == sorted(set(curve))

    open_fold(train, "Earlier runs")
    train.page.click("#train-earlier input")
    train.page.get_by_role("option", name=name, exact=True).click()
    train.wait_for_text("#train-status", f"{name}, after {done} steps")
    train.page.click("#train-continue")
    train.wait_for_text("#train-status", "images/s")
    train.page.click("#train-stop")
    train.wait_for_text("#train-status", "saved")
    assert steps_done(train) > done


def test_ones_own_pictures(train: Visit, tmp_path: Path) -> None:
    open_fold(train, "Your own images")
    chooser = "#train-files input[type=file]"
    train.page.wait_for_selector(chooser, state="attached")
    train.page.set_input_files(chooser, pictures(tmp_path / "few", 3))
    train.wait_for_text("#train-report", "at least 8 images are needed, and 3 could be read")
    bad = tmp_path / "in" / "**no** [picture](x).png"
    files = pictures(tmp_path / "in", 10)
    bad.write_text("no image")
    train.page.click("#train-files [aria-label='Clear']")
    train.page.wait_for_selector(chooser, state="attached")
    train.page.set_input_files(chooser, [*files, bad])
    train.wait_for_text("#train-report", "Read 10 images")
    train.wait_for_text("#train-report", "1 skipped: 1 is not an image (")
    assert train.page.locator("#train-report a, #train-report strong").count() == 0
    train.page.wait_for_function(
        "document.querySelector('#train-data input').value === 'Your images (10)'"
    )
    seconds(train, 5)
    start(train)
    train.wait_for_text("#train-status", "saved")
    assert "your-images-16-cosine" in train.text("#train-status")
    train.wait_for_text("#train-neighbours", "training images")


def test_files_taken_from_the_list_are_taken_from_the_set(train: Visit, tmp_path: Path) -> None:
    open_fold(train, "Your own images")
    chooser, clear = "#train-files input[type=file]", "#train-files [aria-label='Clear']"
    if train.page.is_visible(clear):  # another test's
        train.page.click(clear)
        train.wait_for_text("#train-report", "Your images are removed.")
    train.page.wait_for_selector(chooser, state="attached")
    train.page.set_input_files(chooser, pictures(tmp_path / "in", 10))
    train.wait_for_text("#train-report", "Read 10 images")
    train.page.locator("#train-files [aria-label='Remove this file']").first.click()
    train.wait_for_text("#train-report", "Read 9 images")
    train.page.wait_for_function(
        "document.querySelector('#train-data input').value === 'Your images (9)'"
    )
    train.page.click(clear)
    train.wait_for_text("#train-report", "Your images are removed.")
    train.page.wait_for_function(
        "document.querySelector('#train-data input').value.startsWith('Digits')"
    )


def test_leaving_the_page_frees_the_device(
    train: Visit, pages: Pages, stranger: BrowserContext
) -> None:
    seconds(train, 100)
    start(train)
    pages.close(1280)
    second = opened(Visit(stranger, pages.address))
    seconds(second, 5)
    start(second)
    second.wait_for_text("#train-status", "saved")
    second.page.wait_for_selector("#train-race")
    open_fold(second, "Earlier runs")  # those of this visitor, not what the first has left
    second.page.click("#train-earlier input")
    second.page.get_by_role("option", name=NAME, exact=True).wait_for()
    assert second.page.get_by_role("option").count() == 1
    second.check()


def test_a_model_of_few_steps_races_with_as_few(train: Visit) -> None:
    """Its lanes are filled before the race begins, on a tab that nobody has opened yet."""
    seconds(train, 5)
    open_fold(train, "Network and optimiser")
    train.page.fill("#train-T input", "20")
    train.page.keyboard.press("Tab")
    start(train)
    train.wait_for_text("#train-status", "saved")
    name = train.text("#train-status").split()[0]
    assert name.startswith(NAME)
    train.page.click("#train-race")
    train.wait_for_text("#reverse-player .title", f"{name} · seed 7")
    train.wait_for_text("#reverse-status", "DDIM, S = 20 20 of 20 evaluations")
    train.page.wait_for_selector("#reverse-run:not([disabled])")
    train.open_panel("Export")
    train.wait_for_text("#take-python", "ddim(spec.T, 20)")


def test_what_is_said_before_the_start(fresh: Visit) -> None:
    train = opened(fresh)
    train.wait_for_text("#train-forecast", "M weights")
    small = train.text("#train-forecast")
    open_fold(train, "Network and optimiser")
    train.page.click("#train-network input")
    train.page.get_by_role("option", name="base", exact=True).click()
    train.page.wait_for_function(
        "(before) => document.querySelector('#train-forecast').innerText.split('about')[0]"
        " !== before.split('about')[0]",
        arg=small,
    )
    train.page.get_by_label("ε", exact=True).check()
    train.wait_for_text("#train-forecast", "pure noise")
    train.page.get_by_label("bound", exact=True).check()
    train.wait_for_text("#train-forecast", "little else will be learnt")
    train.page.fill("#train-size input", "17")
    train.page.keyboard.press("Tab")
    train.wait_for_text("body", "Size: 17 is not allowed; the network needs a multiple of 4")
    train.page.click("#train-start")
    train.wait_for_text("#train-status", "failed")
    assert train.page.is_enabled("#train-start") and train.page.is_disabled("#train-stop")
