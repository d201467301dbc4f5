"""What panels that ask the device have in common."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gradio as gr

from explorer.checkpoints import Spec
from explorer.gui.frame.context import Context


def find_model(context: Context, name: Any, visitor: str) -> tuple[Path, Spec]:
    """A model by its name in the menu; ValueError if it is gone."""
    found = context.models(visitor)
    if not isinstance(name, str) or name not in found:
        raise ValueError(f"Model: {name!r} is not here any more; choose another")
    return found[name]


def buttons(running: bool) -> tuple[gr.Button, gr.Button]:
    """Run and Stop: always one of them can be pressed."""
    return gr.Button(interactive=not running), gr.Button(interactive=running)


def waiting(context: Context) -> str:
    """What a job says until it has begun."""
    return "waiting for the device …" if context.device.busy else "starting …"


def patience(context: Context) -> float | None:
    """Seconds that one job may take; where strangers share the device nobody keeps it for long."""
    return 60 if context.limits.hosted else None


def patient(stopped: Callable[[], bool], seconds: float | None) -> Callable[[], bool]:
    """`stopped`, and also once so many seconds have passed from now."""
    end = None if seconds is None else time.monotonic() + seconds
    return lambda: stopped() or (end is not None and time.monotonic() > end)
