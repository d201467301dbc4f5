"""The race player in a real browser, on a page of its own: its pixels against numpy's."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import pytest

from explorer.gui.theme import css, theme
from explorer.race.view import decode
from tests.browser.conftest import drawn, free_port
from tests.browser.toy_race import FOUR, ONE, TWO, Page, T, Truth, clipped, page

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext


pytestmark = pytest.mark.browser
MAPPINGS = {"1": 127.5, "3": 42.5}  # grey values to a unit: −1…1 or −3…3 is 0…255


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRADIO_TEMP_DIR", str(tmp_path_factory.mktemp("gradio")))
        demo, port = page(), free_port()
        options = {"run_history": False, "ssr_mode": False, "theme": theme(), "css": css()}
        demo.launch(server_port=port, prevent_thread_lock=True, quiet=True, **options)
        yield f"http://127.0.0.1:{port}"
        demo.close()


@pytest.fixture(scope="module")
def opened(browser: BrowserContext, address: str) -> Iterator[dict[int, Page]]:
    """One page for each width; every test finds it as it was when it had just been opened."""
    pages = {width: Page(browser, address, width) for width in (1280, 390)}
    yield pages
    for player in pages.values():
        player.page.close()


@pytest.fixture(params=[1280, 390])
def player(request: pytest.FixtureRequest, opened: dict[int, Page]) -> Iterator[Page]:
    player = opened[request.param]
    player.reset()
    yield player
    assert player.page.evaluate("document.documentElement.scrollWidth") == request.param
    assert player.trouble == []


@pytest.fixture
def desktop(opened: dict[int, Page]) -> Iterator[Page]:
    opened[1280].reset()
    yield opened[1280]
    assert opened[1280].trouble == []


def grey(values: np.ndarray, mapping: str = "1") -> np.ndarray:
    """(H, W, C) -> (H, W, 3), rounded half up."""
    pixels = np.clip(np.floor(values * MAPPINGS[mapping] + 128), 0, 255).astype(int)
    return np.broadcast_to(pixels, (*pixels.shape[:2], 3))


def at(truth: Truth, t: int) -> int:
    """The last frame reached at t, with time running from T to 0."""
    return sum(time >= t for time in truth.view.times) - 1


def test_states_and_beliefs_are_pythons_pixels_and_nothing_is_asked(player: Page) -> None:
    seen = len(player.requests)
    for mapping in MAPPINGS:
        for column, show in enumerate(["x", "x0"]):
            player.look(show, mapping)
            for t in (1000, 637, 0):
                player.set(t)
                for name, truth in zip(["reverse-ddpm", "reverse-ddim"], TWO, strict=True):
                    frame = truth.frames[at(truth, t)]
                    for k in range(4):
                        ours = player.picture(name, k, 28, 4)
                        assert (ours == grey(frame[column][k], mapping)).all()
    assert player.requests[seen:] == []
    assert "black −3, white 3" in player.page.inner_text(".mapping")
    assert player.page.inner_text(".sent").startswith("sent: 126 + 51 frames, ")


def test_predicted_noise_is_derived(player: Page) -> None:
    for mapping in MAPPINGS:
        player.look("eps", mapping)
        for t in (1000, 640, 300):
            player.set(t)
            for name, truth in zip(["reverse-ddpm", "reverse-ddim"], TWO, strict=True):
                eps = truth.frames[at(truth, t)][2]
                error = player.picture(name, 2, 28, 4) - grey(eps[2], mapping)
                assert np.abs(error).max() <= 2
    player.set(0)
    assert (player.picture("reverse-ddim", 0, 28, 4) == 128).all()  # nothing left to predict


def test_a_lane_holds_its_last_frame_and_keys_step_through_all_grids(desktop: Page) -> None:
    names = ("reverse-ddpm", "reverse-ddim")
    desktop.set(637)
    assert desktop.shown_t(*names) == [640, 640]
    labels = [desktop.page.get_attribute(f"#{name}", "aria-label") for name in names]
    seen = "state of 4 images, t = 640 of 1000: 13 % signal, SNR −18 dB"
    assert labels == [f"DDPM: {seen}", f"DDIM, S = 50: {seen}"]
    desktop.page.focus("#reverse-t")
    desktop.press("ArrowLeft")
    assert (desktop.cursor()["t"], desktop.shown_t(*names)) == (632, [632, 640])
    desktop.press("ArrowLeft", "ArrowLeft")
    assert (desktop.cursor()["t"], desktop.shown_t(*names)) == (620, [624, 620])
    desktop.press("ArrowRight")
    assert (desktop.cursor()["t"], desktop.shown_t(*names)) == (624, [624, 640])
    desktop.press("PageDown")
    assert desktop.cursor()["t"] == 574
    desktop.press("Home")
    assert desktop.shown_t(*names) == [0, 0]
    desktop.press("End")
    assert desktop.shown_t(*names) == [1000, 1000]
    ticks = desktop.page.locator(".ticks path")
    counts = [ticks.nth(i).get_attribute("d").count("M") for i in range(2)]
    assert counts == [126, 51]
    desktop.press(" ")
    desktop.page.wait_for_timeout(700)
    desktop.press(" ")
    t = desktop.cursor()["t"]
    assert 700 < t < 1000
    assert all(t <= shown < t + 20 for shown in desktop.shown_t(*names))


def check_parts(player: Page, truth: Truth, t: int, mapping: str, size: int = 28) -> int:
    """The step's three pictures and their sum against numpy's; the frame's index."""
    player.set(t)
    i = at(truth, t)
    _, x0, eps, z, x_s = (part[0] for part in truth.frames[i])
    *_, signal, direction, sigma = truth.view.coefficients[i]
    parts = {"x0": signal * x0, "eps": direction * eps, "z": sigma * z, "sum": x_s}
    for name, part in parts.items():
        error = player.picture(f"anatomy-{name}", 0, size, 1) - grey(part, mapping)
        assert np.abs(error).max() <= 2, (name, t)
    return i


def test_a_step_is_taken_apart_and_the_parts_add_up(player: Page) -> None:
    for mapping in MAPPINGS:
        player.look("x", mapping)
        for which, truth in enumerate(TWO):
            player.page.locator(".lane-choice button").nth(which).click()
            for t in (1000, 640, 320):
                i = check_parts(player, truth, t, mapping)
                # here every frame was sent: x_s is the next one
                sums = player.picture("anatomy-sum", 0, 28, 1)
                player.set(truth.view.times[i + 1])
                lane = ["reverse-ddpm", "reverse-ddim"][which]
                assert np.abs(sums - player.picture(lane, 0, 28, 4)).max() <= 2


@pytest.mark.parametrize("mapping", MAPPINGS)
def test_beliefs_beyond_all_bounds_add_up_too(desktop: Page, mapping: str) -> None:
    """Without clipping x̂_0 may be hundreds; what is cut is only what lies outside the colours."""
    desktop.look("x", mapping)
    desktop.bring("four", "41,51,11,41")
    desktop.page.locator(".lane header").nth(3).click()
    for t in (1000, 640, 160):
        check_parts(desktop, FOUR[3], t, mapping, 32)
    assert "32 without clipping" in desktop.page.inner_text(".sent")
    desktop.bring("one", "126")
    for t in (1000, 640, 160):
        check_parts(desktop, ONE[0], t, mapping, 7)


def test_a_corrected_step_adds_up_to_the_next_frame(desktop: Page) -> None:
    """To half a grey level before rounding: at most one after it."""
    desktop.bring("corrected", "9,9")
    for i, (name, words) in enumerate((("dpm-solver", "x̂₀"), ("heun", "the predicted noise"))):
        desktop.page.locator(".lane header").nth(i).click()
        assert desktop.page.is_visible("#anatomy-change")
        assert not desktop.page.is_visible("#anatomy-z")
        desktop.set(T)
        told = []
        for _ in range(8):
            total = desktop.picture("anatomy-sum", 0, 28, 1)
            told.append(desktop.page.inner_text(".step"))
            s = int(desktop.page.get_attribute(".anatomy", "data-s") or 0)
            desktop.set(s)
            assert np.abs(total - desktop.picture(f"reverse-{name}", 0, 28, 2)).max() <= 1
        assert sum(f"corrected by the change of {words}" in text for text in told) >= 6
    desktop.bring("two", "126,51")
    assert desktop.page.is_visible("#anatomy-z")
    assert not desktop.page.is_visible("#anatomy-change")


def test_the_formula_says_which_variance_stands_under_the_root(desktop: Page) -> None:
    assert desktop.page.inner_text(".general").endswith("√1 − ᾱs − σ²·ε̂ + σ·z")
    assert "32" not in desktop.page.inner_text(".sent").split(",")[-2]
    desktop.bring("one", "126")
    assert desktop.page.inner_text(".general").endswith("√1 − ᾱs − η²β̃·ε̂ + σ·z")


def test_the_formula_has_the_live_numbers(desktop: Page) -> None:
    desktop.page.locator(".lane header").nth(1).click()
    desktop.set(631)
    assert desktop.cursor() == {"t": 631, "lane": 1, "picture": 0, "frame_t": 640}
    *_, signal, direction, _ = TWO[1].view.coefficients[at(TWO[1], 640)]
    formula = desktop.page.inner_text(".formula >> nth=0").split()
    assert formula == f"x620 = {signal:#.3g}·x̂0 + {direction:#.3g}·ε̂ + 0·z".split()
    assert desktop.page.inner_text(".step") == "DDIM jumps from t = 640 to s = 620."
    assert desktop.page.is_visible(".none")
    box = desktop.page.locator("#reverse-ddpm").bounding_box()
    fourth = {"x": 0.875 * box["width"], "y": 0.5 * box["height"]}  # of four beside each other
    desktop.page.click("#reverse-ddpm", position=fourth)
    drawn(desktop.page)
    assert desktop.cursor() == {"t": 631, "lane": 0, "picture": 3, "frame_t": 632}
    assert not desktop.page.is_visible(".none")
    assert "adding noise" in desktop.page.inner_text(".step")
    desktop.page.click("[data-picture='-1']")
    assert desktop.cursor()["picture"] == 2
    desktop.set(0)
    assert "the image is finished" in desktop.page.inner_text(".step")
    sums = desktop.picture("anatomy-sum", 0, 28, 1)
    assert (sums == desktop.picture("reverse-ddpm", 2, 28, 4)).all()


def test_four_lanes_in_colour(player: Page) -> None:
    player.bring("four", "41,51,11,41")
    names = ["reverse-ddpm", "reverse-ddim", "reverse-lane-2", "reverse-lane-3"]
    columns = player.page.evaluate("document.getElementById('reverse-ddpm').width") // 33
    assert columns in (4, 8)
    player.look("x0")
    player.set(555)
    assert player.shown_t(*names) == [575, 560, 600, 575]
    for name, truth in zip(names, FOUR, strict=True):
        x0 = truth.frames[at(truth, 555)][1]
        for k in (0, 9, 15):
            assert (player.picture(name, k, 32, columns) == grey(x0[k])).all()
    dashes = player.page.locator(".swatch path")
    styles = {dashes.nth(i).get_attribute("style") for i in range(4)}
    assert len(styles) == 4  # shades
    assert len({dashes.nth(i).get_attribute("stroke-dasharray") for i in (0, 3)}) == 2
    if player.page.viewport_size["width"] == 1280:
        axis = player.page.locator(".axis").bounding_box()
        assert axis["y"] + axis["height"] < 700  # room for what stands above the player


def test_news_move_nothing_and_nothing_is_fetched_twice(player: Page) -> None:
    def layout() -> list[dict[str, float]]:
        parts = [".lane >> nth=0", ".lane >> nth=1", ".notes", ".anatomy", ".words", ".player"]
        boxes = [player.page.locator(part).bounding_box() for part in parts]
        scrolled = player.page.evaluate("scrollY")
        return [box | {"y": box["y"] + scrolled} for box in boxes]

    before, seen = layout(), len(player.requests)
    for known, frames, t in ((0, "0,0", 1000), (40, "40,40", 688), (126, "126,51", 0)):
        player.bring(f"after-{known}", frames)
        assert player.cursor()["t"] == t  # follows the race
        assert layout() == before
    sheets = [url for url in player.requests[seen:] if url.endswith("frames.bin")]
    assert len(sheets) == len(set(sheets)) == 6


def test_a_race_that_goes_on_is_followed_again_until_a_hand_takes_the_cursor(
    desktop: Page,
) -> None:
    desktop.bring("after-0", "0,0")
    desktop.bring("stopped-40", "40,40")
    assert desktop.cursor()["t"] == 688
    desktop.set(900)
    desktop.bring("after-45", "45,45")
    assert desktop.cursor()["t"] == 648
    desktop.set(800)
    desktop.bring("after-60", "60,51")
    assert desktop.cursor()["t"] == 800
    desktop.bring("after-126", "126,51")
    assert desktop.cursor()["t"] == 800


def test_a_race_that_ends_at_once_when_it_goes_on_is_followed_too(desktop: Page) -> None:
    desktop.bring("after-0", "0,0")
    desktop.bring("stopped-40", "40,40")
    desktop.bring("after-126", "126,51")
    assert desktop.cursor()["t"] == 0


def test_an_index_stands_beside_its_letter(desktop: Page) -> None:
    desktop.page.locator(".lane header").nth(1).click()
    formula = desktop.page.locator(".formula >> nth=0")
    index, weight = formula.locator("sub.s"), formula.locator(".live >> nth=0")
    desktop.set(640)
    place = weight.bounding_box()
    assert index.text_content() == "620"
    desktop.set(40)
    assert index.text_content() == "20\u2007"  # a space as wide as a digit
    assert weight.bounding_box() == place  # nothing moves


def test_one_odd_picture_and_nothing_at_all(player: Page) -> None:
    player.bring("one", "126")
    player.set(500)
    x = ONE[0].frames[at(ONE[0], 500)][0]
    assert (player.picture("reverse-ddpm", 0, 7, 1) == grey(x[0])).all()
    assert player.page.locator(".lane").count() == 1
    player.page.click("#nothing")
    player.page.wait_for_selector(".player", state="hidden")
    assert player.cursor() is None
    player.bring("two", "126,51")
    assert player.page.is_visible("#reverse-ddim")


def test_frames_that_get_lost_are_said_and_asked_for_again(desktop: Page) -> None:
    desktop.bring("after-0", "0,0")
    desktop.page.route("**/frames.bin", lambda route: route.abort())
    desktop.page.click("#after-40")
    desktop.page.wait_for_selector(".trouble", state="visible")
    desktop.page.unroute("**/frames.bin")
    desktop.bring("after-126", "126,51")
    assert not desktop.page.is_visible(".trouble")


def test_what_clipping_changed_is_said_with_its_size(desktop: Page) -> None:
    said = ".clipped .changed"
    assert desktop.page.inner_text(said).startswith("This race was saved without")  # of before
    assert desktop.page.inner_text(".noise-of") == "from the clipped x̂0"
    desktop.bring("one", "126")  # its lane strays
    desktop.set(400)
    assert "does not clip x̂₀ (largest |x̂₀|" in desktop.page.inner_text(said)
    assert desktop.page.inner_text(".noise-of") == "from x̂0, not clipped"
    desktop.bring("four", "41,51,11,41")
    assert desktop.page.inner_text(".noise-of") == "from x̂0, clipped or not"
    desktop.bring("corrected", "9,9")
    desktop.set(400)
    told = desktop.page.inner_text(said)
    assert told.startswith("Clipping changed nothing at this step: largest |x̂₀| ")
    desktop.bring("clipped", "11")
    desktop.set(400)
    words = desktop.page.inner_text(said)
    (lane,), (frames,) = (view := clipped()).lanes, decode(view)
    excess = frames.excess
    assert excess is not None
    i = lane.times.index(400)
    change = -lane.coefficients[i][0] / lane.coefficients[i][1] * excess[i, 0]
    most = change.abs().max().item()
    count = int((excess[i, 0] != 0).sum())
    assert words.startswith(f"Clipping changed {count} of 784 values of x̂₀")
    assert f"at most {most:#.3g}" in words
    shown = desktop.canvas("anatomy-clipped")[..., 0].astype(int)
    truth = (change[0].numpy() / most + 1) * 127.5
    assert abs(shown - truth).max() <= 1


def test_a_closed_anatomy_is_not_drawn_and_comes_back(desktop: Page) -> None:
    desktop.set(640)
    desktop.page.focus(".anatomy summary")
    desktop.press(" ")
    desktop.set(320)
    assert desktop.page.get_attribute(".anatomy", "data-t") == "640"
    assert not desktop.page.is_visible(".mark >> nth=0")
    desktop.press(" ")
    desktop.page.wait_for_selector(".anatomy[data-t='320']")
