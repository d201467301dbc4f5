"""The controls of a race's lanes: up to four, by a preset or one by one."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from typing import Any

import gradio as gr

from explorer.checkpoints import Spec
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
from explorer.gui.frame.address import Address
from explorer.gui.frame.address_field import Follows, Values
from explorer.gui.frame.limits import number, whole
from explorer.gui.frame.presets import CUSTOM
from explorer.gui.frame.shared import QUIET
from explorer.gui.reverse.break_form import MOST, BreakForm, ticked_names, with_breaks

NONE = "–"
LaneSettings = Mapping[str, Any]
Bounds = Callable[[Values], tuple[float, float]]


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
        self.T = T
        first = next(iter(PRESETS))
        self.preset = gr.Dropdown(
            [*PRESETS, CUSTOM], value=first, label="Race", elem_id="reverse-race"
        )
        self.boxes: list[gr.Accordion] = []
        self.lanes = [self._lane(i, row, T) for i, row in enumerate(fill(PRESETS[first], T))]
        self.breaks = BreakForm()

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
    def lane_inputs(self) -> list[Any]:
        return [control for lane in self.lanes for control in lane]

    @property
    def inputs(self) -> list[Any]:
        return [*self.lane_inputs, *self.breaks.ticks]

    @property
    def outputs(self) -> list[Any]:
        """What `choose` fills."""
        return [*self.boxes, *(control for lane in self.lanes for control in lane)]

    @property
    def all_outputs(self) -> list[Any]:
        """What `choose_broken` fills."""
        return [*self.outputs, *self.breaks.ticks]

    def choose(self, preset: Any, T: int) -> list[Any]:
        """All controls as a preset has them; `CUSTOM` leaves them as they are, for another T."""
        if preset == CUSTOM:
            kept = [gr.update() for _ in self.boxes]
            most = gr.update(maximum=T)
            return kept + [most if name == "steps" else gr.update() for name in self._names]
        return self._filled(PRESETS.get(preset) or next(iter(PRESETS.values())), T)

    @property
    def _names(self) -> list[str]:
        """Of `lane_inputs`: "" for the sampler, then its options."""
        return [name for _ in self.lanes for name in ("", *OPTIONS)]

    def fitting(self, T: int, *values: Any) -> list[str]:
        """The presets that have just these lanes; values : of `lane_inputs`."""
        size = len(self.lanes[0])
        rows = [_used(values[i * size : (i + 1) * size]) for i in range(MOST)]
        return [
            name
            for name, lanes in PRESETS.items()
            if [_used(row) for row in fill(lanes, T)] == rows
        ]

    def choose_broken(self, lane: LaneSettings, mistake: str, T: int) -> dict[Any, Any]:
        """One lane and one of `BREAKS`: the controls' updates."""
        ticks = self.breaks.ticked(mistake)
        return dict(zip(self.all_outputs, [*self._filled([lane], T), *ticks], strict=True))

    def _filled(self, lanes: Sequence[LaneSettings], T: int) -> list[Any]:
        rows = fill(lanes, T)
        boxes = [title_update(i, *row) for i, row in enumerate(rows)]
        return boxes + [update for row in rows for update in _updates(row, T)]

    def keep(self, address: Address, steps: Bounds) -> None:
        """Preset, lanes and breaks are in the address; steps: bounds of S, by the model."""
        address.field("reverse.preset", self.preset)
        rows = {name: fill(lanes, self.T) for name, lanes in PRESETS.items()}

        def by_preset(i: int, j: int) -> Follows:
            return "reverse.preset", {name: row[i][j] for name, row in rows.items()}

        for i, lane in enumerate(self.lanes, 1):
            key, title = f"reverse.lane-{i}", f"Lane {i}"
            address.field(key, lane[0], title=title, follows=by_preset(i - 1, 0))
            for j, (name, control) in enumerate(zip(OPTIONS, lane[1:], strict=True), 1):
                option = OPTIONS[name]
                bounds: Any = None
                if name == "steps":
                    bounds = steps
                elif not option.choices:
                    bounds = (option.lower, option.upper)
                address.field(
                    f"{key}-{name}",
                    control,
                    title=f"{title}, {option.called(name)}",
                    bounds=bounds,
                    follows=by_preset(i - 1, j),
                )
        self.breaks.keep(address)
        address.also("reverse", lambda *_: {}, self.outputs)

    def restored(self, values: Values, changed: Collection[str], T: float) -> dict[Any, Any]:
        """Titles of the lanes, and which of their options are seen, once a link has set them."""
        changes: dict[Any, Any] = {}
        for i, (box, (_, *controls)) in enumerate(zip(self.boxes, self.lanes, strict=True)):
            start = f"reverse.lane-{i + 1}"
            row = [values[start], *(values[f"{start}-{name}"] for name in OPTIONS)]
            changes[box] = title_update(i, *row)
            own = _options(row[0])
            for name, value, control in zip(OPTIONS, row[1:], controls, strict=True):
                seen = gr.update(visible=name in own)
                most = {"maximum": int(T)} if name == "steps" else {}
                new = {"value": value} if f"{start}-{name}" in changed else {}
                changes[control] = seen | most | new
        return changes

    def read(self, values: Sequence[Any], spec: Spec) -> list[dict[str, Any]]:
        """Settings of each lane, broken ones beside sound ones; ValueError if one cannot be."""
        size = len(self.lanes[0])
        rows = [values[i * size : (i + 1) * size] for i in range(MOST)]
        breaks = ticked_names(values[MOST * size :])
        lanes = [_settings(i, row, spec.T) for i, row in enumerate(rows) if row[0] != NONE]
        return with_breaks(lanes, breaks, spec.make_schedule())


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


def _used(row: Sequence[Any]) -> dict[str, Any]:
    """Of a lane's values those that its sampler has."""
    own = _options(row[0])
    named = zip(OPTIONS, row[1:], strict=True)
    return {"sampler": row[0]} | {name: value for name, value in named if name in own}


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
