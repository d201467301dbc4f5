"""A race as one picture for a page: lanes below each other, time from left to right."""

from __future__ import annotations

from PIL import Image, ImageDraw

from explorer.export.drawing import (
    NAME,
    PAPER,
    SOFT,
    Reel,
    clocks,
    conditions,
    fitted,
    headline,
    name_lines,
    outline,
    reels,
    write_name,
    write_text,
    write_title,
)
from explorer.race.view import RaceView

MARGIN, LABEL, GAP = 32, 176, 6
TOP, CAPTION, BETWEEN = 104, 50, 18
"""Pixels: above the lanes, for the words below a lane, and between two lanes."""
TILE, LEAST = 112, 108
"""Pixels that a picture is about wide, and that its caption takes."""
ROWS = 8
"""Pictures below each other, all lanes together, as far as each lane has one."""
COLUMNS = range(2, 25)


def filmstrip(
    view: RaceView, columns: int = 8, show: str = "x", mapping: float = 1.0
) -> Image.Image:
    """The race on white: a row of up to 4 pictures for each lane, a column for each time.

    Times are even from the first to the last; a lane shows the frame it had then, and below it
    that frame's t and the evaluations spent. RGB; every pixel of a picture is a square.

    columns : 2 to 24. show, mapping : as in `animation`.

    ValueError for another choice, or if the race has no frames yet.
    """
    if type(columns) is not int or columns not in COLUMNS:
        raise ValueError(
            f"columns = {columns!r} is not allowed: there may be {COLUMNS[0]} to {COLUMNS[-1]}"
        )
    shown = reels(view, show, mapping)
    times = clocks(shown, columns)
    rows = max(1, min(4, view.pictures, ROWS // len(shown)))
    scale = max(1, round(TILE / view.size))
    pitch = max(view.size * scale, LEAST) + GAP
    names = [name_lines(reel.lane.name, LABEL - 30) for reel in shown]
    least = max(30 + NAME * len(details) for _, details in names) - CAPTION
    step = max(least, rows * (view.size * scale + GAP)) + CAPTION + BETWEEN
    size = (MARGIN + LABEL + len(times) * pitch - GAP + MARGIN, TOP + len(shown) * step)
    picture = Image.new("RGB", size, PAPER)
    draw = ImageDraw.Draw(picture)
    room = size[0] - 2 * MARGIN
    write_title(draw, (MARGIN, 24), headline(view), 28, room)
    for line in fitted(conditions(view, show, mapping), 17, room):
        write_text(draw, (MARGIN, 62), line, 17, SOFT)
    for i, reel in enumerate(shown):
        y = TOP + i * step
        below = y + step - CAPTION - BETWEEN - GAP
        draw.rectangle([MARGIN, y, MARGIN + 4, below], fill=reel.color)
        write_name(draw, (MARGIN + 16, y - 2), names[i], reel.color)
        for k, clock in enumerate(times):
            at = (MARGIN + LABEL + k * pitch, y)
            _column(picture, draw, reel, reel.at(clock), at, rows, scale)
    return picture


def _column(
    picture: Image.Image,
    draw: ImageDraw.ImageDraw,
    reel: Reel,
    frame: int,
    at: tuple[int, int],
    rows: int,
    scale: int,
) -> None:
    """One frame of a lane: its first pictures, and what it says of itself below them."""
    x, y = at
    side = reel.pixels.shape[2] * scale
    for n in range(rows):
        outline(draw, (x, y), side)
        picture.paste(reel.tile(frame, n, scale), (x, y))
        y += side + GAP
    spent = reel.lane.evaluated[frame]
    write_text(draw, (x, y + 2), f"t = {reel.lane.times[frame]}", 17)
    write_text(draw, (x, y + 24), f"{spent} evaluation{'s' * (spent != 1)}", 14, SOFT)
