"""Menus of presets: "custom" after a change, the preset again once its values are back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gradio as gr
import torch

from explorer.gui.frame.context import Context
from explorer.gui.frame.device import Device
from explorer.gui.frame.limits import LOCAL
from explorer.gui.frame.presets import CUSTOM, name_preset
from explorer.gui.reverse.lane_form import PRESETS as RACES
from explorer.gui.reverse.lane_form import LaneForm
from explorer.gui.schedules.tab import OPEN, as_values, settings_of
from explorer.gui.train.choices import DEFAULTS, PRESETS, preset_values
from explorer.gui.train.settings import Settings
from explorer.lectures import LECTURES
from tests.gui.panel import REQUEST

NUMBERS = {"small": 1, "large": 9, "also large": 9}


def followers(**options: Any) -> tuple[Any, Any, gr.Dropdown]:
    """What a menu of `NUMBERS` does when its field changes, and when a hand chooses."""
    with gr.Blocks() as demo:
        menu = gr.Dropdown([*NUMBERS, CUSTOM], value="small")
        field = gr.Number(1)
        fitting = lambda request, n: [name for name, value in NUMBERS.items() if value == n]  # noqa: E731
        name_preset(menu, [field], fitting, **options)
    by_name = {fn.name: fn.fn for fn in demo.fns.values()}
    return by_name["follow"], by_name["choose"], menu


def test_a_menu_names_what_its_field_says() -> None:
    follow, choose, menu = followers()
    assert follow(REQUEST, "small", "small", 2)[menu] == CUSTOM
    assert follow(REQUEST, CUSTOM, "small", 1)[menu] == "small"
    assert follow(REQUEST, CUSTOM, "small", 9)[menu] == "large"
    assert follow(REQUEST, CUSTOM, "also large", 9)[menu] == "also large"  # the one before
    assert menu not in follow(REQUEST, "small", "small", 1)
    assert choose(REQUEST, CUSTOM, "small", 1)[menu] == "small"  # by hand, but nothing was changed
    assert menu not in choose(REQUEST, "large", "small", 1)  # its values are on their way


def test_a_menu_can_wait_for_the_preset_that_was_chosen() -> None:
    follow, _, menu = followers(only_last=True)
    assert menu not in follow(REQUEST, CUSTOM, "small", 9)
    assert follow(REQUEST, CUSTOM, "large", 9)[menu] == "large"


def test_each_preset_of_a_run_is_known_by_its_values() -> None:
    context = Context(Device(torch.device("cpu")), LOCAL, checkpoints=Path("nowhere"))
    with gr.Blocks():
        settings = Settings(context)
        settings.render()
    offered = [name for _, name in settings.preset.choices]
    assert CUSTOM in offered
    options = [field.value for field in settings.options.values()]
    for name in offered:
        if name == CUSTOM:
            continue
        values = [preset_values(name, context)[key] for key in settings.controls]
        assert settings.fitting(REQUEST, *values, *options) == [name]
        values[list(settings.controls).index("seed")] += 1
        assert settings.fitting(REQUEST, *values, *options) == []
    assert set(PRESETS) & set(offered) and DEFAULTS["budget"] == 90
    assert settings.fill(CUSTOM) == gr.skip()


def test_each_race_is_known_by_its_lanes() -> None:
    with gr.Blocks():
        lanes = LaneForm(1000)
    first = [control.value for control in lanes.lane_inputs]
    assert lanes.fitting(1000, *first) == [next(iter(RACES))]
    size = len(lanes.lanes[0])
    hidden = list(first)
    hidden[3 * size + 1 :] = [None] * (size - 1)  # lane 4 has no sampler: its options do not count
    assert lanes.fitting(1000, *hidden) == [next(iter(RACES))]
    first[size + 1 + [*_options()].index("steps")] = 20
    assert lanes.fitting(1000, *first) == []
    kept = lanes.choose(CUSTOM, 500)
    assert len(kept) == len(lanes.outputs)
    assert not any("value" in update for update in kept)


def _options() -> list[str]:
    from explorer.diffusion.samplers import OPTIONS

    return list(OPTIONS)


def test_a_lecture_has_values_of_its_own() -> None:
    found = [as_values(settings_of(each.title)) for each in LECTURES.values()]
    assert all(found) and as_values(settings_of(OPEN)) == ()
