"""Round trip: a picture noised to t_0 and denoised by both samplers; what comes back?"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import gradio as gr
import torch
from PIL import Image, ImageOps
from torch import Tensor

from explorer.checkpoints import Spec, load
from explorer.data import photo
from explorer.data.bundled import examples
from explorer.diffusion import Denoiser
from explorer.gui.frame.context import Context
from explorer.gui.frame.jobs import Call, Jobs, Steps, find_model
from explorer.gui.frame.limits import SEEDS, whole
from explorer.gui.frame.shared import (
    QUIET,
    Changes,
    Shared,
    guarded,
    message,
    plain,
    prose,
    seed_input,
    visitor_of,
)
from explorer.gui.frame.upload import take_upload, upload_box
from explorer.gui.parts.picker import Picker
from explorer.gui.reverse.round_trip.table import TripTable
from explorer.gui.reverse.round_trip.trip import Trip, read, set_out, there_and_back
from explorer.race import ddim, pictures
from explorer.race.fork import spread
from explorer.race.round_trip import as_seen

STORED = Path(__file__).with_name("stored")
START, SHARE, SEED = "cat", 40, 7
"""What the panel opens with: the sample, t_0 in % of T, the seed."""
OWN = "your picture"
EXAMPLES = 8
"""So many pictures of the model's kind tell how far two of them are apart."""
KINDS = {
    "mnist": "handwritten digits",
    "mnist-5k": "handwritten digits",
    "emoji": "emoji",
    "fashion-mnist": "clothes on black",
}
"""Data set -> what there is to see in it."""
Chosen = tuple[str, Image.Image]


def samples() -> dict[str, Image.Image]:
    """The pictures one click away, at their own size; some model has seen nearly each kind."""
    found = {"cat": photo("cat")}
    for data, chosen in (
        ("mnist-5k", {"digit 3": 1500, "digit 7": 3600}),
        ("fashion-mnist", {"sneaker": 7, "dress": 3}),
        ("emoji", {"emoji, face": 100, "emoji, thing": 604}),
    ):
        for name, index in chosen.items():
            pixels = examples(data)[index].permute(1, 2, 0).squeeze(-1).numpy()
            found[name] = Image.fromarray(pixels).convert("RGB")
    found["digit 3, inverted"] = ImageOps.invert(found["digit 3"])
    return found | {name: photo(name) for name in ("photographer", "coffee")}


def like_data(spec: Spec, seed: int) -> Tensor | None:
    """Some real pictures of what a model was trained on, (n, C, H, W) in [−1, 1]; or None."""
    bundled = examples(spec.data)
    if bundled is None or bundled.shape[1] != spec.channels:
        return None
    order = torch.randperm(len(bundled), generator=torch.Generator().manual_seed(seed))
    found = []
    for pixels in bundled[order[:EXAMPLES]]:
        picture = Image.fromarray(pixels.permute(1, 2, 0).squeeze(-1).numpy()).convert("RGB")
        found.append(as_seen(picture, spec.channels, spec.size))
    return torch.stack(found)


def prepare(
    spec: Spec, chosen: Chosen, t: int, seed: int, made: Tensor | None = None
) -> tuple[Tensor, Trip]:
    """The originals, (n, C, H, W), and a trip that has not begun.

    made : pictures that the model made itself, for one whose data is not bundled; without them
        such a model's trip has the visitor's picture only.
    """
    like, second = like_data(spec, seed), f"a real picture of {spec.data}"
    if like is None:
        like, second = made, "one that the model made itself"
    x0 = as_seen(chosen[1], spec.channels, spec.size)[None]
    x0 = x0 if like is None else torch.cat([x0, like[:1]])
    kind = KINDS.get(spec.data, f"the pictures of {spec.data}")
    apart = None if like is None else spread(like)
    signal = 1.0  # until `set_out` knows
    return x0, Trip(spec.name, kind, spec.T, t, seed, signal, (chosen[0], second), apart)


def preview(spec: Spec, chosen: Chosen, t: int, seed: int) -> Trip:
    """What can be shown without the network."""
    x0, trip = prepare(spec, chosen, t, seed)
    return set_out(spec.make_schedule(), x0, trip)


def run_trip(
    path: Path,
    chosen: Chosen,
    t: int,
    seed: int,
    device: torch.device,
    stopped: Callable[[], bool],
) -> Iterator[Trip]:
    """Load the model and send the picture there and back, beside one of the model's kind."""
    denoiser, spec = load(path, device)
    made = None if like_data(spec, seed) is not None else own_making(denoiser, spec, seed, device)
    x0, trip = prepare(spec, chosen, t, seed, made)
    yield from there_and_back(denoiser, x0, trip, device=device, stopped=stopped)


def own_making(denoiser: Denoiser, spec: Spec, seed: int, device: torch.device) -> Tensor:
    """Some pictures by the model itself, DDIM with 20 steps."""
    lane = ddim(spec.T, min(20, spec.T))
    shape = (spec.channels, spec.size, spec.size)
    return pictures(denoiser, lane, shape, seed=seed, n=4, device=device).cpu()


def status(trip: Trip) -> str:
    """The model, t_0 and what it has cost."""
    cost = " · ".join(
        f"{name} {trip.ways[column].done} of {trip.ways[column].evaluations}"
        + (f" in {trip.ways[column].seconds:.1f} s" if trip.ways[column].finished else "")
        for column, name in (("ddpm", "DDPM"), ("ddim", "DDIM"))
        if trip.ways[column].done
    )
    return " · ".join(filter(None, [f"{plain(trip.model)}: t₀ = {trip.t} of {trip.T}", cost]))


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
            with gr.Row(elem_classes="train-bar"):
                run = gr.Button("There and back", elem_id="trip-run", scale=0)
                stop = gr.Button("Stop", interactive=False, elem_id="trip-stop", scale=0)
                state = gr.Markdown(
                    f"Stored, model {status(stored)}",
                    elem_id="trip-status",
                    elem_classes="status-line",
                )
            table = TripTable(stored, elem_id="trip-table")
            prose(__file__)
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

    def ask(request: gr.Request, name: Any, share: Any, seed: Any) -> tuple[Path, Spec, int, int]:
        path, spec = find_model(context, name, visitor_of(request))
        part = whole("t₀, % of T", share, (1, 100))
        return path, spec, max(1, round(part * spec.T / 100)), whole("Seed", seed, SEEDS)

    def begin(call: Call, chosen: Chosen, *values: Any) -> Steps:
        path, _, t, seed = ask(call.request, *values)
        yield {}
        for trip in call.run(run_trip, path, chosen, t, seed):
            yield {table: trip, state: status(trip)}

    jobs = Jobs(context, "trip", state=state, trouble=trouble, idle=[run], stop=stop)

    @guarded(trouble)
    def show(request: gr.Request, chosen: Chosen, *values: Any) -> Changes:
        """The picture and its noise at once; while a trip runs they wait for the next."""
        _, spec, t, seed = ask(request, *values)
        if jobs.running(request):
            return {trouble: "This is for the next trip; one is under way."}
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

    settings = [shared.model, share, seed]
    shown = [table, state, trouble]
    jobs.wire(run.click, begin, [chosen, *settings], [table])
    picker.pick(pick, settings, [chosen, *shown], **QUIET)
    upload.change(bring, [upload, *settings], [chosen, *shown], **QUIET)
    for setting in settings:
        setting.change(show, [chosen, *settings], shown, trigger_mode="always_last", **QUIET)
