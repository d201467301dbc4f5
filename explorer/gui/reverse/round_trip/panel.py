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
from explorer.gui.frame.device import StopFlag
from explorer.gui.frame.jobs import buttons, find_model, patience, patient, waiting
from explorer.gui.frame.limits import SEEDS, whole
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
from explorer.gui.frame.upload import take_upload, upload_box
from explorer.gui.parts.picker import Picker
from explorer.gui.reverse.round_trip.table import TripTable
from explorer.gui.reverse.round_trip.trip import Trip, follow, outset, read
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
    signal = 1.0  # until `outset` knows
    return x0, Trip(spec.name, kind, spec.T, t, seed, signal, (chosen[0], second), apart)


def preview(spec: Spec, chosen: Chosen, t: int, seed: int) -> Trip:
    """What can be shown without the network."""
    x0, trip = prepare(spec, chosen, t, seed)
    return outset(spec.make_schedule(), x0, trip)


def run_trip(
    path: Path,
    chosen: Chosen,
    t: int,
    seed: int,
    device: torch.device,
    stopped: Callable[[], bool],
    seconds: float | None = None,
) -> Iterator[Trip]:
    """Load the model and send the picture there and back, beside one of the model's kind.

    After so many seconds it ends as if it were stopped.
    """
    stopped = patient(stopped, seconds)
    denoiser, spec = load(path, device)
    made = None if like_data(spec, seed) is not None else own_making(denoiser, spec, seed, device)
    x0, trip = prepare(spec, chosen, t, seed, made)
    yield from follow(denoiser, x0, trip, device=device, stopped=stopped)


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

    def begin(request: gr.Request, chosen: Chosen, *values: Any) -> Iterator[tuple[Any, ...]]:
        flag = StopFlag(visitor_of(request), "trip")
        flag.start()
        try:
            path, _, t, seed = ask(request, *values)
            yield gr.skip(), waiting(context), *buttons(True), ""
            device, most = context.device.device, patience(context)
            for trip in context.device.run(run_trip, path, chosen, t, seed, device, flag, most):
                yield trip, status(trip), *buttons(trip.running), ""
        except Exception as error:
            yield gr.skip(), "not running", *buttons(False), sentence(error)
        finally:
            flag.stop()

    def ask_to_stop(request: gr.Request) -> None:
        StopFlag(visitor_of(request), "trip").stop()

    def show(request: gr.Request, chosen: Chosen, *values: Any) -> tuple[Any, Any, str]:
        """The picture and its noise at once; while a trip runs they wait for the next."""
        try:
            _, spec, t, seed = ask(request, *values)
            if not StopFlag(visitor_of(request), "trip")():
                return gr.skip(), gr.skip(), "This is for the next trip; one is under way."
            trip = preview(spec, chosen, t, seed)
            return trip, f"{status(trip)}, ready to go back", ""
        except Exception as error:
            return gr.skip(), gr.skip(), sentence(error)

    def pick(request: gr.Request, event: gr.EventData, *values: Any) -> tuple[Any, ...]:
        name = str(getattr(event, "name", ""))
        if name not in choices:
            said = "There is no such sample; choose one of the strip."
            return gr.skip(), gr.skip(), gr.skip(), said
        chosen = (name, choices[name])
        return chosen, *show(request, chosen, *values)

    def bring(request: gr.Request, path: str | None, *values: Any) -> tuple[Any, ...]:
        if path is None:  # cleared: what is shown stays
            return gr.skip(), gr.skip(), gr.skip(), ""
        try:
            chosen = (OWN, take_upload(path, limits))
        except ValueError as error:
            return gr.skip(), gr.skip(), gr.skip(), str(error)
        return chosen, *show(request, chosen, *values)

    settings = [shared.model, share, seed]
    shown = [table, state, trouble]
    run.click(begin, [chosen, *settings], [table, state, run, stop, trouble], **on_device(state))
    stop.click(ask_to_stop, None, None, **QUIET)
    picker.pick(pick, settings, [chosen, *shown], **QUIET)
    upload.change(bring, [upload, *settings], [chosen, *shown], **QUIET)
    for setting in settings:
        setting.change(show, [chosen, *settings], shown, trigger_mode="always_last", **QUIET)
