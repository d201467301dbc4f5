"""Train: a real run on this machine, watched live."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import gradio as gr

from explorer.gui.frame.context import Context
from explorer.gui.frame.device import StopFlag
from explorer.gui.frame.limits import number
from explorer.gui.frame.shared import QUIET, Shared, on_device, plain, prose, sentence, visitor_of
from explorer.gui.train import compare, own_pictures
from explorer.gui.train.choices import DEFAULTS, check_run, foresee
from explorer.gui.train.earlier import continued, find_record, runs_menu
from explorer.gui.train.own_pictures import OWN
from explorer.gui.train.settings import Settings, button_name, data_menu
from explorer.gui.train.stage import Changes, Stage
from explorer.gui.train.stored import stored_run
from explorer.gui.train.watch import Job, free_path, train
from explorer.training.record import prune
from explorer.training.state import read_state

ID, TITLE = "train", "Train"
GOING = "a run of yours is going; stop or pause it first"


def build(context: Context, shared: Shared) -> None:
    """Layout, then wiring."""
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
                mine = gr.State(None)  # the name of the model trained last
                more = gr.Button("Continue", elem_id="train-continue", scale=0)
                race = gr.Button("Race it in Reverse", elem_id="train-race", scale=0)
                download = gr.DownloadButton("Download the model", scale=0)
            stage = Stage(state)
            prose(__file__)
            compared = compare.build(context)
        with gr.Column(elem_classes="rail"):
            settings = shared.left["settings"] = Settings(context)
            trouble = settings.trouble
            forecast = gr.Markdown("", elem_id="train-forecast", elem_classes="prose-note")
            with gr.Accordion("Earlier runs", open=False) as past:
                earlier = gr.Dropdown(
                    [], value=None, label="Look at, continue or race", elem_id="train-earlier"
                )
            with gr.Accordion("Your own images", open=False):
                files = gr.File(
                    file_count="multiple",
                    file_types=["image", ".zip"],
                    type="filepath",
                    label="Pictures, or a zip of them; 8 at least",
                    elem_id="train-files",
                )
                report = gr.Markdown("", elem_id="train-report", elem_classes="prose-note")

    buttons = {start: False, pause: True, stop: True}  # while a run goes on
    rate = settings.controls["rate"]
    others = [finished, download, trouble, shared.model, mine, earlier, rate]
    outputs = [*stage.outputs, *buttons, *others]

    def answer(changes: Changes, going: bool | None = None) -> tuple[Any, ...]:
        """The outputs, all but the changes left as they are."""
        if going is not None:
            changes |= {b: gr.Button(interactive=on == going) for b, on in buttons.items()}
        return tuple(changes.get(output, gr.skip()) for output in outputs)

    def begin(request: gr.Request, *values: Any) -> Iterator[tuple[Any, ...]]:
        def job(folder: Path) -> Job:
            config = settings.read(values)
            check_run(config, folder, context)
            prune(folder, context.limits.runs - 1)
            name = f"{config.data.replace(' ', '-')}-{config.size}-{config.schedule}"
            return Job(config, free_path(folder, name), context.root)

        yield from follow(request, job)

    def go_on(request: gr.Request, name: str | None, *values: Any) -> Iterator[tuple[Any, ...]]:
        def job(folder: Path) -> Job:
            return continued(name, folder, settings.read(values), context.root)

        yield from follow(request, job)

    def follow(request: gr.Request, make_job: Callable[[Path], Job]) -> Iterator[tuple[Any, ...]]:
        visitor = visitor_of(request)
        flag, job = StopFlag(visitor, "train"), None
        if not flag():  # the page does not let one start a second run; others may
            yield answer({trouble: GOING})
            return
        flag.start()
        try:
            context.prune()
            job = make_job(context.runs(visitor))
            yield answer(stage.cleared() | {finished: gr.Row(visible=False), trouble: ""}, True)
            wait = context.limits.slice
            run = train(job, context.device, flag.read, flag, slice_seconds=wait)
            with closing(run):
                for progress in run:
                    yield answer(stage.news(progress, job.config.T))
            if progress.speed:  # the next forecast is measured
                with suppress(ValueError):  # pictures that are gone by now
                    needed = check_run(job.config, job.model.parent, context)
                    context.device.speed = progress.speed * needed.flops
            yield answer(kept(job, visitor), False)
        except Exception as error:
            left = {state: "not running", trouble: sentence(error)}
            if job and job.model.is_file():
                left |= kept(job, visitor)
                left[state] = f"not running; **{job.model.stem}** is kept at its last good step"
            yield answer(left, False)
        finally:
            flag.stop()
            if job:
                with suppress(OSError):  # not empty, if something was learnt
                    job.record.folder.rmdir()

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

    def show_earlier(request: gr.Request, name: str | None) -> tuple[Any, ...]:
        """An earlier run as it was left, ready to be continued."""
        visitor = visitor_of(request)
        try:
            if not name:
                return answer({})
            if not StopFlag(visitor, "train")():
                raise ValueError(GOING)
            record = find_record(name, context.runs(visitor))
            found = {trouble: "", rate: read_state(record.state).peak}
            return answer(found | stage.of_record(record) | offer(record.model))
        except Exception as error:
            return answer({trouble: sentence(error)})

    def ask_to_stop(request: gr.Request) -> None:
        StopFlag(visitor_of(request), "train").stop()

    def ask_to_pause(request: gr.Request) -> None:
        StopFlag(visitor_of(request), "train").wish(json.dumps({"pause": True}))

    def change_rate(request: gr.Request, asked: Any) -> str:
        try:
            value = number("Learning rate", asked, (1e-6, 0.1))
        except ValueError as error:
            return str(error)
        StopFlag(visitor_of(request), "train").wish(json.dumps({"rate": value}))
        return ""

    def look_ahead(request: gr.Request, *values: Any) -> tuple[str, str]:
        try:
            folder = context.runs(visitor_of(request))
            return foresee(settings.read(values), folder, context), ""
        except Exception as error:
            return "", sentence(error)

    def bring(request: gr.Request, files: list[str] | None) -> Iterator[tuple[Any, ...]]:
        if not files:
            return
        try:
            folder = context.runs(visitor_of(request))
            for text, data in own_pictures.keep(files, folder, context.limits.own):
                menu = gr.skip() if data is None else data_menu(context, folder, value=OWN)
                yield plain(text), menu
        except Exception as error:
            yield sentence(error), gr.skip()

    def welcome(request: gr.Request) -> tuple[Any, ...]:
        """What an earlier visit left."""
        visitor = visitor_of(request)
        folder = context.runs(visitor)
        runs = gr.Dropdown(compare.names(context, visitor))
        return data_menu(context, folder), runs_menu(folder), runs

    def offer_earlier(request: gr.Request) -> gr.Dropdown:
        return runs_menu(context.runs(visitor_of(request)))

    def send(name: str | None, request: gr.Request) -> tuple[Any, Any]:
        found = list(context.models(visitor_of(request)))
        value = name if name in found else found[0]
        return gr.Dropdown(found, value=value), gr.Tabs(selected="reverse")

    inputs, data = settings.inputs, settings.controls["data"]
    settings.wire(start)
    gr.on(  # also when the page loads
        None,
        look_ahead,
        inputs,
        [forecast, trouble],
        trigger_mode="always_last",
        **QUIET,
    )
    rate.change(change_rate, rate, trouble, **QUIET)
    files.upload(bring, files, [report, data], **QUIET | {"queue": True})
    start.click(begin, inputs, outputs, **on_device(state))
    more.click(go_on, [mine, *inputs], outputs, **on_device(state))
    stop.click(ask_to_stop, None, None, **QUIET)
    pause.click(ask_to_pause, None, None, **QUIET)
    shared.left["sent"] = race.click(send, mine, [shared.model, shared.tabs], **QUIET)
    earlier.input(show_earlier, earlier, outputs, **QUIET)
    past.expand(offer_earlier, None, earlier, **QUIET)
    gr.on(None, welcome, None, [data, earlier, compared], **QUIET)
