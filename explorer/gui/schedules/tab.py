"""Schedules: one quantity of several schedules, one cursor, all values at it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import gradio as gr
import plotly.graph_objects as go

from explorer.diffusion import SCHEDULES, Schedule, make_schedule
from explorer.diffusion.options import Derived
from explorer.diffusion.schedule import schedule_options
from explorer.figures.plots import QUANTITIES, schedule_figure
from explorer.gui.answers.answer import Answer
from explorer.gui.answers.questions import code_answer
from explorer.gui.frame.context import Context
from explorer.gui.frame.limits import Limits, whole
from explorer.gui.frame.memory import heavy
from explorer.gui.frame.presets import name_preset
from explorer.gui.frame.shared import (
    QUIET,
    Changes,
    Shared,
    guarded,
    message,
    prose,
    what_to_look_at,
)
from explorer.gui.parts.copy_text import CopyText
from explorer.gui.parts.plot_view import PlotView
from explorer.gui.schedules.script import schedule_texts
from explorer.lectures import LECTURES

ID, TITLE = "schedules", "Schedules"
START = ("linear", "cosine")
OPEN = "none"
OPTIONS = Derived(lambda: {name: schedule_options(name) for name in SCHEDULES})
"""Name -> its options with their defaults."""


def chosen_schedules(
    names: Sequence[str], T: Any, options: Mapping[str, Mapping[str, Any]], limits: Limits
) -> list[Schedule]:
    """The schedules that are ticked, in the order of the list; ValueError says what is wrong."""
    steps = whole("T", T, limits.T)
    unknown = [name for name in names if name not in SCHEDULES]
    if unknown:
        raise ValueError(f"no schedule {unknown[0]!r}; there are: {', '.join(SCHEDULES)}")
    made = []
    for name in (name for name in SCHEDULES if name in names):
        empty = [option for option, value in options[name].items() if value is None]
        if empty:
            raise ValueError(f"schedule '{name}': {empty[0]} is empty; give a number")
        made.append(make_schedule(name, steps, **options[name]))
    return made


def draw(
    names: Sequence[str],
    quantity: str,
    T: Any,
    options: Mapping[str, Mapping[str, Any]],
    limits: Limits,
) -> go.Figure:
    """The figure for these settings; ValueError says what is wrong with them."""
    return schedule_figure(chosen_schedules(names, T, options, limits), quantity)


def settings_of(title: Any) -> tuple[str, int, list[Any]] | None:
    """The schedule, T and all options as the lecture of this title has them; None for another."""
    for lecture in LECTURES.values():
        if lecture.title == title:
            numbers = [default for options in OPTIONS.values() for default in options.values()]
            return lecture.schedule, lecture.T, numbers
    return None


def as_values(found: tuple[str, int, list[Any]] | None) -> tuple[Any, ...]:
    """A lecture's schedule, T and options as the fields have them."""
    return ([found[0]], found[1], *found[2]) if found else ()


def build(context: Context, shared: Shared) -> None:
    """Layout, then wiring."""
    limits = context.limits
    with gr.Row(elem_classes="stage-row"):
        with gr.Column(elem_classes="stage"):
            what_to_look_at(__file__)
            quantity = gr.Radio(
                list(QUANTITIES), value=next(iter(QUANTITIES)), show_label=False, container=False
            )
            first = draw(START, next(iter(QUANTITIES)), 1000, OPTIONS, limits)
            plot = PlotView(first, elem_id="schedules-plot", slider_id="schedules-t", beside=280)
            begun = schedule_texts(START, next(iter(QUANTITIES)), 1000, OPTIONS)
            script = CopyText(begun, source="schedules-plot", elem_id="schedules-copy")
            calls = ("make_schedule(name, T)", "schedule.alpha_bar", "schedule.betas")
            Answer(code_answer("the values at t", calls), elem_id="schedules-code")
            prose(__file__)
        with gr.Column(elem_classes="rail"):
            lecture = gr.Dropdown(
                [OPEN, *(each.title for each in LECTURES.values())],
                value=OPEN,
                label="As in the lecture",
                elem_id="schedules-lecture",
            )
            names = gr.CheckboxGroup(list(SCHEDULES), value=list(START), label="Compare")
            T = gr.Number(1000, label="T, steps", precision=0, elem_id="schedules-T")
            trouble = message()
            fields: dict[tuple[str, str], gr.Number] = {}
            for name, options in OPTIONS.items():
                with gr.Accordion(f"Options of {name}", open=False):
                    for option, default in options.items():
                        fields[name, option] = gr.Number(
                            default, label=option, elem_id=f"schedules-{name}-{option}"
                        )

    @guarded(trouble)
    @heavy()
    def update(names: list[str], quantity: str, T: Any, *values: Any) -> Changes:
        options: dict[str, dict[str, Any]] = {name: {} for name in OPTIONS}
        for (name, option), value in zip(fields, values, strict=True):
            options[name][option] = value
        empty = "" if names else "No schedule is ticked: choose one under “Compare”."
        figure = draw(names, quantity, T, options, limits)
        ordered = [name for name in SCHEDULES if name in names]
        text = schedule_texts(ordered, quantity, int(T), options)
        return {plot: figure, script: text, trouble: empty}

    def as_in(title: Any) -> Changes:
        found = settings_of(title)
        if found is None:
            return gr.skip()
        return dict(zip([names, T, *fields.values()], as_values(found), strict=True))

    lecture.input(as_in, lecture, [names, T, *fields.values()], **QUIET)

    def fitting(request: gr.Request, *values: Any) -> list[str]:
        given = (list(values[0]), *values[1:])
        return [
            each.title for each in LECTURES.values() if given == as_values(settings_of(each.title))
        ]

    controls: list[Any] = [names, T, *fields.values()]
    name_preset(lecture, controls, fitting, none=OPEN, only_last=True)
    inputs: list[Any] = [names, quantity, T, *fields.values()]
    for control in inputs:
        control.change(update, inputs, [plot, script, trouble], **QUIET)
    address = shared.address
    address.field("schedules.quantity", quantity, title="Quantity")
    address.field("schedules.compare", names)
    address.field("schedules.T", T, bounds=limits.T)
    address.field("schedules.lecture", lecture)
    for (name, option), field in fields.items():
        check = partial(SCHEDULES[name].options[option].check, option)
        address.field(f"schedules.{name}-{option}", field, title=f"{name}, {option}", check=check)
