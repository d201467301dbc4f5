"""Reverse: several samplers from the same noise with the same model, played on one clock."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

import gradio as gr

from explorer.checkpoints import Spec
from explorer.gui.answers.answer import Answer, Answered
from explorer.gui.answers.questions import belief_answer, code_answer, eta_answer
from explorer.gui.frame.address_field import Values
from explorer.gui.frame.agree import Agreement
from explorer.gui.frame.bar import find_model, job_bar, keep_offering
from explorer.gui.frame.call import Call
from explorer.gui.frame.context import Context
from explorer.gui.frame.job import Job
from explorer.gui.frame.jobs import Jobs, Steps
from explorer.gui.frame.limits import SEEDS, number, whole
from explorer.gui.frame.panels import panel_tab, panels
from explorer.gui.frame.presets import name_preset
from explorer.gui.frame.shared import (
    QUIET,
    Changes,
    Shared,
    guarded,
    message,
    plain,
    prose,
    seed_input,
    what_to_look_at,
)
from explorer.gui.frame.spoken import counted
from explorer.gui.parts.copy_text import CopyText
from explorer.gui.parts.menu import Menu
from explorer.gui.reverse.break_form import with_breaks, without_slips
from explorer.gui.reverse.export import panel as take_away
from explorer.gui.reverse.guidance import panel as guidance
from explorer.gui.reverse.lane_form import LaneForm
from explorer.gui.reverse.mistakes import panel as mistakes
from explorer.gui.reverse.player import Player
from explorer.gui.reverse.quality import panel as quality
from explorer.gui.reverse.racing import (
    IN_TURN,
    Cursor,
    Going,
    calls_left,
    class_choices,
    class_names,
    complete,
    lane_summary,
    race_in_turns,
    read_settings,
    run_fork,
)
from explorer.gui.reverse.round_trip import panel as round_trip
from explorer.gui.reverse.spread import panel as spread
from explorer.gui.reverse.stored import stored_race

ID, TITLE = "reverse", "Reverse"
PANELS = {"quality": quality, "guidance": guidance, "trip": round_trip, "spread": spread}
"""Under the player, by their names in links; each has `TITLE`, `SUMMARY` and `build(context,
shared)`."""
LOOK = "What to look at"
SUMMARIES = {
    "look": (LOOK, "The race in words: what differs, and why"),
    "mistakes": (mistakes.TITLE, mistakes.SUMMARY),
    **{name: (panel.TITLE, panel.SUMMARY) for name, panel in PANELS.items()},
    "export": (take_away.TITLE, take_away.SUMMARY),
}
"""What is on all panels' tabs, by their names in links."""
PLACES = {name: title for name, (title, _) in SUMMARIES.items()}
"""All panels' titles, by their names in links."""
TO_PLAYER = (
    "(...values) => { document.querySelector('#reverse-run')?.scrollIntoView(); return values; }"
)
"""The page goes to where the race appears; the values are handed on."""
LIVE_PICTURES = 4
"""Of a mistake that is run live: so many of those that were measured."""
CURSOR = "(going, cursor) => [going, document.querySelector('#reverse-player')?.explorer?.cursor]"
"""Hands the player's cursor to Python."""


def _place(name: str) -> gr.Tab:
    """A panel that a link can open."""
    return panel_tab(*SUMMARIES[name], id=name, elem_id=f"panel-{name}")


def about(spec: Spec) -> str:
    """What a model is, in a line."""
    classes = f", {len(spec.classes)} classes" if spec.classes else ""
    steps = spec.training.get("steps")
    trained = f"; trained for {counted(steps, 'step')}" if isinstance(steps, int) else ""
    return f"{spec.size}×{spec.size}, {spec.schedule}, T = {spec.T}{classes}{trained}"


def race_title(spec: Spec, settings: Mapping[str, Any]) -> str:
    """What a race is of: model, seed, its one class, and guidance."""
    w, scale = settings["guidance"], settings.get("classifier_scale", 0)
    classes = dict.fromkeys(class_names(spec, settings["labels"]))
    parts = [spec.name, f"seed {settings['seed']}"]
    if len(classes) == 1:
        parts.append(f"class {next(iter(classes))[:60]}")
    parts += [f"w = {w:g}"] * (w != 1) + [f"s = {scale:g}"] * (scale > 0)
    return " · ".join(parts)


def answer_eta(path: Path, spec: Spec) -> Answered:
    """With the numbers of a model's schedule and of its table."""
    return eta_answer(spec.make_schedule(), quality.stored_quality(path))


def build(context: Context, shared: Shared) -> None:
    """Layout, then wiring."""
    limits, models = context.limits, context.models("")
    shared.address.field(  # before the panels' fields, which depend on it
        "reverse.model",
        shared.model,
        choices=lambda values, visitor: list(context.models(visitor)),
        lacks="your own trained model",
        shipped=list(models),
    )
    first = next(iter(models), None)
    spec = models[first][1] if first else None
    view = stored_race()
    going = gr.State(None)  # None is the stored race
    fitted = gr.State(first)  # the name of the model that the lanes' fields were filled for
    with gr.Row(elem_classes="stage-row"):
        with gr.Column(elem_classes="stage"):
            what_to_look_at(__file__)
            said = "Stored: " + lane_summary(view)
            run, stop, state = job_bar(ID, "Run the race", said, variant="primary")
            player = Player(view, elem_id="reverse-player")
            with gr.Row(elem_classes="train-bar"):
                branch = gr.Button("Fork here", elem_id="reverse-fork", scale=0)
                more = gr.Button("Continue", interactive=False, elem_id="reverse-go-on", scale=0)
                back = gr.Button(
                    "Back to the race", interactive=False, elem_id="reverse-back", scale=0
                )
            copies = CopyText(take_away.race_texts(None, models), elem_id="reverse-copy")
            calls = ("load(path)", "ddim(spec.T, 50)", "race(denoiser, lanes, shape, seed=7)")
            belief = Answer(spec and belief_answer(spec), elem_id="reverse-belief")
            Answer(code_answer("the race on the page", calls), elem_id="reverse-code")
            with panels():
                with _place("look"):
                    prose(__file__)
                with _place("mistakes"):
                    live = mistakes.build(context, shared)
                for name, panel in PANELS.items():
                    with _place(name):
                        panel.build(context, shared)
                with _place("export") as opened:
                    take_away.build(context, shared, player, state, going, opened, copies)
        with gr.Column(elem_classes="rail"):
            model = shared.model.render()
            facts = gr.Markdown(about(spec) if spec else "", elem_classes="prose-note")
            trouble = message()
            pictures = gr.Slider(*limits.pictures, value=4, step=1, label="Images")
            label = Menu(class_choices(spec), value=IN_TURN, label="Class")
            seed = seed_input(SEEDS)
            with gr.Accordion("Guidance", open=False):
                w = gr.Slider(
                    0,
                    8,
                    value=1,
                    step=0.1,
                    label="Guidance w",
                    elem_id="reverse-guidance",
                    info="ε = ε(∅) + w·(ε(c) − ε(∅)): 1 is plain, 0 ignores the class, larger "
                    "values strengthen it. (Ho & Salimans' w is one less; guidance_scale "
                    "elsewhere equals "
                    "this w.)",
                )
                scale = gr.Slider(
                    0,
                    10,
                    value=0,
                    step=0.5,
                    label="Classifier scale s",
                    elem_id="reverse-classifier",
                    info="How strongly a classifier of noisy images pushes; 0 is off. With w = 0 "
                    "only the "
                    "classifier knows the class.",
                )
            lanes = LaneForm(spec.T if spec else 1000)
            eta = Answer(answer_eta(*models[first]) if first else None, elem_id="reverse-eta")

    def asked(visitor: str, *values: Any) -> dict[str, Any]:
        """The settings of a race of these fields."""
        name, n, label, seed, w, scale, *rest = values
        _, spec = find_model(context, name, visitor)
        n = whole("Images", n, limits.pictures)
        seed = whole("Seed", seed, SEEDS)
        w = number("Guidance w", w, (0, 8))
        scale = number("Classifier scale s", scale, (0, 10))
        return read_settings(name, spec, n, label, seed, lanes.read(rest, spec), w, scale)

    fields: list[Any] = [model, pictures, label, seed, w, scale, *lanes.inputs]
    agreement = Agreement(
        context,
        shared.address,
        fields=fields,
        read=lambda *given: complete(asked(*given)),
        state=state,
        trouble=trouble,
        result=player,
    )
    jobs = Jobs(
        context,
        "race",
        state=state,
        trouble=trouble,
        idle=[run, branch, live.button, lanes.breaks.repair],
        stop=stop,
        agreement=agreement,
    )

    def ways_on(now: Going | None) -> Changes:
        """What can be done with a race; with None nothing."""
        on = {more: bool(now and now.racers), back: bool(now and now.origin)}
        return {button: gr.Button(interactive=can) for button, can in on.items()}

    def watch(call: Call, now: Going | None, entries: Iterator[Going]) -> Steps:
        """Show a race as it goes on."""
        yield ways_on(None)
        call.left = ways_on(now)
        for news in entries:
            race = news.origin or news  # a fork has its race's settings
            changes: Changes = {player: news.view, state: lane_summary(news.view)}
            changes |= agreement.made_with(complete(race.view.settings))
            if news.racers or not news.view.running:
                changes[going] = news
                call.left = ways_on(news)
            yield changes

    def begin(call: Call, now: Going | None, *values: Any) -> Steps:
        settings = asked(call.visitor, *values)
        path, spec = find_model(context, settings["model"], call.visitor)
        title = race_title(spec, settings)
        yield from watch(call, now, race_in_turns(call, path, settings, title, None))

    def begin_sent(call: Call, now: Going | None, *values: Any) -> Steps:
        """Train's model: at once, unless another race of this visitor runs, which then says so."""
        return begin(call, now, *values)

    def begin_live(call: Call, now: Going | None, mistake: Any, eta: Any, name: Any) -> Steps:
        """A mistake, sound and broken: the fields are filled, then they are raced."""
        wanted = mistakes.asked(context, mistake, eta, name, call.visitor)
        path, spec = find_model(context, wanted.model, call.visitor)
        chosen = wanted.label or IN_TURN
        plainly: Changes = {pictures: LIVE_PICTURES, seed: wanted.seed, w: 1, scale: 0}
        plainly |= {model: wanted.model, fitted: wanted.model, facts: about(spec)}
        plainly |= {label: gr.Dropdown(class_choices(spec), value=chosen)}
        yield plainly | lanes.choose_broken(wanted.lane, wanted.mistake, spec.T)
        rows = with_breaks([dict(wanted.lane)], [wanted.mistake], spec.make_schedule())
        settings = read_settings(wanted.model, spec, LIVE_PICTURES, chosen, wanted.seed, rows)
        title = race_title(spec, settings)
        yield from watch(call, now, race_in_turns(call, path, settings, title, None))

    def begin_repaired(call: Call, now: Going | None, *values: Any) -> Steps:
        """The lanes without the slips of the lectures: the ticks go, then they are raced."""
        size = len(lanes.breaks.ticks)
        left = without_slips(values[-size:])
        yield dict(zip(lanes.breaks.ticks, map(gr.Checkbox, left), strict=True))
        yield from begin(call, now, *values[:-size], *left)

    def announce(job: Job, now: Going | None, *values: Any) -> Changes | None:
        name = plain(str(values[0]))
        told = job.say_beside(f"**{name}** is selected: now press “Run the race”")
        return gr.skip() if told else None

    def go_on(call: Call, now: Going | None) -> Steps:
        if now is None or now.racers is None:
            raise ValueError("There is nothing to continue: this race has ended.")
        settings = now.view.settings
        path, _ = find_model(context, settings["model"], call.visitor)
        entries = race_in_turns(call, path, settings, now.view.title, now)
        yield from watch(call, now, entries)

    def split(call: Call, now: Going | None, cursor: Any) -> Steps:
        origin = (now.origin if now and now.origin else now) or Going(stored_race())
        if now and now.origin:
            raise ValueError("This is already a fork; go back to the race first.")
        where = Cursor.read(cursor, origin.view)
        if not origin.view.settings:
            raise ValueError("These frames do not record which model made them; run a race first.")
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
        return shown | ways_on(origin) | {trouble: ""}

    def made(now: Going | None) -> Changes:
        race = now.origin or now if now else Going(view)
        known = race.view.settings  # a capsule may have none
        return agreement.made_with(complete(known)) if known else gr.skip()

    @guarded(trouble)
    def describe(name: Any, preset: Any, known: Any, request: gr.Request) -> Changes:
        """A model, and the lanes' fields for it; what was set by hand for the same one stays."""
        path, spec = find_model(context, name, context.visitor(request))
        changes: Changes = {facts: about(spec)}
        changes |= {belief: belief_answer(spec), eta: answer_eta(path, spec)}
        if name != known:
            changes |= {fitted: name, label: gr.Dropdown(class_choices(spec), value=IN_TURN)}
            changes |= zip(lanes.outputs, lanes.choose(preset, spec.T), strict=True)
        return changes

    def prepare(preset: Any, name: Any, request: gr.Request) -> list[Any]:
        found = context.models(context.visitor(request))
        return lanes.choose(preset, found[name][1].T if name in found else 1000)

    def send(name: str | None, preset: Any, known: Any, request: gr.Request) -> Changes:
        """The model trained last becomes the one that is raced, by lanes that fit it."""
        found = list(context.models(context.visitor(request)))
        value = name if name in found else found[0]
        shown: Changes = {model: gr.Dropdown(found, value=value)}
        shown[shared.tabs] = gr.Tabs(selected=ID)
        return shown | describe(value, preset, known, request)

    settings = [going, *fields]
    outputs = [player, going, more, back]
    jobs.wire(run.click, begin, settings, outputs)
    jobs.wire(
        lanes.breaks.repair.click,
        begin_repaired,
        settings,
        [*outputs, *lanes.breaks.ticks],
        js=TO_PLAYER,
    )
    jobs.wire(more.click, go_on, going, outputs)
    jobs.wire(branch.click, split, [going, gr.JSON(visible=False)], outputs, js=CURSOR)
    heard = QUIET | {"queue": True}  # else nobody is told that `going` has changed
    back.click(go_back, going, [*outputs, state, trouble], **heard)
    going.change(made, going, agreement.line, **QUIET)  # a capsule too
    chosen = [model, lanes.preset, fitted]
    described: list[Any] = [facts, trouble, fitted, label, belief, eta]
    described += lanes.outputs
    model.input(describe, chosen, described, **QUIET)
    filled = [model, fitted, facts, pictures, label, seed, w, scale, *lanes.all_outputs]
    jobs.wire(
        live.button.click, begin_live, [going, *live.inputs], [*outputs, *filled], js=TO_PLAYER
    )
    if train := shared.train:  # its model races once the lanes fit it
        trained = [train.trained, lanes.preset, fitted]
        sent = train.race.click(send, trained, [model, shared.tabs, *described], **QUIET)
        # also while the race that it began goes on
        options: dict[str, Any] = {"taken": announce, "trigger_mode": "multiple"}
        jobs.wire(sent.success, begin_sent, settings, outputs, **options)
    lanes.preset.input(prepare, [lanes.preset, model], lanes.outputs, **QUIET)

    def fitting(request: gr.Request, name: Any, *values: Any) -> list[str]:
        found = context.models(context.visitor(request))
        return lanes.fitting(found[name][1].T if name in found else 1000, *values)

    name_preset(lanes.preset, lanes.lane_inputs, fitting, given=[fitted])
    keep_offering(context, model)
    address = shared.address

    def spec_of(values: Values, visitor: str) -> Spec | None:
        found = context.models(visitor).get(values["reverse.model"])
        return found[1] if found else None

    def steps_of(values: Values) -> tuple[float, float]:
        found = spec_of(values, "") or spec
        return 1, found.T if found else 1000

    def lanes_of(values: Values, changed: Collection[str], visitor: str) -> Changes:
        shown = lanes.restored(values, changed, steps_of(values)[1])
        if "reverse.model" in changed and (now := spec_of(values, visitor)):
            shown |= {facts: about(now), fitted: values["reverse.model"]}
        return shown

    address.field(
        "reverse.class",
        label,
        choices=lambda values, visitor: class_choices(spec_of(values, visitor)),
    )
    kept = {"pictures": pictures, "seed": seed, "w": w, "s": scale}
    for key, field in kept.items():
        address.field(f"reverse.{key}", field)
    lanes.keep(address, steps_of)
    address.also("reverse", lanes_of, [facts, fitted])
