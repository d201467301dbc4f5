"""Round trip: a picture noised to t_0 and denoised by both samplers; what comes back?"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gradio as gr
from PIL import Image

from explorer.checkpoints import Spec
from explorer.gui.frame.bar import find_model, job_bar
from explorer.gui.frame.call import Call
from explorer.gui.frame.context import Context
from explorer.gui.frame.jobs import Jobs, Steps
from explorer.gui.frame.limits import SEEDS, whole
from explorer.gui.frame.memory import heavy
from explorer.gui.frame.shared import (
    LIVE,
    QUIET,
    Changes,
    Shared,
    guarded,
    message,
    prose,
    seed_input,
)
from explorer.gui.frame.upload import take_upload, upload_box
from explorer.gui.parts.picker import Picker
from explorer.gui.reverse.round_trip.draws_panel import build_draws
from explorer.gui.reverse.round_trip.table import TripTable
from explorer.gui.reverse.round_trip.trip import read
from explorer.gui.reverse.round_trip.work import (
    SEED,
    SHARE,
    START,
    STORED,
    Chosen,
    preview,
    run_trip,
    samples,
    status,
)

TITLE = "Round trip"

OWN = "your picture"


def build(context: Context, shared: Shared) -> None:
    """Layout, then wiring; `shared.model` is rendered elsewhere, before."""
    limits, choices = context.limits, samples()
    chosen = gr.State((START, choices[START]))
    stored = read(STORED)
    with gr.Row(elem_classes="stage-row"):
        with gr.Column(elem_classes="stage"):
            thumbs = {n: p.resize((56, 56), Image.Resampling.BOX) for n, p in choices.items()}
            picker = Picker(thumbs, elem_id="trip-picker")
            share = gr.Slider(
                1, 100, value=SHARE, step=1, label="Noise it up to t₀, % of T", elem_id="trip-t"
            )
            said = f"Stored, model {status(stored)}"
            run, stop, state = job_bar("trip", "There and back", said)
            table = TripTable(stored, elem_id="trip-table")
            prose(__file__)
            section = gr.Column()
        with gr.Column(elem_classes="rail"):
            upload = upload_box(
                label="Your picture",
                sources=["upload", "webcam", "clipboard"],
                elem_id="trip-image",
                elem_classes="image-frame",
                height=190,
            )
            trouble = message()
            seed = seed_input(SEEDS, SEED)
    with section:
        build_draws(context, shared, share, seed)

    def ask(visitor: str, name: Any, share: Any, seed: Any) -> tuple[Path, Spec, int, int]:
        path, spec = find_model(context, name, visitor)
        part = whole("t₀, % of T", share, (1, 100))
        return path, spec, max(1, round(part * spec.T / 100)), whole("Seed", seed, SEEDS)

    def begin(call: Call, chosen: Chosen, *values: Any) -> Steps:
        path, _, t, seed = ask(call.visitor, *values)
        yield {}
        for trip in call.run(run_trip, path, chosen, t, seed):
            yield {table: trip, state: status(trip)}

    jobs = Jobs(context, "trip", state=state, trouble=trouble, idle=[run], stop=stop)

    @guarded(trouble)
    def show(request: gr.Request, chosen: Chosen, *values: Any) -> Changes:
        """The picture and its noise at once; while a trip runs they wait for the next."""
        _, spec, t, seed = ask(context.visitor(request), *values)
        if jobs.running(request):
            return {trouble: "This is for the next trip; one is under way."}
        with heavy():
            trip = preview(spec, chosen, t, seed)
        return {table: trip, state: f"{status(trip)}, ready to go back"}

    @guarded(trouble)
    def pick(request: gr.Request, event: gr.EventData, *values: Any) -> Changes:
        name = str(getattr(event, "name", ""))
        if name not in choices:
            raise ValueError("There is no such sample; choose one of the strip.")
        picked = (name, choices[name])
        return {chosen: picked} | show(request, picked, *values)

    @guarded(trouble)
    def bring(request: gr.Request, path: str | None, *values: Any) -> Changes:
        if path is None:  # cleared: what is shown stays
            return {}
        brought = (OWN, take_upload(path, limits))
        return {chosen: brought} | show(request, brought, *values)

    settings: list[Any] = [shared.model, share, seed]
    shown = [table, state, trouble]
    jobs.wire(run.click, begin, [chosen, *settings], [table])
    picker.pick(pick, settings, [chosen, *shown], **QUIET)
    upload.change(bring, [upload, *settings], [chosen, *shown], **QUIET)
    for setting in settings:
        setting.change(show, [chosen, *settings], shown, **LIVE)
