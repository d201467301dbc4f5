"""The rail of the Train tab: everything that can be chosen for a run."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import gradio as gr

from explorer.data import DATASETS
from explorer.diffusion import SCHEDULES, WEIGHTINGS
from explorer.diffusion.schedule import schedule_options
from explorer.gui.frame.address import Address
from explorer.gui.frame.address_field import Follows, Values
from explorer.gui.frame.context import Context
from explorer.gui.frame.limits import SEEDS
from explorer.gui.frame.presets import CUSTOM, name_preset
from explorer.gui.frame.shared import QUIET, Changes, message, seed_input
from explorer.gui.frame.spoken import counted, exactly
from explorer.gui.parts.menu import Menu
from explorer.gui.train import own_pictures
from explorer.gui.train.choices import (
    DECAYS,
    DEFAULTS,
    FORMER,
    GAMMAS,
    LECTURE_PRESETS,
    PRESETS,
    RATES,
    allowed,
    check_side,
    make_config,
    offered_networks,
    preset_note,
    preset_title,
    preset_values,
)
from explorer.gui.train.own_pictures import OWN
from explorer.optimisers import OPTIMISERS
from explorer.training import TrainConfig

NAMES = {
    **{f"naive-{n}": f"NaiveUnet, n = {n} (SciNet 2026)" for n in (32, 64, 128, 512)},
    **{f"simple-{n}": f"SimpleUnet, {n} to {16 * n} (Stanford cars)" for n in (16, 32, 64)},
    "timeless": "TimelessUnet (SUTD week 12)",
    "timeless-skips": "TimelessUnet with additive skips",
    "ladder": "TimelessUnet, n = 16 (One change at a time)",
    "attention": "AttentionUnet (MNIST in JAX)",
    "plain": "PlainNet (Oslo, May 2025)",
}
"""What the lectures' networks are called in the menu."""


class Settings:
    """The controls, which `render` lays out; `read` turns their values into a run's settings."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.preset = gr.Dropdown(
            [
                *(
                    (preset_title(name, context), name)
                    for name in (*PRESETS, *LECTURE_PRESETS)
                    if allowed(name, context)
                ),
                (CUSTOM, CUSTOM),
            ],
            value=next(iter(PRESETS)),
            label="Preset",
            elem_id="train-preset",
        )
        self.told = gr.Markdown("", elem_id="train-told", elem_classes="prose-note")
        self.trouble = message()
        self.controls: dict[str, Any] = {}
        """By the names of `DEFAULTS`."""
        self._known: dict[str, Changes] = {}
        """The values of presets, by name."""
        self.options: dict[tuple[str, str], gr.Number] = {}
        """The schedules' own numbers, by schedule and name; only the chosen one's are shown."""
        self._main()
        main = [self.preset, self.told, self.trouble, *self.inputs]
        self._network()
        network = [part for part in self.inputs if part not in main]
        self._rail = [sorted(parts, key=lambda part: part._id) for parts in (main, network)]
        """In the order in which they were made."""
        for part in (*main, *network):
            part.unrender()

    def render(self) -> None:
        """In whatever container is open."""
        main, network = self._rail
        for part in main:
            part.render()
        with gr.Accordion("Network and optimiser", open=False):
            for part in network:
                part.render()

    @property
    def inputs(self) -> list[gr.Component]:
        """What handlers are given, for `read`."""
        return [*self.controls.values(), *self.options.values()]

    def read(self, values: Sequence[Any]) -> TrainConfig:
        """The settings as they stand on the page; ValueError says what is wrong with them."""
        count = len(self.controls)
        given = dict(zip(self.controls, values[:count], strict=True))
        numbers = zip(self.options, values[count:], strict=True)
        own = {name: value for (of, name), value in numbers if of == given["schedule"]}
        return make_config(given, own, self.context)

    @property
    def filled(self) -> list[gr.Component]:
        """What `fill` sets."""
        return [self.told, *self.inputs]

    def fill(self, name: Any) -> Changes:
        """All controls as a preset has them; `CUSTOM` changes nothing."""
        if name == CUSTOM:
            return gr.skip()
        return {self.told: preset_note(name, self.context)} | self._values(name)

    def fitting(self, request: gr.Request, *values: Any) -> list[str]:
        """The presets that have just these values."""
        given: Changes = dict(zip(self.inputs, values, strict=True))
        offered = [str(name) for _, name in self.preset.choices if name != CUSTOM]
        return [
            name
            for name in offered
            if all(given[field] == value for field, value in self._values(name).items())
        ]

    def _values(self, name: Any) -> Changes:
        """All controls as a preset has them, the schedules' numbers too; what is no name gives
        the first preset's."""
        name = name if isinstance(name, str) else ""
        if name not in self._known:
            values = preset_values(name, self.context)
            self._known[name] = {self.controls[key]: value for key, value in values.items()} | {
                field: schedule_options(schedule)[option]
                for (schedule, option), field in self.options.items()
            }
        return self._known[name]

    def wire(self, start: gr.Button) -> None:
        """Presets fill the controls, a schedule shows its options, the budget names `start`."""

        def show_options(schedule: str) -> list[Any]:
            return [gr.Number(visible=name == schedule) for name, _ in self.options]

        def rename(unit: str, budget: Any) -> gr.Button:
            return gr.Button(button_name(unit, budget))

        schedule = self.controls["schedule"]
        budget = [self.controls["unit"], self.controls["budget"]]
        self.preset.input(self.fill, self.preset, self.filled, **QUIET)
        name_preset(
            self.preset,
            self.inputs,
            self.fitting,
            also=lambda name: {self.told: preset_note(name, self.context)},
            outputs=[self.told],
        )
        schedule.change(show_options, schedule, list(self.options.values()), **QUIET)
        gr.on([control.change for control in budget], rename, budget, start, **QUIET)

    def _main(self) -> None:
        first, add = DEFAULTS, self.controls
        add["data"] = data_menu(self.context, value=first["data"], label="Data set")
        add["size"] = gr.Number(
            first["size"], label="Size, pixels", precision=0, elem_id="train-size"
        )
        add["labels"] = gr.Checkbox(first["labels"], label="Class-conditional")
        add["schedule"] = gr.Dropdown(
            list(SCHEDULES), value=first["schedule"], label="Schedule", elem_id="train-schedule"
        )
        for name in SCHEDULES:
            for option, default in schedule_options(name).items():
                self.options[name, option] = gr.Number(
                    default,
                    label=f"{name}: {option}",
                    visible=name == first["schedule"],
                    elem_id=f"train-{name}-{option}",
                )
        add["unit"] = gr.Radio(["seconds", "steps"], value=first["unit"], label="Budget in")
        add["budget"] = gr.Number(first["budget"], label="Budget", elem_id="train-budget")
        add["seed"] = seed_input(SEEDS, first["seed"])

    def _network(self) -> None:
        first, add = DEFAULTS, self.controls
        add["network"] = gr.Dropdown(
            [(NAMES.get(name, name), name) for name in offered_networks(self.context)],
            value=first["network"],
            label="Network",
            elem_id="train-network",
        )
        add["target"] = gr.Radio(
            [("ε", "eps"), ("x₀", "x0"), ("v", "v")],
            value=first["target"],
            label="Prediction target",
        )
        add["weighting"] = gr.Radio(
            list(WEIGHTINGS), value=first["weighting"], label="Loss weighting over t"
        )
        add["gamma"] = gr.Number(first["gamma"], label="γ of min-snr")
        add["T"] = gr.Number(first["T"], label="T, steps", precision=0, elem_id="train-T")
        add["batch"] = gr.Number(first["batch"], label="Batch size, images", precision=0)
        add["rate"] = gr.Number(
            first["rate"],
            label="Learning rate (can be changed during the run)",
            elem_id="train-rate",
        )
        add["ema"] = gr.Number(first["ema"], label="EMA, decay of the weights' average")
        add["label_dropout"] = gr.Number(
            first["label_dropout"],
            label="Label dropout, share of images whose class is withheld",
            info="Needed for classifier-free guidance.",
        )
        add["flips"] = gr.Checkbox(first["flips"], label="Mirror half of the images")
        add["optimiser"] = gr.Radio(
            list(OPTIMISERS),
            value=first["optimiser"],
            label="Optimiser",
            info="AdamW uses warm-up, weight decay and a falling learning rate; Adam does not.",
        )


def keep_settings(address: Address, context: Context, settings: Settings) -> None:
    """All settings of a run are in the address."""
    limits, controls = context.limits, settings.controls
    bounds: dict[str, tuple[float, float]] = {
        "size": limits.sizes,
        "T": limits.T,
        "batch": limits.batch,
        "rate": RATES,
        "gamma": GAMMAS,
        "ema": DECAYS,
        "label_dropout": (0, 1),
    }

    def pictures(values: Values, visitor: str) -> list[str]:
        return [*context.datasets, *([OWN] if has_own(context, visitor) else [])]

    def budget(values: Values) -> tuple[float, float]:
        return limits.steps if values["train.unit"] == "steps" else limits.seconds

    def shown(values: Values, changed: Collection[str], visitor: str) -> Changes:
        changes: Changes = {}
        if "train.preset" in changed:
            changes[settings.told] = preset_note(values["train.preset"], context)
        for (schedule, option), field in settings.options.items():
            key, seen = f"train.{schedule}-{option}", schedule == values["train.schedule"]
            new = {"value": values[key]} if key in changed else {}
            changes[field] = gr.update(visible=seen, **new)
        return changes

    presets = {name: preset_values(name, context) for name in (*PRESETS, *LECTURE_PRESETS)}

    def by_preset(name: str) -> Follows:
        return "train.preset", {preset: values[name] for preset, values in presets.items()}

    address.field("train.preset", settings.preset, former=FORMER)
    for name, control in controls.items():
        key = f"train.{name.replace('_', '-')}"
        about: dict[str, Any] = {"follows": by_preset(name), "bounds": bounds.get(name)}
        if name == "data":
            about |= {"choices": pictures, "lacks": "your own images", "shipped": context.datasets}
        elif name == "budget":
            about |= {"bounds": budget}
        elif name == "size":
            about |= {"check": check_side}
        address.field(key, control, **about)
    for (schedule, option), field in settings.options.items():
        check = partial(SCHEDULES[schedule].options[option].check, option)
        address.field(f"train.{schedule}-{option}", field, check=check)
    address.also("train", shown, [settings.told, *settings.options.values()])


def has_own(context: Context, visitor: str) -> bool:
    """Whether a visitor has brought pictures to train on."""
    return bool(visitor) and own_pictures.stored(context.runs(visitor)) is not None


@dataclass(frozen=True)
class TrainParts:
    """What Train gives to other tabs (`TrainOffers`), and lays out itself."""

    settings: Settings
    trained: gr.State
    """The name of the model trained last."""
    race: gr.Button
    """The way to Reverse."""

    @classmethod
    def create(cls, context: Context) -> TrainParts:
        """Not yet rendered."""
        race = gr.Button("Race it in Reverse", elem_id="train-race", scale=0, render=False)
        return cls(Settings(context), gr.State(None, render=False), race)


def data_menu(context: Context, folder: Path | None = None, **props: Any) -> Menu:
    """The data sets of this place, and the visitor's own pictures if there are some."""
    titles = [(DATASETS[name].title, name) for name in context.datasets]
    if folder is not None and (own := own_pictures.stored(folder)):
        titles.append((f"Your images ({own[0]:,})", OWN))
    return Menu(titles, elem_id="train-data", **props)


def button_name(unit: str, budget: Any) -> str:
    """What the primary button says."""
    if not isinstance(budget, (int, float)) or budget <= 0:
        return f"Train for … {unit}"
    return f"Train for {exactly(budget) if unit == 'seconds' else counted(round(budget), 'step')}"
