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
from explorer.gui.parts.numbers import short, tex, times
from explorer.inference import shared
from explorer.lectures import LECTURES, Lecture
from explorer.lectures.sampling import looks_of, real_pictures
from explorer.networks import CHOICES
from explorer.race import race

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
    """One for each of the lecture's samplers, or one of its one-shot looks; so for each model."""
    film: str | None = None
    """At the end, where the lecture has one: a GIF of its first sampler's way, as a data URI."""


def own_models(context: Context, lecture: Lecture, visitor: str) -> list[tuple[Path, Spec]]:
    """The visitor's newest model of this lecture's network, and the newest of ours like it.

    Like it: on the same data, for as many steps, from the same seed. ValueError if there is none
    of the lecture's network.
    """
    kind, _ = CHOICES[lecture.network]
    models = list(context.models(visitor).values())
    for path, spec in models:
        if spec.network == kind:
            ours = [each for each in models if each[1].network == "unet" and alike(each[1], spec)]
            return [(path, spec), *ours[:1]]
    raise ValueError(
        "No model of this lecture's network is here yet: press “Set it in Train”, train it "
        "there, and come back."
    )


def alike(a: Spec, b: Spec) -> bool:
    """Whether two models were trained for the same, all but the network and its optimiser."""
    return all(getattr(a, name) == getattr(b, name) for name in SAME) and all(
        a.training.get(name) == b.training.get(name) for name in SAME_TRAINING
    )


def room(lecture: Lecture) -> tuple[Sheet, ...]:
    """What stands there before anything was sampled: for both models, or their looks at once."""
    names = [lane.title for lane in lecture.make_lanes(lecture.make_schedule())]
    if not names:
        return ((None, "Your models: one shot"),)
    return tuple((None, f"{owner}: {name}") for owner in OWNERS for name in names)


def sample_as(
    paths: Sequence[Path],
    name: str,
    device: torch.device,
    stopped: Callable[[], bool],
) -> Iterator[Sampled]:
    """Each model by all samplers of the lecture from one noise, or its one-shot looks; growing.

    paths : of a model of the lecture's network, and perhaps of one of ours like it.
    """
    lecture = LECTURES[name]
    loaded = [shared(path, device) for path in paths]
    title = f"{' and '.join(spec.name for _, spec in loaded)}, seed {SEED}"
    if lecture.looks:
        x0 = real_pictures(loaded[0][1]).to(device)
        looks = looks_of([denoiser for denoiser, _ in loaded], x0, lecture.looks, seed=SEED)
        picture = sheet_of(looks.tiles, len(looks.times))
        order = "first the lecture's network, then ours" if len(loaded) > 1 else "your model"
        yield Sampled(title, ((picture, f"{looks.caption}; {order}"),))
        return
    done: list[Sheet] = []
    film: list[Image.Image] = []
    for owner, (denoiser, spec) in zip(OWNERS, loaded, strict=False):
        for sheets, at in _walk(denoiser, spec, lecture, stopped, [] if done else film):
            captioned = [(picture, f"{owner}: {caption}") for picture, caption in sheets]
            yield Sampled(f"{title}, {at}", (*done, *captioned))
        if at == STOPPED:
            return
        done += captioned
    yield Sampled(f"{title}, done", tuple(done), gif_uri(gif(film)) if lecture.film else None)


def _walk(
    denoiser: Denoiser,
    spec: Spec,
    lecture: Lecture,
    stopped: Callable[[], bool],
    film: list[Image.Image],
) -> Iterator[tuple[list[Sheet], str]]:
    """Sheets and where they are, to the end or until `STOPPED`; the first lane goes to film."""
    lanes = lecture.make_lanes(denoiser.schedule)
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
        if entry.lane == 0 and t % every == 0:
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


def numbers_at(lecture: Lecture, t: int) -> str:
    """The lecture's step from t = 1…T, the formula and the numbers in it, as Markdown.

    x_{t−1} = (x_t − β_t/√(1 − ᾱ_t) ε̂)/√α_t + σ_t z (Ho et al. 2020, algorithm 2), or x̂_0 (eq. 15)
    where it takes one-shot looks. The numbers are those that its sampler takes.
    """
    schedule = lecture.make_schedule()
    hat, belief = r"\hat\varepsilon", r"\hat x_0"
    bar, beta = schedule.values[t], schedule.betas[t - 1].item()
    signal, noise = bar**0.5, (1 - bar) ** 0.5
    known = rf"$\bar\alpha_{{{t}}} = {tex(bar, 5)}$, $\beta_{{{t}}} = {tex(beta)}$"
    if lecture.looks:
        of_noise = times(noise / signal, hat, 4)
        return "\n\n".join([
            r"$\hat x_0 = \dfrac{x_t - \sqrt{1-\bar\alpha_t}\,\hat\varepsilon}"
            r"{\sqrt{\bar\alpha_t}}$",
            rf"$\hat x_0 = {times(1 / signal, f'x_{{{t}}}', 4)} - {of_noise}$",
            rf"An error of $\hat\varepsilon$ counts {short(noise / signal)}-fold. {known}; the "
            f"lecture, which counts from 0, calls this t = {t - 1}.",
        ])  # fmt: skip
    plain, *strided = lecture.make_lanes(schedule)
    _, _, kept, direction, std = plain.coefficients(schedule, (t, t - 1))
    formula = (
        r"\dfrac{1}{\sqrt{\alpha_t}}\Big(x_t - \dfrac{\beta_t}{\sqrt{1-\bar\alpha_t}}\,"
        r"\hat\varepsilon\Big) + \sigma_t z"
    )
    of_x, of_eps = kept / signal, kept * noise / signal - direction
    numbers = f"{times(of_x, f'x_{{{t}}}', 4)} - {times(of_eps, hat, 4)}"
    numbers += f" + {times(std, 'z', 4)}" if std else ""
    if plain.clamp:
        formula, numbers = (rf"\Big[{part}\Big]_{{-1}}^{{1}}" for part in (formula, numbers))
    sigma = r"\beta_t" if plain.options.get("variance") == "beta" else r"\tilde\beta_t"
    lines = [
        rf"$x_{{t-1}} = {formula}$",
        rf"$x_{{{t - 1}}} = {numbers}$",
        rf"$\sigma_t^2 = {sigma}$"
        + (" for $t > 1$; this is the last step, where $z$ is dropped" if t == 1 else ""),
        known + ("; $[\\cdot]_{-1}^{1}$ clamps" if plain.clamp else ""),
    ]
    lines[2:] = ["; ".join(lines[2:]) + "."]
    if strided:
        s = max(0, t - schedule.T // strided[0].evaluations)
        _, _, kept, direction, _ = strided[0].coefficients(schedule, (t, s))
        more = f" + {times(direction, hat, 4)}" if direction else ""
        lines += [
            rf"{strided[0].title}: $x_s = \sqrt{{\bar\alpha_s}}\,\hat x_0 + "
            r"\sqrt{1-\bar\alpha_s}\,\hat\varepsilon$",
            f"$x_{{{s}}} = {times(kept, belief, 4)}{more}$; its code has "
            rf"$\sqrt{{\alpha_t}} = {tex((1 - beta) ** 0.5, 4)}$ and $\sqrt{{1-\alpha_t}} = "
            rf"{tex(beta**0.5, 4)}$ in their place.",
        ]
    return "\n\n".join(lines)


def sheet_of(x: Tensor, columns: int = COLUMNS) -> Image.Image:
    """Pictures side by side, what leaves the range cut off."""
    return grid(x.cpu().clamp(-1, 1), columns=columns, gap=1, gap_color=None)
