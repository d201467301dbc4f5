"""A visitor's own models, of a lecture's network and of ours, sampled as the lecture does."""

from __future__ import annotations

import base64
import io
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from PIL import Image
from torch import Tensor

from explorer.checkpoints import Spec
from explorer.diffusion import Denoiser
from explorer.figures.pictures import grid
from explorer.gui.frame.context import Context
from explorer.gui.lectures.pages.demonstration import blocks_of
from explorer.gui.parts.tiles import Block
from explorer.inference import shared
from explorer.lectures import LECTURES, Lecture
from explorer.lectures.sampling import demonstrate, real_pictures
from explorer.networks import CHOICES
from explorer.race import Lane, race

COUNT, COLUMNS, SEED = 9, 3, 0
SHOW_EVERY = 0.5
"""Seconds between two looks."""
FILM_FRAMES = 20
STOPPED = "stopped"
OWNERS = ("Your model", "Ours, trained by you")
Sheet = tuple[Image.Image | None, str]
SAME = ("data", "size", "channels", "classes", "schedule", "schedule_options", "T", "target")
SAME_TRAINING = ("batch", "steps", "seed")
"""What two models that are compared have in common."""


@dataclass(frozen=True)
class Sampled:
    """How far it is."""

    status: str
    sheets: tuple[Sheet, ...]
    """One for each of the lecture's samplers; so for each model."""
    film: str | None = None
    """At the end, where the lecture has one: a GIF of its first sampler's way, as a data URI."""
    blocks: tuple[Block, ...] = ()
    """Where the lecture has no sampler: what it shows instead, for each model."""


def own_models(context: Context, lecture: Lecture, visitor: str) -> list[tuple[Path, Spec]]:
    """The visitor's newest model of this lecture's network, or the shipped one, and the newest of
    ours like it.

    Like it: on the same data, for as many steps, from the same seed. ValueError if there is none
    of the lecture's network.
    """
    kind, _ = CHOICES[lecture.network]
    models = list(context.models(visitor).values())
    own = context.runs(visitor)
    for path, spec in sorted(models, key=lambda model: model[0].parent != own):
        if spec.network == kind:
            ours = [each for each in models if each[1].network == "unet" and alike(each[1], spec)]
            return [(path, spec), *ours[:1]]
    raise ValueError(
        "There is no model of this lecture's network yet: press “Use these settings”, train it "
        "in Train, and come back."
    )


def alike(a: Spec, b: Spec) -> bool:
    """Whether two models were trained for the same, all but the network and its optimiser."""
    return all(getattr(a, name) == getattr(b, name) for name in SAME) and all(
        a.training.get(name) == b.training.get(name) for name in SAME_TRAINING
    )


def room(lecture: Lecture, *, repair: bool = False) -> tuple[Sheet, ...]:
    """What stands there before anything was sampled, for both models; none without samplers."""
    lanes = lecture.make_lanes(lecture.make_schedule(), repair=repair)
    return tuple((None, caption(owner, lane.title, repair)) for owner in OWNERS for lane in lanes)


def caption(owner: str, sampler: str, repair: bool) -> str:
    """Below a sheet."""
    return f"{owner}{', repaired' if repair else ''}: {sampler}"


def sample_as(
    paths: Sequence[Path],
    name: str,
    repair: bool,
    device: torch.device,
    stopped: Callable[[], bool],
) -> Iterator[Sampled]:
    """Each model by all samplers of the lecture from one noise, or what it shows; growing.

    paths : of a model of the lecture's network, and perhaps of one of ours like it.
    repair : without the slips of the lecture's code; of what it shows instead both.
    """
    lecture = LECTURES[name]
    loaded = [shared(path, device) for path in paths]
    title = f"{' and '.join(spec.name for _, spec in loaded)}, seed {SEED}"
    if lecture.looks:
        blocks: list[Block] = []
        for owner, (denoiser, spec) in zip(OWNERS, loaded, strict=False):
            x0 = real_pictures(spec, len(lecture.looks)).to(device)
            shown = demonstrate(denoiser, x0, lecture.looks, seed=SEED)
            blocks += blocks_of(shown, owner, repair=repair)
            yield Sampled(title, (), blocks=tuple(blocks))
        return
    done: list[Sheet] = []
    film: list[Image.Image] = []
    for owner, (denoiser, spec) in zip(OWNERS, loaded, strict=False):
        lanes = lecture.make_lanes(denoiser.schedule, repair=repair)
        for sheets, at in _walk(denoiser, spec, lanes, stopped, [] if done else film):
            captioned = [(picture, caption(owner, said, repair)) for picture, said in sheets]
            yield Sampled(f"{title}, {at}", (*done, *captioned))
        if at == STOPPED:
            return
        done += captioned
    filmed = lecture.film and not repair
    yield Sampled(f"{title}, done", tuple(done), gif_uri(gif(film)) if filmed else None)


def _walk(
    denoiser: Denoiser,
    spec: Spec,
    lanes: Sequence[Lane],
    stopped: Callable[[], bool],
    film: list[Image.Image],
) -> Iterator[tuple[list[Sheet], str]]:
    """Sheets and where they are, to the end or until `STOPPED`; the first lane goes to film."""
    frames: dict[int, tuple[int, Tensor]] = {}
    shape, every = (spec.channels, spec.size, spec.size), max(1, spec.T // FILM_FRAMES)
    device = denoiser.network.device

    def sheets() -> list[Sheet]:
        return [
            (sheet_of(x), lanes[i].title + (f", t = {t}" if t else ""))
            for i, (t, x) in sorted(frames.items())
        ]

    told = time.monotonic()
    for entry in race(denoiser, lanes, shape, seed=SEED, n=COUNT, device=device):
        t = entry.frame.t
        frames[entry.lane] = (t, entry.frame.x)
        if entry.lane == 0 and (t % every == 0 or t == lanes[0].times[0]):
            film.append(sheet_of(entry.frame.x))
        if stopped():
            yield sheets(), STOPPED
            return
        if len(frames) == len(lanes) and time.monotonic() - told > SHOW_EVERY:
            yield sheets(), f"t = {t}"
            told = time.monotonic()
    yield sheets(), "t = 0"


def gif(pictures: Sequence[Image.Image]) -> bytes:
    """Pictures one after the other, for ever; the last one rests."""
    first, *others = [picture.convert("RGB") for picture in pictures]
    file, times = io.BytesIO(), [80] * len(others) + [2000]
    first.save(file, "GIF", save_all=True, append_images=others, duration=times, loop=0)
    return file.getvalue()


def gif_uri(data: bytes) -> str:
    """A GIF that stands in the page itself."""
    return "data:image/gif;base64," + base64.b64encode(data).decode()


def sheet_of(x: Tensor, columns: int = COLUMNS) -> Image.Image:
    """Pictures side by side, what leaves the range cut off."""
    return grid(x.cpu().clamp(-1, 1), columns=columns, gap=1, gap_color=None)
