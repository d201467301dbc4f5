"""Forward: one picture and one noise under two schedules, blended in the browser."""

from __future__ import annotations

import random
from collections.abc import Collection
from typing import Any

import gradio as gr
from PIL import Image

from explorer.data import (
    PHOTOS,
    load,
    photo,
    square,
)
from explorer.diffusion import make_schedule
from explorer.gui.answers.answer import Answer
from explorer.gui.answers.photo import photo_answer
from explorer.gui.answers.questions import code_answer
from explorer.gui.forward.blend import Blend, Scene
from explorer.gui.forward.script import forward_texts
from explorer.gui.frame.address_field import Values
from explorer.gui.frame.context import Context
from explorer.gui.frame.limits import SEEDS, Limits, whole
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
from explorer.gui.parts.copy_text import CopyText, Texts
from explorer.gui.parts.picker import OWN, Picker, check_shipped, picked_name

ID, TITLE = "forward", "Forward"
SCHEDULES: tuple[str, str] = ("linear", "cosine")
RESOLUTIONS = (32, 64, 128, 256)
START = "cat"
SMALL = (("mnist-5k", 1500), ("mnist-5k", 3600), ("emoji", 100), ("emoji", 604))
"""Of bundled data sets: some digits and emoji."""


def samples() -> dict[str, Image.Image]:
    """The pictures one click away: photos, then some digits and emoji, all 256 × 256 RGB."""
    pictures = {name: photo(name) for name in PHOTOS}
    for name, (data, index) in origins().items():
        pixels = load(data).images[index].permute(1, 2, 0).squeeze(-1).numpy()
        small = Image.fromarray(pixels).convert("RGB")
        pictures[name] = small.resize((256, 256), Image.Resampling.NEAREST)
    return pictures


def origins() -> dict[str, tuple[str, int]]:
    """Of the samples that are no photos: name -> data set and index."""
    kinds = {"mnist-5k": "digit", "emoji": "emoji"}
    return {f"{kinds[data]} {i}": (data, index) for i, (data, index) in enumerate(SMALL, 1)}


def copied(name: str, resolution: Any, T: Any, seed: Any) -> Texts:
    """The script for a sample, or for a picture of one's own, whose name is ""; settings are
    checked."""
    data, index = origins().get(name, (name, None))
    size, steps = int(resolution), int(T)
    return forward_texts(
        data, index, resolution=size, T=steps, seed=int(seed), schedules=SCHEDULES
    )


def make_scene(picture: Image.Image, resolution: Any, T: Any, seed: Any, limits: Limits) -> Scene:
    """x_0, the seed of ε and the schedules; ValueError for a setting out of bounds."""
    size = whole("Resolution", resolution, limits.resolution)
    steps = whole("T", T, limits.T)
    drawn_from = whole("Seed", seed, SEEDS)
    left, right = (make_schedule(name, steps) for name in SCHEDULES)
    return Scene(square(picture, size), drawn_from, (left, right))


def build(context: Context, shared: Shared) -> None:
    """Layout, then wiring."""
    limits, pictures = context.limits, samples()
    first = make_scene(pictures[START], 256, 1000, 7, limits)
    current = gr.State(pictures[START])
    with gr.Row(elem_classes="stage-row"):
        with gr.Column(elem_classes="stage"):
            what_to_look_at(__file__)
            picker = Picker(pictures, key="forward.image")
            picked = picked_name(pictures, START)
            stage = Blend(first, elem_id="forward-stage")
            start = copied(START, 256, 1000, 7)
            script = CopyText(start, source="forward-stage", elem_id="forward-copy")
            calls = ("forward(schedule, x0, t)", "make_schedule(name, T)")
            Answer(code_answer("what both panes show", calls), elem_id="forward-code")
            prose(__file__)
        with gr.Column(elem_classes="rail"):
            upload = upload_box(
                label="Your image",
                elem_id="forward-image",
                height=190,
            )
            Answer(photo_answer(limits), elem_id="forward-photo")
            trouble = message()
            seed = seed_input(SEEDS)
            renew = gr.Button("New noise", size="sm")
            resolution = gr.Radio(
                list(RESOLUTIONS), value=256, label="Resolution, pixels", elem_classes="tight"
            )
            T = gr.Number(1000, label="T, steps", precision=0, elem_id="forward-T")

    @guarded(trouble)
    def show(picture: Image.Image, name: Any, resolution: Any, T: Any, seed: Any) -> Changes:
        with heavy():
            scene = make_scene(picture, resolution, T, seed, limits)
        return {stage: scene, script: copied(str(name), resolution, T, seed)}

    @guarded(trouble)
    def pick(name: Any, *settings: Any) -> Changes:
        if not isinstance(name, str) or name not in pictures:
            raise ValueError("There is no such sample; choose one from the strip.")
        return {current: pictures[name], picked: name} | show(pictures[name], name, *settings)

    @guarded(trouble)
    def bring(path: str | None, *settings: Any) -> Changes:
        if path is None or is_framed(path):  # by us, or cleared: what is shown and said stays
            return {trouble: gr.skip()}
        picture, also = bring_upload(upload, trouble, path, limits)
        if picture is None:
            return also
        return {current: picture, picked: OWN} | show(picture, OWN, *settings) | also

    settings: list[Any] = [resolution, T, seed]
    shown = [stage, script, trouble]
    picker.answer(pick, settings, [current, picked, *shown])
    upload.clear(lambda: "", None, trouble, **QUIET)
    upload.change(bring, [upload, *settings], [upload, current, picked, *shown], **QUIET)
    renew.click(lambda: random.randrange(10**6), None, seed, **QUIET)
    for setting in settings:
        setting.change(show, [current, picked, *settings], shown, **QUIET)

    def picture_of(values: Values, changed: Collection[str], visitor: str) -> Changes:
        name = values["forward.image"]
        return {current: pictures[name]} if "forward.image" in changed else {}

    address = shared.address
    address.field(
        "forward.image",
        picked,
        lacks="your own image",
        shipped=list(pictures),
        check=check_shipped,
    )
    address.field("forward.T", T, bounds=limits.T)
    address.field("forward.resolution", resolution)
    address.field("forward.seed", seed)
    address.also("forward", picture_of, [current])
    address.restored("forward")(show, [current, picked, *settings], shown, **QUIET)
