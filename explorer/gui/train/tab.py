"""Train: a real run on this machine, watched live."""

from __future__ import annotations

import json
from contextlib import closing, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import gradio as gr

from explorer.gui.frame.call import Call
from explorer.gui.frame.context import Context
from explorer.gui.frame.device import Ended
from explorer.gui.frame.jobs import Jobs, Steps
from explorer.gui.frame.limits import number
from explorer.gui.frame.shared import (
    LIVE,
    QUIET,
    Changes,
    Shared,
    guarded,
    plain,
    prose,
    sentence,
)
from explorer.gui.train import compare, own_pictures
from explorer.gui.train.choices import DEFAULTS, RATES, bytes_of_run, check_run, foresee
from explorer.gui.train.earlier import continued, find_record, how_far, runs_menu, unfinished
from explorer.gui.train.own_pictures import OWN
from explorer.gui.train.settings import TrainParts, button_name, data_menu
from explorer.gui.train.stage import Stage
from explorer.gui.train.stored import stored_run
from explorer.gui.train.task import Job, free_path
from explorer.gui.train.watch import train
from explorer.training.state import read_state

ID, TITLE = "train", "Train"
FAILED = "not running; **{}** is kept at its last good step"
GOING = "a run of yours is going; stop or pause it first"


def build(context: Context, shared: Shared) -> None:
    """Layout, then wiring."""
    given = shared.train
    parts = given if isinstance(given, TrainParts) else TrainParts.create(context)
    with gr.Row(elem_classes="stage-row"):
        with gr.Column(elem_classes="stage"):
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
            prose(__file__)
            compared = compare.build(context)
        with gr.Column(elem_classes="rail"):
            settings, trouble = parts.settings, parts.settings.trouble
            settings.render()
            forecast = gr.Markdown("", elem_id="train-forecast", elem_classes="prose-note")
            with gr.Accordion("Earlier runs", open=False) as past:
                earlier = gr.Dropdown(
                    [], value=None, label="Look at, continue or race", elem_id="train-earlier"
                )
            with gr.Accordion("Your own images", open=False):
                files = gr.File(
                    file_count="multiple",
                    file_types=["image", ".zip", ".npz", ".csv", ".tsv", ".json", ".jsonl"],
                    type="filepath",
                    label="Pictures, a zip or an .npz of them; 8 at least",
                    elem_id="train-files",
                )
                report = gr.Markdown("", elem_id="train-report", elem_classes="prose-note")

    idle, busy = [start], [pause]
    jobs = Jobs(
        context,
        "train",
        state=state,
        trouble=trouble,
        idle=idle,
        busy=busy,
        stop=stop,
        lasting=True,
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
        yield from watch(call, replace(job, expected=expected, room=room, bytes=size))

    def go_on(call: Call, name: str | None, *values: Any) -> Steps:
        folder = context.runs(call.visitor)
        job = continued(name, folder, settings.read(values), context.root)
        size = bytes_of_run(job.config, folder)
        job = replace(job, room=context.room(call.visitor), bytes=size)
        yield from watch(call, job)

    def watch(call: Call, job: Job) -> Steps:
        limits, flag = context.limits, call.flag
        try:
            yield stage.cleared(job) | {finished: gr.Row(visible=False)}
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
        return {trouble: GOING}

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
            raise ValueError(GOING)
        record = find_record(name, context.runs(context.visitor(request)))
        peak: Changes = {rate: read_state(record.state).peak}
        return peak | stage.of_record(record) | offer(record.model)

    def ask_to_pause(request: gr.Request) -> None:
        job = context.jobs.running(context.visitor(request), "train")
        if job and job.waits:  # in line, where nothing is heard but a stop: it is kept as well
            job.flag.stop()
        elif job:
            job.flag.wish(json.dumps({"pause": True}))

    @guarded(trouble)
    def change_rate(request: gr.Request, asked: Any) -> Changes:
        jobs.wish(request, json.dumps({"rate": number("Learning rate", asked, RATES)}))
        return {}

    def look_ahead(request: gr.Request, *values: Any) -> Changes:
        try:
            folder = context.runs(context.visitor(request))
            return {forecast: foresee(settings.read(values), folder, context), trouble: ""}
        except Exception as error:
            return {forecast: "", trouble: sentence(error)}

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

    def welcome(request: gr.Request) -> Changes:
        """What an earlier visit left."""
        visitor = context.visitor(request)
        folder = context.runs(visitor)
        runs = gr.Dropdown(compare.names(context, visitor))
        menus = {data: data_menu(context, folder), earlier: runs_menu(folder), compared: runs}
        if context.jobs.of(visitor, "train") or not (record := unfinished(folder)):
            return menus
        said = how_far(record).format(plain(record.model.stem))
        return offer(record.model) | stage.of_record(record) | menus | {state: said}

    def offer_earlier(request: gr.Request) -> gr.Dropdown:
        return runs_menu(context.runs(context.visitor(request)))

    inputs, data = settings.inputs, settings.controls["data"]
    settings.wire(start)
    gr.on(None, look_ahead, inputs, [forecast, trouble], **LIVE)  # also when the page loads
    rate.change(change_rate, rate, trouble, **QUIET)
    files.upload(bring, files, [report, data], **QUIET | {"queue": True})
    offered = [finished, download, mine, earlier, shared.model]
    jobs.wire(start.click, begin, inputs, [*stage.outputs, *offered], taken=refuse)
    jobs.wire(more.click, go_on, [mine, *inputs], [*stage.outputs, *offered], taken=refuse)
    pause.click(ask_to_pause, None, None, **QUIET)
    outputs = [*stage.outputs, finished, download, mine, rate, trouble]
    earlier.input(show_earlier, earlier, outputs, **QUIET)
    past.expand(offer_earlier, None, earlier, **QUIET)
    left = [*stage.outputs, finished, download, mine]
    gr.on(None, welcome, None, [data, earlier, compared, *left], **QUIET)
