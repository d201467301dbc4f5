"""A strip over the strength of guidance, from one noise: what each row adds, and how much."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from explorer.checkpoints import Spec
from explorer.data import from_tensor, to_tensor
from explorer.diffusion import Denoiser, picture_generators, randn, sample, strided_times
from explorer.diffusion.denoiser import noise_seen
from explorer.diffusion.guidance import Classifier, noise_shift, shifted
from explorer.evaluation.classifier import classify, load_classifier, logit_indices

STEPS, COLUMNS = 20, 10
"""Of DDIM, and at most so many classes beside each other."""
KINDS = ("w", "s")
"""Classifier-free guidance and guidance by a classifier, by their strength's letter."""
NUMBERS = {"w": ("free", "part", "all"), "s": ("free", "part", "all", "p")}
"""Of each picture at each t: root mean squares of ε̂_∅, of what the strength multiplies
(ε̂_c − ε̂_∅, or √(1 − ᾱ_t) ∇ log p) and of ε̂; and p(c | x_t), what the classifier makes of x_t."""
GREYS, EVERY = 16, 2
"""A stored strip keeps so many shades, and every so many moments."""


@dataclass(frozen=True, eq=False)
class Strip:
    """A row for each strength, a column for each class; all pictures start from one x_T."""

    model: str
    kind: str
    """One of `KINDS`."""
    T: int
    seed: int
    strengths: tuple[float, ...]
    classes: tuple[str, ...]
    """What each column is asked for."""
    times: tuple[int, ...] = ()
    """Those of `pixels`, decreasing, so far."""
    pixels: tuple[Tensor, ...] = ()
    """x̂_0 at each time, uint8, (rows, columns, C, H, W); at t = 0 the pictures."""
    numbers: tuple[Tensor, ...] = ()
    """`NUMBERS` at each time but 0; (rows, columns, 3 or 4)."""
    read: tuple[int, ...] | None = None
    """How many of each row the bundled classifier reads as asked for; None if it cannot tell."""
    running: bool = False

    @property
    def finished(self) -> bool:
        return bool(self.times) and self.times[-1] == 0


def begin(spec: Spec, kind: str, strengths: Sequence[float], seed: int) -> Strip:
    """A strip of a model that nothing is computed of; ValueError if it was never told classes."""
    if not spec.classes:
        raise ValueError(
            f"{spec.name} was trained without classes: there is no class to guide it towards"
        )
    return Strip(spec.name, kind, spec.T, seed, tuple(strengths), spec.classes[:COLUMNS])


def walk_down(
    denoiser: Denoiser,
    strip: Strip,
    shape: tuple[int, int, int],
    *,
    classes: Sequence[str],
    classifier: Classifier | None = None,
    device: str | torch.device = "cpu",
    every: float = 0.3,
    stopped: Callable[[], bool] = lambda: False,
) -> Iterator[Strip]:
    """DDIM for all pictures together; yields now and then, and at the end.

    Kind "w": ε̂ = ε̂_∅ + w (ε̂_c − ε̂_∅). Kind "s": ε̂ = ε̂_∅ − s √(1 − ᾱ_t) ∇ log p(c | x_t), the
    network not being told the class. classes : all of the model's; classifier : for kind "s".
    """
    rows, columns = len(strip.strengths), len(strip.classes)
    labels = torch.arange(columns, device=device).repeat(rows)
    strength = torch.tensor(strip.strengths, device=device).repeat_interleave(columns)
    strength = strength.view(-1, 1, 1, 1)
    untold, numbers = replace(denoiser, guidance=0.0), []

    def denoise(x: Tensor, t: int) -> Tensor:
        """x̂_0, and on the way the numbers; each row has a strength of its own."""
        schedule, target = denoiser.schedule, denoiser.target
        if strip.kind == "w":
            given, free = denoiser.both(x, t, labels)
            output, more = free + strength * (given - free), []
            part = noise_seen(schedule, x, t, given, target)
            part = part - noise_seen(schedule, x, t, free, target)
        else:
            assert classifier is not None  # that of kind "s"
            free = untold.ask(x, t, labels)
            part, log_p = noise_shift(schedule, classifier, x, t, labels)
            output, more = shifted(schedule, x, t, free, target, strength * part), [log_p.exp()]
        before, after = (size(noise_seen(schedule, x, t, each, target)) for each in (free, output))
        found = torch.stack([before, size(part), after, *more], dim=1)
        numbers.append(found.unflatten(0, (rows, columns)).cpu())
        return denoiser.read(x, t, output)

    x = randn(torch.empty(1, *shape), picture_generators(strip.seed, 1)).to(device)
    times = strided_times(strip.T, min(STEPS, strip.T))
    due = 0.0
    for frame in sample(
        denoise, denoiser.schedule, x.expand(rows * columns, *shape).clone(), times
    ):
        pixels = from_tensor(frame.x0.cpu()).unflatten(0, (rows, columns))
        strip = replace(
            strip,
            times=(*strip.times, frame.t),
            pixels=(*strip.pixels, pixels),
            numbers=tuple(numbers),
            running=True,
        )
        if frame.t and time.monotonic() > due:
            yield strip
            due = time.monotonic() + every
        if stopped():
            break
    if strip.finished:
        strip = replace(strip, read=read_as_asked(strip.pixels[-1], classes))
    yield replace(strip, running=False)


def size(x: Tensor) -> Tensor:
    """Root mean square of each picture, (B,)."""
    return x.flatten(1).square().mean(1).sqrt()


def read_as_asked(pixels: Tensor, classes: Sequence[str]) -> tuple[int, ...] | None:
    """How many of each row are what their column asks for, by the bundled classifier."""
    own = logit_indices(classes)
    if own is None:
        return None
    rows, columns = pixels.shape[:2]
    said = classify(load_classifier()[0], to_tensor(pixels.flatten(0, 1))).logits[:, own].argmax(1)
    return tuple((said.view(rows, columns) == torch.arange(columns)).sum(1).tolist())


def sheet(strip: Strip) -> Image.Image:
    """All moments below each other, each with its rows and columns, without gaps."""
    rows = [part.permute(0, 3, 1, 4, 2).flatten(2, 3).flatten(0, 1) for part in strip.pixels]
    values = torch.cat(rows).numpy()  # (moments · rows · H, columns · W, C)
    return Image.fromarray(values[..., 0] if values.shape[2] == 1 else values)


def write(strip: Strip, folder: Path) -> None:
    """Store a finished grey strip, thinned: KIND.json, and its sheet in a few shades."""
    folder.mkdir(parents=True, exist_ok=True)
    kept = sorted(range(len(strip.times) - 1, -1, -EVERY))
    strip = replace(
        strip,
        times=tuple(strip.times[i] for i in kept),
        pixels=tuple(strip.pixels[i] for i in kept),
        numbers=tuple(strip.numbers[i] for i in kept[:-1]),
    )
    shade = 255 // (GREYS - 1)
    picture = sheet(strip).point(lambda value: round(value / shade))
    picture.putpalette([i * shade for i in range(GREYS) for _ in "RGB"])
    picture.save(folder / f"{strip.kind}.png", optimize=True, bits=4)
    told = {k: v for k, v in vars(strip).items() if k not in ("pixels", "numbers", "running")}
    told["numbers"] = [[float(f"{v:.3g}") for v in part.flatten()] for part in strip.numbers]
    (folder / f"{strip.kind}.json").write_text(json.dumps(told) + "\n", encoding="utf-8")


def read(folder: Path, kind: str) -> Strip:
    """What `write` stored."""
    told = json.loads((folder / f"{kind}.json").read_text(encoding="utf-8"))
    told |= {name: tuple(told[name]) for name in ("strengths", "classes", "times", "read")}
    rows, columns = len(told["strengths"]), len(told["classes"])
    with Image.open(folder / f"{kind}.png") as picture:
        values = torch.from_numpy(np.array(picture.convert("L")))
    side = values.shape[1] // columns
    cells = values.unflatten(0, (-1, rows, side)).unflatten(3, (columns, side))
    pixels = cells.permute(0, 1, 3, 2, 4)[:, :, :, None].contiguous()
    numbers = [torch.tensor(part).view(rows, columns, -1) for part in told.pop("numbers")]
    return Strip(**told, pixels=tuple(pixels), numbers=tuple(numbers))
