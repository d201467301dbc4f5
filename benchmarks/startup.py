"""How the page begins: python -m benchmarks.startup [--against COMMIT]

From a browser with nothing in its cache until the Forward stage can be dragged: seconds to the
first answer and to that, and the bytes on the way by kind. Compared with the same page where the
browser accepts no compression, and, with a commit, with the app as it was then; all in turns.
"""

from __future__ import annotations

import statistics
import time
from collections import Counter
from dataclasses import dataclass, field

from benchmarks.dragging import ARGUMENTS, SLIDER, needed_chromium
from benchmarks.served import compare

REST = 2000
"""Milliseconds after which nothing more comes of a first load."""
KINDS = {
    "Gradio's own": ("/assets/", "/static/", "/theme.css"),
    "our pictures and results": (".json", ".webp", ".png", ".bin", "/gradio_api/file="),
    "our scripts": ("/explorer/",),
    "answers": ("/gradio_api/", "/favicon", "/manifest"),
}
"""What an address is of: the first whose mark is in it; the page itself is of none."""


@dataclass
class Load:
    """One load of the page."""

    answered: float = 0.0
    """Seconds until its first byte came."""
    interactive: float = 0.0
    """Seconds until the stage can be dragged."""
    bytes: Counter[str] = field(default_factory=Counter)
    """On the wire, by kind, headers included."""


def kind_of(url: str) -> str:
    """What an address is of."""
    marks = ((kind, mark) for kind, marks in KINDS.items() for mark in marks)
    return next((kind for kind, mark in marks if mark in url), "page")


async def load(browser: object, address: str, *, plain: bool = False, again: bool = False) -> Load:
    """The page in a new browser window.

    plain : the browser accepts no compression.
    again : the window has seen the page before.
    """
    context = await browser.new_context(viewport={"width": 1280, "height": 720})  # type: ignore[attr-defined]
    page = await context.new_page()
    page.set_default_timeout(120_000)
    session = await context.new_cdp_session(page)
    await session.send("Network.enable")
    if plain:
        headers = {"headers": {"Accept-Encoding": "identity"}}
        await session.send("Network.setExtraHTTPHeaders", headers)
    found, urls = Load(), dict[str, str]()
    session.on(
        "Network.responseReceived",
        lambda event: urls.update({event["requestId"]: event["response"]["url"]}),
    )
    session.on(
        "Network.loadingFinished",
        lambda event: found.bytes.update(
            {kind_of(urls.get(event["requestId"], "")): int(event["encodedDataLength"])}
        ),
    )
    for _ in range(1 + again):
        found.bytes.clear()
        await page.goto("about:blank")
        begun = time.monotonic()
        await page.goto(address, wait_until="commit")
        found.answered = time.monotonic() - begun
        await page.wait_for_selector(f"[data-loads] {SLIDER}")
        found.interactive = time.monotonic() - begun
        await page.wait_for_timeout(REST)
    await context.close()
    return found


async def measure(addresses: dict[str, str], rounds: int) -> dict[str, list[Load]]:
    """Loads of each contestant, in turns; the first round warms the servers up and is left out."""
    path = needed_chromium()
    from playwright.async_api import async_playwright

    here = addresses["now"]
    ways: dict[str, tuple[str, dict[str, bool]]]
    ways = {name: (address, {}) for name, address in addresses.items()}
    ways |= {"now, not compressed": (here, {"plain": True}), "now, again": (here, {"again": True})}
    found: dict[str, list[Load]] = {name: [] for name in ways}
    async with async_playwright() as playwright:
        for turn in range(rounds + 1):
            for name, (address, how) in ways.items():
                browser = await playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
                loaded = await load(browser, address, **how)
                await browser.close()
                if turn:
                    found[name].append(loaded)
    return found


def table(found: dict[str, list[Load]]) -> str:
    """Medians, and ratios to the first."""
    kinds = ["page", *KINDS]
    heads = ["page load", "first answer, s", "interactive, s", "×", "bytes, kB", "×", *kinds]
    lines = [heads, ["---"] * len(heads)]
    first: tuple[float, float] | None = None
    for name, loads in found.items():
        answered = statistics.median(each.answered for each in loads)
        interactive = statistics.median(each.interactive for each in loads)
        whole = statistics.median(sum(each.bytes.values()) for each in loads)
        first = first or (interactive, whole)
        by_kind = [statistics.median(each.bytes[kind] for each in loads) for kind in kinds]
        ratios = interactive / first[0], whole / first[1]
        lines.append(
            [name, f"{answered:.2f}", f"{interactive:.2f}", f"{ratios[0]:.2f}"]
            + [f"{whole / 1e3:.0f}", f"{ratios[1]:.2f}"]
            + [f"{size / 1e3:.0f}" for size in by_kind]
        )
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


if __name__ == "__main__":
    compare("startup", __doc__, measure, table)
