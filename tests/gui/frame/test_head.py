"""What the page's head fetches ahead: the files of what the page opens with, and no others."""

from __future__ import annotations

import re
from pathlib import Path

import gradio as gr
import pytest
import torch

from explorer.gui.answers.answer import Answer, Answered
from explorer.gui.app import create_app
from explorer.gui.frame.context import Context
from explorer.gui.frame.device import Device
from explorer.gui.frame.head import first_files, head
from explorer.gui.frame.keeper import Keeper
from explorer.gui.frame.limits import LOCAL
from explorer.gui.frame.page_files import page_files
from explorer.gui.parts.widget import MOUNT


@pytest.fixture(scope="module")
def demo() -> gr.Blocks:
    return create_app(Context(Device(torch.device("cpu")), LOCAL))


def names(addresses: list[str]) -> set[str]:
    return {Path(address).name for address in addresses}


def test_the_first_tab_and_what_stands_around_the_tabs(demo: gr.Blocks) -> None:
    found = names(list(first_files(demo)))
    assert found >= {"blend.js", "blend.json", "address.js", "address.json", "glossary.js"}
    assert not found & {"player.js", "plot_view.js", "plane.js", "growth.js", "cards.js"}


def test_parts_of_later_tabs_wait() -> None:
    with gr.Blocks() as small:
        outside = Answer(Answered("What?", "outside"))
        with gr.Tabs():
            with gr.Tab("First"), gr.Row():
                inside = Answer(Answered("What?", "inside"))
            with gr.Tab("Second"), gr.Column():
                Answer(Answered("What?", "later"))
        Keeper()  # begins without a value
    found = list(first_files(small))
    assert found[:2] == outside.files and found[2:4] == inside.files
    assert len(found) == 5 and Path(found[4]).name == "keeper.js"


def test_each_is_fetched_once_and_is_there(demo: gr.Blocks) -> None:
    text = head(demo)
    links = re.findall(r'<link rel="(\w+)"(?: as="fetch")? href="([^"]+)" crossorigin>', text)
    addresses = [address for _, address in links]
    assert len(links) == text.count("<link") > 15 and len({*addresses}) == len(addresses)
    assert page_files.add_file(MOUNT) in addresses
    for kind, address in links:
        assert page_files.read(address)
        assert kind == ("modulepreload" if address.endswith(".js") else "preload")
