"""Colour profiles: what the numbers in an image mean -> the same colours in sRGB."""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

import numpy as np
from PIL import Image, ImageCms

LARGEST = 8 * 2**20
"""Bytes; profiles of printers have up to four megabytes, and what is larger is none."""
PNG = b"\x89PNG\r\n\x1a\n"
SCAN = b"\xda"
PARTS = 1000
"""Of a file that are looked at; a forged one could have millions."""
SAME = 2
"""Levels of 255 by which a profile may differ from sRGB and still be it, in other words."""
SPACES = {"RGB": "RGB", "RGBA": "RGB", "L": "GRAY", "CMYK": "CMYK"}
"""Mode -> the profiles that can be of it, as ICC.1 names their colour space."""


def to_srgb(picture: Image.Image) -> Image.Image:
    """The picture by its embedded ICC profile in sRGB, relative colorimetric with black points
    matched, and without the profile; grey stays grey, and so does transparency.

    A profile that is broken, or of another kind of image, is ignored, as browsers do.
    """
    profile = picture.info.get("icc_profile")
    if not isinstance(profile, bytes) or not 0 < len(profile) <= LARGEST:
        return picture
    try:
        made = _converted(picture, profile)
    except Exception:  # of whatever is wrong with the profile
        made = picture
    made.info = {key: value for key, value in picture.info.items() if key != "icc_profile"}
    return made


def without_profile(source: str | Path | bytes) -> bytes | None:
    """A PNG or JPEG without the parts that hold its profile; None if it has none, or is neither.

    PNG (ISO/IEC 15948): chunks iCCP; JPEG: segments APP2 that begin as ICC.1, annex B.4 says.
    """
    data = source if isinstance(source, bytes) else Path(source).read_bytes()
    if data.startswith(PNG):
        parts = [*_chunks(data)]
        kept = [part for part in parts if part[4:8] != b"iCCP"]
        head = PNG
    elif data.startswith(b"\xff\xd8"):
        parts = [*_segments(data)]
        kept = [p for p in parts if not (p[:2] == b"\xff\xe2" and p[4:15] == b"ICC_PROFILE")]
        head = b"\xff\xd8"
    else:
        return None
    return head + b"".join(kept) if len(kept) < len(parts) else None


def _chunks(data: bytes) -> Iterator[bytes]:
    """A PNG's, whole, and what follows the last whole one."""
    at = len(PNG)
    for _ in range(PARTS):
        size = 12 + int.from_bytes(data[at : at + 4], "big")
        yield data[at : at + size]
        at += size
    yield data[at:]


def _segments(data: bytes) -> Iterator[bytes]:
    """A JPEG's up to its first scan, with their markers, and all that follows."""
    at = 2
    for _ in range(PARTS):
        if data[at : at + 1] != b"\xff" or data[at + 1 : at + 2] == SCAN or len(data) < at + 4:
            break
        size = 2 + struct.unpack_from(">H", data, at + 2)[0]
        yield data[at : at + size]
        at += size
    yield data[at:]


def _converted(picture: Image.Image, profile: bytes) -> Image.Image:
    if picture.mode in ("P", "PA"):
        picture = picture.convert("RGBA" if picture.has_transparency_data else "RGB")
    if picture.mode in ("LA", "L") and picture.has_transparency_data:
        picture = picture.convert("LA")
        grey = _applied(picture.getchannel("L"), profile)
        return Image.merge("LA", (grey, picture.getchannel("A")))
    if picture.mode == "RGB" and picture.has_transparency_data:  # one colour that is left out
        picture = picture.convert("RGBA")
    return _applied(picture, profile)


def _applied(picture: Image.Image, profile: bytes) -> Image.Image:
    transform = _transform(profile, picture.mode) if picture.mode in SPACES else None
    if transform is None:
        return picture
    if picture.mode == "L":
        levels = ImageCms.applyTransform(_levels(), transform)
        assert levels is not None
        return picture.point(list(levels.convert("L").tobytes()))
    made = ImageCms.applyTransform(picture, transform)
    assert made is not None  # only a transform in place has no result
    return made


@lru_cache(maxsize=32)
def _transform(profile: bytes, mode: str) -> ImageCms.ImageCmsTransform | None:
    """From the profile to sRGB; None where nothing would change, or it is of other images."""
    found = ImageCms.ImageCmsProfile(io.BytesIO(profile))
    if found.profile.xcolor_space.strip() != SPACES[mode]:
        return None
    grey = mode == "L"  # whose 256 levels are computed without what makes many pixels fast
    made = ImageCms.buildTransform(
        found,
        ImageCms.createProfile("sRGB"),
        mode,
        "RGB" if grey or mode == "CMYK" else mode,
        ImageCms.Intent.RELATIVE_COLORIMETRIC,
        ImageCms.Flags.BLACKPOINTCOMPENSATION | (ImageCms.Flags.NOOPTIMIZE if grey else 0),
    )
    if mode == "CMYK":
        return made
    probe = _levels() if grey else _probe().convert(mode)
    changed = np.asarray(ImageCms.applyTransform(probe, made)).astype(int)
    same = np.abs(changed - np.asarray(probe.convert("RGB") if grey else probe)).max()
    return None if same <= SAME else made


def _levels() -> Image.Image:
    """All levels of grey, in a row."""
    return Image.fromarray(np.arange(256, dtype=np.uint8)[None])


@lru_cache
def _probe() -> Image.Image:
    """Colours evenly over the cube: 9 levels of each channel."""
    levels = np.linspace(0, 255, 9).round().astype(np.uint8)
    cube = np.stack(np.meshgrid(levels, levels, levels), axis=-1)
    return Image.fromarray(cube.reshape(27, 27, 3))
