"""The app as a process: it serves until a signal comes, then keeps what runs and ends."""

from __future__ import annotations

import os
import signal
import threading
from types import FrameType

import gradio as gr

from explorer.gui.app import create_app, launch
from explorer.gui.command_line import read_arguments
from explorer.gui.frame.context import Context
from explorer.gui.lessons.folders import asked_folders
from explorer.printing import say

SIGNALS = ("SIGINT", "SIGTERM", "SIGHUP")
"""Ctrl-C, what a service manager or a container sends, and a terminal that is closed."""
PATIENCE = 8.0
"""Seconds in which jobs end and trainings are saved; what they saved before is kept anyway."""


def main() -> None:
    """The user's and the Space's app."""
    lessons = asked_folders()
    context = Context.detect(read_arguments().runs)
    if context.told:
        say(context.told, error=True)
    serve(create_app(context, lessons), context)


def serve(demo: gr.Blocks, context: Context) -> None:
    """Serve until a signal comes; then end with 0 within ten seconds, at once with a second one.

    Running trainings are saved as if they had been stopped.
    """
    asked = threading.Event()

    def ask(number: int, frame: FrameType | None) -> None:
        if asked.is_set():
            os._exit(1)
        asked.set()

    for name in SIGNALS:
        number = getattr(signal, name, None)  # Windows has no SIGHUP
        if number and signal.getsignal(number) is not signal.SIG_IGN:  # nohup ignores it
            signal.signal(number, ask)
    launch(demo, context, prevent_thread_lock=True)
    while not asked.wait(1):  # Windows hears signals between two waits only
        pass
    if alive := context.jobs.alive:
        say(f"ending {len(alive)} running jobs; training runs are saved …")
    if late := context.jobs.close(PATIENCE):
        kinds = ", ".join(sorted({job.kind for job in late}))
        say(f"not finished in time: {kinds}; what they saved before is kept")
    os._exit(0)  # threads in the middle of a step would abort the interpreter's own end
