"""The rail of the Train tab: everything that can be chosen for a run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr

from explorer.data import DATASETS
from explorer.diffusion import SCHEDULES, WEIGHTINGS
from explorer.diffusion.schedule import schedule_options
from explorer.gui.frame.context import Context
from explorer.gui.frame.limits import SEEDS
from explorer.gui.frame.shared import QUIET, Changes, message, seed_input
from explorer.gui.train import own_pictures
from explorer.gui.train.choices import (
    DEFAULTS,
    LECTURE_PRESETS,
    PRESETS,
    allowed,
    make_config,
    offered_networks,
    preset_note,
    preset_values,
)
from explorer.gui.train.own_pictures import OWN
from explorer.optimisers import OPTIMISERS
from explorer.training import TrainConfig

NAMES = {
    **{f"naive-{n}": f"NaiveUnet, n = {n} (SciNet 2026)" for n in (32, 64, 128, 512)},
    **{f"simple-{n}": f"SimpleUnet, {n} to {16 * n} (Stanford cars)" for n in (16, 32, 64)},
    "timeless": "TimelessUnet (SUTD week 12)",
    "attention": "AttentionUnet (MNIST in JAX)",
    "plain": "PlainNet (Oslo, May 2025)",
}
"""What the lectures' networks are called in the menu."""


class Settings:
    """The controls, which `render` lays out; `read` turns their values into a run's settings."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.preset = gr.Dropdown(
            [name for name in (*PRESETS, *LECTURE_PRESETS) if allowed(name, context)],
            value=next(iter(PRESETS)),
            label="Preset",
            elem_id="train-preset",
        )
        self.told = gr.Markdown("", elem_id="train-told", elem_classes="prose-note")
        self.trouble = message()
        self.controls: dict[str, Any] = {}
        """By the names of `DEFAULTS`."""
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
        """All controls as a preset has them, the schedules' numbers too."""
        values = preset_values(name, self.context)
        changes: Changes = {self.told: preset_note(name, self.context)}
        changes |= {control: values[key] for key, control in self.controls.items()}
        return changes | {
            field: schedule_options(schedule)[option]
            for (schedule, option), field in self.options.items()
        }

    def wire(self, start: gr.Button) -> None:
        """Presets fill the controls, a schedule shows its options, the budget names `start`."""

        def show_options(schedule: str) -> list[Any]:
            return [gr.Number(visible=name == schedule) for name, _ in self.options]

        def rename(unit: str, budget: Any) -> gr.Button:
            return gr.Button(button_name(unit, budget))

        schedule = self.controls["schedule"]
        budget = [self.controls["unit"], self.controls["budget"]]
        self.preset.input(self.fill, self.preset, self.filled, **QUIET)
        schedule.change(show_options, schedule, list(self.options.values()), **QUIET)
        gr.on([control.change for control in budget], rename, budget, start, **QUIET)

    def _main(self) -> None:
        first, add = DEFAULTS, self.controls
        add["data"] = data_menu(self.context, value=first["data"], label="Pictures")
        add["size"] = gr.Number(
            first["size"], label="Size, pixels", precision=0, elem_id="train-size"
        )
        add["labels"] = gr.Checkbox(first["labels"], label="Tell the network the classes")
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
            [("ε", "eps"), ("x₀", "x0"), ("v", "v")], value=first["target"], label="It predicts"
        )
        add["weighting"] = gr.Radio(
            list(WEIGHTINGS), value=first["weighting"], label="Loss weighting over t"
        )
        add["gamma"] = gr.Number(first["gamma"], label="γ of min-snr")
        add["T"] = gr.Number(first["T"], label="T, steps", precision=0, elem_id="train-T")
        add["batch"] = gr.Number(first["batch"], label="Batch, pictures", precision=0)
        add["rate"] = gr.Number(
            first["rate"], label="Learning rate (also while it runs)", elem_id="train-rate"
        )
        add["ema"] = gr.Number(first["ema"], label="EMA, decay of the weights' average")
        add["label_dropout"] = gr.Number(
            first["label_dropout"],
            label="Label dropout, share of pictures whose class is withheld",
            info="What classifier-free guidance needs.",
        )
        add["flips"] = gr.Checkbox(first["flips"], label="Mirror half of the pictures")
        add["optimiser"] = gr.Radio(
            list(OPTIMISERS),
            value=first["optimiser"],
            label="Optimiser",
            info="AdamW warms up, decays the weights and slows down; Adam does not.",
        )


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


def data_menu(context: Context, folder: Path | None = None, **props: Any) -> gr.Dropdown:
    """The data sets of this place, and the visitor's own pictures if there are some."""
    titles = [(DATASETS[name].title, name) for name in context.datasets]
    if folder is not None and (own := own_pictures.stored(folder)):
        titles.append((f"Your images ({own[0]:,})", OWN))
    return gr.Dropdown(titles, elem_id="train-data", **props)


def button_name(unit: str, budget: Any) -> str:
    """What the primary button says."""
    amount = f"{budget:g}" if isinstance(budget, (int, float)) and budget > 0 else "…"
    return f"Train for {amount} {'s' if unit == 'seconds' else 'steps'}"
