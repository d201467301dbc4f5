"""The Plane tab on a page of its own (the argument is its port), and a visit to it."""

from __future__ import annotations

import sys

import gradio as gr
import numpy as np

from explorer.gui.app import launch
from explorer.gui.context import Context
from explorer.gui.shared import Shared
from explorer.gui.tabs import plane

EXPLORER = "document.querySelector('#plane-stage').explorer"
DRAWN = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"


def page(context: Context) -> gr.Blocks:
    """Nothing but the tab."""
    with gr.Blocks() as demo:
        model = gr.Dropdown([], label="Model", render=False)
        with gr.Tabs() as tabs:
            with gr.Tab(plane.TITLE):
                plane.build(context, Shared(tabs, model))
    return demo.queue(default_concurrency_limit=4)


class Stage:
    """The tab on a page."""

    def __init__(self, browser: object, address: str, width: int) -> None:
        self.page = browser.new_page(viewport={"width": width, "height": 900})
        self.page.set_default_timeout(60_000)
        self.requests, self.trouble = [], []
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.on("pageerror", lambda error: self.trouble.append(str(error)))
        self.page.goto(address)
        self.page.wait_for_selector("#plane-stage [data-loads]")
        self.page.evaluate(DRAWN)

    def ask(self, script: str, value: object = None) -> object:
        return self.page.evaluate(f"value => {EXPLORER}.{script}", value)

    def press(self, attribute: str, name: str) -> None:
        self.page.click(f"#plane-stage [data-{attribute}='{name}']")
        self.page.evaluate(DRAWN)

    def set(self, t: int) -> None:
        """By the slider, as a hand would."""
        self.page.evaluate(
            """t => { const slider = document.getElementById("plane-t");
                      slider.value = t; slider.dispatchEvent(new Event("input")); }""",
            t,
        )
        self.page.evaluate(DRAWN)

    def positions(self, panel: int, t: float) -> np.ndarray:
        return np.array(self.ask("positions(...value)", [panel, t])).reshape(-1, 2)

    def text(self, selector: str) -> str:
        return self.page.inner_text(f"#plane-stage {selector}").replace("\u2212", "-")

    def ink(self, panel: int) -> float:
        """The share of a panel's pixels that are drawn on."""
        return self.page.evaluate(
            """panel => {
              const canvas = document.querySelectorAll("#plane-stage canvas")[panel];
              const { width } = canvas, context = canvas.getContext("2d");
              const { data } = context.getImageData(0, 0, width, width);
              let drawn = 0;
              for (let i = 3; i < data.length; i += 4) drawn += data[i] > 8;
              return (4 * drawn) / data.length;
            }""",
            panel,
        )


if __name__ == "__main__":
    context = Context.detect()
    launch(page(context), context, server_port=int(sys.argv[1]))
