"""A panel of the Reverse tab alone, with an untrained model."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import gradio as gr
import torch

from explorer.checkpoints import Spec, save
from explorer.gui.frame.context import Context
from explorer.gui.frame.device import Device
from explorer.gui.frame.keeper import Keeper
from explorer.gui.frame.limits import LOCAL, Limits
from explorer.gui.frame.shared import Shared
from explorer.networks import PRESETS, UNet, UNetConfig

CPU = torch.device("cpu")
REQUEST = SimpleNamespace(session_hash="one")


def tiny(folder: Path, name: str = "toys", T: int = 20, classes: tuple[str, ...] = ()) -> Path:
    """An untrained model of a set that is not bundled."""
    config = UNetConfig(channels=1, classes=len(classes), T=T, **PRESETS["tiny"])
    spec = Spec(
        name=name,
        data="my toys/",
        licence="",
        size=8,
        channels=1,
        classes=classes,
        network="unet",
        network_config=asdict(config),
        schedule="cosine",
        T=T,
    )
    return save(folder / f"{name}.safetensors", UNet(config).state_dict(), spec)


def by_name(answer: dict[Any, Any]) -> dict[str, Any]:
    """What a handler changes, by the component's id, label or kind."""

    def name(block: gr.blocks.Block) -> str:
        if "trouble-text" in (getattr(block, "elem_classes", None) or ()):
            return "trouble"
        return block.elem_id or getattr(block, "label", None) or type(block).__name__

    assert answer, "Gradio takes an empty answer for the value of a single output"
    return {} if answer == gr.skip() else {name(block): value for block, value in answer.items()}


def merged(answers: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """What the page shows after all of them."""
    return {name: value for answer in answers for name, value in answer.items()}


PATIENCE = 120.0
"""Seconds after which what never answers has failed."""


def in_turn(answers: AsyncIterator[Any]) -> Iterator[Any]:
    """What an asynchronous handler answers, as a browser's connection would have it; to close it
    is to close the page."""
    with ThreadPoolExecutor(1) as elsewhere:  # a browser's test has a loop in this thread
        runner = asyncio.Runner()

        def finished(coroutine: Any) -> Any:
            return elsewhere.submit(runner.run, coroutine).result(PATIENCE)

        try:
            while True:
                try:
                    yield finished(_next(answers))
                except StopAsyncIteration:
                    return
        finally:
            finished(answers.aclose())  # type: ignore[attr-defined]
            elsewhere.submit(runner.close).result(PATIENCE)


async def _next(answers: AsyncIterator[Any]) -> Any:
    return await anext(answers)


def without_beat(answer: Any) -> Any:
    """What is told to others than the page's keeper."""
    if not isinstance(answer, dict) or answer == gr.skip():
        return answer
    return {block: value for block, value in answer.items() if not isinstance(block, Keeper)}


def answers(answer: Any) -> Iterator[dict[Any, Any]]:
    """One after the other, as a handler gives them, but for what its keeper is told."""
    heard = map(without_beat, in_turn(answer) if isinstance(answer, AsyncIterator) else answer)
    return (each for each in heard if each)


def named(answer: Any) -> Any:
    """A handler's answer, or its answers one after the other, by `by_name`."""
    if isinstance(answer, AsyncIterator | Iterator):
        return (by_name(each) for each in answers(answer))
    return by_name(answer) if isinstance(answer, dict) else answer


class Panel:
    """The handlers as a visitor's browser would have them called."""

    def __init__(
        self,
        checkpoints: Path,
        build: Callable[[Context, Shared], None],
        limits: Limits = LOCAL,
    ) -> None:
        self.context = Context(Device(CPU), limits, checkpoints=checkpoints)
        with gr.Blocks() as self.demo:
            names = list(self.context.models(""))
            build(self.context, Shared(gr.Tabs(), gr.Dropdown(names, value=names[0])))
        self.handlers = {fn.name: fn.fn for fn in self.demo.fns.values()}

    def __call__(self, name: str, *values: Any) -> Any:
        return named(self.handlers[name](REQUEST, *values))
