"""The film and the live heat map in a real browser, on a page of their own."""

from __future__ import annotations

import base64
import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

import gradio as gr
import numpy as np
import pytest
import torch
from torch import Tensor

from explorer.data import from_tensor
from explorer.diffusion import Frame, strided_times
from explorer.figures.learning import bucket_figure
from explorer.gui.parts.plot_view import PlotView
from explorer.gui.theme import css, theme
from explorer.gui.train.film import Film
from explorer.gui.train.growth import Growth, add
from tests.browser.conftest import free_port, new_page

if TYPE_CHECKING:
    import plotly.graph_objects as go
    from playwright.sync_api import BrowserContext


pytestmark = pytest.mark.browser

T, SIZE, N = 100, 8, 3
STEPS = [1, 10, 100, 1000]
PIXELS = """(canvas) => {
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  return btoa(String.fromCharCode(...data));
}"""


def frame(step: int, t: int) -> Frame:
    """Colour noise, another one for every step and t."""
    generator = torch.Generator().manual_seed(1000 * step + t)
    return Frame(t, *torch.randn(2, N, 3, SIZE, SIZE, generator=generator))


def grown(steps: list[int], name: str) -> Growth:
    growth = Growth(T, SIZE, N, strided_times(T, 10), expected=4, caption=name, id=name)
    for step in steps:
        add(growth, step, (frame(step, t) for t in growth.times))
    return growth


def heat(columns: int) -> go.Figure:
    steps = list(range(0, 10 * columns, 10))
    return bucket_figure(steps, [[1 / (s + b + 1) for b in range(10)] for s in steps], T)


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A page with a film, a heat map and buttons that bring the next value."""
    before = os.environ.get("GRADIO_TEMP_DIR")
    os.environ["GRADIO_TEMP_DIR"] = str(tmp_path_factory.mktemp("gradio"))
    with gr.Blocks(analytics_enabled=False) as demo:
        film = Film(grown(STEPS, "stored"), elem_id="train-film")
        plot = PlotView(heat(3), elem_id="buckets")
        for k in range(len(STEPS) + 1):
            button = gr.Button(f"live {k}", elem_id=f"live-{k}")
            button.click(
                lambda k=k: (grown(STEPS[:k], "live"), heat(4 + k)),
                None,
                [film, plot],
                show_progress="hidden",
            )
    port = free_port()
    demo.launch(
        server_port=port,
        prevent_thread_lock=True,
        quiet=True,
        run_history=False,
        ssr_mode=False,
        theme=theme(),
        css=css(),
    )
    yield f"http://127.0.0.1:{port}"
    demo.close()
    os.environ.pop("GRADIO_TEMP_DIR")
    if before is not None:
        os.environ["GRADIO_TEMP_DIR"] = before


class Page:
    """The page with the film, and what it asked for."""

    def __init__(self, browser: BrowserContext, address: str, width: int) -> None:
        self.page = new_page(browser, width, 1000)
        self.page.set_default_timeout(30_000)
        self.requests, self.trouble = [], []
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.on("pageerror", lambda error: self.trouble.append(str(error)))
        self.page.goto(address)
        self.wait(4)

    def wait(self, snapshots: int) -> None:
        self.page.wait_for_selector(f"[data-snapshots='{snapshots}']")
        self.page.wait_for_timeout(80)

    def shows(self, step: int, t: int) -> bool:
        """Whether the cursor is, or soon comes to be, at this snapshot and t."""
        self.page.wait_for_function(
            """([step, t]) => { const { dataset } = document.querySelector(".film");
                                return dataset.step === step && dataset.t === t; }""",
            arg=[str(step), str(t)],
        )
        return True

    def picture(self, k: int) -> np.ndarray:
        text = self.page.locator(".pictures canvas").nth(k).evaluate(PIXELS)
        return np.frombuffer(base64.b64decode(text), np.uint8).reshape(SIZE, SIZE, 4)

    def matrix(self) -> np.ndarray:
        canvas = self.page.locator("#film-matrix")
        shape = canvas.evaluate("(c) => [c.height, c.width, 4]")
        return np.frombuffer(base64.b64decode(canvas.evaluate(PIXELS)), np.uint8).reshape(shape)

    def box(self) -> dict[str, float]:
        """Where the film lies on the page, however far it is scrolled."""
        box = self.page.locator("#train-film").bounding_box()
        return box | {"y": box["y"] + self.page.evaluate("scrollY")}


@pytest.fixture(params=[1280, 390])
def film(request: pytest.FixtureRequest, browser: BrowserContext, address: str) -> Iterator[Page]:
    film = Page(browser, address, request.param)
    yield film
    assert film.page.evaluate("document.documentElement.scrollWidth") == request.param
    film.page.close()
    assert film.trouble == []


def grey_levels(x: Tensor) -> np.ndarray:
    """(H, W, 3) of one picture."""
    return from_tensor(x).permute(1, 2, 0).numpy()


def test_scrubbing_shows_pythons_pixels_and_asks_nothing(film: Page) -> None:
    page, seen = film.page, len(film.requests)
    assert film.shows(1000, 0)
    page.focus("#film-step")
    page.keyboard.press("ArrowLeft")
    page.focus("#film-t")
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    assert film.shows(100, 30)
    assert "after  100 steps · t = 30" in page.inner_text(".title").replace("\u2007", " ")
    for k in range(N):
        assert (film.picture(k)[..., :3] == grey_levels(frame(100, 30).x[k])).all()
    page.click("[data-show='x0']")
    assert (film.picture(1)[..., :3] == grey_levels(frame(100, 30).x0[1])).all()
    assert page.evaluate("document.querySelector('#film-t').value") == "30"
    page.focus("#film-t")
    page.keyboard.press("End")
    assert film.shows(100, 100)
    page.keyboard.press("Home")
    assert film.shows(100, 0)
    assert film.requests[seen:] == []


def test_the_matrix_holds_one_picture_at_every_snapshot_and_t(film: Page) -> None:
    page, seen = film.page, len(film.requests)
    for chosen in (0, 2):
        page.locator(".pictures button").nth(chosen).click()
        pixels, pitch = film.matrix(), SIZE + 1
        assert pixels.shape == (4 * pitch - 1, 11 * pitch - 1, 4)
        for i, step in enumerate(STEPS):
            for j in range(11):  # t = 0 at the left
                cell = pixels[i * pitch :, j * pitch :][:SIZE, :SIZE]
                assert (cell[..., :3] == grey_levels(frame(step, 10 * j).x[chosen])).all()
        assert not pixels[SIZE, :, 3].any() and not pixels[:, SIZE, 3].any()  # the page's colour
    box = page.locator("#film-matrix").bounding_box()
    x = lambda j: box["x"] + box["width"] * (j + 0.5) / 11  # noqa: E731
    y = lambda i: box["y"] + box["height"] * (i + 0.5) / 4  # noqa: E731
    page.mouse.move(x(2), y(1))
    assert film.shows(1000, 0)  # without a button nothing moves
    page.mouse.down()
    assert film.shows(10, 20)
    page.mouse.move(x(7), y(2))
    assert film.shows(100, 70)
    page.mouse.move(0, 5)
    assert film.shows(1, 0)  # beyond the edge is the edge
    page.mouse.up()
    mark, canvas = (page.locator(s).bounding_box() for s in (".mark", "#film-matrix"))
    assert mark["x"] == pytest.approx(canvas["x"], abs=1)
    assert mark["width"] == pytest.approx(canvas["width"] * SIZE / (11 * pitch - 1), rel=0.01)
    assert film.requests[seen:] == []


def test_space_plays_the_training_at_one_t(film: Page) -> None:
    page = film.page
    page.focus("#film-t")
    page.keyboard.press("ArrowRight")
    assert film.shows(1000, 10)
    page.evaluate(
        """() => {
          const film = document.querySelector(".film");
          window.played = [];
          new MutationObserver(() => window.played.push([+film.dataset.step, +film.dataset.t]))
            .observe(film, { attributes: true, attributeFilter: ["data-step"] });
        }"""
    )
    page.keyboard.press("Space")
    page.wait_for_selector(".training.playing")
    page.wait_for_selector(".training:not(.playing)")
    assert film.shows(1000, 10)
    page.wait_for_timeout(80)
    assert page.evaluate("window.played") == [[step, 10] for step in STEPS]


def test_snapshots_join_without_a_shift_and_the_cursor_follows_until_taken(film: Page) -> None:
    page = film.page
    page.wait_for_selector("[data-draws]")
    page.evaluate("window.canvas = document.getElementById('film-matrix')")
    box = film.box()
    page.click("#live-0")
    film.wait(0)
    seen = len(film.requests)
    assert "on its way" in page.inner_text(".title") and film.box() == box
    for k in (1, 2):
        page.click(f"#live-{k}")
        film.wait(k)
        assert film.shows(STEPS[k - 1], 0) and film.box() == box
        assert (film.picture(0)[..., :3] == grey_levels(frame(STEPS[k - 1], 0).x[0])).all()
    page.focus("#film-step")
    page.keyboard.press("Home")
    page.click("#live-4")
    film.wait(4)
    assert film.shows(1, 0)  # taken: it stays
    page.focus("#film-step")
    page.keyboard.press("End")
    assert film.shows(1000, 0)
    fetched = [url for url in film.requests[seen:] if "snapshot.png" in url]
    assert len(fetched) == len(set(fetched)) == 4  # each sheet once
    assert page.evaluate("window.canvas === document.getElementById('film-matrix')")
    assert film.box() == box


def test_a_live_heat_map_keeps_its_node_and_its_zoom(film: Page) -> None:
    page = film.page
    page.wait_for_selector("#buckets [data-draws]")
    page.evaluate(
        """() => { window.graph = document.querySelector("#buckets .graph");
                   return Plotly.relayout(window.graph, {"xaxis.range": [5, 15]}); }"""
    )
    page.click("#live-4")
    page.wait_for_function("window.graph._fullData[0].z[0].length === 8")
    assert page.evaluate("window.graph === document.querySelector('#buckets .graph')")
    assert page.evaluate("window.graph._fullLayout.xaxis.range") == [5, 15]
    light = page.evaluate("window.graph._fullData[0].colorbar.tickfont.color")
    page.evaluate("document.body.classList.toggle('dark')")
    page.wait_for_function(
        "(c) => window.graph._fullData[0].colorbar.tickfont.color !== c", arg=light
    )
