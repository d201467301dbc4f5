"""Lectures: a home with a card for each lecture and topic, which opens full width."""

from __future__ import annotations

from importlib import import_module
from typing import cast

import gradio as gr

from explorer.gui.frame.context import Context
from explorer.gui.frame.shared import Shared, prose, what_to_look_at
from explorer.gui.lectures.home.cards import Topic, cards_of
from explorer.gui.lectures.home.head import head_html
from explorer.gui.lectures.home.home import Home
from explorer.gui.lectures.pages.topic import PAGES

ID, TITLE = "lectures", "Lectures"
HOME = "home"
"""The page of the cards; no topic is called so."""
FOLDERS = (
    "autoencoder",
    "bound",
    "targets",
    "sde",
    "inside",
    "ladder",
    "generative",
    "latent",
)
"""Each has a topic.py, which is a `Topic`."""
TOPICS: tuple[Topic, ...] = (
    *PAGES,
    *(cast(Topic, import_module(f"explorer.gui.lectures.{name}.topic")) for name in FOLDERS),
)
"""In the order of the cards."""


def build(context: Context, shared: Shared) -> None:
    """A page for the cards and one for each topic, of which one is seen.

    They are tabs whose row is not shown, so that what nobody opens is not put on the page.
    """
    with gr.Tabs(elem_classes="topics", overflow_behavior="wrap"):
        with gr.Tab("All lectures and topics", id=HOME, elem_id=f"topic-{HOME}"):
            what_to_look_at(__file__)
            Home(cards_of(TOPICS), elem_id="lectures-home")
            prose(__file__)
        for topic in TOPICS:
            with gr.Tab(
                topic.TITLE, id=topic.ID, elem_id=f"topic-{topic.ID}", elem_classes="topic"
            ):
                gr.HTML(head_html(topic), padding=False, elem_classes="topic-head")
                topic.build(context, shared)
