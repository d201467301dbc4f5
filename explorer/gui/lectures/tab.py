"""Lectures: what the lectures teach besides, a topic at a time."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Protocol, cast

import gradio as gr

from explorer.gui.frame.context import Context
from explorer.gui.frame.shared import QUIET, Shared, prose
from explorer.gui.lectures.pages.topic import PAGES

ID, TITLE = "lectures", "Lectures"


class Topic(Protocol):
    """A module, or a page made of data."""

    @property
    def ID(self) -> str: ...
    @property
    def TITLE(self) -> str: ...
    @property
    def SUMMARY(self) -> str: ...
    @property
    def build(self) -> Callable[[Context, Shared], None]: ...


FOLDERS = (
    "autoencoder",
    "bound",
    "targets",
    "sde",
    "inside",
)
"""Each has a topic.py, which is a `Topic`."""
TOPICS: tuple[Topic, ...] = (
    *(cast(Topic, import_module(f"explorer.gui.lectures.{name}.topic")) for name in FOLDERS),
    *PAGES,
)
"""In the order of the list."""


def build(context: Context, shared: Shared) -> None:
    """A list of topics; opening one closes the others."""
    prose(__file__)
    folds = []
    for topic in TOPICS:
        name = f"{topic.TITLE}: {topic.SUMMARY}"
        with gr.Accordion(
            name, open=False, elem_id=f"topic-{topic.ID}", elem_classes="topic"
        ) as fold:
            topic.build(context, shared)
        folds.append(fold)
    for fold in folds:
        others = [other for other in folds if other is not fold]
        fold.expand(_closed, None, others, **QUIET)


def _closed() -> list[gr.Accordion]:
    return [gr.Accordion(open=False)] * (len(TOPICS) - 1)
