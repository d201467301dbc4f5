"""Visitors with a real Chromium: they drag Forward's slider while others work."""

from __future__ import annotations

import asyncio
import os
import shutil
import time

from benchmarks.findings import Findings

ARGUMENTS = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
]
SLIDER, STATUS, RUN = "#forward-t", "#reverse-status", "#reverse-run"
MEASURE = """() => {
  const gaps = (window.gaps = []);
  let last = performance.now();
  const draw = (now) => {
    gaps.push(now - last);
    last = now;
    window.measuring = requestAnimationFrame(draw);
  };
  window.measuring = requestAnimationFrame(draw);
}"""
"""Gaps between drawn frames, from now on."""
TAKE = "() => (cancelAnimationFrame(window.measuring), window.gaps.slice(2))"
CLICK = """([run, status]) => new Promise((done) => {
  const line = document.querySelector(status), before = line.innerText, begun = performance.now();
  const look = () => {
    if (line.innerText !== before) done((performance.now() - begun) / 1000);
  };
  const everything = { subtree: true, childList: true, characterData: true };
  new MutationObserver(look).observe(line, everything);
  document.querySelector(run).click();
})"""
"""Seconds from a click on Run until the line beside it says something else."""


def chromium() -> str | None:
    """The browser's path; $CHROMIUM goes first."""
    names = ("chromium", "chromium-browser", "google-chrome")
    return os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, names)), None)


def needed_chromium() -> str:
    """Its path; ValueError where there is none, ImportError without Playwright."""
    import playwright.async_api  # noqa: F401

    if path := chromium():
        return path
    raise ValueError("no browser: install Chromium or name one in CHROMIUM=")


async def drag(address: str, count: int, end: float, findings: Findings) -> None:
    """`count` browsers open the page, click Run once, and drag until `end` (`time.monotonic`).

    As `needed_chromium` where there is no browser.
    """
    if not count:
        return
    path = needed_chromium()
    from playwright.async_api import async_playwright

    async with async_playwright() as playwright:
        # one each: of pages in one window only the first is drawn
        browsers = [
            await playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
            for _ in range(count)
        ]
        try:
            await asyncio.gather(*(_one(b, address, end, findings) for b in browsers))
        finally:
            for browser in browsers:
                await browser.close()


async def _one(browser: object, address: str, end: float, findings: Findings) -> None:
    with findings.of("Chromium"):
        page = await browser.new_page(viewport={"width": 1280, "height": 900})  # type: ignore[attr-defined]
        page.set_default_timeout(60_000)
        page.on("pageerror", lambda error: findings.errors.update([f"Chromium: {error}"]))
        begun = time.monotonic()
        await page.goto(address)
        await page.wait_for_selector(f"[data-loads] {SLIDER}")
        findings.took("page in Chromium, until it can be dragged", time.monotonic() - begun)
        await page.get_by_role("tab", name="Reverse", exact=True).click()
        await page.wait_for_selector("#reverse-player [data-frames]")
        seconds = await page.evaluate(CLICK, [RUN, STATUS])
        findings.took("click in Chromium, until the page says something", seconds)
        await page.get_by_role("tab", name="Forward", exact=True).click()
        slider = page.locator(SLIDER)
        while time.monotonic() < end:
            box = await slider.bounding_box()
            await _sweep(page, box, min(5.0, max(1.0, end - time.monotonic())), findings)


async def _sweep(page: object, box: dict[str, float], seconds: float, findings: Findings) -> None:
    """The hand goes there and back."""
    mouse, y = page.mouse, box["y"] + box["height"] / 2  # type: ignore[attr-defined]
    await mouse.move(box["x"] + box["width"] / 2, y)
    await mouse.down()
    await page.evaluate(MEASURE)  # type: ignore[attr-defined]
    begun = time.monotonic()
    while (gone := time.monotonic() - begun) < seconds:
        share = abs(gone % 2 - 1)  # there in a second, back in a second
        await mouse.move(box["x"] + box["width"] * (0.02 + 0.96 * share), y)
        await asyncio.sleep(0.012)
    findings.gaps += await page.evaluate(TAKE)  # type: ignore[attr-defined]
    await mouse.up()
