"""Forward: one picture and one noise under two schedules, blended in the browser."""

from __future__ import annotations

import random
from typing import Any

import gradio as gr
import torch
from PIL import Image

from explorer.data import (
    PHOTOS,
    load,
    photo,
    square,
)
from explorer.diffusion import make_schedule
from explorer.gui.forward.blend import Blend, Scene
from explorer.gui.frame.context import Context
from explorer.gui.frame.limits import SEEDS, Limits, whole
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

ID, TITLE = "forward", "Forward"
SCHEDULES = ("linear", "cosine")
RESOLUTIONS = (32, 64, 128, 256)
START = "cat"


def samples() -> dict[str, Image.Image]:
    """The pictures one click away: photos, then some digits and emoji, all 256 × 256 RGB."""
    pictures = {name: photo(name) for name in PHOTOS}
    for data, chosen in (("mnist-5k", (1500, 3600)), ("emoji", (100, 604))):
        for index in chosen:
            pixels = load(data).images[index].permute(1, 2, 0).squeeze(-1).numpy()
            name = "digit" if data == "mnist-5k" else "emoji"
            large = (
                Image.fromarray(pixels).convert("RGB").resize((256, 256), Image.Resampling.NEAREST)
            )
            pictures[f"{name} {len(pictures) - len(PHOTOS) + 1}"] = large
    return pictures


def make_scene(picture: Image.Image, resolution: Any, T: Any, seed: Any, limits: Limits) -> Scene:
    """x_0, ε and the schedules; ValueError for a setting out of bounds.

    ε ~ N(0, I) of shape (3, resolution, resolution) from `torch.Generator` with this seed.
    """
    size = whole("Resolution", resolution, limits.resolution)
    steps = whole("T", T, limits.T)
    generator = torch.Generator().manual_seed(whole("Seed", seed, SEEDS))
    eps = torch.randn(3, size, size, generator=generator)
    left, right = (make_schedule(name, steps) for name in SCHEDULES)
    return Scene(square(picture, size), eps, (left, right))


def build(context: Context, shared: Shared) -> None:
    """Layout, then wiring."""
    limits, pictures = context.limits, samples()
    first = make_scene(pictures[START], 256, 1000, 7, limits)
    current = gr.State(pictures[START])
    with gr.Row(elem_classes="stage-row"):
        with gr.Column(elem_classes="stage"):
            picker = Picker(pictures)
            stage = Blend(first, elem_id="forward-stage")
            prose(__file__)
        with gr.Column(elem_classes="rail"):
            upload = upload_box(
                label="Your picture",
                sources=["upload", "webcam", "clipboard"],
                elem_id="forward-image",
                elem_classes="image-frame",
                height=190,
            )
            trouble = message()
            seed = seed_input(SEEDS)
            renew = gr.Button("New noise", size="sm")
            resolution = gr.Radio(
                list(RESOLUTIONS), value=256, label="Resolution, pixels", elem_classes="tight"
            )
            T = gr.Number(1000, label="T, steps", precision=0, elem_id="forward-T")

    @guarded(trouble)
    def show(picture: Image.Image, resolution: Any, T: Any, seed: Any) -> Changes:
        with heavy():
            return {stage: make_scene(picture, resolution, T, seed, limits)}

    @guarded(trouble)
    def pick(event: gr.EventData, *settings: Any) -> Changes:
        picture = pictures.get(str(getattr(event, "name", "")))
        if picture is None:
            raise ValueError("There is no such sample; choose one of the strip.")
        return {current: picture} | show(picture, *settings)

    @guarded(trouble)
    def bring(path: str | None, *settings: Any) -> Changes:
        if path is None:  # cleared: what is shown stays
            return {}
        picture = take_upload(path, limits)
        return {current: picture} | show(picture, *settings)

    settings: list[Any] = [resolution, T, seed]
    picker.pick(pick, settings, [current, stage, trouble], **QUIET)
    upload.change(bring, [upload, *settings], [current, stage, trouble], **QUIET)
    renew.click(lambda: random.randrange(10**6), None, seed, **QUIET)
    for setting in settings:
        setting.change(show, [current, *settings], [stage, trouble], **LIVE)
