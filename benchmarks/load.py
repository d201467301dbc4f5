"""Thirty visitors at once: `python -m benchmarks.load`.

They open the page, drag, change a schedule, race and train, each for themselves; two have a real
Chromium, the others speak the protocol of Gradio's page. Only a server on this machine is loaded;
by default one is started. What every visitor gets is checked to be their own.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sys
import time
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.dragging import drag, needed_chromium
from benchmarks.findings import Findings, table, write_json
from benchmarks.foreign import (
    has_noise_of_seed,
    is_of_seed,
    is_repeated,
    trained_seed,
    with_frames,
)
from benchmarks.page import Changes, Config
from benchmarks.served import ROOT, Served, Watch, loopback, serve
from benchmarks.visitors import Failed, Shown, Visitor
from explorer.cli.console import check_writable

PLAYER, STATUS = "reverse-player", "reverse-status"
DDIM = {"Lane 1: sampler": "DDIM", "Lane 2: sampler": "–"}
"""One lane of 50 steps in place of DDPM against DDIM."""
DEFAULT_SHARE = 0.2
"""Of the races those that are the page's default one, of 1,000 steps."""
THINK = 20.0
"""Seconds that a visitor looks at something before the next click, at the mean."""
REPEATED = 4
"""So many DDIM races are computed again here, frame by frame."""


@dataclass
class Plan:
    """What is asked for."""

    visitors: int
    browsers: int
    trainers: int
    seconds: float
    """How long visitors begin something new."""
    budget: float
    """Seconds of each training."""
    seed: int

    @property
    def patience(self) -> float:
        """Seconds until what has been begun must have ended: trainings take turns."""
        return 60 + 2 * self.budget * max(1, self.trainers) + self.seconds


@dataclass
class Room:
    """What the visitors of one load share."""

    address: str
    config: Config
    plan: Plan
    findings: Findings
    end: float
    training: int = 0
    """How many train now."""
    races: list[dict[str, Any]] = field(default_factory=list)
    """Those that came to their end, with their frames."""


async def load(served: Served, plan: Plan) -> dict[str, Any]:
    """The report of a load."""
    findings, watch = Findings(), Watch(served)
    watch.look()
    async with Visitor(served.address) as first:  # everybody's page is built alike
        config = first.config
    room = Room(served.address, config, plan, findings, time.monotonic() + plan.seconds)
    watching = [asyncio.create_task(watch.every(5)), asyncio.create_task(tell(room))]
    browsers = asyncio.create_task(drag(served.address, plan.browsers, room.end, findings))
    clients = plan.visitors - plan.browsers
    people = [
        train(room, i) if i < plan.trainers else visit(room, i, random.Random(plan.seed + i))
        for i in range(clients)
    ]
    await asyncio.gather(browsers, *(_bounded(room, person) for person in people))
    for task in watching:
        task.cancel()
    watch.look()
    await asyncio.to_thread(check_races, room)
    if served.log and "Traceback" in (log := served.log.read_text("utf-8", "replace")):
        findings.errors["the app's log has a traceback"] += log.count("Traceback")
    settings = (
        f"{plan.visitors} visitors, {plan.browsers} of them with Chromium, {plan.trainers} train "
        f"{plan.budget:g} s each, {plan.seconds:g} s, seed {plan.seed}"
    )
    return findings.report() | {"settings": settings, "server": watch.samples}


async def tell(room: Room) -> None:
    """How far it is, now and then, to the error stream."""
    begun = time.monotonic()
    while True:
        await asyncio.sleep(30)
        found = room.findings
        print(
            f"after {time.monotonic() - begun:.0f} s: {len(room.races)} races, {room.training} "
            f"train, {found.errors.total()} errors, {found.refusals.total()} refusals",
            file=sys.stderr,
            flush=True,
        )


async def _bounded(room: Room, person: Any) -> None:
    with room.findings.of("a visit"):
        try:
            await asyncio.wait_for(person, room.plan.patience)
        except TimeoutError:
            raise Failed(f"it did not end within {room.plan.patience:.0f} s") from None


async def visit(room: Room, number: int, chance: random.Random) -> None:
    """Somebody who looks around: settings and races, with pauses."""
    findings = room.findings
    await asyncio.sleep(chance.uniform(0, min(THINK, room.plan.seconds / 4)))
    async with Visitor(room.address, room.config) as visitor:
        findings.took("page", visitor.opened)
        seed = 1000 * (number + 1)
        while time.monotonic() < room.end:
            seed += 1
            with findings.of("a setting"):
                begun = time.perf_counter()
                await visitor.ask("forward-T", {"forward-T": chance.randrange(100, 2000)})
                findings.took("a setting of Forward", time.perf_counter() - begun)
            await asyncio.sleep(chance.expovariate(1 / THINK))
            if time.monotonic() < room.end:
                with findings.of("a race"):
                    await race(room, visitor, seed, chance.random() >= DEFAULT_SHARE)
            await asyncio.sleep(chance.expovariate(1 / THINK))


async def race(room: Room, visitor: Visitor, seed: int, ddim: bool) -> None:
    """One race to its end, its times and what is foreign in it."""
    findings, name = room.findings, "DDIM race" if ddim else "default race"
    full = room.training == room.plan.trainers
    settings: Changes = {"Seed": seed} | (DDIM if ddim else {})
    view, framed = None, False
    stream = visitor.press("reverse-run", settings)
    async for shown in first_feedback(findings, stream):
        if (now := shown.changes.get(PLAYER)) is None:
            continue
        view = now
        if not framed and any(lane["times"] for lane in view["lanes"]):
            findings.took("first frame of a race", shown.seconds)
            framed = True
    if view is None or view["running"] or view["lanes"][0]["times"][-1] != 0:
        raise Failed(f"the {name} of seed {seed} did not come to its end")
    trained = f" while {room.plan.trainers} train" if full and room.training else ""
    findings.took(f"end of a {name}{trained}", shown.seconds)
    findings.check("title and settings of a race", is_of_seed(view, seed))
    room.races.append(await with_frames(view, visitor.fetch))


async def train(room: Room, number: int) -> None:
    """A training to its end; its file is fetched and must have the seed that was asked for."""
    findings, seed = room.findings, 500 + number
    await asyncio.sleep(number)
    async with Visitor(room.address, room.config) as visitor:
        findings.took("page", visitor.opened)
        with findings.of("a training"):
            settings = {"train-budget": room.plan.budget, "Seed": seed}
            stream, file, seen = visitor.press("train-start", settings), None, False
            room.training += 1
            try:
                async for shown in first_feedback(findings, stream):
                    file = shown.changes.get("Download the model", file)
                    if not seen and "step" in shown.changes.get("train-status", ""):
                        findings.took("first step of a training", shown.seconds)
                        seen = True
            finally:
                room.training -= 1
            if file is None:
                raise Failed(f"the training of seed {seed} left no model")
            findings.took("end of a training", shown.seconds)
            path = file["value"]["path"] if "value" in file else file["path"]
            found = trained_seed(await visitor.fetch(path))
            foreign = None if found == seed else f"a model of seed {found}, not {seed}"
            findings.check("seed of a trained model", foreign)


async def first_feedback(findings: Findings, stream: AsyncIterator[Shown]) -> AsyncIterator[Shown]:
    """The stream; how long a click stayed without an answer is taken down."""
    first = True
    async with aclosing(stream) as shown_all:  # type: ignore[type-var]
        async for shown in shown_all:
            if first:
                findings.took("first feedback on a click", shown.seconds)
                first = False
            yield shown


def check_races(room: Room) -> None:
    """Once the load is over: all races begin with their seed's noise; some are computed again."""
    for view in room.races:
        room.findings.check("noise of a race", has_noise_of_seed(view))
    same = [view for view in room.races if len(view["lanes"]) == 1]
    for view in random.Random(room.plan.seed).sample(same, min(REPEATED, len(same))):
        room.findings.check("all frames of a race", is_repeated(view, ROOT / "checkpoints"))


def main() -> None:
    parser = argparse.ArgumentParser(description="Thirty visitors at once, on this machine.")
    parser.add_argument("--url", help="of an app that runs on this machine, hosted")
    parser.add_argument("--visitors", type=int, default=30)
    parser.add_argument("--browsers", type=int, default=2, help="of them with a real Chromium")
    parser.add_argument("--trainers", type=int, default=5, help="of them who train")
    parser.add_argument("--seconds", type=float, default=300)
    parser.add_argument("--budget", type=float, default=90, help="seconds of each training")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", type=Path, help="where the report goes")
    given = vars(parser.parse_args())
    url, path = given.pop("url"), given.pop("json")
    plan = Plan(**given)
    if plan.visitors > 200 or plan.seconds > 3600:
        parser.error("at most 200 visitors and an hour")
    if plan.browsers + plan.trainers > plan.visitors:
        parser.error("more browsers and trainers than visitors")
    if path:
        check_writable(path, "--json")
    if plan.browsers:
        needed_chromium()
    try:
        with TemporaryDirectory(prefix="explorer-load-") as folder:
            if url:
                report = asyncio.run(load(Served(loopback(url)), plan))
            else:
                with serve(Path(folder)) as served:
                    report = asyncio.run(load(served, plan))
    except (ValueError, LookupError, RuntimeError) as error:
        parser.error(str(error))
    print(table(report))
    if path:
        write_json(report, path)
    raise SystemExit(bool(report["errors"] or report["foreign"]))


if __name__ == "__main__":
    main()
