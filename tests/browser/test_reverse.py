"""Reverse in a real browser: a stored race and a real one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.browser.conftest import Visit, pixels

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
    reverse.page.click("[data-show='x']")
    assert reverse.requests[seen:] == []


def picture(visit: Visit, name: str) -> np.ndarray:
    """The pixels of a lane."""
    return pixels(visit.page, name)[..., :3]


def choose_race(visit: Visit, name: str) -> None:
    visit.page.click("#reverse-race input")
    visit.page.get_by_role("option", name=name).click()


def wait_until_idle(visit: Visit) -> None:
    visit.page.wait_for_selector("#reverse-run:not([disabled])", timeout=120_000)


def frame_counts(visit: Visit, counts: str) -> None:
    visit.page.wait_for_function(
        "counts => document.querySelector('#reverse-player [data-frames]').dataset.frames"
        " === counts",
        arg=counts,
    )


def digit(visit: Visit, name: str, k: int) -> np.ndarray:
    """Picture k of a lane, 28 × 28."""
    pixels = picture(visit, name)[..., 0].astype(int)
    return pixels[:, k * 30 : k * 30 + 28]


def test_steps_against_quality_are_there_at_once(reverse: Visit) -> None:
    reverse.page.get_by_role("tab", name="Steps against quality").click()
    reverse.wait_for_text("#quality-table", "DPM-Solver++(2M)")
    assert "±" in reverse.text("#quality-table")
    reverse.page.wait_for_selector("#quality-plot .main-svg")
    assert "training images" in reverse.text("#quality-facts")
    reverse.page.get_by_label("class accuracy").check()
    reverse.wait_for_text("#quality-table", "%")


def test_a_race_is_taken_away_and_reopened(reverse: Visit, tmp_path: Path) -> None:
    reverse.page.get_by_role("tab", name="Export").click()
    reverse.wait_for_text("#take-python", "ddim(spec.T, 50)")
    with reverse.page.expect_download() as download:
        reverse.page.get_by_role("button", name="Capsule", exact=True).click()
    capsule = tmp_path / download.value.suggested_filename
    assert capsule.name == "mnist-seed-7.race.zip"
    download.value.save_as(capsule)
    reverse.page.fill("[aria-label='number input for Images']", "1")
    choose_race(reverse, "Grid: uniform, quadratic or Karras")
    reverse.page.click("#reverse-run")
    reverse.wait_for_text("#take-python", "quadratic")
    wait_until_idle(reverse)
    reverse.page.locator("input[type=file][accept*=zip]").last.set_input_files(capsule)
    reverse.wait_for_text("#reverse-status", "From a capsule")
    frame_counts(reverse, "121,51")
    reverse.wait_for_text("#take-python", "ddim(spec.T, 50)")
    broken = tmp_path / "broken.zip"
    broken.write_bytes(capsule.read_bytes()[:1000])
    reverse.page.locator("input[type=file][accept*=zip]").last.set_input_files(broken)
    reverse.page.wait_for_function("document.body.innerText.includes('another copy')")
    frame_counts(reverse, "121,51")  # nothing is lost


def test_a_real_race_streams_and_ends_where_python_ends(reverse: Visit) -> None:
    from explorer.checkpoints import load
    from explorer.data import from_tensor
    from explorer.race import ddim, pictures
    from tests.browser.conftest import ROOT

    reverse.page.fill("[aria-label='number input for Images']", "2")
    choose_race(reverse, "S = 5, 10, 50 and 1,000")
    reverse.page.wait_for_function("document.body.innerText.includes('Lane 4: DDIM, S = 5')")
    reverse.page.click("#reverse-run")
    reverse.wait_for_text("#reverse-status", "running")
    wait_until_idle(reverse)
    reverse.wait_for_text("#reverse-status", "1000 of 1000 evaluations")
    frame_counts(reverse, "121,51,11,6")
    assert shown_t(reverse) == (0, 0, 0)
    denoiser, spec = load(ROOT / "checkpoints" / "mnist.safetensors")
    shape = (spec.channels, spec.size, spec.size)
    for name, steps in (("reverse-ddim", 50), ("reverse-lane-3", 5)):
        truth = from_tensor(pictures(denoiser, ddim(spec.T, steps), shape, seed=7, labels=[0, 1]))
        for k, theirs in enumerate(truth[:, 0].numpy().astype(int)):
            assert np.abs(digit(reverse, name, k) - theirs).max() <= 2


def test_a_race_is_stopped_goes_on_and_is_forked(reverse: Visit) -> None:
    """And what is stopped keeps its frames; a fork plays, and one finds back."""
    reverse.page.fill("[aria-label='number input for Images']", "1")
    choose_race(reverse, "How much noise: η = 0, 0.2, 0.5, 1")
    reverse.page.wait_for_function("document.body.innerText.includes('S = 50, η = 0.2')")
    reverse.page.click("#reverse-run")
    reverse.wait_for_text("#reverse-status", "running")
    reverse.page.evaluate("document.querySelector('#reverse-stop').click()")
    wait_until_idle(reverse)
    stopped = frames(reverse)
    if min(stopped) < 51:  # a fast machine may have ended before
        reverse.page.click("#reverse-go-on:not([disabled])")
        wait_until_idle(reverse)
    frame_counts(reverse, "51,51,51,51")
    reverse.page.wait_for_function("document.getElementById('reverse-t').value === '0'")
    reverse.open_panel("Export")
    reverse.wait_for_text("#take-python", "eta=0.2")
    reverse.page.focus("#reverse-t")
    reverse.page.keyboard.press("End")
    reverse.page.click("#reverse-fork")
    reverse.wait_for_text("#reverse-player .title", "Fork of image 1")
    wait_until_idle(reverse)
    frame_counts(reverse, "51,51,51,51")
    reverse.wait_for_text("#take-python", "This is a fork")
    reverse.page.focus("#reverse-t")
    reverse.page.keyboard.press("Home")
    reverse.page.wait_for_timeout(100)
    same = [digit(reverse, "reverse-ddim", k) for k in range(4)]
    assert all(np.abs(one - same[0]).max() <= 2 for one in same)  # η = 0 does not fan out
    fanned = [digit(reverse, "reverse-lane-3", k) for k in range(4)]
    assert np.abs(fanned[1] - fanned[0]).max() > 50
    reverse.page.click("#reverse-back:not([disabled])")
    reverse.wait_for_text("#reverse-player .title", "mnist · seed 7")
    reverse.wait_for_text("#take-python", "eta=0.2")


def test_a_broken_lane_runs_beside_the_sound_one(reverse: Visit) -> None:
    reverse.page.fill("[aria-label='number input for Images']", "1")
    choose_race(reverse, "Grid: uniform, quadratic or Karras")
    reverse.page.get_by_role("button", name="Common mistakes").click()
    reverse.page.get_by_label("a grid that starts below T").check()
    reverse.page.click("#reverse-run")
    reverse.wait_for_text("#reverse-status", "late start")
    wait_until_idle(reverse)
    frame_counts(reverse, "11,9,11,9")
    assert "DDIM, S = 10, quadratic, late start" in reverse.text("#reverse-status")


def test_another_model_says_what_it_is(reverse: Visit) -> None:
    reverse.page.click("#reverse-model input")
    reverse.page.get_by_role("option", name="emoji", exact=True).click()
    reverse.wait_for_text("body", "32×32, cosine, T = 1000")
