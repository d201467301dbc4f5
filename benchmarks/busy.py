"""What a race costs the page: python -m benchmarks.busy [--against COMMIT]

A page on which every panel of Train has been opened and some settings were changed runs the race
that Reverse opens with: the share of the time for which the page's main thread is busy, and its
longest task, in Chromium. Compared with the app as it was at a commit, in turns.
"""

from __future__ import annotations

import statistics
import time
from typing import Any, NamedTuple

from benchmarks.dragging import ARGUMENTS, needed_chromium
from benchmarks.served import compare

SECONDS = 6
"""Of the race that are looked at."""
SETTINGS = "tab=train&T=2000&size=16&budget=20"
TASKS = """() => new PerformanceObserver((list) => {
  window.tasks = [...(window.tasks ?? []), ...list.getEntries().map(({ duration }) => duration)];
}).observe({ type: "longtask" })"""


class Busy(NamedTuple):
    """The page's main thread during a race."""

    share: float
    """Of the time, 0…1."""
    longest: float
    """Milliseconds of its longest task; 0 where none takes 50."""


async def busy(browser: Any, address: str) -> Busy:
    """A new visitor's race."""
    context = await browser.new_context(viewport={"width": 1280, "height": 900})
    page = await context.new_page()
    page.set_default_timeout(120_000)
    await page.goto(address)
    await page.wait_for_selector("html[data-explorer=ready]")
    await page.get_by_role("tab", name="Train", exact=True).click()
    await page.wait_for_selector("#train-loss [data-draws]")
    panels = page.get_by_role("tab").filter(visible=True)
    for k in range(6, await panels.count()):  # behind the six tabs
        await panels.nth(k).click()
        await page.wait_for_timeout(500)
    await page.evaluate("text => explorer.go(text)", SETTINGS)
    await page.wait_for_timeout(2000)
    await page.get_by_role("tab", name="Reverse", exact=True).click()
    await page.wait_for_selector("#reverse-ddim[data-t]")
    await page.click("#reverse-run")
    await page.wait_for_function(
        "document.querySelector('#reverse-status').innerText.includes('running')"
    )
    session = await context.new_cdp_session(page)
    await session.send("Performance.enable")
    await page.evaluate(TASKS)
    before, begun = await tasks(session), time.monotonic()
    await page.wait_for_timeout(SECONDS * 1000)
    after, ended = await tasks(session), time.monotonic()
    longest = await page.evaluate("Math.max(0, ...(window.tasks ?? []))")
    await page.evaluate("document.querySelector('#reverse-stop').click()")
    await page.wait_for_selector("#reverse-run:not([disabled])")
    await context.close()
    return Busy((after - before) / (ended - begun), longest)


async def tasks(session: Any) -> float:
    """Seconds of all tasks of the page so far."""
    found = (await session.send("Performance.getMetrics"))["metrics"]
    return next(each["value"] for each in found if each["name"] == "TaskDuration")


async def measure(addresses: dict[str, str], rounds: int) -> dict[str, list[Busy]]:
    """Races of each contestant, in turns."""
    from playwright.async_api import async_playwright

    found: dict[str, list[Busy]] = {name: [] for name in addresses}
    async with async_playwright() as playwright:
        path = needed_chromium()
        for _ in range(rounds):
            for name, address in addresses.items():
                browser = await playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
                found[name].append(await busy(browser, address))
                await browser.close()
    return found


def table(found: dict[str, list[Busy]]) -> str:
    """Medians, and ratios to the first."""
    heads = ["page during a race", "busy, % of the time", "×", "longest task, ms"]
    lines = [heads, ["---"] * len(heads)]
    first: float | None = None
    for name, each in found.items():
        share = statistics.median(one.share for one in each)
        longest = statistics.median(one.longest for one in each)
        first = first or share
        lines.append([name, f"{share:.0%}", f"{share / first:.2f}", f"{longest:.0f}"])
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


if __name__ == "__main__":
    compare("busy", __doc__, measure, table)
