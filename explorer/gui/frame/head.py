"""What the page's head holds: what runs before Gradio, and what is fetched while it works."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from pathlib import Path

import gradio as gr
from gradio.blocks import Block

from explorer.gui.frame.page_files import page_files
from explorer.gui.parts.widget import MOUNT, Widget

HERE = Path(__file__).parent
SCRIPTS = (HERE.parent / "theme.js", HERE / "sooner.js", HERE / "under_way.js")


def head(demo: gr.Blocks) -> str:
    """The scripts, and the files of what the page opens with: they are fetched while Gradio still
    puts the page together."""
    links = dict.fromkeys(map(_link, [page_files.add_file(MOUNT), *first_files(demo)]))
    scripts = (f"<script>{file.read_text(encoding='utf-8')}</script>" for file in SCRIPTS)
    return "".join([*scripts, *links])


def first_files(demo: gr.Blocks) -> Iterator[str]:
    """Addresses of the scripts and first values of the parts that are there before anything is
    opened."""
    tabs = [block for block in demo.blocks.values() if isinstance(block, gr.TabItem)]
    closed = {tab._id for tab in tabs[1:]}
    for block in demo.blocks.values():
        if isinstance(block, Widget) and not closed.intersection(_around(block)):
            yield from block.files


def _around(block: Block) -> Iterator[int]:
    """The ids of all that a block stands in."""
    while parent := block.parent:
        yield parent._id
        block = parent


def _link(address: str) -> str:
    kind = 'rel="modulepreload"' if address.endswith(".js") else 'rel="preload" as="fetch"'
    return f'<link {kind} href="{escape(address)}" crossorigin>'
