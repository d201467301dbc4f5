"""What panels with jobs have in common on the page."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import gradio as gr

from explorer.checkpoints import Spec
from explorer.gui.frame.context import Context
from explorer.gui.frame.shared import QUIET


def job_bar(
    prefix: str,
    label: str,
    said: str,
    names: Sequence[str] = ("run", "stop", "status"),
    variant: Literal["primary", "secondary"] = "secondary",
) -> tuple[gr.Button, gr.Button, gr.Markdown]:
    """A row with the button that begins a job, the one that stops it, and the line that says how
    far it is; their ids are PREFIX-NAME."""
    run, stop, state = (f"{prefix}-{name}" for name in names)
    with gr.Row(elem_classes="train-bar"):
        return (
            gr.Button(label, variant=variant, elem_id=run, scale=0),
            gr.Button("Stop", interactive=False, elem_id=stop, scale=0),
            gr.Markdown(said, elem_id=state, elem_classes="status-line"),
        )


def keep_offering(context: Context, model: gr.Dropdown) -> None:
    """When the page loads its menu offers the visitor's own models too, of earlier sessions."""

    def offer(request: gr.Request) -> gr.Dropdown:
        return gr.Dropdown(list(context.models(context.visitor(request))))

    gr.on(None, offer, None, model, **QUIET)


def find_model(context: Context, name: Any, visitor: str) -> tuple[Path, Spec]:
    """A model by its name in the menu; ValueError if it is gone."""
    found = context.models(visitor)
    if not isinstance(name, str) or name not in found:
        raise ValueError(f"Model: {name!r} is no longer available; choose another")
    return found[name]
