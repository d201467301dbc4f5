"""What exported pictures of a race have in common: frames as pixels, a font, colours, words."""

from __future__ import annotations

import unicodedata
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
import torch
from PIL import Image, ImageDraw, ImageFont
from torch import Tensor

from explorer.figures.palette import PALETTE
from explorer.race.view import LaneView, RaceView, decode

PAPER, INK, SOFT, HAIR = (255,) * 3, (26,) * 3, (104,) * 3, (216,) * 3
"""Only greys: with the lanes' colours they are all that a GIF needs beside its pictures."""
LONGEST = 40
"""Letters of a model's name."""
NAME = 19
"""Pixels a line of a lane's details."""
SHOWN = {
    "x": "x_t, the state",
    "x0": "x0, the model's belief",
    "eps": "eps, the noise the model sees",
}
"""What can be shown of a frame, in words."""
MAPPINGS = (1.0, 3.0)
"""Values that may be drawn white; their negatives are black."""
SPELT = {
    **{"x\u0302": "x^", "ε\u0302": "eps^", "σ\u0302": "sigma^"},
    **{"β\u0303": "beta~", "α\u0304": "alpha-bar"},
    **{"η": "eta", "ε": "eps", "β": "beta", "α": "alpha", "σ": "sigma", "τ": "tau", "ω": "w"},
    **{"²": "^2", "√": "sqrt ", "×": "x", "−": "-", "–": "-", "—": "-", "→": "->", "ß": "ss"},
}
"""How the bundled font, which has little more than ASCII, can say it."""


@dataclass(frozen=True, eq=False)
class Reel:
    """A lane ready to be drawn."""

    lane: LaneView
    color: str
    pixels: np.ndarray
    """uint8, (frames, pictures, H, W, C)."""

    def at(self, clock: int) -> int:
        """The frame at that time: the last one reached, with t running from T to 0."""
        times = self.lane.times
        return max(0, bisect_right(times, -clock, key=lambda t: -t) - 1)

    def tile(self, frame: int, picture: int, scale: int) -> Image.Image:
        """One picture, every pixel a square of `scale` pixels."""
        pixels = self.pixels[frame, picture].repeat(scale, 0).repeat(scale, 1)
        return Image.fromarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels)


def reels(view: RaceView, show: str = "x", mapping: float = 1.0) -> list[Reel]:
    """The lanes that have frames, as pixels; ValueError if none has, or for a wrong choice."""
    if show not in SHOWN:
        raise ValueError(f"show = {show!r} is not allowed; there are: {', '.join(SHOWN)}")
    if mapping not in MAPPINGS:
        raise ValueError(f"mapping = {mapping!r} is not allowed; there are: 1, 3")
    found = []
    for lane in view.lanes:
        if lane.times:
            frames = decode(replace(view, lanes=[lane]))[0]
            values = getattr(frames, show) if show != "eps" else noise(lane, frames.x, frames.x0)
            found.append(Reel(lane, color(lane.kind), to_pixels(values, mapping)))
    if not found:
        raise ValueError("this race has no frames yet; run it before you export it")
    return found


def noise(lane: LaneView, x: Tensor, x0: Tensor) -> Tensor:
    """ε̂ = (x_t − √ᾱ_t x̂_0)/√(1 − ᾱ_t) of each frame, (frames, …).

    At t = 0 there is none: the last one stays.
    """
    signal, sigma = torch.tensor([pair[:2] for pair in lane.coefficients]).T
    shape = (-1,) + (1,) * (x.dim() - 1)
    eps = (x - signal.view(shape) * x0) / sigma.clamp(min=1e-12).view(shape)
    last = torch.where(sigma > 0, torch.arange(len(sigma)), 0).cummax(0).values
    return eps[last]


def to_pixels(values: Tensor, mapping: float) -> np.ndarray:
    """−mapping → 0, +mapping → 255, halves rounded up: (…, C, H, W) -> uint8 (…, H, W, C)."""
    scaled = values.div(mapping).add_(1).mul_(127.5).add_(0.5).floor_().clamp_(0, 255)
    return scaled.to(torch.uint8).movedim(-3, -1).contiguous().numpy()


def clocks(shown: Sequence[Reel], count: int) -> list[int]:
    """At most `count` times, evenly spaced from the first frame's to the last one's."""
    start = max(reel.lane.times[0] for reel in shown)
    end = min(reel.lane.times[-1] for reel in shown)
    return sorted({start + round((end - start) * i / (count - 1)) for i in range(count)})[::-1]


def color(kind: str) -> str:
    """A sampler's colour on white."""
    return PALETTE[kind].light


def headline(view: RaceView) -> str:
    """Model and seed, or what the race calls itself. The seed has room after any name."""
    settings = view.settings
    if "model" not in settings or "seed" not in settings:
        return view.title
    name = settings["model"]
    short = name if len(name) <= LONGEST else f"{name[: LONGEST - 3]}..."
    return f"{short} · seed {settings['seed']}"


def conditions(view: RaceView, show: str, mapping: float) -> str:
    """What holds for all lanes, in a line."""
    labels, guidance = view.settings.get("labels"), view.settings.get("guidance", 1)
    parts = [f"T = {view.T}"]
    if labels:
        parts.append(f"labels {', '.join(map(str, labels))}")
    if labels and guidance != 1:
        parts.append(f"guidance {guidance:g}")
    if labels and (scale := view.settings.get("classifier_scale", 0)):
        parts.append(f"classifier guidance {scale:g}")
    return " · ".join([*parts, f"{SHOWN[show]}, from -{mapping:g} to {mapping:g}"])


@lru_cache(maxsize=32)
def font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """Pillow's own font, `size` pixels high."""
    return ImageFont.load_default(size)


def plain(text: str) -> str:
    """The text in letters that the bundled font has."""
    for sign, spelt in SPELT.items():
        text = text.replace(sign, spelt)
    parts = []
    for sign in unicodedata.normalize("NFKD", text):
        if " " <= sign <= "~" or sign == "·":
            parts.append(sign)
        elif not unicodedata.combining(sign):
            parts.append("?" if sign.isprintable() else " ")
    return "".join(parts)


def fitted(text: str, size: int, width: int, lines: int = 1, between: str = " ") -> list[str]:
    """The text in at most so many lines of `width` pixels; what does not fit ends in "...".

    between : where a line may end.
    """
    letters, found = font(size), [""]
    for word in plain(text).split(between):
        longer = f"{found[-1]}{between}{word}" if found[-1] else word
        if letters.getlength(longer) <= width or not found[-1]:
            found[-1] = longer
        else:
            found.append(word)
    if len(found) > lines:
        found = [*found[: lines - 1], between.join(found[lines - 1 :])]
    return [_cut(line, size, width) for line in found if line]


def _cut(line: str, size: int, width: int) -> str:
    letters = font(size)
    if letters.getlength(line) <= width:
        return line
    while line and letters.getlength(line + "...") > width:
        line = line[:-1]
    return line.rstrip() + "..."


def name_lines(name: str, width: int) -> tuple[str, list[str]]:
    """A lane's name in one line, its details in up to three smaller ones."""
    head, _, details = name.partition(", ")
    return "".join(fitted(head, 20, width)), fitted(details, 15, width, 3, ", ")


def write_name(
    draw: ImageDraw.ImageDraw,
    at: tuple[int, int],
    lines: tuple[str, list[str]],
    fill: str,
) -> None:
    """What `name_lines` found: 26 pixels, and `NAME` for each detail."""
    write_text(draw, at, lines[0], 20, fill)
    for k, line in enumerate(lines[1]):
        write_text(draw, (at[0], at[1] + 26 + NAME * k), line, 15, SOFT)


def write_title(
    draw: ImageDraw.ImageDraw, at: tuple[int, int], text: str, size: int, width: int
) -> None:
    """One line: smaller when it is long, cut when it still does not fit."""
    text = plain(text)
    while size > 14 and font(size).getlength(text) > width:
        size -= 1
    for line in fitted(text, size, width):
        write_text(draw, at, line, size)


def write_text(
    draw: ImageDraw.ImageDraw,
    at: tuple[float, float],
    text: str,
    size: int,
    fill: str | tuple[int, ...] = INK,
    anchor: str = "la",
) -> None:
    """Text, already in plain letters, at a corner (Pillow's anchors)."""
    draw.text(at, text, fill, font(size), anchor)


def outline(draw: ImageDraw.ImageDraw, at: tuple[int, int], side: int) -> None:
    """A hairline around a picture: white ones have an edge too."""
    draw.rectangle([at[0] - 1, at[1] - 1, at[0] + side, at[1] + side], outline=HAIR)
