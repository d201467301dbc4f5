"""Pictures: of every kind that is read, damaged ones, and files that only say they are one."""

from __future__ import annotations

import io
import random
import struct
import zlib
from collections.abc import Iterator
from functools import cache, partial
from typing import Any

import numpy as np
from PIL import Image

from tests.hostile.case import Case, Fate

HTML = b"<!DOCTYPE html><html><body onload=alert(1)><script>alert(1)</script></body></html>"
SVG = (
    b'<?xml version="1.0"?><!DOCTYPE svg [<!ENTITY a SYSTEM "file:///etc/passwd">]>'
    b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"><text>&a;</text></svg>'
)
OTHERS = ("ICO", "TGA", "PCX", "SGI", "PPM", "IM", "EPS", "PDF", "DDS", "JPEG2000", "SPIDER")
"""What Pillow could open and ought not to."""
READ = ("PNG", "JPEG", "GIF", "BMP", "TIFF", "WEBP")


def sketch(mode: str = "RGB", side: int = 24) -> Image.Image:
    """A picture that is not flat."""
    x = np.arange(side * side * 3, dtype=np.uint32).reshape(side, side, 3) * 7 % 256
    return Image.fromarray(x.astype(np.uint8)).convert(mode)


def saved(picture: Image.Image, kind: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, kind, **options)
    return buffer.getvalue()


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">L", len(data)) + kind + data + struct.pack(">L", zlib.crc32(kind + data))


def png(
    width: int,
    height: int,
    *,
    depth: int = 8,
    colour: int = 0,
    rows: bytes | None = None,
    extra: bytes = b"",
    interlaced: int = 0,
) -> bytes:
    """Built by hand, so that it may lie; without `rows` it is flat and whole."""
    if rows is None:
        bits = depth * {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[colour]
        rows = bytes((width * bits + 7) // 8 + 1) * height
    head = struct.pack(">LLBBBBB", width, height, depth, colour, 0, 0, interlaced)
    body = chunk(b"IDAT", zlib.compress(rows, 9))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + extra + body + chunk(b"IEND", b"")


@cache
def packed(size: int) -> bytes:
    """So many zeros, compressed."""
    return zlib.compress(bytes(size), 9)


def pictures() -> Iterator[Case]:
    """All of them."""
    for parts in (_whole(), _pngs(), _jpegs(), _others(), _impostors(), _fuzzed()):
        for fate, name, data in parts:
            yield Case("pictures", fate, name, data)


Parts = Iterator[tuple[Fate, str, bytes]]


def _whole() -> Parts:
    """Unusual, but a picture."""
    for mode, kind in (
        *(("1", "PNG"), ("L", "PNG"), ("LA", "PNG"), ("P", "PNG"), ("RGBA", "PNG")),
        *(("I;16", "PNG"), ("L", "JPEG"), ("CMYK", "JPEG"), ("P", "GIF"), ("1", "BMP")),
        *(("I", "TIFF"), ("F", "TIFF"), ("CMYK", "TIFF"), ("LAB", "TIFF"), ("RGBA", "WEBP")),
    ):
        picture = sketch() if mode in ("I;16", "I", "F", "LAB") else sketch(mode)
        if mode in ("I;16", "I", "F"):
            picture = picture.convert("L").convert("I" if mode == "I;16" else mode)
        if mode == "I;16":
            picture = Image.fromarray((np.asarray(picture) * 257).astype(np.uint16))
        if mode == "LAB":
            picture = Image.merge("LAB", picture.split())
        yield "taken", f"{mode.replace(';', '-')}.{kind.lower()}", saved(picture, kind)
    broken = np.full((16, 16), np.nan, np.float32)
    broken[::2], broken[3] = np.inf, 1e38
    yield "taken", "not-finite.tiff", saved(Image.fromarray(broken), "TIFF")
    for turn in range(10):  # 0 and 9 are none
        exif = Image.Exif()
        exif[0x0112] = turn
        yield "taken", f"turned-{turn}.jpg", saved(sketch(), "JPEG", exif=exif)
    frames = [sketch(side=16).rotate(90 * (k % 4)) for k in range(60)]
    for kind in ("GIF", "PNG", "WEBP", "TIFF"):
        data = saved(frames[0], kind, save_all=True, append_images=frames[1:])
        yield "taken", f"many-frames.{kind.lower()}", data
    yield "taken", "a-jpeg-called.png", saved(sketch(), "JPEG")
    yield "taken", "a-png-called.html", saved(sketch(), "PNG")
    yield "taken", "png-then-html.png", saved(sketch(), "PNG") + HTML
    yield "taken", "gif-then-zip.gif", saved(sketch("P"), "GIF") + b"PK\x05\x06" + bytes(18)
    yield "taken", "one-pixel.png", png(1, 1)
    yield "taken", "a-line.png", png(60_000, 1)
    yield "taken", "interlaced.png", saved(sketch(), "PNG", interlace=1)


def _pngs() -> Parts:
    yield "refused", "bomb-1-bit.png", png(13_300, 13_300, depth=1)
    yield "refused", "bomb-grey.png", png(5_000, 5_000)
    yield "refused", "says-wide.png", png(2**31 - 1, 1, rows=bytes(100))
    for side in (65_535, 2**31 - 1):
        yield "refused", f"says-{side}.png", png(side, side, rows=bytes(100))
    yield "refused", "no-width.png", png(0, 10, rows=bytes(100))
    yield "taken", "deep-16-bit.png", png(4_800, 4_900, depth=16)
    yield "taken", "deep-rgba.png", png(3_000, 3_000, depth=16, colour=6)
    for kind in (b"iCCP", b"zTXt"):
        bomb = chunk(kind, b"x\0\0" + packed(100 * 2**20))
        yield "either", f"{kind.decode()}-bomb.png", png(8, 8, extra=bomb)
    texts = b"".join(chunk(b"zTXt", b"x\0\0" + packed(2**20 - 1)) for _ in range(200))
    yield "either", "many-texts.png", png(8, 8, extra=texts)
    itxt = chunk(b"iTXt", b"x\0\1\0\0\0" + packed(100 * 2**20))
    yield "either", "iTXt-bomb.png", png(8, 8, extra=itxt)
    yield "refused", "too-few-rows.png", png(64, 64, rows=bytes(10))
    yield "either", "too-many-rows.png", png(8, 8, rows=bytes(50 * 2**20))
    whole = saved(sketch(), "PNG")
    yield "refused", "wrong-crc.png", whole[:29] + b"\0\0\0\0" + whole[33:]
    yield "refused", "no-pixels.png", whole[:33] + whole[-12:]
    yield "refused", "bad-depth.png", png(8, 8, depth=3, rows=bytes(100))
    yield "taken", "small-palette.png", png(8, 8, colour=3, extra=chunk(b"PLTE", b"x" * 3))
    yield (
        "refused",
        "frames-that-are-none.png",
        png(8, 8, extra=chunk(b"acTL", struct.pack(">LL", 2**31 - 1, 0)), rows=b""),
    )


def _jpegs() -> Parts:
    yield "taken", "flat-80-megapixels.jpg", saved(Image.new("L", (9_000, 9_000)), "JPEG")
    yield "taken", "progressive.jpg", saved(sketch(), "JPEG", progressive=True)
    profile = saved(sketch(), "JPEG", icc_profile=bytes(200_000))
    yield "taken", "profile-of-zeros.jpg", profile
    whole = saved(sketch(), "JPEG")
    frame = whole.index(b"\xff\xc0") + 5
    huge = whole[:frame] + b"\xff\xff\xff\xff" + whole[frame + 4 :]
    yield "refused", "says-65535.jpg", huge
    yield "either", "other-size.jpg", whole[:frame] + b"\x01\x00\x01\x00" + whole[frame + 4 :]
    yield (
        "either",
        "comments.jpg",
        whole[:2] + (b"\xff\xfe\xff\xff" + bytes(65_533)) * 50 + whole[2:],
    )
    ring = b"Exif\0\0II*\0\x08\0\0\0\x01\0\x69\x87\x04\0\x01\0\0\0\x08\0\0\0\x08\0\0\0"
    yield "taken", "exif-in-a-ring.jpg", _with_exif(whole, ring)
    yield "either", "exif-far-away.jpg", _with_exif(whole, ring[:10] + b"\xff\xff\xff\x7f")
    yield "refused", "too-large.jpg", whole + bytes(13 * 2**20)


def _with_exif(whole: bytes, exif: bytes) -> bytes:
    return whole[:2] + b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif + whole[2:]


def _others() -> Parts:
    gif = saved(sketch("P"), "GIF")
    yield "refused", "screen-65535.gif", gif[:6] + b"\xff\xff\xff\xff" + gif[10:]
    yield "taken", "no-screen.gif", gif[:6] + bytes(4) + gif[10:]
    bmp = saved(sketch(), "BMP")
    yield "refused", "says-huge.bmp", bmp[:18] + b"\xff\xff\0\0\xff\xff\0\0" + bmp[26:]
    yield "taken", "upside-down.bmp", bmp[:22] + struct.pack("<l", -24) + bmp[26:]
    yield "refused", "far-away.bmp", bmp[:10] + b"\xff\xff\xff\x7f" + bmp[14:]
    yield "refused", "bad-header.bmp", bmp[:14] + b"\xff\xff\0\0" + bmp[18:]
    flat = partial(saved, Image.new("L", (4_800, 4_800)), "TIFF")
    yield "taken", "deflated.tiff", flat(compression="tiff_deflate")
    yield "taken", "lzw.tiff", flat(compression="tiff_lzw")
    tiff = saved(sketch(), "TIFF")
    where = struct.unpack("<L", tiff[4:8])[0]
    yield "refused", "directory-far-away.tiff", tiff[:4] + b"\xff\xff\xff\x7f" + tiff[8:]
    many = where + 2
    yield "either", "many-tags.tiff", tiff[:where] + b"\xff\xff" + tiff[many:]
    webp = saved(sketch(), "WEBP")
    canvas = struct.pack("<L", 0) + b"\xfe\x3f\x00" * 2
    body = b"WEBP" + b"VP8X" + struct.pack("<L", 10) + canvas + webp[12:]
    yield "refused", "says-16383.webp", b"RIFF" + struct.pack("<L", len(body)) + body


def _impostors() -> Parts:
    for name, data in (
        ("page.png", HTML),
        ("drawing.svg", SVG),
        ("drawing.png", SVG),
        ("nothing.png", b""),
        ("one-byte.png", b"\x89"),
        ("signature.png", b"\x89PNG\r\n\x1a\n"),
        ("zip.png", b"PK\x03\x04" + bytes(100)),
        ("program.jpg", b"\x7fELF" + bytes(200)),
        ("script.png", b"#!/bin/sh\nrm -rf /\n"),
        ("postscript.jpg", b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n(/etc) run\n"),
        ("fonts.png", b"OTTO" + bytes(300)),
        ("zeros.png", bytes(4096)),
        ("movie.webp", b"RIFF\x10\0\0\0AVI LIST" + bytes(64)),
        ("pickle.png", b"\x80\x04cposix\nsystem\n(S'x'\ntR."),
    ):
        yield "refused", name, data
    for kind in OTHERS:
        yield "refused", f"{kind.lower()}-called.png", saved(sketch("L"), kind)


def _fuzzed() -> Parts:
    """Cut short and with bytes that changed, by chance."""
    chance = random.Random(11)
    for kind in READ:
        whole = saved(sketch("P" if kind == "GIF" else "RGB"), kind)
        ending = kind.lower()
        yield "refused", f"cut-to-20.{ending}", whole[:20]
        yield "either", f"cut-in-half.{ending}", whole[: len(whole) // 2]
        for k in range(3):
            data = bytearray(whole)
            for _ in range(4 + 8 * k):
                data[chance.randrange(8, len(data))] = chance.randrange(256)
            yield "either", f"changed-{k}.{ending}", bytes(data)
