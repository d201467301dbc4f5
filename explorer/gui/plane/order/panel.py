"""Error against steps: why there are samplers of second order."""

from __future__ import annotations

from typing import Any

import gradio as gr

from explorer.diffusion import SCHEDULES, SPACINGS
from explorer.gui.frame.call import Call
from explorer.gui.frame.context import Context
from explorer.gui.frame.jobs import Jobs, Steps
from explorer.gui.frame.shared import (
    QUIET,
    Changes,
    Shared,
    guarded,
    message,
    prose,
    what_to_look_at,
)
from explorer.gui.parts.plot_view import PlotView
from explorer.gui.plane.order.figure import order_figure
from explorer.gui.plane.order.work import AGAINST, Order, checked, measure, read, sentence_of

TITLE = "Error against steps"


def build(context: Context, shared: Shared) -> None:
    """Inside whatever container is open."""
    stored = read()
    now = gr.State(stored)
    what_to_look_at(__file__)
    with gr.Row():
        schedule = gr.Dropdown(
            list(SCHEDULES), value=stored.schedule, label="Schedule", elem_id="order-schedule"
        )
        grid = gr.Dropdown(
            list(SPACINGS)[::-1],
            value=stored.grid,
            label="Grid of times",
            elem_id="order-grid",
        )
        against = gr.Radio(
            list(AGAINST), value=AGAINST[0], label="Against", elem_id="order-against", scale=2
        )
    plot = PlotView(order_figure(stored), elem_id="order-plot")
    said = sentence_of(stored, AGAINST[0])
    state = gr.Markdown(said, elem_id="order-status", elem_classes="prose-note")
    trouble = message()
    prose(__file__)

    def compute(call: Call, *choice: Any) -> Steps:
        asked = checked(*choice)
        yield {}
        for order in call.run(measure, *asked, context.limits.order_points, expected=2):
            yield {now: order}

    def show(order: Order, against: Any) -> Changes:
        figure = order_figure(order, against)
        return {plot: figure, state: sentence_of(order, against)}

    jobs = Jobs(context, "order", state=state, trouble=trouble, quick=True)
    address = shared.address
    for key, field in {"schedule": schedule, "grid": grid, "against": against}.items():
        address.field(f"plane.order.{key}", field)
    for changed in (schedule.input, grid.input, address.restored("plane.order")):
        event = jobs.wire(changed, compute, [schedule, grid], [now], trigger_mode="always_last")
        event.then(show, [now, against], [plot, state], **QUIET)
    against.input(guarded(trouble)(show), [now, against], [plot, state, trouble], **QUIET)
