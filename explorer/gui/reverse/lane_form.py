"""The controls of a race's lanes: up to four, by a preset or one by one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import gradio as gr

from explorer.checkpoints import Spec
from explorer.diffusion import Schedule
from explorer.gui.frame.limits import number, whole
from explorer.race.lanes import BREAKS, lane_from

DDPM, DDIM, NONE = "DDPM", "DDIM", "–"
VARIANCES = {"β̃ (posterior)": "posterior", "β": "beta"}
SPACINGS = {"uniform": "uniform", "quadratic": "quadratic"}
MOST = 4
LaneSettings = Mapping[str, Any]


def _ddim(steps: int, **options: Any) -> LaneSettings:
    return {"sampler": "ddim", "steps": steps, "eta": 0.0, "spacing": "uniform"} | options


_DDPM: LaneSettings = {"sampler": "ddpm", "variance": "posterior"}
PRESETS: Mapping[str, Sequence[LaneSettings]] = {
    "DDPM against DDIM, S = 50": [_DDPM, _ddim(50)],
    "S = 5, 10, 50 and 1,000": [_DDPM, _ddim(50), _ddim(10), _ddim(5)],
    "How much noise: η = 0, 0.2, 0.5, 1": [_ddim(50, eta=eta) for eta in (0.0, 0.2, 0.5, 1.0)],
    "DDPM: σ² = β̃ or β": [_DDPM, _DDPM | {"variance": "beta"}],
    "Grid: uniform or quadratic": [_ddim(10), _ddim(10, spacing="quadratic")],
}
"""Name -> the lanes' settings; S is cut at the model's T."""


class LaneForm:
    """A preset, four lanes and what to break; `inputs` go to `read`."""

    def __init__(self, T: int) -> None:
        first = next(iter(PRESETS))
        self.preset = gr.Dropdown(list(PRESETS), value=first, label="Race", elem_id="reverse-race")
        self.lanes = [self._lane(i, values, T) for i, values in enumerate(fill(PRESETS[first], T))]
        with gr.Accordion("Break it on purpose", open=False):
            gr.Markdown(
                "The first two lanes run twice, as they should and broken; lanes 3 and 4 rest "
                "meanwhile.",
                elem_classes="prose-note",
            )
            self.breaks = [
                gr.Checkbox(label=entry.title, info=entry.sentence, elem_id=f"break-{i}")
                for i, entry in enumerate(BREAKS.values())
            ]

    def _lane(self, i: int, values: Sequence[Any], T: int) -> list[gr.Component]:
        sampler, steps, eta, spacing, variance = values
        short = sampler == DDIM
        with gr.Accordion(title(i, *values), open=False, elem_id=f"reverse-lane-{i}-set") as box:
            controls = [
                gr.Radio(
                    [DDPM, DDIM, *([NONE] if i else [])],
                    value=sampler,
                    label=f"Lane {i + 1}: sampler",
                    show_label=False,
                ),
                gr.Slider(1, T, value=steps, step=1, label="Steps S", visible=short),
                gr.Slider(
                    0, 1, value=eta, step=0.05, label="η, share of DDPM's noise", visible=short
                ),
                gr.Radio(list(SPACINGS), value=spacing, label="Grid of times", visible=short),
                gr.Radio(
                    list(VARIANCES), value=variance, label="σ² of a step", visible=sampler == DDPM
                ),
            ]
        for control in controls:
            # a preset has its own event; only the hand's changes arrive here
            control.input(
                partial(_shown, i),
                controls,
                [box, *controls[1:]],
                show_progress="hidden",
                queue=False,
                api_visibility="private",
            )
        self.boxes = [*getattr(self, "boxes", []), box]
        return controls

    @property
    def inputs(self) -> list[gr.Component]:
        return [*(control for lane in self.lanes for control in lane), *self.breaks]

    @property
    def outputs(self) -> list[Any]:
        """What `choose` fills."""
        return [*self.boxes, *(control for lane in self.lanes for control in lane)]

    def choose(self, preset: Any, T: int) -> list[Any]:
        """All controls as a preset has them."""
        lanes = fill(PRESETS.get(preset) or next(iter(PRESETS.values())), T)
        boxes = [gr.Accordion(label=title(i, *values)) for i, values in enumerate(lanes)]
        return boxes + [update for values in lanes for update in _updates(values, T)]

    def read(self, values: Sequence[Any], spec: Spec) -> list[dict[str, Any]]:
        """Settings of each lane, broken ones beside sound ones; ValueError if one cannot be."""
        size = len(self.lanes[0])
        rows = [values[i * size : (i + 1) * size] for i in range(MOST)]
        breaks = [
            name for name, on in zip(BREAKS, values[MOST * size :], strict=True) if on is True
        ]
        lanes = [_settings(i, row, spec.T) for i, row in enumerate(rows) if row[0] != NONE]
        return with_breaks(lanes, breaks, spec.make_schedule())


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


def fill(lanes: Sequence[LaneSettings], T: int) -> list[tuple[Any, ...]]:
    """The controls' values for each of four lanes."""
    rows = [
        (
            DDPM if lane["sampler"] == "ddpm" else DDIM,
            min(lane.get("steps", 50), T),
            lane.get("eta", 0.0),
            lane.get("spacing", "uniform"),
            next(name for name, v in VARIANCES.items() if v == lane.get("variance", "posterior")),
        )
        for lane in lanes
    ]
    unused = (NONE, min(50, T), 0.0, "uniform", next(iter(VARIANCES)))
    return rows + [unused] * (MOST - len(rows))


def title(i: int, sampler: str, steps: Any, eta: Any, spacing: Any, variance: Any) -> str:
    """A lane in a line."""
    if sampler == NONE:
        return f"Lane {i + 1}: none"
    if sampler == DDPM:
        return f"Lane {i + 1}: DDPM, σ² = {str(variance).split()[0]}"
    told = [f"S = {steps}", f"η = {eta:g}" if eta else "", spacing if spacing != "uniform" else ""]
    return f"Lane {i + 1}: DDIM, {', '.join(filter(None, told))}"


def _shown(i: int, *values: Any) -> list[Any]:
    sampler = values[0]
    visible = [gr.update(visible=sampler == DDIM)] * 3 + [gr.update(visible=sampler == DDPM)]
    return [gr.Accordion(label=title(i, *values)), *visible]


def _updates(values: Sequence[Any], T: int) -> list[Any]:
    sampler, steps, *rest = values
    visible = [sampler == DDIM] * 3 + [sampler == DDPM]
    return [
        gr.update(value=sampler),
        gr.update(value=steps, maximum=T, visible=visible[0]),
        *(gr.update(value=v, visible=on) for v, on in zip(rest, visible[1:], strict=True)),
    ]


def _settings(i: int, row: Sequence[Any], T: int) -> dict[str, Any]:
    sampler, steps, eta, spacing, variance = row
    where = f"Lane {i + 1}"
    if sampler == DDPM:
        if variance not in VARIANCES:
            raise ValueError(f"{where}: no σ² {variance!r}; choose one of the two")
        return {"sampler": "ddpm", "variance": VARIANCES[variance]}
    if sampler != DDIM:
        raise ValueError(f"{where}: no sampler {sampler!r}; there are DDPM and DDIM")
    if spacing not in SPACINGS:
        raise ValueError(f"{where}: no grid {spacing!r}; choose one of the two")
    return {
        "sampler": "ddim",
        "steps": whole(f"{where}: steps S", steps, (1, T)),
        "eta": number(f"{where}: η", eta, (0, 1)),
        "spacing": SPACINGS[spacing],
    }
