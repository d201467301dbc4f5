"""Menus whose offers change: a choice that is gone is refused in a sentence, by every handler."""

from __future__ import annotations

import asyncio
from pathlib import Path

from benchmarks.page import name_of
from benchmarks.served import serve
from benchmarks.visitors import Failed, Refused, Visitor
from explorer.gui.parts.menu import Menu
from tests.asynchronous import finished

GONE = "no longer here"
MENUS = ("train-data", "train-earlier", "train-compare", "reverse-model", "spread-class")
MENUS += ("inside-model", "bound-model")


async def answers(address: str) -> tuple[dict[str, str], list[str]]:
    """What is said of a choice that is gone, by event; and the events that failed."""
    said, failed = {}, []
    async with Visitor(address) as visitor:
        page = visitor.config
        menus = {number: name_of(part) for number, part in page.components.items()}
        for event in page.events:
            known = next((menus[i] for i in event["inputs"] if menus[i] in MENUS), None)
            targets = [(menus[i], kind) for i, kind in event["targets"] if i in menus]
            if known is None or not targets or event["queue"] or not event["backend_fn"]:
                continue
            value = [GONE] if known == "train-compare" else GONE
            name, kind = targets[0]
            try:
                await visitor.ask(name, {known: value}, kind)
            except Refused as refusal:
                said[f"{name} {kind}"] = str(refusal)
            except Failed as failure:
                failed.append(f"{name} {kind}: {failure}")
            except KeyError:  # another event of the same component comes first
                continue
        try:
            async for _ in visitor.press("train-start", {"train-data": GONE}):
                pass
        except Refused as refusal:
            said["train-start"] = str(refusal)
    return said, failed


def test_a_choice_that_is_gone_is_handed_on() -> None:
    assert Menu(["a"]).preprocess(GONE) == GONE
    assert Menu(["a"], multiselect=True).preprocess([GONE]) == [GONE]
    assert Menu(["a"]).get_block_name() == "dropdown"


def test_every_handler_says_so_in_a_sentence(tmp_path: Path) -> None:
    with serve(tmp_path) as served:
        said, failed = finished(asyncio.wait_for(answers(served.address), 240))
    assert failed == []
    assert {*MENUS[1:4], "train-start"} <= {key.split()[0] for key in said}, said
    assert GONE in said["train-start"]
