"""16-bit scans that use little of their range are said to be; all others are not."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from explorer.data import dark_scan, read_picture
from tests.data.made import fill, read

RANDOM = np.random.default_rng(0)


def scan(most: int, least: int = 0) -> bytes:
    """A grey PNG of 16 bits with values from least to most."""
    values = RANDOM.integers(least, most + 1, (16, 16)).astype(np.uint16)
    values[0, :2] = least, most
    buffer = io.BytesIO()
    Image.fromarray(values).save(buffer, "PNG")
    return buffer.getvalue()


def colour(most: int) -> bytes:
    """A PNG of three channels of 16 bits, which Pillow does not write."""
    values = RANDOM.integers(0, most + 1, (16, 16, 3)).astype(">u2")
    lines = b"".join(b"\0" + row.tobytes() for row in values)

    def chunk(name: bytes, data: bytes) -> bytes:
        check = struct.pack(">I", zlib.crc32(name + data))
        return struct.pack(">I", len(data)) + name + data + check

    about = chunk(b"IHDR", struct.pack(">2I5B", 16, 16, 16, 2, 0, 0, 0))
    pixels = chunk(b"IDAT", zlib.compress(lines))
    return b"\x89PNG\r\n\x1a\n" + about + pixels + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("data", "used"),
    [
        *((scan(4095), "6.2%"), (scan(31_000, 30_000), "1.5%"), (colour(4095), "5.9%")),
        *((scan(255), "0.4%"), (scan(200), "0.3%"), (scan(0), "0.0%")),
    ],
)
def test_what_uses_less_than_a_tenth_of_16_bits_is_said(data: bytes, used: str) -> None:
    said = dark_scan(read_picture(data))
    assert f"only {used} of its 16-bit range" in said and said.endswith(".")


@pytest.mark.parametrize("data", [scan(65_535), scan(7000), colour(65_535)])
def test_other_16_bit_images_are_as_they_were(data: bytes) -> None:
    assert dark_scan(read_picture(data)) == ""


def test_images_of_16_bits_have_one_scale_however_dark_one_is(tmp_path: Path) -> None:
    fill(tmp_path, 8)
    (tmp_path / "dark.png").write_bytes(scan(200))
    (tmp_path / "light.png").write_bytes(scan(60_000))
    data, note = read(tmp_path)
    dark, light = (data.images[i].float().mean() for i in (8, 9))
    assert dark < 1 and light > 100 and "1 uses less than a tenth of its 16-bit range" in note


def test_dark_images_of_8_bits_are_meant_so(tmp_path: Path) -> None:
    Image.new("RGB", (16, 16), (5, 9, 12)).save(tmp_path / "night.png")
    assert dark_scan(read_picture(tmp_path / "night.png")) == ""


def test_a_set_counts_and_names_them(tmp_path: Path) -> None:
    fill(tmp_path, 8)
    assert "16-bit" not in read(tmp_path)[1]
    (tmp_path / "ct.png").write_bytes(scan(4095))
    data, note = read(tmp_path)
    assert len(data) == 9
    assert "; 1 uses less than a tenth of its 16-bit range and shows almost no contrast " in note
    for i in range(4):
        (tmp_path / f"ct{i}.png").write_bytes(scan(4095))
    assert "5 use less than a tenth of their 16-bit range" in read(tmp_path)[1]
    assert "(ct.png, ct0.png, ct1.png, …): scale them to 0…65,535" in read(tmp_path)[1]
