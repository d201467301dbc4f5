"""A race as a picture that moves: GIF or WebP, all lanes on one clock."""

from __future__ import annotations

import io
import math
from collections.abc import Iterator

from PIL import Image, ImageDraw

from explorer.export.drawing import (
    HAIR,
    INK,
    NAME,
    PAPER,
    SOFT,
    clocks,
    conditions,
    fitted,
    headline,
    name_lines,
    outline,
    plain,
    reels,
    write_name,
    write_text,
    write_title,
)
from explorer.export.indexed import indexed
from explorer.race.view import RaceView

FORMATS = ("gif", "webp")
FRAMES = 60
TICK = 80
"""Milliseconds a frame."""
MARGIN, LABEL, TILES, GAP = 24, 216, 700, 4
"""Pixels: around everything, for a lane's words, for its pictures, between two of them."""
TOP, BETWEEN, TRACK = 84, 24, 64
"""Pixels: above the lanes, between two, below them."""
GIF_AREA = 230_000
"""Pixels that the pictures of a GIF may take; it packs noise badly, about 4 MB for these."""


def animation(
    view: RaceView,
    format: str = "gif",
    show: str = "x",
    mapping: float = 1.0,
    *,
    pause: float = 1.5,
) -> bytes:
    """The race as a GIF or a WebP that plays for ever: all lanes, t falling evenly.

    About 60 frames of 80 ms, every lane holding its last frame as the player does; at the end it
    rests for `pause` seconds. 640 to 960 pixels wide. A WebP is lossless; a GIF of grey pictures
    is within one level of 255, one of colours has the 256 best for each frame.

    format : "gif" or "webp".
    show : "x" (x_t), "x0" (x̂_0) or "eps" (ε̂).
    mapping : m = 1 or 3: −m is black, +m is white.

    ValueError for another choice, or if the race has no frames yet.
    """
    if format not in FORMATS:
        raise ValueError(f"format = {format!r} is not allowed; there are: {', '.join(FORMATS)}")
    stage = Stage(view, show, mapping, GIF_AREA if format == "gif" else None)
    times = clocks(stage.reels, FRAMES)
    durations = [TICK] * (len(times) - 1) + [round(1000 * pause)]
    frames: Iterator[Image.Image] = (stage.frame(clock) for clock in times)
    options = {"save_all": True, "duration": durations, "loop": 0}
    if format == "gif":
        frames = indexed(frames, [reel.color for reel in stage.reels], grey=view.channels == 1)
        options |= {"optimize": True}
    else:
        options |= {"lossless": True, "quality": 60, "method": 2}
    first = next(frames)
    buffer = io.BytesIO()
    first.save(buffer, format.upper(), append_images=frames, **options)
    return buffer.getvalue()


class Stage:
    """Where everything stands; draws one frame at a time."""

    def __init__(self, view: RaceView, show: str, mapping: float, area: int | None = None) -> None:
        self.reels, self.T = reels(view, show, mapping), view.T
        n, size = view.pictures, view.size
        self.columns = n if n <= 8 else -(-n // 2)
        rows = -(-n // self.columns)
        room = (TILES + GAP) // self.columns - GAP
        largest = 336 if len(self.reels) <= 2 else 224
        if area is not None:
            largest = min(largest, math.isqrt(area // (len(self.reels) * n)))
        self.scale = max(1, min(room, largest) // size)
        self.tile = size * self.scale
        self.names = [name_lines(reel.lane.name, LABEL - 30) for reel in self.reels]
        least = max(60 + NAME * len(details) for _, details in self.names) + 14
        self.step = max(least, rows * (self.tile + GAP) - GAP) + BETWEEN
        width = self.columns * (self.tile + GAP) - GAP
        self.left = MARGIN + LABEL
        self.width = max(640, self.left + width + MARGIN)
        self.height = TOP + len(self.reels) * self.step + TRACK
        self.base = self._base(view, show, mapping)

    def corner(self, lane: int, picture: int) -> tuple[int, int]:
        """Where a picture's upper left pixel is: x, y."""
        row, column = divmod(picture, self.columns)
        pitch = self.tile + GAP
        return self.left + column * pitch, TOP + lane * self.step + row * pitch

    def frame(self, clock: int) -> Image.Image:
        """All lanes at a time, RGB."""
        picture = self.base.copy()
        draw = ImageDraw.Draw(picture)
        for i, reel in enumerate(self.reels):
            k, lane = reel.at(clock), reel.lane
            for n in range(reel.pixels.shape[1]):
                picture.paste(reel.tile(k, n, self.scale), self.corner(i, n))
            y = TOP + i * self.step + 28 + NAME * len(self.names[i][1])
            write_text(draw, (MARGIN + 14, y), f"t = {lane.times[k]}", 20)
            spent = f"{lane.evaluated[k]} of {lane.evaluations} evaluations"
            write_text(draw, (MARGIN + 14, y + 28), spent, 15, SOFT)
        x, y = self._x(clock), self.height - TRACK
        draw.rectangle([x - 1, y - 2, x + 1, y + 8 * len(self.reels)], fill=INK)
        return picture

    def _base(self, view: RaceView, show: str, mapping: float) -> Image.Image:
        """Everything that does not move."""
        picture = Image.new("RGB", (self.width, self.height), PAPER)
        draw = ImageDraw.Draw(picture)
        room = self.width - 2 * MARGIN
        write_title(draw, (MARGIN, 18), headline(view), 22, room)
        for line in fitted(conditions(view, show, mapping), 15, room):
            write_text(draw, (MARGIN, 48), line, 15, SOFT)
        for i, reel in enumerate(self.reels):
            y = TOP + i * self.step
            draw.rectangle([MARGIN, y, MARGIN + 4, y + self.step - BETWEEN - 1], fill=reel.color)
            write_name(draw, (MARGIN + 14, y - 2), self.names[i], reel.color)
            for n in range(view.pictures):
                outline(draw, self.corner(i, n), self.tile)
        self._track(draw)
        return picture

    def _track(self, draw: ImageDraw.ImageDraw) -> None:
        """The clock's way from T to 0, with a tick for each frame of each lane."""
        y = self.height - TRACK
        for i, reel in enumerate(self.reels):
            middle = y + 8 * i + 3
            draw.line([MARGIN, middle, self.width - MARGIN, middle], HAIR)
            for t in reel.lane.times:
                draw.line([self._x(t), middle - 2, self._x(t), middle + 2], reel.color)
        below = y + 8 * len(self.reels) + 6
        write_text(draw, (MARGIN, below), plain(f"t = {self.T}, noise"), 14, SOFT)
        write_text(draw, (self.width - MARGIN, below), "the image, t = 0", 14, SOFT, "ra")

    def _x(self, t: int) -> int:
        return round(self.width - MARGIN - 1 - (self.width - 2 * MARGIN - 2) * t / self.T)
