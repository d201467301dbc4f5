"""The moving image at the head of the README: the slider, then the race, from a running app.

python app.py &
python -m tools.make_moving_image http://127.0.0.1:7860 [/usr/bin/chromium]
"""

from __future__ import annotations

import argparse
import io
import math
from collections.abc import Iterator
from pathlib import Path
from urllib.request import ProxyHandler, build_opener

from PIL import Image
from playwright.sync_api import Locator, Page, sync_playwright

OUT = Path(__file__).parent.parent / "docs" / "explorer.webp"
MOST_BYTES = 3_000_000
WIDTH, HEIGHT, MARGIN = 860, 570, 16
"""Pixels of the image, and of what is left free around a stage."""
QUALITIES = range(70, 20, -5)
FRAMES = 36
HOLD, STEP = 1100, 90
"""Milliseconds that the first and last frame of a part are shown, and the others."""
ONLY = """
  #forward-stage :is(.values, .plot), #reverse-player details { display: none !important; }
"""
"""What is seen beside images, formula and slider would be too small to read here."""
SET = """(slider, t) => {
  slider.value = t;
  slider.dispatchEvent(new Event("input", { bubbles: true }));
}"""


def walk(page: Page, stage: Locator, slider: Locator, times: list[int]) -> Iterator[Image.Image]:
    """The stage at each t, as a person sees it who drags the slider."""
    stage.scroll_into_view_if_needed()
    stage.evaluate("stage => window.scrollBy(0, stage.getBoundingClientRect().top - 40)")
    for t in times:
        slider.evaluate(SET, t)
        page.evaluate(
            "() => new Promise((done) => requestAnimationFrame(() => setTimeout(done, 40)))"
        )
        box = stage.bounding_box()
        assert box, "the stage is not on the page"
        corner = {"x": max(0, box["x"] - MARGIN), "y": max(0, box["y"] - MARGIN)}
        clip = corner | {"width": WIDTH, "height": HEIGHT}
        yield Image.open(io.BytesIO(page.screenshot(clip=clip))).convert("RGB")


def eased(start: int, end: int) -> list[int]:
    """Times from start to end, slow at both ends."""
    shares = [(1 - math.cos(math.pi * k / (FRAMES - 1))) / 2 for k in range(FRAMES)]
    return [round(start + (end - start) * share) for share in shares]


def encoded(frames: list[Image.Image], durations: list[int]) -> bytes:
    """As an animated WebP, of the best quality that is small enough."""
    for quality in QUALITIES:
        file = io.BytesIO()
        first, *others = frames
        first.save(
            file,
            "WEBP",
            save_all=True,
            append_images=others,
            duration=durations,
            quality=quality,
            method=4,
            loop=0,
        )
        if file.tell() <= MOST_BYTES:
            return file.getvalue()
    raise ValueError(f"{len(frames)} frames take more than {MOST_BYTES:,} bytes at any quality")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("address", help="of the running app")
    parser.add_argument("chromium", nargs="?", default="/usr/bin/chromium")
    args = parser.parse_args()
    make(args.address, args.chromium)


def make(address: str, chromium: str) -> None:
    """ValueError if the app does not answer or there is no such browser."""
    if not Path(chromium).is_file():
        raise ValueError(f"there is no browser at {chromium}: name one")
    try:
        build_opener(ProxyHandler({})).open(address, timeout=20).close()
    except (OSError, ValueError) as error:
        raise ValueError(f"no app answers at {address}: start one, python app.py") from error
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": WIDTH, "height": 1000})
        page.goto(f"{address}/?__theme=light")
        page.wait_for_selector("[data-loads] #forward-t")
        page.add_style_tag(content=ONLY)
        page.wait_for_timeout(1500)
        stage = page.locator("#forward-stage")
        frames = list(walk(page, stage, page.locator("#forward-t"), eased(0, 700)))
        page.get_by_role("tab", name="Reverse").click()
        page.wait_for_selector("#reverse-player .player >> visible=true")
        page.wait_for_timeout(2500)
        stage = page.locator("#reverse-player")
        frames += walk(page, stage, page.locator("#reverse-t"), eased(1000, 0))
        browser.close()
    ends = (0, FRAMES - 1, FRAMES, 2 * FRAMES - 1)
    OUT.write_bytes(encoded(frames, [HOLD if k in ends else STEP for k in range(len(frames))]))


if __name__ == "__main__":
    main()
