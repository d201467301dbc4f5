"""What the first two lanes of a race do wrong on purpose: common mistakes, lectures' slips."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import gradio as gr

from explorer.diffusion import Schedule
from explorer.gui.frame.address import Address
from explorer.gui.frame.address_field import word
from explorer.lectures import LECTURES
from explorer.race.breaks import BREAKS, MISTAKES, SLIPS, Break, lane_from

MOST = 4
NOTE = (
    "The first two lanes run twice, correctly and with what is ticked; lanes 3 and 4 pause "
    "meanwhile. "
)
PANEL = (
    "The panel *Common mistakes* below the player shows, measured, what each does to the model's "
    "images."
)
PAGES = (
    "Each is what the code of one of the five lectures does; the lecture's page in Lectures says "
    "more of it."
)


class BreakForm:
    """A tick for each of `BREAKS`, and a button that takes all of them away."""

    def __init__(self) -> None:
        self.ticks: list[gr.Checkbox] = []
        with gr.Accordion("Common mistakes", open=False):
            self._group(MISTAKES, NOTE + PANEL)
        with gr.Accordion("Slips of the lectures", open=False, elem_id="reverse-slips"):
            self._group(SLIPS, NOTE + PAGES)
            self.repair = gr.Button("Repair the slips", elem_id="reverse-repair", size="sm")

    def _group(self, group: Mapping[str, Break], note: str) -> None:
        gr.Markdown(note, elem_classes="prose-note")
        for entry in group.values():
            whose = f"{LECTURES[entry.lecture].title}: " if entry.lecture else ""
            self.ticks.append(
                gr.Checkbox(
                    label=entry.title,
                    info=whose + entry.sentence,
                    elem_id=f"break-{len(self.ticks)}",
                )
            )

    def ticked(self, *names: str) -> list[gr.Checkbox]:
        """Updates that tick just these."""
        return [gr.Checkbox(value=name in names) for name in BREAKS]

    def keep(self, address: Address) -> None:
        """All of them are in the address."""
        for name, tick in zip(BREAKS, self.ticks, strict=True):
            address.field(f"reverse.break-{word(name)}", tick)


def ticked_names(values: Sequence[Any]) -> list[str]:
    """Those of `BREAKS` that are ticked; values : of `BreakForm.ticks`."""
    return [name for name, on in zip(BREAKS, values, strict=True) if on is True]


def without_slips(values: Sequence[Any]) -> list[Any]:
    """The ticks with those of `SLIPS` taken away; ValueError if none is there."""
    if not any(name in SLIPS for name in ticked_names(values)):
        raise ValueError("No slip is ticked: there is nothing to repair.")
    return [on and name not in SLIPS for name, on in zip(BREAKS, values, strict=True)]


def with_breaks(
    lanes: Sequence[dict[str, Any]], breaks: Sequence[str], schedule: Schedule
) -> list[dict[str, Any]]:
    """With breaks the first two lanes run twice, sound and broken, where it makes a difference."""
    if not breaks:
        return list(lanes)
    found = []
    for lane in lanes[: MOST // 2]:
        wrong = lane | {"breaks": list(breaks)}
        found.append(lane)
        if lane_from(wrong, schedule) != lane_from(lane, schedule):
            found.append(wrong)
    return found
