"""Train and Reverse in a real browser: real runs on this machine."""

from __future__ import annotations

import base64

import numpy as np
import pytest

from explorer.gui.tabs.reverse import about
from tests.browser.conftest import Visit
from tests.browser.test_forward import PIXELS

pytestmark = pytest.mark.browser


def seconds(visit: Visit, amount: int) -> None:
    visit.page.fill("#train-budget input", str(amount))
    visit.page.keyboard.press("Tab")
    visit.wait_for_text("#train-start", f"Train for {amount} s")


def losses(visit: Visit) -> list[float]:
    return visit.page.evaluate(
        "[...(document.querySelector('#train-loss .graph')._fullData?.[1].y ?? [])]"
    )


def test_train_then_race_what_was_trained(visit: Visit) -> None:
    visit.open("Train")
    visit.page.wait_for_selector("#train-loss [data-draws]")
    assert "Stored run" in visit.text("#train-status")
    seconds(visit, 10)
    picture = visit.page.get_attribute("#train-samples img", "src")
    visit.page.click("#train-start")
    visit.wait_for_text("#train-status", "images/s")
    assert visit.page.is_disabled("#train-start") and visit.page.is_enabled("#train-stop")
    visit.open("Forward")  # the run survives a look elsewhere
    visit.page.wait_for_timeout(500)
    visit.open("Train")
    visit.wait_for_text("#train-status", "saved")
    curve = losses(visit)
    assert len(curve) > 5 and curve[-1] < 0.8 * curve[0]
    assert "after" in visit.text("#train-samples figcaption")
    assert visit.page.get_attribute("#train-samples img", "src") != picture
    assert visit.page.is_enabled("#train-start") and visit.page.is_disabled("#train-stop")

    with visit.page.expect_download() as download:
        visit.page.click("text=Download the model")
    assert download.value.suggested_filename == "mnist-5k-16-cosine.safetensors"
    from explorer.checkpoints import describe

    spec = describe(download.value.path())
    assert (spec.size, spec.schedule, spec.data) == (16, "cosine", "mnist-5k")

    visit.page.click("#train-race")
    visit.page.wait_for_function(
        "document.querySelector('#reverse-model input')?.value === 'mnist-5k-16-cosine'"
    )
    visit.wait_for_text("body", about(spec))
    visit.page.click("#reverse-run")
    visit.wait_for_text("#reverse-status", "running")
    visit.page.click("#reverse-stop")
    visit.page.wait_for_selector("#reverse-run:not([disabled])")
    assert "of 1000 evaluations" in visit.text("#reverse-status")


def test_stop_keeps_the_model(visit: Visit) -> None:
    visit.open("Train")
    seconds(visit, 100)
    visit.page.click("#train-start")
    visit.wait_for_text("#train-status", "images/s")
    visit.page.click("#train-stop")
    visit.wait_for_text("#train-status", "saved")
    assert visit.page.is_visible("#train-race")


def test_what_does_not_fit_is_said_in_place(visit: Visit) -> None:
    visit.open("Train")
    visit.page.fill("#train-size input", "17")
    visit.page.keyboard.press("Tab")
    visit.page.click("#train-start")
    visit.wait_for_text("body", "Size: 17 is not allowed; the network needs a multiple of 4")
    assert visit.page.is_enabled("#train-start")


def shown_t(visit: Visit) -> tuple[int, int, int]:
    """The clock, and the t of the frame that each lane shows."""
    visit.page.wait_for_timeout(80)
    return tuple(
        visit.page.evaluate(
            """[+document.getElementById("reverse-t").value,
                +document.getElementById("reverse-ddpm").dataset.t,
                +document.getElementById("reverse-ddim").dataset.t]"""
        )
    )


@pytest.fixture
def reverse(visit: Visit) -> Visit:
    visit.open("Reverse")
    visit.page.wait_for_selector("#reverse-player [data-frames]")
    return visit


def frames(visit: Visit) -> list[int]:
    shown = visit.page.get_attribute("#reverse-player [data-frames]", "data-frames")
    return [int(n) for n in shown.split(",")]


def test_a_stored_race_plays_before_anything_is_computed(reverse: Visit) -> None:
    assert "Stored" in reverse.text("#reverse-status")
    assert frames(reverse) == [121, 51]
    seen = len(reverse.requests)
    reverse.page.focus("#reverse-t")
    reverse.page.keyboard.press("End")
    assert shown_t(reverse) == (1000, 1000, 1000)
    noise = picture(reverse, "reverse-ddpm")
    assert (noise == picture(reverse, "reverse-ddim")).all()  # the same x_T
    reverse.page.keyboard.press("Home")
    assert shown_t(reverse) == (0, 0, 0)
    assert (picture(reverse, "reverse-ddpm") != noise).mean() > 0.5
    reverse.page.keyboard.press("End")
    before = shown_t(reverse)
    reverse.page.keyboard.press("ArrowLeft")  # one step towards the picture
    after = shown_t(reverse)
    assert after[0] < before[0]
    reverse.page.keyboard.press("ArrowRight")
    assert shown_t(reverse) == before
    reverse.page.keyboard.press("Space")
    reverse.page.wait_for_timeout(1500)
    reverse.page.keyboard.press("Space")
    t, ddpm, ddim = shown_t(reverse)
    assert 300 < t < 1000
    assert t <= ddpm < t + 10 and t <= ddim < t + 21  # locked to t; the last frame reached
    reverse.page.wait_for_timeout(300)
    assert shown_t(reverse)[0] == t  # paused
    state = picture(reverse, "reverse-ddpm")
    reverse.page.click("[data-show='x0']")
    reverse.page.wait_for_timeout(100)
    assert (picture(reverse, "reverse-ddpm") != state).any()
    assert reverse.requests[seen:] == []


def picture(visit: Visit, name: str) -> np.ndarray:
    """The pixels of a lane: PIXELS pads nothing, so any width will do."""
    _, text = visit.page.evaluate(PIXELS, name)
    return np.frombuffer(base64.b64decode(text), np.uint8)


def test_a_real_race_streams_and_ends_where_python_ends(reverse: Visit) -> None:
    from explorer.checkpoints import load
    from explorer.data import from_tensor
    from explorer.race import ddim, pictures
    from tests.browser.conftest import ROOT

    reverse.page.fill("[aria-label='number input for Pictures']", "2")
    reverse.page.fill("[aria-label='number input for DDIM: steps S']", "20")
    reverse.page.keyboard.press("Tab")
    reverse.page.click("#reverse-run")
    reverse.wait_for_text("#reverse-status", "running")
    reverse.page.wait_for_selector("#reverse-run:not([disabled])", timeout=120_000)
    reverse.wait_for_text("#reverse-status", "1000 of 1000 evaluations")
    reverse.page.wait_for_function(
        "document.querySelector('#reverse-player [data-frames]').dataset.frames === '121,21'"
    )
    assert shown_t(reverse) == (0, 0, 0)
    denoiser, spec = load(ROOT / "checkpoints" / "mnist.safetensors")
    shape = (spec.channels, spec.size, spec.size)
    truth = from_tensor(pictures(denoiser, ddim(spec.T, 20), shape, seed=7, labels=[0, 1]))
    pixels = picture(reverse, "reverse-ddim").reshape(spec.size, -1, 3)[..., 0].astype(int)
    shown = [pixels[:, : spec.size], pixels[:, spec.size + 2 :]]
    for ours, theirs in zip(shown, truth[:, 0].numpy().astype(int), strict=True):
        assert np.abs(ours - theirs).max() <= 2


def test_leaving_the_page_frees_the_device(browser: object, app: str) -> None:
    first = Visit(browser, app)
    first.open("Train")
    seconds(first, 100)
    first.page.click("#train-start")
    first.wait_for_text("#train-status", "images/s")
    first.page.close()
    second = Visit(browser, app)
    second.open("Train")
    seconds(second, 5)
    second.page.click("#train-start")
    second.wait_for_text("#train-status", "images/s")
    second.wait_for_text("#train-status", "saved")
    second.page.close()
    second.check()
