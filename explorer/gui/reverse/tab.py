"""Reverse: several samplers from the same noise with the same model, played on one clock."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import gradio as gr

from explorer.checkpoints import Spec
from explorer.gui.frame.context import Context
from explorer.gui.frame.device import StopFlag
from explorer.gui.frame.jobs import find_model, patience, waiting
from explorer.gui.frame.limits import SEEDS, number, whole
from explorer.gui.frame.shared import (
    QUIET,
    Shared,
    message,
    on_device,
    plain,
    prose,
    seed_input,
    sentence,
    visitor_of,
)
from explorer.gui.reverse.export import panel as take_away
from explorer.gui.reverse.guidance import panel as guidance
from explorer.gui.reverse.lane_form import LaneForm
from explorer.gui.reverse.player import Player
from explorer.gui.reverse.quality import panel as quality
from explorer.gui.reverse.racing import (
    IN_TURN,
    Cursor,
    Going,
    class_choices,
    race_in_turns,
    read_settings,
    run_fork,
    summary,
)
from explorer.gui.reverse.round_trip import panel as round_trip
from explorer.gui.reverse.spread import panel as spread
from explorer.gui.reverse.stored import FOLDER, stored_race

ID, TITLE = "reverse", "Reverse"
CURSOR = "(going, cursor) => [going, document.querySelector('#reverse-player')?.explorer?.cursor]"
"""Hands the player's cursor to Python."""


def about(spec: Spec) -> str:
    """What a model is, in a line."""
    classes = f", {len(spec.classes)} classes" if spec.classes else ""
    steps = spec.training.get("steps")
    trained = f"; trained for {steps:,} steps" if isinstance(steps, int) else ""
    return f"{spec.size}×{spec.size}, {spec.schedule}, T = {spec.T}{classes}{trained}"


def build(context: Context, shared: Shared) -> None:
    """Layout, then wiring."""
    limits, models = context.limits, context.models("")
    gr.set_static_paths([FOLDER])
    first = next(iter(models), None)
    spec = models[first][1] if first else None
    view = stored_race()
    going = gr.State(None)  # None is the stored race
    fitted = gr.State(first)  # the name of the model that the lanes' fields were filled for
    with gr.Row(elem_classes="stage-row"):
        with gr.Column(elem_classes="stage"):
            with gr.Row(elem_classes="train-bar"):
                run = gr.Button("Run the race", variant="primary", elem_id="reverse-run", scale=0)
                stop = gr.Button("Stop", interactive=False, elem_id="reverse-stop", scale=0)
                state = gr.Markdown(
                    "Stored: " + summary(view),
                    elem_id="reverse-status",
                    elem_classes="status-line",
                )
            player = Player(view, elem_id="reverse-player")
            with gr.Row(elem_classes="train-bar"):
                branch = gr.Button("Fork here", elem_id="reverse-fork", scale=0)
                more = gr.Button("Go on", interactive=False, elem_id="reverse-go-on", scale=0)
                back = gr.Button(
                    "Back to the race", interactive=False, elem_id="reverse-back", scale=0
                )
            with gr.Tabs(elem_classes="panels"):
                with gr.Tab("What to look at"):
                    prose(__file__)
                with gr.Tab("Steps against quality"):
                    quality.build(context, shared)
                with gr.Tab("Guidance"):
                    guidance.build(context, shared)
                with gr.Tab("Round trip"):
                    round_trip.build(context, shared)
                with gr.Tab("When is it decided?"):
                    spread.build(context, shared)
                with gr.Tab("Take it away"):
                    take_away.build(context, player, state, going)
        with gr.Column(elem_classes="rail"):
            model = shared.model.render()
            facts = gr.Markdown(about(spec) if spec else "", elem_classes="prose-note")
            trouble = message()
            pictures = gr.Slider(*limits.pictures, value=4, step=1, label="Pictures")
            label = gr.Dropdown(class_choices(spec), value=IN_TURN, label="Class")
            seed = seed_input(SEEDS)
            with gr.Accordion("Guidance", open=False):
                w = gr.Slider(
                    0,
                    8,
                    value=1,
                    step=0.1,
                    label="Guidance w",
                    elem_id="reverse-guidance",
                    info="ε = ε(∅) + w·(ε(c) − ε(∅)): 1 is plain, 0 ignores the class, more "
                    "insists on it. (Ho & Salimans' w is one less; guidance_scale elsewhere is "
                    "this w.)",
                )
                scale = gr.Slider(
                    0,
                    10,
                    value=0,
                    step=0.5,
                    label="Classifier scale s",
                    elem_id="reverse-classifier",
                    info="The push of a classifier of noisy pictures; 0 is none. With w = 0 only "
                    "it knows the class.",
                )
            lanes = LaneForm(spec.T if spec else 1000)

    buttons = {run: False, stop: True, branch: False, more: False, back: False}
    """Which can be pressed while something runs."""
    outputs = [player, state, trouble, going, *buttons]

    def answer(changes: dict[Any, Any], busy: bool, now: Going | None) -> tuple[Any, ...]:
        """The outputs, all but the changes left as they are."""
        idle = {
            run: True,
            stop: False,
            branch: True,
            more: bool(now and now.racers),
            back: bool(now and now.origin),
        }
        pressable = buttons if busy else idle
        changes = changes | {b: gr.Button(interactive=on) for b, on in pressable.items()}
        return tuple(changes.get(output, gr.skip()) for output in outputs)

    def follow(
        request: gr.Request, now: Going | None, job: Callable[[str, StopFlag], Iterator[Going]]
    ) -> Iterator[tuple[Any, ...]]:
        """Show what a job yields; `job` gets the visitor and the flag."""
        visitor = visitor_of(request)
        flag, wish = StopFlag(visitor, "race"), ""
        flag.start()
        try:
            entries = job(visitor, flag)
            yield answer({state: waiting(context), trouble: ""}, True, now)
            for news in entries:
                wish = flag.read() or wish
                told = " · ".join(filter(None, (summary(news.view), wish)))
                shown = {player: news.view, state: told}
                if news.racers or not news.view.running:
                    now = shown[going] = news
                yield answer(shown, news.view.running, now)
            yield answer({}, False, now)
        except Exception as error:
            yield answer({state: "not running", trouble: sentence(error)}, False, now)
        finally:
            flag.stop()

    def begin(request: gr.Request, now: Going | None, *values: Any) -> Iterator[tuple[Any, ...]]:
        def job(visitor: str, flag: StopFlag) -> Iterator[Going]:
            name, n, label, seed, w, scale, *rest = values
            path, spec = find_model(context, name, visitor)
            n = whole("Pictures", n, limits.pictures)
            seed = whole("Seed", seed, SEEDS)
            w = number("Guidance w", w, (0, 8))
            scale = number("Classifier scale s", scale, (0, 10))
            settings = read_settings(name, spec, n, label, seed, lanes.read(rest, spec), w, scale)
            guided = f" · w = {w:g}" * (w != 1) + f" · s = {scale:g}" * (scale > 0)
            title = f"{spec.name} · seed {seed}{guided}"
            return race_in_turns(context, path, settings, title, flag, None)

        yield from follow(request, now, job)

    def begin_sent(
        request: gr.Request, now: Going | None, *values: Any
    ) -> Iterator[tuple[Any, ...]]:
        """Train's model: at once, unless another race of this visitor runs, which then says so."""
        flag = StopFlag(visitor_of(request), "race")
        if flag():
            yield from begin(request, now, *values)
            return
        wish = f"**{plain(str(values[0]))}** is chosen: press “Run the race” next"
        flag.wish(wish)
        yield tuple(wish if output is state else gr.skip() for output in outputs)

    def go_on(request: gr.Request, now: Going | None) -> Iterator[tuple[Any, ...]]:
        def job(visitor: str, flag: StopFlag) -> Iterator[Going]:
            if now is None or now.racers is None:
                raise ValueError("There is nothing to go on with: this race has ended.")
            settings = now.view.settings
            path, _ = find_model(context, settings["model"], visitor)
            return race_in_turns(context, path, settings, now.view.title, flag, now)

        yield from follow(request, now, job)

    def split(request: gr.Request, now: Going | None, cursor: Any) -> Iterator[tuple[Any, ...]]:
        def job(visitor: str, flag: StopFlag) -> Iterator[Going]:
            origin = (now.origin if now and now.origin else now) or Going(stored_race())
            if now and now.origin:
                raise ValueError("This is a fork already; go back to the race first.")
            where = Cursor.read(cursor, origin.view)
            if not origin.view.settings:
                raise ValueError(
                    "These frames do not say which model made them; run a race first."
                )
            path, _ = find_model(context, origin.view.settings["model"], visitor)
            arguments = (path, origin, where, context.device.device, flag, patience(context))
            return context.device.run(run_fork, *arguments)

        yield from follow(request, now, job)

    def go_back(now: Going | None) -> tuple[Any, ...]:
        if now is None or now.origin is None:
            return answer({}, False, now)
        origin = now.origin
        return answer(
            {player: origin.view, state: summary(origin.view), going: origin}, False, origin
        )

    def ask_to_stop(request: gr.Request) -> None:
        StopFlag(visitor_of(request), "race").stop()

    def describe(name: Any, preset: Any, known: Any, request: gr.Request) -> tuple[Any, ...]:
        """A model, and the lanes' fields for it; what was set by hand for the same one stays."""
        try:
            _, spec = find_model(context, name, visitor_of(request))
        except ValueError as error:
            return gr.skip(), sentence(error), *[gr.skip()] * (2 + len(lanes.outputs))
        if name == known:
            return about(spec), "", *[gr.skip()] * (2 + len(lanes.outputs))
        choices = gr.Dropdown(class_choices(spec), value=IN_TURN)
        return about(spec), "", name, choices, *lanes.choose(preset, spec.T)

    def prepare(preset: Any, name: Any, request: gr.Request) -> list[Any]:
        found = context.models(visitor_of(request))
        return lanes.choose(preset, found[name][1].T if name in found else 1000)

    def offer(request: gr.Request) -> Any:
        return gr.Dropdown(list(context.models(visitor_of(request))))

    settings = [going, model, pictures, label, seed, w, scale, *lanes.inputs]
    run.click(begin, settings, outputs, **on_device(state))
    more.click(go_on, going, outputs, **on_device(state))
    branch.click(split, [going, gr.JSON(visible=False)], outputs, js=CURSOR, **on_device(state))
    heard = QUIET | {"queue": True}  # else nobody is told that `going` has changed
    back.click(go_back, going, outputs, **heard)
    stop.click(ask_to_stop, None, None, **QUIET)
    chosen, described = [model, lanes.preset, fitted], [facts, trouble, fitted, label]
    described += lanes.outputs
    model.input(describe, chosen, described, **QUIET)
    if sent := shared.left.get("sent"):  # a model from Train races once the lanes fit it
        fits = sent.success(describe, chosen, described, **QUIET)
        often = {"trigger_mode": "multiple"}  # also while the race that it began goes on
        fits.success(begin_sent, settings, outputs, **on_device(state), **often)
    lanes.preset.input(prepare, [lanes.preset, model], lanes.outputs, **QUIET)
    gr.on(None, offer, None, model, **QUIET)  # when the page loads: models of earlier sessions
