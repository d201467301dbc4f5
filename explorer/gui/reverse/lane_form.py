"""The controls of a race's lanes: up to four, by a preset or one by one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import gradio as gr

from explorer.checkpoints import Spec
from explorer.diffusion import Schedule
from explorer.diffusion.options import LARGEST, Option
from explorer.diffusion.samplers import (
    DDIM,
    DDPM,
    DPM_SOLVER,
    HEUN,
    OPTIONS,
    SAMPLERS,
    TITLED,
    Sampler,
)
from explorer.gui.frame.limits import number, whole
from explorer.gui.frame.shared import QUIET
from explorer.race.lanes import BREAKS, lane_from

NONE = "–"
MOST = 4
LaneSettings = Mapping[str, Any]


def _settings_of(sampler: Sampler, **options: Any) -> LaneSettings:
    return {"sampler": sampler.name} | options


PRESETS: Mapping[str, Sequence[LaneSettings]] = {
    "DDPM against DDIM, S = 50": [_settings_of(DDPM), _settings_of(DDIM, steps=50)],
    "S = 5, 10, 50 and 1,000": [
        _settings_of(DDPM),
        *(_settings_of(DDIM, steps=S) for S in (50, 10, 5)),
    ],
    "First or second order, S = 10": [
        *(_settings_of(sampler, steps=10) for sampler in (DDIM, DPM_SOLVER, HEUN)),
    ],
    "How much noise: η = 0, 0.2, 0.5, 1": [
        _settings_of(DDIM, steps=50, eta=eta) for eta in (0.0, 0.2, 0.5, 1.0)
    ],
    "DDPM: σ² = β̃ or β": [_settings_of(DDPM), _settings_of(DDPM, variance="beta")],
    "Grid: uniform, quadratic or Karras": [
        _settings_of(DDIM, steps=10, spacing=spacing)
        for spacing in DDIM.options["spacing"].choices or ()
    ],
}
"""Name -> the lanes' settings; S is cut at the model's T."""


class LaneForm:
    """A preset, four lanes and what to break; `inputs` go to `read`."""

    def __init__(self, T: int) -> None:
        first = next(iter(PRESETS))
        self.preset = gr.Dropdown(list(PRESETS), value=first, label="Race", elem_id="reverse-race")
        self.boxes: list[gr.Accordion] = []
        self.lanes = [self._lane(i, row, T) for i, row in enumerate(fill(PRESETS[first], T))]
        with gr.Accordion("Break it on purpose", open=False):
            gr.Markdown(
                "The first two lanes run twice, as they should and broken; lanes 3 and 4 rest "
                "meanwhile. What each does to the model's pictures was measured: *Common "
                "mistakes*, below the player.",
                elem_classes="prose-note",
            )
            self.breaks = [
                gr.Checkbox(label=entry.title, info=entry.sentence, elem_id=f"break-{i}")
                for i, entry in enumerate(BREAKS.values())
            ]

    def _lane(self, i: int, row: Sequence[Any], T: int) -> list[gr.Radio | gr.Slider | gr.Number]:
        with gr.Accordion(title(i, *row), open=False, elem_id=f"reverse-lane-{i}-set") as box:
            sampler = gr.Radio(
                [*TITLED, *([NONE] if i else [])],
                value=row[0],
                label=f"Lane {i + 1}: sampler",
                show_label=False,
            )
            controls = [
                _control(name, option, value, T, visible=name in _options(row[0]))
                for (name, option), value in zip(OPTIONS.items(), row[1:], strict=True)
            ]
        # a preset has its own event; only the hand's changes arrive here
        sampler.input(partial(_chosen, i), [sampler, *controls], [box, *controls], **QUIET)
        for control in controls:
            control.input(partial(title_update, i), [sampler, *controls], box, **QUIET)
        self.boxes.append(box)
        return [sampler, *controls]

    @property
    def inputs(self) -> list[Any]:
        return [*(control for lane in self.lanes for control in lane), *self.breaks]

    @property
    def outputs(self) -> list[Any]:
        """What `choose` fills."""
        return [*self.boxes, *(control for lane in self.lanes for control in lane)]

    @property
    def all_outputs(self) -> list[Any]:
        """What `choose_broken` fills."""
        return [*self.outputs, *self.breaks]

    def choose(self, preset: Any, T: int) -> list[Any]:
        """All controls as a preset has them."""
        return self._filled(PRESETS.get(preset) or next(iter(PRESETS.values())), T)

    def choose_broken(self, lane: LaneSettings, mistake: str, T: int) -> dict[Any, Any]:
        """One lane and one of `BREAKS`: the controls' updates."""
        ticks = [gr.Checkbox(value=name == mistake) for name in BREAKS]
        return dict(zip(self.all_outputs, [*self._filled([lane], T), *ticks], strict=True))

    def _filled(self, lanes: Sequence[LaneSettings], T: int) -> list[Any]:
        rows = fill(lanes, T)
        boxes = [title_update(i, *row) for i, row in enumerate(rows)]
        return boxes + [update for row in rows for update in _updates(row, T)]

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
    """The controls' values for each of four lanes: the sampler's title, then all `OPTIONS`."""
    return [_row(lane, T) for lane in lanes] + [_row({}, T)] * (MOST - len(lanes))


def _row(lane: LaneSettings, T: int) -> tuple[Any, ...]:
    """What a sampler does not have keeps the default that its control shows when it appears."""
    sampler = SAMPLERS.get(lane.get("sampler", ""))
    options = {**OPTIONS, **(sampler.options if sampler else {})}
    values = [
        _as_shown(option, min(value, T) if name == "steps" else value)
        for name, option in ((name, options[name]) for name in OPTIONS)
        for value in [lane.get(name, option.default)]
    ]
    return sampler.title if sampler else NONE, *values


def title(i: int, sampler: str, *row: Any) -> str:
    """A lane in a line."""
    if sampler not in TITLED:
        return f"Lane {i + 1}: none"
    way, values = TITLED[sampler], dict(zip(OPTIONS, row, strict=True))
    given = {
        name: option.default if values[name] is None else _as_meant(option, values[name])
        for name, option in way.options.items()
    }
    return f"Lane {i + 1}: {', '.join([way.title, *way.details(given)])}"


def title_update(i: int, *row: Any) -> gr.Accordion:
    return gr.Accordion(label=title(i, *row))


def _control(
    name: str, option: Option[Any], value: Any, T: int, visible: bool
) -> gr.Radio | gr.Slider | gr.Number:
    if option.choices:
        choices = list(option.titles or option.choices)
        return gr.Radio(choices, value=value, label=option.called(name), visible=visible)
    label, low = option.called(name), option.lower
    most = T if name == "steps" else option.upper
    if low <= -LARGEST or most >= LARGEST:
        precision = 0 if option.whole else None
        return gr.Number(value, label=label, precision=precision, visible=visible)
    step = 1 if option.whole else (most - low) / 20
    return gr.Slider(low, most, value=value, step=step, label=label, visible=visible)


def _options(sampler: Any) -> Mapping[str, Option[Any]]:
    return TITLED[sampler].options if sampler in TITLED else {}


def _chosen(i: int, sampler: str, *row: Any) -> list[Any]:
    """Another sampler: its options; those of which every sampler has its own default are set."""
    own = _options(sampler)
    values = [
        _as_shown(own[name], own[name].default) if name in own and _varies(name) else value
        for name, value in zip(OPTIONS, row, strict=True)
    ]
    updates = [
        gr.update(value=value, visible=name in own)
        for name, value in zip(OPTIONS, values, strict=True)
    ]
    return [title_update(i, sampler, *values), *updates]


def _varies(name: str) -> bool:
    """Whether samplers differ in an option's default."""
    ways = (way.options for way in SAMPLERS.values() if name in way.options)
    return any(options[name].default != OPTIONS[name].default for options in ways)


def _updates(row: Sequence[Any], T: int) -> list[Any]:
    own = _options(row[0])
    return [
        gr.update(value=row[0]),
        *(
            gr.update(value=value, visible=name in own)
            | ({"maximum": T} if name == "steps" else {})
            for name, value in zip(OPTIONS, row[1:], strict=True)
        ),
    ]


def _as_shown(option: Option[Any], value: Any) -> Any:
    """A choice by its title, any other value as it is."""
    if not option.titles or option.choices is None:
        return value
    return option.titles[option.choices.index(value)]


def _as_meant(option: Option[Any], value: Any) -> Any:
    """The choice of a title; what is none comes back as it is, for its check to refuse."""
    if option.titles and option.choices and value in option.titles:
        return option.choices[option.titles.index(value)]
    return value


def _settings(i: int, row: Sequence[Any], T: int) -> dict[str, Any]:
    where, values = f"Lane {i + 1}", dict(zip(OPTIONS, row[1:], strict=True))
    if row[0] not in TITLED:
        raise ValueError(f"{where}: no sampler {row[0]!r}; there are {', '.join(TITLED)}")
    sampler = TITLED[row[0]]
    found: dict[str, Any] = {"sampler": sampler.name}
    for name, option in sampler.options.items():
        label, value = f"{where}: {option.called(name)}", _as_meant(option, values[name])
        if option.choices:
            found[name] = option.check(label, value)
        elif option.whole:
            found[name] = whole(
                label, value, (int(option.lower), T if name == "steps" else int(option.upper))
            )
        else:
            found[name] = number(label, value, (option.lower, option.upper))
    return found
