"""Round trip: a picture noised to t_0 and denoised by both samplers; what comes back?"""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Any

import gradio as gr
from PIL import Image

from explorer.checkpoints import Spec
from explorer.gui.answers.answer import Answer
from explorer.gui.answers.photo import photo_answer
from explorer.gui.frame.address_field import Values
from explorer.gui.frame.agree import Agreement
from explorer.gui.frame.bar import find_model, job_bar
from explorer.gui.frame.call import Call
from explorer.gui.frame.context import Context
from explorer.gui.frame.jobs import Jobs, Steps
from explorer.gui.frame.limits import SEEDS, whole
from explorer.gui.frame.memory import heavy
from explorer.gui.frame.shared import (
    QUIET,
    Changes,
    Shared,
    guarded,
    message,
    prose,
    seed_input,
    what_to_look_at,
)
from explorer.gui.frame.upload import bring_upload, is_framed, upload_box
from explorer.gui.parts.picker import OWN as OWN_NAME
from explorer.gui.parts.picker import Picker, check_shipped, picked_name
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
SUMMARY = "An image noised up to t₀: what comes back"

OWN = "your image"


def build(context: Context, shared: Shared) -> None:
    """Layout, then wiring; `shared.model` is rendered elsewhere, before."""
    limits, choices = context.limits, samples()
    chosen = gr.State((START, choices[START]))
    stored = read(STORED)
    with gr.Row(elem_classes="stage-row"):
        with gr.Column(elem_classes="stage"):
            what_to_look_at(__file__)
            thumbs = {n: p.resize((56, 56), Image.Resampling.BOX) for n, p in choices.items()}
            picker = Picker(thumbs, key="reverse.trip.image", elem_id="trip-picker")
            picked = picked_name(choices, START)
            share = gr.Slider(
                1, 100, value=SHARE, step=1, label="Add noise up to t₀, % of T", elem_id="trip-t"
            )
            said = f"Stored, model {status(stored)}"
            run, stop, state = job_bar("trip", "Noise and denoise", said)
            table = TripTable(stored, elem_id="trip-table")
            prose(__file__)
            section = gr.Column()
        with gr.Column(elem_classes="rail"):
            upload = upload_box(
                label="Your image",
                elem_id="trip-image",
                height=190,
            )
            Answer(photo_answer(limits), elem_id="trip-photo")
            trouble = message()
            seed = seed_input(SEEDS, SEED)
    with section:
        build_draws(context, shared, share, seed)

    def ask(visitor: str, name: Any, share: Any, seed: Any) -> tuple[Path, Spec, int, int]:
        path, spec = find_model(context, name, visitor)
        part = whole("t₀, % of T", share, (1, 100))
        return path, spec, max(1, round(part * spec.T / 100)), whole("Seed", seed, SEEDS)

    def begin(call: Call, image: Chosen, _: Any, *values: Any) -> Steps:
        path, _, t, seed = ask(call.visitor, *values)
        yield {chosen: image}  # for a page that comes later
        for trip in call.run(run_trip, path, image, t, seed):
            yield {table: trip, state: status(trip)}

    def asked(visitor: str, image: Any, *values: Any) -> tuple[Any, Any, int, int]:
        """Image, model, t_0 and seed."""
        _, _, t, seed = ask(visitor, *values)
        return image, values[0], t, seed

    agreement = Agreement(
        context,
        shared.address,
        fields=[picked, shared.model, share, seed],
        read=asked,
        state=state,
        trouble=trouble,
        result=table,
    )
    jobs = Jobs(
        context,
        "trip",
        state=state,
        trouble=trouble,
        idle=[run],
        stop=stop,
        agreement=agreement,
    )

    @guarded(trouble)
    def show(request: gr.Request, chosen: Chosen, *values: Any) -> Changes:
        """The picture and its noise at once; while a trip runs they wait for the next."""
        _, spec, t, seed = ask(context.visitor(request), *values)
        if jobs.running(request):
            return {}
        with heavy():
            trip = preview(spec, chosen, t, seed)
        name = chosen[0] if chosen[0] in choices else OWN_NAME
        changes: Changes = {table: trip, state: f"{status(trip)}, ready to go back"}
        return changes | agreement.made_with((name, values[0], t, seed))

    @guarded(trouble)
    def pick(request: gr.Request, name: Any, *values: Any) -> Changes:
        if not isinstance(name, str) or name not in choices:
            raise ValueError("There is no such sample; choose one from the strip.")
        return {chosen: (name, choices[name]), picked: name} | show(
            request, (name, choices[name]), *values
        )

    @guarded(trouble)
    def bring(request: gr.Request, path: str | None, *values: Any) -> Changes:
        if path is None or is_framed(path):  # by us, or cleared: what is shown and said stays
            return {trouble: gr.skip()}
        picture, also = bring_upload(upload, trouble, path, limits)
        if picture is None:
            return also
        brought = (OWN, picture)
        return {chosen: brought, picked: OWN_NAME} | show(request, brought, *values) | also

    settings: list[Any] = [shared.model, share, seed]
    shown = [table, state, trouble, agreement.line]
    jobs.wire(run.click, begin, [chosen, *agreement.fields], [table, chosen])
    picker.answer(pick, settings, [chosen, picked, *shown])
    upload.clear(lambda: "", None, trouble, **QUIET)
    upload.change(bring, [upload, *settings], [upload, chosen, picked, *shown], **QUIET)
    for setting in settings:
        setting.change(show, [chosen, *settings], shown, **QUIET)

    def picture_of(values: Values, changed: Collection[str], visitor: str) -> Changes:
        name = values[f"{group}.image"]
        return {chosen: (name, choices[name])} if f"{group}.image" in changed else {}

    address, group = shared.address, "reverse.trip"
    address.field(
        f"{group}.image",
        picked,
        lacks="your own image",
        shipped=list(choices),
        check=check_shipped,
    )
    address.field(f"{group}.t0", share)
    address.field(f"{group}.seed", seed)
    address.also(group, picture_of, [chosen])
    address.restored(group)(show, [chosen, *settings], shown, **QUIET)
