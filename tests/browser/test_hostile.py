"""Strangers' text on the page: shown as it is, never taken for more; and the app's gates."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gradio as gr
import pytest
from safetensors.torch import save

from explorer.checkpoints import KEY
from explorer.evaluation.store import quality_path, read, write
from explorer.figures.learning import QUANTITIES, Curves, compare_figure
from explorer.gui.app import create_app, launch
from explorer.gui.frame.context import Context
from explorer.gui.frame.device import Device
from explorer.gui.frame.limits import LOCAL
from explorer.gui.frame.shared import MATH, plain
from explorer.gui.parts.gallery import Gallery
from explorer.gui.parts.plot_view import PlotView
from explorer.gui.theme import css, theme
from explorer.gui.train.task import Job
from explorer.text import printable
from tests.browser.conftest import ROOT, Visit, drawn, free_port, new_page
from tests.gui.panel import CPU
from tests.gui.small import pictures, progress_of, small
from tests.hostile.capsules import named
from tests.hostile.gates import came_through, running_app
from tests.hostile.tensors import SPEC
from tests.hostile.texts import HOST, NAMES, NO_NAMES

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Page


pytestmark = pytest.mark.browser
TEXTS = NAMES | {name: text for name, text in NO_NAMES.items() if name != "half"}
FILES = {name: text.replace("/", "∕") for name, text in NAMES.items() if name != "path"}
"""As names of files, which may hold anything but a slash."""
BETWEEN = 4
"""Curves in a plot."""
MNIST = ROOT / "checkpoints" / "mnist.safetensors"
WRITTEN = ("model", "data", "precision", "date")
"""What a table of quality says in words."""
TINY = dict(SPEC.network_config)


def untrained(**changes: Any) -> bytes:
    """A model of 8 × 8 pixels that may be called anything."""
    spec = replace(SPEC, **changes)
    return save(spec.make_network().state_dict(), {KEY: json.dumps(asdict(spec))})


def words(text: str) -> str:
    """As it is read: browsers take white space together, and may break a line anywhere."""
    return " ".join(text.split())


class Watched:
    """A page that fails if text was taken for more than text."""

    def __init__(self, page: Page) -> None:
        self.page, self.dialogs, self.foreign = page, [], []
        page.on("dialog", lambda dialog: (self.dialogs.append(dialog.message), dialog.dismiss()))
        page.on(
            "request", lambda request: HOST in request.url and self.foreign.append(request.url)
        )
        page.on("popup", lambda popup: self.foreign.append(popup.url))

    def check(self) -> None:
        assert self.page.evaluate("window.hostile") is None
        assert (self.dialogs, self.foreign) == ([], [])
        made = (
            f"[href*='{HOST}'], [src*='{HOST}'], [href^='javascript:'], [href^='mailto:a@{HOST}']"
        )
        assert self.page.locator(made).count() == 0


@pytest.fixture(scope="module")
def outlets(
    browser: BrowserContext, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Watched]:
    """A page with every text in every way that the app shows text."""
    with pytest.MonkeyPatch.context() as patch, gr.Blocks() as demo:
        patch.setenv("GRADIO_TEMP_DIR", str(tmp_path_factory.mktemp("gradio")))
        for name, text in TEXTS.items():
            gr.Markdown(plain(text), elem_id=f"line-{name}", elem_classes="status-line")
            said = f"**{plain(text)}**: _ours_"
            gr.Markdown(said, elem_id=f"note-{name}", latex_delimiters=MATH)
            Gallery((None, text), elem_id=f"caption-{name}")
        each = list(TEXTS.values())
        for k in range(0, len(each), BETWEEN):
            curves = [Curves(text, [1, 2], [1.0, 2.0], []) for text in each[k : k + BETWEEN]]
            PlotView(compare_figure(curves, QUANTITIES[0]), elem_id=f"plot-{k}")
        port = free_port()
        options = {"run_history": False, "ssr_mode": False, "theme": theme(), "css": css()}
        demo.launch(server_port=port, prevent_thread_lock=True, quiet=True, **options)
        page = new_page(browser, 1280)
        watched = Watched(page)
        page.goto(f"http://127.0.0.1:{port}")
        page.wait_for_selector(f"#plot-{k} .main-svg")
        yield watched
        page.close()
        demo.close()


@pytest.mark.parametrize("name", TEXTS)
def test_text_is_shown_as_it_is(outlets: Watched, name: str) -> None:
    text, page = words(printable(TEXTS[name])), outlets.page
    for way in ("line", "note"):
        shown = page.inner_text(f"#{way}-{name}")
        assert text in words(shown), way
        inside = f"#{way}-{name} .prose *:not(p, span, strong, em)"
        assert page.locator(inside).count() == 0, way
    assert words(page.inner_text(f"#caption-{name} figcaption")) == words(TEXTS[name])
    outlets.check()


def test_plots_show_names_as_they_are(outlets: Watched) -> None:
    page, each = outlets.page, list(TEXTS.values())
    for k in range(0, len(each), BETWEEN):
        page.wait_for_selector(f"#plot-{k} .main-svg")
        legend = page.locator(f"#plot-{k} .legendtext").all_text_contents()
        assert [words(text) for text in legend] == [
            words(printable(text)) for text in each[k : k + BETWEEN]
        ]
        page.locator(f"#plot-{k} .nsewdrag").hover()
        page.wait_for_selector(f"#plot-{k} .hovertext")
        assert page.locator(f"#plot-{k} .main-svg :is(a, image, tspan)").count() == 0
    drawn(page)
    outlets.check()


@pytest.fixture(scope="module")
def strangers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The whole app with strangers' models and runs; its address."""
    folder = tmp_path_factory.mktemp("models")
    config = {"network_config": TINY | {"classes": 0}, "classes": []}
    for name, text in NAMES.items():
        model = folder / f"m-{name}.safetensors"
        model.write_bytes(untrained(name=text, data=text, licence=text, **config))
        stored = replace(read(quality_path(MNIST)), **dict.fromkeys(WRITTEN, text))
        write(quality_path(model), stored)
    each = list(NAMES.values())
    config = {"network_config": TINY | {"classes": len(each)}, "classes": each}
    (folder / "m-classes.safetensors").write_bytes(untrained(**config))
    for text in FILES.values():
        shutil.copy(model, folder / f"{text}.safetensors")
    job = Job(small(), folder / "runs" / "a.safetensors")
    progress_of(job)
    for text in FILES.values():
        shutil.copytree(job.record.folder, folder / "runs" / f"{text}.run")
        shutil.copy(job.model, folder / "runs" / f"{text}.safetensors")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRADIO_TEMP_DIR", str(tmp_path_factory.mktemp("gradio")))
        context = Context(Device(CPU), LOCAL, checkpoints=folder, datasets=("mnist-5k", "emoji"))
        demo, port = create_app(context), free_port()
        launch(demo, context, server_port=port, prevent_thread_lock=True, quiet=True)
        yield f"http://127.0.0.1:{port}"
        demo.close()


@pytest.fixture
def visited(browser: BrowserContext, strangers: str) -> Iterator[Visit]:
    """A page of its own for each test."""
    visit = Visit(browser, strangers)
    visit.page.set_default_timeout(20_000)
    watched = Watched(visit.page)
    yield visit
    watched.check()
    visit.check()
    visit.page.close()


def says(visit: Visit, selector: str, text: str) -> None:
    """Until the element shows just this text; fails with what it and messages of trouble show."""
    read = "([s, t]) => document.querySelector(s)?.innerText.split(/\\s+/).join(' ').includes(t)"
    try:
        visit.page.wait_for_function(read, arg=[selector, words(text)])
    except Exception as error:
        messages = visit.page.locator(".trouble-text:not(:empty)").all_inner_texts()
        shown = visit.page.locator(selector).all_inner_texts()
        raise AssertionError(f"not {text!r} but {shown}; beside it {messages}") from error


def choose(visit: Visit, menu: str, name: str) -> None:
    visit.page.locator(f"{menu} input").first.click()
    visit.page.get_by_role("option", name=name, exact=True).click()


def test_a_models_names_are_text_wherever_it_is_chosen(visited: Visit) -> None:
    visited.open("Reverse")
    for name, text in NAMES.items():
        choose(visited, "#reverse-model", f"m-{name}")
        visited.open_panel("Steps against quality")
        says(visited, "#quality-facts", f"{words(text)}: ")
        says(visited, "#quality-facts", f"training images of {words(text)};")
        visited.open_panel("Guidance")
        says(visited, "#guidance-fits", f"{words(text)} was trained without classes")
        visited.open_panel("Round trip")
        says(visited, "#trip-status", f"{words(text)}, ")
    visited.page.click("#reverse-run")
    visited.page.wait_for_selector("#reverse-run:not([disabled])")
    says(visited, "#reverse-player", f"{words(text)} · seed 7")


def offered(visit: Visit) -> set[str]:
    """The open menu's words, without the mark of what is chosen."""
    options = visit.page.locator("ul [role=option]")
    options.first.wait_for()
    return {words(text).removeprefix("✓ ") for text in options.all_inner_texts()}


def test_the_menu_of_models_offers_text(visited: Visit) -> None:
    visited.open("Reverse")
    visited.page.locator("#reverse-model input").first.click()
    assert {words(text) for text in FILES.values()} <= offered(visited)


def test_the_menu_of_classes_offers_text(visited: Visit) -> None:
    visited.open("Reverse")
    choose(visited, "#reverse-model", "m-classes")
    visited.page.wait_for_function("document.body.innerText.includes('21 classes')")
    visited.page.get_by_label("Class", exact=True).first.click()
    assert {words(text) for text in NAMES.values()} <= offered(visited)


def bring(visit: Visit, capsule: Path, text: str) -> None:
    capsule.write_bytes(named(text))
    visit.page.locator("input[type=file][accept*=zip]").last.set_input_files(capsule)


def test_a_capsules_names_are_text(visited: Visit, tmp_path: Path) -> None:
    visited.open("Reverse")
    visited.open_panel("Export")
    for name, text in NAMES.items():
        bring(visited, tmp_path / f"{name}.race.zip", text)
        says(visited, "#reverse-status", f"From a capsule: {text.strip()} 4 of 4 evaluations")
        says(visited, "#reverse-player", text.strip())
        says(visited, "#take-python", "import load")


def test_a_refused_capsule_says_so_in_text(visited: Visit, tmp_path: Path) -> None:
    visited.open("Reverse")
    visited.open_panel("Export")
    bring(visited, tmp_path / "a.race.zip", NO_NAMES["turned"])
    visited.page.wait_for_function("document.body.innerText.includes('are not text')")


def test_runs_and_files_are_called_in_text(visited: Visit, tmp_path: Path) -> None:
    visited.open("Train")
    page = visited.page
    visited.open_panel("Compare runs")
    for text in list(FILES.values())[:2]:
        page.locator("#train-compare input").click()
        page.get_by_role("option", name=text, exact=True).click()
        page.wait_for_function(
            "t => [...document.querySelectorAll('#train-compare-plot .legendtext')]"
            ".some((each) => each.textContent === t)",
            arg=text,
        )
    page.get_by_role("button", name="Earlier runs").click()
    choose(visited, "#train-earlier", FILES["markup"])
    says(visited, "#train-status", f"{FILES['markup']}, after ")
    page.get_by_role("button", name="Your own images").click()
    files = pictures(tmp_path / "in", 8)
    for text in FILES.values():
        bad = tmp_path / f"{text}.png"
        bad.write_text("no image")
        page.wait_for_selector("#train-files input[type=file]", state="attached")
        page.set_input_files("#train-files input[type=file]", [*files, bad])
        says(visited, "#train-report", "1 is not an image (")
        page.click("#train-files [aria-label='Clear']")


def test_nothing_comes_through_the_gates() -> None:
    with running_app() as address:  # of its own: what it refuses, Gradio logs with a traceback
        assert came_through(address) == []
