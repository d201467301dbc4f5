"""RGB pictures -> pictures with palettes of 256 colours, in which greys stay what they are.

Pillow's own search for the nearest colour of a palette drops bits, which shifts greys.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
from PIL import Image, ImageColor

SHADES = 12
"""From a drawn colour to white, for the edges of letters."""
COLORS = 2**24


def indexed(
    frames: Iterable[Image.Image], drawn: Sequence[str], *, grey: bool
) -> Iterator[Image.Image]:
    """RGB frames as P frames, each colour the nearest of its palette.

    drawn : names of the colours that letters and lines have, beside greys.
    grey : whether the frames hold nothing but greys and `drawn`. Then all have one palette, with
        so many greys that none is off by more than one level of 255. Else each has its own,
        with 32 greys for letters and the rest for what is in that frame.
    """
    fixed = _fixed(drawn, grey)
    table = np.full(COLORS, -1, np.int16)
    known = _codes(np.concatenate([_blends(name) for name in ["black", *drawn]]))
    table[known] = _nearest(known, fixed)
    for frame in frames:
        codes = _codes(np.asarray(frame))
        new = _distinct(codes[table[codes] < 0])
        table[new], palette = _adapted(new, fixed)
        picture = Image.fromarray(table[codes].astype(np.uint8), "P")
        picture.putpalette(palette.astype(np.uint8).tobytes())
        table[new] = -1
        yield picture


def _fixed(drawn: Sequence[str], grey: bool) -> np.ndarray:
    """Colours that every palette begins with, (n, 3): those of letters, then greys."""
    shades = [_blends(name)[np.linspace(255, 24, SHADES).astype(int)] for name in drawn]
    count = 255 - SHADES * len(drawn) if grey else 32
    greys = np.linspace(0, 255, count).round().astype(int)[:, None].repeat(3, 1)
    return np.concatenate([*shades, greys])


def _adapted(codes: np.ndarray, fixed: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """An index for each of these colours, and the palette: the fixed one, filled up for them."""
    room = 255 - len(fixed)
    if not room or not len(codes):
        return _nearest(codes, fixed), fixed
    colors = Image.fromarray(_colors(codes)[None].astype(np.uint8))
    small = colors.quantize(room, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    found = np.array(small.getpalette("RGB")).reshape(-1, 3)[:room]
    return np.asarray(small)[0] + len(fixed), np.concatenate([fixed, found])


def _blends(name: str) -> np.ndarray:
    """What a letter of a colour puts on white, by its coverage 0…255: (256, 3)."""
    ramp = Image.fromarray(np.arange(256, dtype=np.uint8)[None])
    picture = Image.new("RGB", ramp.size, "white")
    picture.paste(ImageColor.getrgb(name), mask=ramp)
    return np.asarray(picture)[0].astype(int)


def _nearest(codes: np.ndarray, palette: np.ndarray) -> np.ndarray:
    """The palette's nearest colour for each code."""
    distance = ((_colors(codes)[:, None] - palette) ** 2).sum(-1)
    return distance.argmin(1)


def _codes(pixels: np.ndarray) -> np.ndarray:
    """(…, 3) -> one number for each colour."""
    red, green, blue = np.moveaxis(pixels.astype(np.int32), -1, 0)
    return red << 16 | green << 8 | blue


def _colors(codes: np.ndarray) -> np.ndarray:
    """The inverse: (…,) -> (…, 3)."""
    return np.stack([codes >> 16, codes >> 8 & 255, codes & 255], -1)


def _distinct(codes: np.ndarray) -> np.ndarray:
    """Each once; faster than sorting them."""
    seen = np.zeros(COLORS, bool)
    seen[codes] = True
    return np.flatnonzero(seen)
