"""Embedded colour profiles are applied on reading; what is no profile of the image is ignored."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageCms

from explorer.data import read_picture
from explorer.data.colours import without_profile
from tests.data.made import read as read_set
from tests.data.profiles import SRGB, of_grey, of_primaries

SWAPPED = of_primaries(SRGB[::-1])
LINEAR = of_primaries(SRGB, gamma=1.0)
NOISE = np.random.default_rng(0).integers(0, 256, (24, 40, 3), dtype=np.uint8)


def file(pixels: np.ndarray, profile: bytes | None, kind: str = "PNG", **options: Any) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, kind, icc_profile=profile, **options)
    return buffer.getvalue()


def pixels(data: bytes) -> np.ndarray:
    return np.asarray(read_picture(data)).astype(int)


def encoded(linear: np.ndarray) -> np.ndarray:
    """IEC 61966-2-1: linear light 0…1 -> sRGB 0…255."""
    low = 12.92 * linear
    return 255 * np.where(linear <= 0.0031308, low, 1.055 * linear ** (1 / 2.4) - 0.055)


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "WEBP"])
def test_swapped_primaries_are_swapped_back(kind: str) -> None:
    lossless = {"lossless": True} if kind == "WEBP" else {}
    flat = np.zeros((8, 8, 3), np.uint8) + np.array([255, 0, 0], np.uint8)
    found = pixels(file(flat, SWAPPED, kind, **lossless))
    assert np.abs(found - [0, 0, 255]).max() <= 3


def test_a_linear_profile_is_encoded_as_srgb() -> None:
    found = pixels(file(NOISE, LINEAR))
    assert np.abs(found - encoded(NOISE / 255)).max() <= 4
    assert np.abs(found - NOISE).max() > 50


def test_primaries_of_a_wider_space_give_stronger_colours() -> None:
    p3 = of_primaries(
        ((0.5151, 0.2412, -0.0011), (0.2920, 0.6922, 0.0419), (0.1571, 0.0666, 0.7841))
    )
    (colour,) = pixels(file(np.full((1, 1, 3), (200, 100, 100), np.uint8), p3))[0]
    assert colour[0] > 205 and colour[1] < 99


@pytest.mark.parametrize("profile", ["srgb", "described otherwise"])
def test_srgb_itself_changes_no_pixel(profile: str) -> None:
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    if profile != "srgb":
        srgb = srgb.replace("sRGB".encode("utf-16-be"), "mine".encode("utf-16-be"))
    assert (pixels(file(NOISE, srgb)) == NOISE).all()


def test_grey_stays_grey_under_its_profile() -> None:
    grey = np.arange(256, dtype=np.uint8)[None].repeat(8, axis=0)
    found = pixels(file(grey, of_grey(1.0)))
    assert (found == found[..., :1]).all()
    assert np.abs(found[0, :, 0] - encoded(np.arange(256) / 255)).max() <= 4


@pytest.mark.parametrize("alpha", [False, True])
def test_a_set_of_grey_images_with_a_profile_has_one_channel(alpha: bool, tmp_path: Path) -> None:
    for i in range(8):
        image = Image.new("LA" if alpha else "L", (16, 16), (9 * i, 255) if alpha else 9 * i)
        image.save(tmp_path / f"{i}.png", icc_profile=of_grey(1.8))
    assert read_set(tmp_path)[0].channels == 1


def test_grey_of_16_bits_has_its_profile_too() -> None:
    levels = np.arange(256, dtype=np.uint16).reshape(16, 16)
    assert np.asarray(Image.open(io.BytesIO(file(257 * levels, None)))).dtype == np.uint16
    shown = pixels(file(257 * levels, of_grey(1.0)))
    assert (shown == pixels(file(levels.astype(np.uint8), of_grey(1.0)))).all()
    assert np.abs(shown[..., 0] - encoded(levels / 255)).max() <= 2


def test_transparency_stays_and_palettes_are_converted() -> None:
    clear = np.zeros((8, 8, 4), np.uint8) + np.array([255, 0, 0, 0], np.uint8)
    clear[:, 4:, 3] = 255
    found = pixels(file(clear, SWAPPED))
    assert (found[:, :4] == 255).all() and np.abs(found[:, 4:] - [0, 0, 255]).max() <= 3
    image, buffer = Image.new("P", (8, 8), 1), io.BytesIO()
    image.putpalette([0, 0, 0, 255, 0, 0])
    image.save(buffer, "PNG", icc_profile=SWAPPED)
    assert np.abs(pixels(buffer.getvalue()) - [0, 0, 255]).max() <= 3


@pytest.mark.parametrize(
    "broken", [b"no profile", SWAPPED[:200], SWAPPED[:128] + bytes(364), of_grey(1.0), bytes(5000)]
)
def test_what_is_no_profile_of_the_image_is_ignored(broken: bytes) -> None:
    assert (pixels(file(NOISE, broken)) == NOISE).all()


def test_the_profile_is_not_left_to_be_applied_twice() -> None:
    assert "icc_profile" not in read_picture(file(NOISE, SWAPPED)).info
    assert "icc_profile" not in read_picture(file(NOISE, b"no profile")).info


def chunk(name: bytes, data: bytes) -> bytes:
    check = struct.pack(">I", zlib.crc32(name + data))
    return struct.pack(">I", len(data)) + name + data + check


WITHOUT_END = b"name without an end"
WRONG = {
    "without an end": chunk(b"iCCP", WITHOUT_END),
    "ends at once": chunk(b"iCCP", WITHOUT_END + b"\0"),
    "empty": chunk(b"iCCP", b""),
    "method": chunk(b"iCCP", b"name\0\7" + zlib.compress(SWAPPED)),
    "check": chunk(b"iCCP", b"name\0\0" + zlib.compress(SWAPPED))[:-1] + b"?",
    "large": chunk(b"iCCP", b"name\0\0" + zlib.compress(SWAPPED + bytes(2**21))),
}


@pytest.mark.parametrize("kind", WRONG)
def test_an_image_is_read_however_broken_the_chunk_of_its_profile_is(
    kind: str, tmp_path: Path
) -> None:
    sound = file(NOISE, None)
    broken = sound[:33] + WRONG[kind] + sound[33:]  # after the header
    assert (pixels(broken) == NOISE).all()
    (tmp_path / "x.png").write_bytes(broken)
    assert (np.asarray(read_picture(tmp_path / "x.png")) == NOISE).all()


@pytest.mark.parametrize("length", [11, 12, 13])
def test_a_jpeg_is_read_whose_profile_is_cut_short(length: int) -> None:
    sound = file(NOISE, None, "JPEG")
    body = b"ICC_PROFILE\0\1"[:length]
    broken = sound[:2] + b"\xff\xe2" + struct.pack(">H", 2 + length) + body + sound[2:]
    assert (pixels(broken) == pixels(sound)).all()


def test_what_is_broken_elsewhere_stays_so() -> None:
    sound = file(NOISE, SWAPPED)
    for damaged in (sound[: len(sound) // 2], sound[:40], b"\xff\xd8\xff\xe2\0", b"\xff\xd8"):
        with pytest.raises(ValueError, match="damaged or incomplete|not an image"):
            read_picture(damaged)
    assert without_profile(file(NOISE, None)) is None
    assert without_profile(b"GIF89a") is None
