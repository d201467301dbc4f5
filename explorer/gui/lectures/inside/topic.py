"""Inside the network: what it hears of time, its levels at work, and the same x_t told lies."""

from __future__ import annotations

from typing import Any

import gradio as gr

from explorer.checkpoints import Spec
from explorer.gui.frame.bar import find_model, keep_offering
from explorer.gui.frame.call import Call
from explorer.gui.frame.context import Context, place_of
from explorer.gui.frame.jobs import Jobs, Steps
from explorer.gui.frame.limits import SEEDS, whole
from explorer.gui.frame.shared import Shared, message, plain, prose, seed_input, what_to_look_at
from explorer.gui.lectures.inside.script import inside_texts
from explorer.gui.lectures.inside.shape import Anatomy, anatomy
from explorer.gui.lectures.inside.unet_view import Inside, UNetView
from explorer.gui.lectures.inside.waves import TimeWaves, Waves
from explorer.gui.lectures.inside.work import PICTURES, Look, read, run_look, waves
from explorer.gui.parts.copy_text import CopyText
from explorer.gui.parts.menu import Menu
from explorer.gui.parts.tiles import Block, Tiles

ID, TITLE = "inside", "Inside the network"
SUMMARY = "How a U-Net receives t, what its levels contain and cost, and what a wrong t does"
FROM = ("scinet", "cars", "jax", "oslo")
DO = "Drag t through the embedding, give the network a wrong t, read what a level costs."
LOWERED = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
MEANT = {"own": "its own t", "half": "half of it", "double": "twice it", "none": "no time"}


FOREIGN = (
    "This network receives t in another way, or not at all. Shown is what this app's "
    "U-Net of width 64 receives."
)


def heard(spec: Spec | None, t: int) -> TimeWaves:
    """What the network hears of time; of one that is no such U-Net, what a U-Net would."""
    own = spec is not None and spec.network == "unet"
    T, width = spec.T if spec else 1000, spec.network_config["width"] if spec and own else 64
    return TimeWaves(waves(T, width), T, t, "" if own else FOREIGN)


def named(look: Look) -> str:
    """What it is a look at."""
    return f"{look.model}, t = {look.t}, image {look.picture}, seed {look.seed}"


def inside_of(shape: Anatomy, look: Look | None, title: str) -> Inside:
    """The drawing; without a look the network's shape alone."""
    if look is None:
        return Inside(shape, title, {}, 1, [], {})
    title = f"{title}, channels at t = {look.t}"
    return Inside(shape, title, look.channels, look.T, look.times, look.modulation)


def blocks_of(look: Look) -> tuple[Block, ...]:
    """x_0, x_t, and what the network believes when told different times."""
    low = str(look.t).translate(LOWERED)
    heads = [("x₀", look.kind), (f"x{low}", "the input")]
    for name, told in look.told.items():
        said = "given nothing" if told is None else f"given {told}"
        heads.append((said, MEANT[name]))
    columns = ["x0", "x_t", *look.told]
    captions = ["RMS", *(f"{look.errors[name]:.3f}" for name in columns[1:])]
    pictures = tuple(look.pixels[name][None] for name in columns)
    return (Block("", tuple(heads), pictures, 1, tuple(captions)),)


def build(context: Context, shared: Shared) -> None:
    """Layout, then wiring."""
    (first, shape), models = read(), context.models("")
    start = first.model if first.model in models else next(iter(models), None)
    spec = models[start][1] if start else None
    with gr.Row(elem_classes="stage-row"):
        with gr.Column(elem_classes="stage"):
            what_to_look_at(__file__)
            state = gr.Markdown(
                plain(f"Stored: {named(first)}"),
                elem_id="inside-state",
                elem_classes="status-line",
            )
            cursor = Waves(heard(spec, first.t), elem_id="inside-waves")
            begun = None
            if start and spec:
                place = place_of(models[start][0])
                begun = inside_texts(place, spec, first.picture, first.t, first.seed)
            script = CopyText(begun, elem_id="inside-copy")
            prose(__file__)
            gr.Markdown(
                "### The same noisy image with different times given", elem_classes="stage-title"
            )
            tiles = Tiles(blocks_of(first), elem_id="inside-told")
            gr.Markdown("### Its levels", elem_classes="stage-title")
            drawing = UNetView(inside_of(shape, first, first.model), elem_id="inside-network")
        with gr.Column(elem_classes="rail"):
            model = Menu(list(models), value=start, label="Model", elem_id="inside-model")
            picture = gr.Slider(
                1, PICTURES, value=first.picture, step=1, label="Image", elem_id="inside-picture"
            )
            seed = seed_input(SEEDS, first.seed)
            trouble = message()
    at = gr.State(first.t)

    def look_at(call: Call, fresh: bool, name: Any, picture: Any, seed: Any, t: Any) -> Steps:
        """The drawing at once if the model is another one, then what is seen inside."""
        path, spec = find_model(context, name, call.visitor)
        picture = whole("Image", picture, (1, PICTURES))
        seed = whole("Seed", seed, SEEDS)
        t = whole("t", min(t, spec.T) if type(t) is int else t, (0, spec.T))
        shape = anatomy(spec)
        if fresh:
            drawn = inside_of(shape, None, spec.name)
            yield {cursor: heard(spec, t), drawing: drawn, at: t}
        else:
            yield {}
        for look in call.run(run_look, path, picture, t, seed, seconds=20, expected=1):
            drawn = inside_of(shape, look, spec.name)
            text = inside_texts(place_of(path), spec, picture, t, seed)
            yield {
                tiles: blocks_of(look),
                drawing: drawn,
                state: plain(named(look)),
                at: t,
                script: text,
            }

    def let_go(call: Call, event: gr.EventData, *values: Any) -> Steps:
        name, picture, seed = values
        yield from look_at(call, False, name, picture, seed, getattr(event, "t", None))

    def again(call: Call, *values: Any) -> Steps:
        yield from look_at(call, False, *values)

    def choose(call: Call, *values: Any) -> Steps:
        yield from look_at(call, True, *values)

    jobs = Jobs(context, ID, state=state, trouble=trouble, quick=True)
    inputs, outputs = [model, picture, seed], [cursor, tiles, drawing, at, script]
    options: dict[str, Any] = {"trigger_mode": "always_last", "show_progress": "hidden"}
    jobs.wire(cursor.release, let_go, inputs, outputs, with_event=True, **options)
    for control in (picture, seed):
        jobs.wire(control.change, again, [*inputs, at], outputs, **options)
    jobs.wire(model.input, choose, [*inputs, at], outputs, **options)
    keep_offering(context, model)
    address, group = shared.address, "lectures.inside"
    address.field(
        f"{group}.model",
        model,
        choices=lambda values, visitor: list(context.models(visitor)),
        lacks="your own trained model",
        shipped=list(models),
    )
    address.field(f"{group}.picture", picture)
    address.field(f"{group}.seed", seed)
    jobs.wire(address.restored(group), choose, [*inputs, at], outputs, **options)
