"""Strangers' text on the page: shown as it is, never taken for more; and the app's gates."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import gradio as gr
import pytest

from explorer.checkpoints import Spec
from explorer.figures.learning import QUANTITIES, Curves, compare_figure
from explorer.gui.app import create_app, launch
from explorer.gui.frame.context import Context
from explorer.gui.frame.device import Device
from explorer.gui.frame.limits import LOCAL
from explorer.gui.frame.shared import MATH, plain
from explorer.gui.parts.gallery import Gallery
from explorer.gui.parts.plot_view import PlotView
from explorer.gui.theme import css, theme
from explorer.text import printable
from tests.browser.conftest import Visit, drawn, free_port, new_page
from tests.gui.panel import CPU
from tests.gui.small import pictures, progress_of, small
from tests.hostile.capsules import named
from tests.hostile.gates import came_through
from tests.hostile.tensors import checkpoint
from tests.hostile.texts import HOST, NAMES, NO_NAMES

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Page


pytestmark = pytest.mark.browser
TEXTS = NAMES | {name: text for name, text in NO_NAMES.items() if name != "half"}
FILES = {name: text.replace("/", "∕") for name, text in NAMES.items() if name != "path"}
"""As names of files, which may hold anything but a slash."""
BETWEEN = 4
"""Curves in a plot."""


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
