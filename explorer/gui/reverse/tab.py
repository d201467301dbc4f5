"""Reverse: several samplers from the same noise with the same model, played on one clock."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import gradio as gr

from explorer.checkpoints import Spec
from explorer.gui.frame.bar import find_model, job_bar, keep_offering
from explorer.gui.frame.call import Call
from explorer.gui.frame.context import Context
from explorer.gui.frame.job import Job
from explorer.gui.frame.jobs import Jobs, Steps
from explorer.gui.frame.limits import SEEDS, number, whole
from explorer.gui.frame.shared import (
    QUIET,
    Changes,
    Shared,
    guarded,
    message,
    plain,
    prose,
    seed_input,
)
from explorer.gui.reverse.export import panel as take_away
from explorer.gui.reverse.guidance import panel as guidance
from explorer.gui.reverse.lane_form import LaneForm, with_breaks
from explorer.gui.reverse.mistakes import panel as mistakes
from explorer.gui.reverse.player import Player
from explorer.gui.reverse.quality import panel as quality
from explorer.gui.reverse.racing import (
    IN_TURN,
    Cursor,
    Going,
    calls_left,
    class_choices,
    lane_summary,
    race_in_turns,
    read_settings,
    run_fork,
)
from explorer.gui.reverse.round_trip import panel as round_trip
from explorer.gui.reverse.spread import panel as spread
from explorer.gui.reverse.stored import FOLDER, stored_race

ID, TITLE = "reverse", "Reverse"
PANELS = (quality, guidance, round_trip, spread)
"""Under the player; each has a `TITLE` and `build(context, shared)`."""
TO_PLAYER = (
    "(...values) => { document.querySelector('#reverse-run')?.scrollIntoView(); return values; }"
)
"""The page goes to where the race appears; the values are handed on."""
LIVE_PICTURES = 4
"""Of a mistake that is run live: so many of those that were measured."""
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
            said = "Stored: " + lane_summary(view)
            run, stop, state = job_bar(ID, "Run the race", said, variant="primary")
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
                with gr.Tab(mistakes.TITLE):
                    live = mistakes.build(context, shared)
                for panel in PANELS:
                    with gr.Tab(panel.TITLE):
                        panel.build(context, shared)
                with gr.Tab(take_away.TITLE):
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

    jobs = Jobs(
        context, "race", state=state, trouble=trouble, idle=[run, branch, live.button], stop=stop
    )

    def ways_on(now: Going | None) -> Changes:
        """What can be done with a race; with None nothing."""
        on = {more: bool(now and now.racers), back: bool(now and now.origin)}
        return {button: gr.Button(interactive=can) for button, can in on.items()}

    def watch(call: Call, now: Going | None, entries: Iterator[Going]) -> Steps:
        """Show a race as it goes on; beside its summary stands what was wished meanwhile."""
        yield ways_on(None)
        wish, call.left = "", ways_on(now)
        for news in entries:
            wish = call.flag.read() or wish
            said = " · ".join(filter(None, (lane_summary(news.view), wish)))
            changes: Changes = {player: news.view, state: said}
            if news.racers or not news.view.running:
                changes[going] = news
                call.left = ways_on(news)
            yield changes

    def begin(call: Call, now: Going | None, *values: Any) -> Steps:
        name, n, label, seed, w, scale, *rest = values
        path, spec = find_model(context, name, call.visitor)
        n = whole("Pictures", n, limits.pictures)
        seed = whole("Seed", seed, SEEDS)
        w = number("Guidance w", w, (0, 8))
        scale = number("Classifier scale s", scale, (0, 10))
        settings = read_settings(name, spec, n, label, seed, lanes.read(rest, spec), w, scale)
        guided = f" · w = {w:g}" * (w != 1) + f" · s = {scale:g}" * (scale > 0)
        title = f"{spec.name} · seed {seed}{guided}"
        yield from watch(call, now, race_in_turns(call, path, settings, title, None))

    def begin_sent(call: Call, now: Going | None, *values: Any) -> Steps:
        """Train's model: at once, unless another race of this visitor runs, which then says so."""
        return begin(call, now, *values)

    def begin_live(call: Call, now: Going | None, mistake: Any, eta: Any, name: Any) -> Steps:
        """A mistake, sound and broken: the fields are filled, then they are raced."""
        asked = mistakes.asked(context, mistake, eta, name, call.visitor)
        path, spec = find_model(context, asked.model, call.visitor)
        chosen = asked.label or IN_TURN
        plainly: Changes = {pictures: LIVE_PICTURES, seed: asked.seed, w: 1, scale: 0}
        plainly |= {model: asked.model, fitted: asked.model, facts: about(spec)}
        plainly |= {label: gr.Dropdown(class_choices(spec), value=chosen)}
        yield plainly | lanes.choose_broken(asked.lane, asked.mistake, spec.T)
        rows = with_breaks([dict(asked.lane)], [asked.mistake], spec.make_schedule())
        settings = read_settings(asked.model, spec, LIVE_PICTURES, chosen, asked.seed, rows)
        title = f"{spec.name} · seed {asked.seed}"
        yield from watch(call, now, race_in_turns(call, path, settings, title, None))

    def announce(job: Job, now: Going | None, *values: Any) -> Changes:
        wish = f"**{plain(str(values[0]))}** is chosen: press “Run the race” next"
        job.flag.wish(wish)
        return {state: wish}

    def go_on(call: Call, now: Going | None) -> Steps:
        if now is None or now.racers is None:
            raise ValueError("There is nothing to go on with: this race has ended.")
        settings = now.view.settings
        path, _ = find_model(context, settings["model"], call.visitor)
        entries = race_in_turns(call, path, settings, now.view.title, now)
        yield from watch(call, now, entries)

    def split(call: Call, now: Going | None, cursor: Any) -> Steps:
        origin = (now.origin if now and now.origin else now) or Going(stored_race())
        if now and now.origin:
            raise ValueError("This is a fork already; go back to the race first.")
        where = Cursor.read(cursor, origin.view)
        if not origin.view.settings:
            raise ValueError("These frames do not say which model made them; run a race first.")
        settings = origin.view.settings
        path, spec = find_model(context, settings["model"], call.visitor)
        share = 4 * where.t / spec.T  # of its steps, for four pictures
        expected = context.expected(spec, calls_left(spec, settings) * share)
        yield from watch(call, now, call.run(run_fork, path, origin, where, expected=expected))

    def go_back(now: Going | None) -> Changes:
        if now is None or now.origin is None:
            return ways_on(now)
        origin = now.origin
        shown = {player: origin.view, state: lane_summary(origin.view), going: origin}
        return shown | ways_on(origin)

    @guarded(trouble)
    def describe(name: Any, preset: Any, known: Any, request: gr.Request) -> Changes:
        """A model, and the lanes' fields for it; what was set by hand for the same one stays."""
        _, spec = find_model(context, name, context.visitor(request))
        changes: Changes = {facts: about(spec)}
        if name != known:
            changes |= {fitted: name, label: gr.Dropdown(class_choices(spec), value=IN_TURN)}
            changes |= zip(lanes.outputs, lanes.choose(preset, spec.T), strict=True)
        return changes

    def prepare(preset: Any, name: Any, request: gr.Request) -> list[Any]:
        found = context.models(context.visitor(request))
        return lanes.choose(preset, found[name][1].T if name in found else 1000)

    def send(name: str | None, request: gr.Request) -> Changes:
        """The model trained last becomes the one that is raced."""
        found = list(context.models(context.visitor(request)))
        value = name if name in found else found[0]
        return {model: gr.Dropdown(found, value=value), shared.tabs: gr.Tabs(selected=ID)}

    settings = [going, model, pictures, label, seed, w, scale, *lanes.inputs]
    outputs = [player, going, more, back]
    jobs.wire(run.click, begin, settings, outputs)
    jobs.wire(more.click, go_on, going, outputs)
    jobs.wire(branch.click, split, [going, gr.JSON(visible=False)], outputs, js=CURSOR)
    heard = QUIET | {"queue": True}  # else nobody is told that `going` has changed
    back.click(go_back, going, [*outputs, state], **heard)
    chosen, described = [model, lanes.preset, fitted], [facts, trouble, fitted, label]
    described += lanes.outputs
    model.input(describe, chosen, described, **QUIET)
    filled = [model, fitted, facts, pictures, label, seed, w, scale, *lanes.all_outputs]
    jobs.wire(
        live.button.click, begin_live, [going, *live.inputs], [*outputs, *filled], js=TO_PLAYER
    )
    if train := shared.train:  # its model races once the lanes fit it
        sent = train.race.click(send, train.trained, [model, shared.tabs], **QUIET)
        fits = sent.success(describe, chosen, described, **QUIET)
        # also while the race that it began goes on
        options: dict[str, Any] = {"taken": announce, "trigger_mode": "multiple"}
        jobs.wire(fits.success, begin_sent, settings, outputs, **options)
    lanes.preset.input(prepare, [lanes.preset, model], lanes.outputs, **QUIET)
    keep_offering(context, model)
