"""The README's screenshots, from a running app; `make_moving_image` makes the one that moves.

python app.py &
python -m tools.make_screenshots http://127.0.0.1:7860 [/usr/bin/chromium]
"""

from __future__ import annotations

import argparse
import io
from pathlib import Path
from urllib.request import ProxyHandler, build_opener

from PIL import Image
from playwright.sync_api import Page, sync_playwright

DOCS = Path(__file__).parent.parent / "docs"


def keep(page: Page, name: str, height: int) -> None:
    """The top of the page as it is, as JPEG: noise does not compress otherwise."""
    page.wait_for_timeout(1500)
    page.mouse.move(5, 5)
    picture = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    picture.crop((0, 0, picture.width, height)).save(DOCS / f"{name}.jpg", quality=88)


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
        page = browser.new_page(viewport={"width": 1280, "height": 1150})
        page.goto(f"{address}/?__theme=light")
        page.wait_for_selector("[data-loads] #forward-t")
        keep(page, "forward", 915)
        page.get_by_role("tab", name="Schedules").click()
        page.get_by_label("cosine-clipped", exact=True).check()
        page.get_by_label("log-SNR", exact=True).check()
        keep(page, "schedules", 770)
        page.get_by_role("tab", name="Train").click()
        keep(page, "train", 1120)
        page.get_by_role("tab", name="Reverse").click()
        keep(page, "reverse", 990)
        page.get_by_role("tab", name="Plane").click()
        page.wait_for_timeout(2000)
        keep(page, "plane", 950)
        page.goto(f"{address}/?__theme=light&tab=lectures&topic=bound")
        page.wait_for_selector("#bound-plot [data-draws] >> visible=true")
        keep(page, "lectures", 1150)
        browser.close()


if __name__ == "__main__":
    main()
