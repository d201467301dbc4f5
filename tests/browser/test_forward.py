"""Forward in a real browser: pixels against Python, and a drag that asks the server nothing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from explorer.data import from_tensor, to_tensor
from explorer.diffusion import forward
from explorer.gui.forward.tab import SCHEDULES, make_scene
from explorer.gui.frame.limits import LOCAL
from explorer.gui.frame.upload import take_upload
from tests.browser.conftest import Visit, pixels, slide

pytestmark = pytest.mark.browser


def canvas(visit: Visit, name: str) -> np.ndarray:
    """What a canvas shows, (H, W, 3)."""
    return pixels(visit.page, name)[..., :3].astype(int)


@pytest.fixture
def upload(tmp_path: Path) -> Path:
    """A photo-like picture, wider than high, as PNG."""
    y, x = np.mgrid[0:300, 0:420]
    waves = [np.sin(x / 17 + y / 31), np.cos(x / 23), np.sin(y / 11) * np.cos(x / 60)]
    pixels = ((np.stack(waves, -1) + 1) * 127.5).astype(np.uint8)
    Image.fromarray(pixels).save(tmp_path / "mine.png")
    return tmp_path / "mine.png"


def loads(visit: Visit) -> int:
    return int(visit.page.get_attribute("#forward-stage [data-loads]", "data-loads"))


def after_load(visit: Visit, before: int) -> None:
    visit.page.wait_for_function(
        "n => +document.querySelector('#forward-stage [data-loads]').dataset.loads > n", arg=before
    )


def test_pixels_are_pythons_and_a_drag_asks_nothing(visit: Visit, upload: Path) -> None:
    before = loads(visit)
    visit.page.set_input_files("#forward-image input[type=file]", upload)
    after_load(visit, before)
    scene = make_scene(take_upload(str(upload), LOCAL), 256, 1000, 7, LOCAL)
    x0 = to_tensor(torch.from_numpy(np.array(scene.picture)).permute(2, 0, 1)[None])
    for t in (0, 137, 600, 1000):
        slide(visit.page, "forward-t", t)
        for name, schedule in zip(SCHEDULES, scene.schedules, strict=True):
            mean, std = forward(schedule, x0, t)
            x_t = from_tensor(mean + std * scene.eps)[0].permute(1, 2, 0).numpy().astype(int)
            shown = canvas(visit, f"forward-{name}")
            assert np.abs(shown - x_t).max() <= 3, f"{name} at t = {t}"

    slider = visit.page.locator("#forward-t").bounding_box()
    middle = slider["y"] + slider["height"] / 2
    seen, shown = len(visit.requests), []
    visit.page.mouse.move(slider["x"] + 40, middle)
    visit.page.mouse.down()
    for i in range(1, 41):
        visit.page.mouse.move(slider["x"] + 40 + i * (slider["width"] - 80) / 40, middle)
        shown.append(visit.page.input_value("#forward-t"))
    visit.page.mouse.up()
    visit.page.wait_for_timeout(300)
    assert len(set(shown)) > 20
    assert visit.requests[seen:] == []


def test_equation_values_and_keys(visit: Visit) -> None:
    slide(visit.page, "forward-t", 0)
    x0 = canvas(visit, "forward-linear") / 127.5 - 1
    slide(visit.page, "forward-t", 443)
    scene = make_scene(Image.new("RGB", (8, 8)), 32, 1000, 7, LOCAL)
    for pane, schedule in enumerate(scene.schedules):
        alpha_bar = schedule.alpha_bar[443].item()
        equation = visit.text(f"[data-pane='{pane}'] .equation")
        assert f"{alpha_bar**0.5:.3f}" in equation and f"{(1 - alpha_bar) ** 0.5:.3f}" in equation
        values = visit.text(f"[data-pane='{pane}'] .values")
        assert f"{alpha_bar:.3g}" in values and "dB" in values
        snr = 10 * np.log10(alpha_bar / (1 - alpha_bar))
        assert f"{abs(snr):.1f} dB" in values
    assert "At t = 443 cosine keeps more of the image" in visit.text(".told")
    assert "With T = 1,000 cosine keeps more of the image at t = 1…995" in visit.text(".told")
    own = visit.text("[data-pane='0'] [data-of='own']")
    schedule = visit.text("[data-pane='0'] [data-of='snr']")
    apart = [float(text.replace("−", "-").split()[0]) for text in (own, schedule)]
    power = 10 * np.log10((x0**2).mean())  # of this picture
    assert power < -1 and apart[0] - apart[1] == pytest.approx(power, abs=0.11)
    visit.page.focus("#forward-t")
    for key, t in (
        *(("ArrowRight", 444), ("ArrowLeft", 443), ("PageUp", 493), ("PageDown", 443)),
        *(("End", 1000), ("ArrowRight", 1000), ("Home", 0), ("ArrowLeft", 0)),
    ):
        visit.page.keyboard.press(key)
        visit.page.wait_for_timeout(60)
        assert visit.page.input_value("#forward-t") == str(t), key
    assert "∞" in visit.text("[data-pane='0'] .values")


def test_equal_snr_shows_one_picture_at_two_times(visit: Visit) -> None:
    scene = make_scene(Image.new("RGB", (8, 8)), 32, 1000, 7, LOCAL)
    linear, cosine = (schedule.alpha_bar for schedule in scene.schedules)
    visit.page.click("text=equal SNR")
    for t in (0, 300, 640, 1000):
        slide(visit.page, "forward-t", t)
        match = (cosine - linear[t]).abs().argmin().item()
        times = [int(text.split("=")[1]) for text in visit.page.locator(".time").all_inner_texts()]
        assert times == [t, match]
    slide(visit.page, "forward-t", 300)
    left, right = canvas(visit, "forward-linear"), canvas(visit, "forward-cosine")
    assert np.abs(left - right).max() <= 2
    visit.page.click("text=equal t")
    assert np.abs(left - canvas(visit, "forward-linear")).max() == 0
    visit.page.wait_for_function("document.querySelectorAll('.time')[1].innerText.includes('300')")


def test_samples_resolution_noise_and_T(visit: Visit) -> None:
    first = canvas(visit, "forward-linear")
    before = loads(visit)
    visit.page.click("[aria-label='coffee']")
    after_load(visit, before)
    assert np.abs(canvas(visit, "forward-linear") - first).mean() > 5
    before = loads(visit)
    visit.page.get_by_label("64", exact=True).check()
    after_load(visit, before)
    small = canvas(visit, "forward-linear")
    assert small.shape == (64, 64, 3)
    before = loads(visit)
    visit.page.click("text=New noise")
    after_load(visit, before)
    assert np.abs(canvas(visit, "forward-linear") - small).mean() > 5
    before = loads(visit)
    visit.page.fill("#forward-T input", "50")
    visit.page.keyboard.press("Tab")
    after_load(visit, before)
    assert visit.page.get_attribute("#forward-t", "max") == "50"
    assert "With T = 50 linear keeps more of the image at every t" in visit.text(".told")


def test_a_broken_upload_gets_a_sentence_and_loses_nothing(visit: Visit, tmp_path: Path) -> None:
    before = canvas(visit, "forward-linear")
    broken = tmp_path / "broken.png"
    broken.write_text("this is not an image")
    visit.page.set_input_files("#forward-image input[type=file]", broken)
    visit.wait_for_text("body", "not an image that can be read")
    assert (canvas(visit, "forward-linear") == before).all()
    assert "Traceback" not in visit.text("body")
    visit.page.fill("#forward-T input", "1")
    visit.page.keyboard.press("Tab")
    visit.wait_for_text("body", "T: 1 is not allowed here; give a whole number from 2 to 4000")
    assert (canvas(visit, "forward-linear") == before).all()
    visit.page.fill("#forward-T input", "1000")
    visit.page.keyboard.press("Tab")
    visit.page.wait_for_function("!document.body.innerText.includes('T: 1 is not allowed')")


def test_what_is_out_of_bounds_is_told_beside_its_field(visit: Visit) -> None:
    seed = visit.page.get_by_label("Seed").first
    for typed, said in (("-1", "Seed: -1 is not allowed"), ("", "Seed is empty; give")):
        seed.fill(typed)
        visit.page.keyboard.press("Tab")
        visit.wait_for_text("body", said)
    seed.fill("8")
    visit.page.keyboard.press("Tab")
    visit.page.wait_for_function("!document.body.innerText.includes('Seed is empty')")


def test_on_a_phone_nothing_is_wider_than_the_screen(phone: Visit) -> None:
    for tab in ("Forward", "Schedules", "Train", "Reverse"):
        phone.open(tab)
        phone.page.wait_for_timeout(800)
        assert phone.page.evaluate("document.documentElement.scrollWidth") <= 390, tab


def test_the_frame_shows_what_was_read_and_says_what_is_wrong_with_it(
    visit: Visit, tmp_path: Path
) -> None:
    """Browsers show neither TIFF nor HEIC."""
    values = np.random.default_rng(0).integers(0, 4096, (120, 90)).astype(np.uint16)
    Image.fromarray(values).save(tmp_path / "scan.tif")
    (tmp_path / "phone.heic").write_bytes(b"\0\0\0\x1cftypheic\0\0\0\0mif1heicmiaf" + bytes(200))
    page, before = visit.page, loads(visit)
    clear = page.locator("#forward-image [aria-label='Remove Image']")
    if clear.count():
        clear.click()
    page.set_input_files("#forward-image input[type=file]", tmp_path / "scan.tif")
    after_load(visit, before)
    visit.wait_for_text("#tab-forward", "6.2% of its 16-bit range")
    page.wait_for_function(
        "document.querySelector('#forward-image img')?.src.endsWith('.png')"
        " && document.querySelector('#forward-image img').naturalWidth === 256"
    )
    page.wait_for_timeout(500)
    assert "6.2% of its 16-bit range" in visit.text("#tab-forward")
    clear.click()
    page.wait_for_function("!document.body.innerText.includes('16-bit range')")
    page.set_input_files("#forward-image input[type=file]", tmp_path / "phone.heic")
    visit.wait_for_text("#tab-forward", "This image is HEIC: save it as JPEG")
    page.wait_for_function("!document.querySelector('#forward-image img')")  # no broken one
    page.wait_for_timeout(500)
    assert "This image is HEIC" in visit.text("#tab-forward")


def test_a_camera_or_clipboard_that_is_refused_is_a_sentence(visit: Visit) -> None:
    """This browser has no camera, and asks nobody before it refuses the clipboard."""
    page, button = visit.page, "#forward-image .source-selection button >> nth={}"
    clear = page.locator("#forward-image [aria-label='Remove Image']")
    if clear.count():
        clear.click()
    page.click(button.format(1))
    prompt = page.locator("#forward-image [title='grant webcam access'] button .wrap")
    lowest, tools = prompt.bounding_box(), page.locator("#forward-image .source-selection")
    assert lowest and lowest["y"] + lowest["height"] <= tools.bounding_box()["y"] + 1
    prompt.click()
    visit.wait_for_text("#tab-forward", "No camera was found: connect one, or upload an image.")
    page.click(button.format(2))
    page.wait_for_function("!document.body.innerText.includes('No camera was found')")
    visit.wait_for_text("#tab-forward", "The browser does not let this page read the clipboard")
    page.click(button.format(0))
    page.wait_for_function("!document.body.innerText.includes('read the clipboard')")
