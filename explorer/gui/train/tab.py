"""Train: a real run on this machine, watched live."""

from __future__ import annotations

import json
from contextlib import closing, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import gradio as gr

from explorer.gui.answers.answer import Answer
from explorer.gui.answers.photo import images_answer
from explorer.gui.answers.questions import code_answer
from explorer.gui.frame.agree import Agreement
from explorer.gui.frame.call import Call
from explorer.gui.frame.context import Context
from explorer.gui.frame.device import Ended
from explorer.gui.frame.follow import session_of
from explorer.gui.frame.jobs import Jobs, Steps
from explorer.gui.frame.limits import number
from explorer.gui.frame.shared import (
    QUIET,
    Changes,
    Shared,
    guarded,
    plain,
    prose,
    sentence,
    what_to_look_at,
)
from explorer.gui.parts.copy_text import CopyText
from explorer.gui.parts.menu import Menu
from explorer.gui.train import compare, own_pictures
from explorer.gui.train.choices import (
    DEFAULTS,
    RATES,
    bytes_of_run,
    check_run,
    foresee,
    make_config,
)
from explorer.gui.train.earlier import continued, find_record, how_far, runs_menu, unfinished
from explorer.gui.train.own_pictures import OWN
from explorer.gui.train.script import train_texts
from explorer.gui.train.settings import TrainParts, button_name, data_menu, keep_settings
from explorer.gui.train.stage import PLACES as OF_A_RUN
from explorer.gui.train.stage import Stage
from explorer.gui.train.stored import stored_run
from explorer.gui.train.task import Job, free_path
from explorer.gui.train.watch import train
from explorer.training import Record, TrainConfig
from explorer.training.state import read_state

ID, TITLE = "train", "Train"
PLACES = OF_A_RUN | {"compare": compare.TITLE}
"""All panels' titles, by their names in links."""
FAILED = "failed; **{}** is kept at its last good step"
TABLES = (".csv", ".tsv", ".json", ".jsonl")
UNKNOWN = (".heic", ".heif", ".hif", ".avif", ".tif", ".tiff")
"""Images that not every browser knows as such: it would not let them be chosen."""
REMOVED = "Your images are removed."
GOING = "You already have a run in progress; stop or pause it first"


def build(context: Context, shared: Shared) -> None:
    """Layout, then wiring."""
    given = shared.train
    parts = given if isinstance(given, TrainParts) else TrainParts.create(context)
    with gr.Row(elem_classes="stage-row"):
        with gr.Column(elem_classes="stage"):
            what_to_look_at(__file__)
            with gr.Row(elem_classes="train-bar"):
                name = button_name(DEFAULTS["unit"], DEFAULTS["budget"])
                start = gr.Button(name, variant="primary", elem_id="train-start", scale=0)
                pause = gr.Button("Pause", interactive=False, elem_id="train-pause", scale=0)
                stop = gr.Button("Stop", interactive=False, elem_id="train-stop", scale=0)
                state = gr.Markdown(
                    stored_run().status, elem_id="train-status", elem_classes="status-line"
                )
            with gr.Row(visible=False, elem_classes="train-bar") as finished:
                mine = parts.trained.render()
                more = gr.Button("Continue", elem_id="train-continue", scale=0)
                parts.race.render()
                download = gr.DownloadButton("Download the model", scale=0)
            stage = Stage(state)
            with stage.panels:
                compared = compare.build(context, shared)
            prose(__file__)
        with gr.Column(elem_classes="rail"):
            settings, trouble = parts.settings, parts.settings.trouble
            settings.render()
            forecast = gr.Markdown("", elem_id="train-forecast", elem_classes="prose-note")
            first = train_texts(make_config(DEFAULTS, {}, context))
            script = CopyText(first, elem_id="train-copy")
            calls = ("Run(config, data)", "for seen in observe(run)", "run.denoiser()")
            Answer(code_answer("this run", calls), elem_id="train-code")
            with gr.Accordion("Earlier runs", open=False) as past:
                earlier = Menu(
                    [], value=None, label="View, continue or race", elem_id="train-earlier"
                )
            with gr.Accordion("Your own images", open=False):
                files = gr.File(
                    file_count="multiple",
                    file_types=["image", *UNKNOWN, ".zip", ".npz", *TABLES],
                    type="filepath",
                    label="Images, or a zip or .npz file of them; at least 8",
                    elem_id="train-files",
                )
                report = gr.Markdown("", elem_id="train-report", elem_classes="prose-note")
                Answer(images_answer(context.limits, context.runs_name), elem_id="train-images")

    idle, busy = [start], [pause]

    def asked_for(visitor: str, *values: Any) -> TrainConfig:
        """A run of these fields."""
        config = settings.read(values)
        if visitor:
            check_run(config, context.runs(visitor), context)
        return config

    agreement = Agreement(
        context,
        shared.address,
        fields=settings.inputs,
        read=asked_for,
        state=state,
        trouble=trouble,
        result=stage.plot,
    )
    jobs = Jobs(
        context,
        "train",
        state=state,
        trouble=trouble,
        idle=idle,
        busy=busy,
        stop=stop,
        lasting=True,
        agreement=agreement,
    )
    rate = settings.controls["rate"]

    def begin(call: Call, *values: Any) -> Steps:
        folder = context.runs(call.visitor)
        config = settings.read(values)
        needed = check_run(config, folder, context)
        speed = context.device.speed
        foreseen = needed.seconds(config.steps, speed) if config.steps and speed else 3600
        name = f"{config.data.replace(' ', '-')}-{config.size}-{config.schedule}"
        room, size = context.room(call.visitor), bytes_of_run(config, folder)
        room.check(size, "this run", folder / f"{name}.run")
        job = Job(config, free_path(folder, name), context.root)
        expected = config.seconds or foreseen
        yield from watch(call, replace(job, expected=expected, room=room, bytes=size), config)

    def go_on(call: Call, name: str | None, *values: Any) -> Steps:
        folder = context.runs(call.visitor)
        job = continued(name, folder, settings.read(values), context.root)
        size = bytes_of_run(job.config, folder)
        job = replace(job, room=context.room(call.visitor), bytes=size)
        asked = settings.read(values)  # it goes on for what is asked now, whatever it had
        made = replace(job.config, steps=asked.steps, seconds=asked.seconds)
        yield from watch(call, job, made)

    def watch(call: Call, job: Job, made: TrainConfig) -> Steps:
        """made : the settings with which the run is shown."""
        limits, flag, call.job.made = context.limits, call.flag, made
        try:
            shown = stage.cleared(job) | agreement.made_with(made)
            yield shown | {finished: gr.Row(visible=False)}
            run = train(job, call.run, flag.read, flag, slice_seconds=limits.slice)
            with closing(run):
                for progress in run:
                    yield stage.news(progress, job)
            if progress.speed:  # the next forecast is measured
                with suppress(ValueError):  # pictures that are gone by now
                    needed = check_run(job.config, job.model.parent, context)
                    context.device.speed = progress.speed * needed.flops
            if job.model.is_file():
                yield kept(job, call.visitor)
        except Exception as error:
            call.left = stage.emptied(job)
            if job.model.is_file():
                name = plain(job.model.stem)
                with suppress(OSError, ValueError):  # what failed may fail here too: a full disk
                    call.left |= stage.of_record(job.record)
                call.left[state] = FAILED.format(name)
                with suppress(OSError, ValueError):
                    if isinstance(error, Ended):
                        call.left[state] = how_far(job.record).format(name)
                    call.left |= kept(job, call.visitor)
            raise

    def refuse(job: Any, *values: Any) -> Changes:
        """The page does not let one start a second run; others may."""
        return {trouble: GOING} | agreement.until("explorer-over")

    def kept(job: Job, visitor: str) -> Changes:
        """A model that is there, and the menus that it is in now."""
        models = gr.Dropdown(list(context.models(visitor)))
        menus = {shared.model: models, earlier: runs_menu(job.model.parent, job.model.stem)}
        return offer(job.model) | menus

    def offer(model: Path) -> Changes:
        """What can be done with a model that is there."""
        file = stage.plot.publish(model.read_bytes(), model.name)
        ready = {finished: gr.Row(visible=True), download: gr.DownloadButton(value=file)}
        return ready | {mine: model.stem}

    @guarded(trouble)
    def show_earlier(request: gr.Request, name: str | None) -> Changes:
        """An earlier run as it was left, ready to be continued."""
        if not name:
            return {}
        if jobs.running(request):
            return refuse(None)
        visitor = context.visitor(request)
        record = find_record(name, context.runs(visitor))
        context.jobs.replaced(visitor, "train", session_of(request))
        peak: Changes = {rate: read_state(record.state).peak}
        return peak | stage.of_record(record) | made_as(record) | offer(record.model)

    def made_as(record: Record) -> Changes:
        """An earlier run's settings are those of what is shown."""
        kept = read_state(record.state)
        return agreement.made_with(replace(kept.config, learning_rate=kept.peak))

    def ask_to_pause(request: gr.Request) -> None:
        job = context.jobs.running(context.visitor(request), "train")
        if job and job.waits:  # in line, where nothing is heard but a stop: it is kept as well
            job.flag.stop()
        elif job:
            job.flag.wish(json.dumps({"pause": True}))

    @guarded(trouble)
    def change_rate(request: gr.Request, asked: Any) -> Changes:
        wanted = number("Learning rate", asked, RATES)
        jobs.wish(request, json.dumps({"rate": wanted}))
        if job := context.jobs.running(context.visitor(request), "train"):
            job.asked[rate], job.made = asked, replace(job.made, learning_rate=wanted)
            job.show(agreement.made_with(job.made))
        return {}

    def look_ahead(request: gr.Request, *values: Any) -> Changes:
        try:
            folder = context.runs(context.visitor(request))
            config = settings.read(values)
            said = foresee(config, folder, context)
            return {forecast: said, script: train_texts(config), trouble: ""}
        except Exception as error:
            return {forecast: "", trouble: sentence(error)}

    def look_first(request: gr.Request) -> Changes:
        """At the settings that every page begins with; reading them there would take a while."""
        return look_ahead(request, *(control.value for control in inputs))

    def bring(request: gr.Request, files: list[str] | None) -> Steps:
        if not files:
            return
        try:
            visitor = context.visitor(request)
            folder, room = context.runs(visitor), context.room(visitor)
            side = max(own_pictures.SIDE, context.limits.sizes[1])
            for text, _ in own_pictures.keep(files, folder, context.limits.own, room, side):
                yield {report: plain(text)}
            yield {data: data_menu(context, folder, value=OWN)}
        except Exception as error:
            yield {report: sentence(error)}

    def take_away(request: gr.Request, files: list[str] | None, chosen: Any) -> Steps:
        """Some of the files, or all, were taken from the list: the set is what is left of it."""
        try:
            folder = context.runs(context.visitor(request))
            own_pictures.forget(folder)
            if files:
                yield from bring(request, files)
            if own_pictures.stored(folder) is None:
                value = DEFAULTS["data"] if chosen == OWN else chosen
                gone: Changes = {} if files else {report: REMOVED}
                yield gone | {data: data_menu(context, folder, value=value)}
        except Exception as error:
            yield {report: sentence(error)}

    def welcome(request: gr.Request) -> Changes:
        """What an earlier visit left."""
        visitor = context.visitor(request)
        folder = context.runs(visitor)
        runs = gr.Dropdown(compare.names(context, visitor))
        menus = {data: data_menu(context, folder), earlier: runs_menu(folder), compared: runs}
        if context.jobs.of(visitor, "train") or not (record := unfinished(folder)):
            return menus
        said = how_far(record).format(plain(record.model.stem))
        shown = offer(record.model) | stage.of_record(record) | made_as(record)
        return shown | menus | {state: said}

    def offer_earlier(request: gr.Request) -> gr.Dropdown:
        return runs_menu(context.runs(context.visitor(request)))

    inputs, data = settings.inputs, settings.controls["data"]
    settings.wire(start)
    foreseen: list[Any] = [forecast, script, trouble]
    changes = [control.change for control in inputs]  # type: ignore[attr-defined]
    gr.on(changes, look_ahead, inputs, foreseen, **QUIET)
    gr.on(None, look_first, None, foreseen, **QUIET)  # when the page loads
    rate.change(change_rate, rate, trouble, **QUIET)
    waiting = QUIET | {"queue": True}
    files.upload(bring, files, [report, data], **waiting)
    gr.on([files.clear, files.delete], take_away, [files, data], [report, data], **waiting)
    offered = [finished, download, mine, earlier, shared.model]
    jobs.wire(start.click, begin, inputs, [*stage.outputs, *offered], taken=refuse)
    jobs.wire(more.click, go_on, [mine, *inputs], [*stage.outputs, *offered], taken=refuse)
    pause.click(ask_to_pause, None, None, **QUIET)
    outputs = [*stage.outputs, agreement.line, finished, download, mine, rate, trouble]
    earlier.input(show_earlier, earlier, outputs, **QUIET)
    past.expand(offer_earlier, None, earlier, **QUIET)
    keep_settings(shared.address, context, settings)
    left = [*stage.outputs, agreement.line, finished, download, mine]
    gr.on(None, welcome, None, [data, earlier, compared, *left], **QUIET)
