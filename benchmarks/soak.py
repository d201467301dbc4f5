"""Many full sessions, one after the other: `python -m benchmarks.soak`.

Whether memory, temporary files and open files stay what they were: a session brings a picture,
changes a schedule, trains, races, forks, computes a bound or an SDE's error, and leaves. Only a
server on this machine, started here.
"""

from __future__ import annotations

import argparse
import asyncio
import io
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from PIL import Image

from benchmarks.findings import Findings, table, write_json
from benchmarks.foreign import is_of_seed
from benchmarks.load import DDIM, PLAYER
from benchmarks.page import Changes, Config
from benchmarks.served import Served, Watch, serve
from benchmarks.visitors import Failed, Visitor
from explorer.cli.console import check_writable

WARM = 10
"""Sessions after which memory is compared with that at the end."""


def picture(seed: int, side: int = 700) -> bytes:
    """A PNG that nobody else brings."""
    noise = np.random.default_rng(seed).integers(0, 256, (side, side, 3), np.uint8)
    file = io.BytesIO()
    Image.fromarray(noise).save(file, "PNG", compress_level=1)
    return file.getvalue()


def growth(samples: Sequence[dict[str, float]]) -> dict[str, float]:
    """How the end stands to the moment after the first `WARM` sessions, a sample for each.

    `resident` is a ratio, `temporary` and `runs` are bytes more, `files` and `threads` a number
    more. ValueError if there are not more sessions than that.
    """
    if len(samples) <= WARM:
        raise ValueError(f"{len(samples)} sessions; growth is told from {WARM + 1} on")
    first, last = samples[WARM - 1], samples[-1]
    more = {name: last[name] - first[name] for name in ("temporary", "runs", "files", "threads")}
    return {"resident": round(last["resident"] / first["resident"], 4)} | more


async def session(
    address: str, config: Config, number: int, budget: float, found: Findings
) -> None:
    """All that a visitor does in an hour, without the pauses."""
    seed = 10_000 + number
    async with Visitor(address, config) as visitor:
        found.took("page", visitor.opened)
        with found.of("an upload"):
            sent = await visitor.upload(picture(number), "mine.png")
            await visitor.ask("forward-image", {"forward-image": sent})
        with found.of("a schedule"):
            await visitor.ask("Compare", {"Compare": ["linear", "sigmoid"]})
        with found.of("a training"):
            settings = {"train-budget": budget, "Seed": seed}
            await ended(visitor, found, "a training", "train-start", settings)
        with found.of("a race"):
            shown = await ended(visitor, found, "a race", "reverse-run", {"Seed": seed} | DDIM)
            view = shown[PLAYER]
            found.check("title and settings of a race", is_of_seed(view, seed))
            times = view["lanes"][0]["times"]
            cursor = {"lane": 0, "picture": 0, "frame_t": times[len(times) // 2]}
            await ended(visitor, found, "a fork", "reverse-fork", {"json": cursor})
        with found.of("a lecture"):
            if number % 2:
                few = {"bound-n": 2, "bound-times": 20}
                await ended(visitor, found, "a bound", "bound-run", few)
            else:
                await ended(visitor, found, "an SDE", "sde-measure", {})


async def ended(
    visitor: Visitor, found: Findings, what: str, button: str, settings: Changes
) -> Changes:
    """All that a job has shown, by its end."""
    begun = time.perf_counter()
    said: Changes = {}
    async for shown in visitor.press(button, settings):
        said |= shown.changes
    if not said:
        raise Failed(f"{what} showed nothing")
    found.took(what, time.perf_counter() - begun)
    return said


async def soak(served: Served, sessions: int, together: int, budget: float) -> dict[str, Any]:
    """The report; its `server` has a sample after each session."""
    found, watch, numbers = Findings(), Watch(served), iter(range(sessions))
    async with Visitor(served.address) as first:
        config = first.config

    async def one_after_the_other() -> None:
        for number in numbers:  # shared: each takes the next
            with found.of("a session"):
                await session(served.address, config, number, budget, found)
            sample = await asyncio.to_thread(watch.look)
            print(
                f"{len(watch.samples)} of {sessions}: {sample['resident'] / 1e6:.0f} MB resident, "
                f"temporary {sample['temporary'] / 1e6:.0f} MB, "
                f"runs {sample['runs'] / 1e6:.0f} MB, "
                f"{sample['files']:.0f} open files, {sample['threads']:.0f} threads",
                flush=True,
            )

    await asyncio.gather(*(one_after_the_other() for _ in range(together)))
    if served.log and "Traceback" in (log := served.log.read_text("utf-8", "replace")):
        found.errors["the app's log has a traceback"] += log.count("Traceback")
    settings = f"{sessions} sessions, {together} at a time, trainings of {budget:g} s"
    return found.report() | {"settings": settings, "server": watch.samples}


def main() -> None:
    parser = argparse.ArgumentParser(description="Many full sessions, on this machine.")
    parser.add_argument("--sessions", type=int, default=100)
    parser.add_argument("--together", type=int, default=1, help="sessions at a time")
    parser.add_argument("--budget", type=float, default=5, help="seconds of each training")
    parser.add_argument("--folder", type=Path, help="keep the app's log and files there")
    parser.add_argument("--json", type=Path, help="where the report goes")
    given = parser.parse_args()
    if not 1 <= given.sessions <= 1000 or not 1 <= given.together <= 8:
        parser.error("1 to 1000 sessions, 1 to 8 at a time")
    if given.json:
        check_writable(given.json, "--json")
    try:
        with ExitStack() as stack:
            folder = given.folder or Path(stack.enter_context(TemporaryDirectory()))
            folder.mkdir(parents=True, exist_ok=True)
            served = stack.enter_context(serve(folder))
            report = asyncio.run(soak(served, given.sessions, given.together, given.budget))
    except (OSError, RuntimeError) as error:
        parser.error(str(error))
    if given.sessions > WARM:
        report["growth"] = growth(report["server"])
    print(table(report))
    if more := report.get("growth"):
        print(
            f"since the first {WARM} sessions: resident × {more['resident']:.3f}, temporary "
            f"{more['temporary'] / 1e6:+.0f} MB, runs {more['runs'] / 1e6:+.0f} MB, "
            f"{more['files']:+.0f} files, {more['threads']:+.0f} threads"
        )
    if given.json:
        write_json(report, given.json)
    raise SystemExit(bool(report["errors"] or report["foreign"]))


if __name__ == "__main__":
    main()
