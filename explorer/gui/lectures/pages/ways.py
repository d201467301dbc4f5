"""The ways from a lecture's page: its tour, and the tabs with the lecture's settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import gradio as gr

from explorer.diffusion.samplers import SAMPLERS
from explorer.gui.frame.address_field import NOTHING, word
from explorer.gui.frame.context import HOME
from explorer.gui.frame.presets import CUSTOM
from explorer.gui.lectures.pages.tour import TourButton
from explorer.gui.reverse.lane_form import MOST
from explorer.gui.train.choices import LECTURE_PRESETS
from explorer.lectures import Lecture
from explorer.race.breaks import lane_from

MODELS = {"linear": ("mnist-linear", 1000), "cosine-clipped": ("mnist", 1000)}
"""By a lecture's schedule: the shipped model whose schedule is nearest, and its T; for a lecture
whose own network is not in `SHIPPED`."""
SHIPPED = HOME / "checkpoints" / "lectures"
IMAGES = {"scinet": "cat", "cars": "cat", "sutd": "digit 1", "jax": "digit 1", "oslo": "digit 1"}
"""What Forward has of a lecture's kind: a photo, or a digit."""
LANE = ("sampler", "steps", "variance")
"""Of a lecture's lane, what Reverse's form has."""
BREAK = "break-no-clipping"


@dataclass(frozen=True)
class Way:
    """A link to a tab."""

    title: str
    said: str
    """What is set there."""
    settings: Mapping[str, str]
    """Of the address: `tab`, and what the tab's fields are set to."""

    @property
    def address(self) -> str:
        """Behind the page's own."""
        return "#" + urlencode(self.settings)


def tour_of(name: str) -> str:
    """The name of a lecture's lesson: a file in gui/lessons/shipped."""
    return f"lecture-{name}"


def ways_of(name: str, lecture: Lecture) -> tuple[Way, ...]:
    """Forward, Schedules, Train and Reverse, as near to the lecture as they can be set."""
    T, schedule = str(lecture.T), lecture.schedule
    own = f"lecture-{name}"
    shipped = (SHIPPED / f"{own}.safetensors").is_file()
    model, model_T = (own, lecture.T) if shipped else MODELS[schedule]
    preset = next(title for title, each in LECTURE_PRESETS.items() if each is lecture)
    image = IMAGES[name]
    other = "" if schedule == "linear" else f" (beside linear, unclipped; it has {schedule})"
    plotted = {"compare": schedule, "T": T, "lecture": word(lecture.title)}
    lanes = lanes_of(lecture) or {"show": "x0"}
    raced = "; ".join(titles_of(lecture)) or "x̂₀ at every t"
    if BREAK in lanes:
        raced += ", x̂₀ clipped and not"
    far = "" if model_T == lecture.T else f"; its T is {model_T} instead of {T}"
    return (
        Way(
            "Forward", f"{image}, T = {T}{other}", {"tab": "forward", "image": word(image), "T": T}
        ),
        Way("Schedules", f"{schedule}, T = {T}", {"tab": "schedules"} | plotted),
        Way(
            "Train", "its network, images and optimiser", {"tab": "train", "preset": word(preset)}
        ),
        Way(
            "Reverse",
            f"{raced}; with the model {model}{far}",
            {"tab": "reverse", "model": model} | lanes,
        ),
    )


def titles_of(lecture: Lecture) -> list[str]:
    """Its samplers, as Reverse calls their lanes: x_s is not clamped there."""
    plain = [{k: v for k, v in lane.items() if k in LANE} for lane in lecture.lanes]
    return [lane_from(lane, lecture.make_schedule()).title for lane in plain]


def lanes_of(lecture: Lecture) -> dict[str, str]:
    """Reverse's lanes with its samplers: once more without clipping, where there is room."""
    if not lecture.lanes:
        return {}
    found = {"preset": word(CUSTOM)}
    for i in range(MOST):
        lane: Mapping[str, Any] = lecture.lanes[i] if i < len(lecture.lanes) else {}
        sampler = SAMPLERS.get(lane.get("sampler", ""))
        found[f"lane-{i + 1}"] = word(sampler.title) if sampler else NOTHING
        for option, entry in (sampler.options if sampler else {}).items():
            value = lane.get(option, entry.default)
            if entry.titles and entry.choices:
                value = entry.titles[entry.choices.index(value)]
            found[f"lane-{i + 1}-{option}"] = word(value)
    if len(lecture.lanes) <= MOST // 2:
        found[BREAK] = "yes"
    return found


def build(name: str, lecture: Lecture) -> None:
    """The tour's button and the links, at the beginning of a page."""
    TourButton(tour_of(name), elem_id=f"{name}-tour")
    ways = ways_of(name, lecture)
    links = "; ".join(f"[{way.title}]({way.address}) ({way.said})" for way in ways)
    said = f"**As in the lecture:** {links}."
    gr.Markdown(said, elem_id=f"{name}-ways", elem_classes="prose-note")
