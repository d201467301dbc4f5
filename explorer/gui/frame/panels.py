"""Panels under a stage: a tab each, which says what it shows."""

from __future__ import annotations

from typing import Any

import gradio as gr


def panels() -> gr.Tabs:
    """What the panels' tabs stand in: all of them are in sight, in as many rows as they take."""
    return gr.Tabs(elem_classes="panels", overflow_behavior="wrap")


def panel_tab(title: str, summary: str, **props: Any) -> gr.Tab:
    """A panel to fill; its tab says its title, and on a second line what is to be seen there."""
    return gr.Tab(f"{title}\n{summary}", **props)
