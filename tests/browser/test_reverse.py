"""Reverse in a real browser: a stored race and a real one."""

from __future__ import annotations

import base64

import numpy as np
import pytest

from tests.browser.conftest import Visit
from tests.browser.test_forward import PIXELS

pytestmark = pytest.mark.browser


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
