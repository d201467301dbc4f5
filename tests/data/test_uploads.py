"""Whatever people upload: an RGB picture with the right pixels, or one sentence."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from explorer.data import PictureError, read_picture, square

NOISE = Image.fromarray(
    np.random.default_rng(0).integers(0, 256, (24, 40, 3), dtype=np.uint8), "RGB"
)
RED, BLUE, WHITE = (255, 0, 0), (0, 0, 255), (255, 255, 255)


def encoded(picture: Image.Image, kind: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, kind, **options)
    return buffer.getvalue()


def read(data: bytes, folder: Path, **options: Any) -> Image.Image:
    path = folder / "upload.png"  # the name says nothing
    path.write_bytes(data)
    picture = read_picture(path, **options)
    assert picture.mode == "RGB"
    return picture


def refused(data: bytes, folder: Path, **options: Any) -> str:
    with pytest.raises(PictureError) as error:
        read(data, folder, **options)
    message = str(error.value)
    assert message[0].isupper() and message.endswith(".") and "\n" not in message
    return message


def near(pixel: tuple[int, ...], colour: tuple[int, ...]) -> bool:
    return max(abs(a - b) for a, b in zip(pixel, colour, strict=True)) <= 12


FILES = {
    "PNG": encoded(NOISE, "PNG"),
    "palette PNG": encoded(NOISE.quantize(16), "PNG", transparency=3),
    "JPEG": encoded(NOISE, "JPEG"),
    "progressive JPEG": encoded(NOISE, "JPEG", progressive=True),
    "GIF": encoded(NOISE.quantize(16), "GIF", save_all=True, append_images=[NOISE.quantize(8)]),
    "WebP": encoded(NOISE, "WEBP"),
    "BMP": encoded(NOISE, "BMP"),
    "TIFF": encoded(NOISE, "TIFF", compression="tiff_lzw"),
} | ({"AVIF": encoded(NOISE, "AVIF")} if "AVIF" in Image.SAVE else {})


@pytest.mark.parametrize("kind", ["PNG", "BMP", "TIFF"])
def test_lossless_files_keep_every_pixel(kind: str, tmp_path: Path) -> None:
    assert read(FILES[kind], tmp_path).tobytes() == NOISE.tobytes()


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "progressive JPEG", "WebP"])
@pytest.mark.parametrize("share", [0.3, 0.6, 0.9])
def test_a_file_that_is_cut_short_is_refused(kind: str, share: float, tmp_path: Path) -> None:
    data = FILES[kind]
    assert "incomplete" in refused(data[: int(share * len(data))], tmp_path)


@given(st.sampled_from(sorted(FILES)), st.data())
def test_damage_of_any_kind_ends_in_a_picture_or_a_sentence(
    tmp_path_factory: pytest.TempPathFactory, kind: str, draw: st.DataObject
) -> None:
    data = bytearray(FILES[kind])
    for _ in range(draw.draw(st.integers(1, 6))):
        data[draw.draw(st.integers(0, len(data) - 1))] = draw.draw(st.integers(0, 255))
    path = tmp_path_factory.getbasetemp() / "damaged"
    path.write_bytes(data[: draw.draw(st.integers(1, len(data)))])
    try:
        assert read_picture(path).mode == "RGB"
    except PictureError as error:
        assert str(error).endswith(".") and "\n" not in str(error)


@pytest.mark.parametrize("kind", [kind for kind in ("PNG", "AVIF") if kind in FILES])
def test_a_file_whose_pixels_are_wiped_is_refused(kind: str, tmp_path: Path) -> None:
    data = FILES[kind]
    pixels = data.index({"PNG": b"IDAT", "AVIF": b"mdat"}[kind]) + 8
    assert "damaged" in refused(data[:pixels] + bytes(len(data) - pixels), tmp_path)


def test_empty_missing_and_large_files_are_refused(tmp_path: Path) -> None:
    assert "0 bytes" in refused(b"", tmp_path)
    large = FILES["PNG"] + bytes(2**21)
    assert "2 MB; at most 1 MB" in refused(large, tmp_path, max_bytes=2**20)
    with pytest.raises(PictureError, match="choose it again"):
        read_picture(tmp_path / "gone.png")


@pytest.mark.parametrize(
    "text",
    [
        b"Dear diary, this is not an image.",
        b'<svg xmlns="http://www.w3.org/2000/svg"/>',
        b"\x89PNG",
    ],
)
def test_what_is_no_picture_is_refused(text: bytes, tmp_path: Path) -> None:
    assert "not an image" in refused(text, tmp_path)


def test_one_pixel_is_a_picture(tmp_path: Path) -> None:
    picture = read(encoded(Image.new("RGB", (1, 1), (9, 8, 7)), "PNG"), tmp_path)
    assert picture.size == (1, 1) and picture.getpixel((0, 0)) == (9, 8, 7)
    assert square(picture, 16).getpixel((15, 15)) == (9, 8, 7)


def test_cmyk_becomes_rgb(tmp_path: Path) -> None:
    ink = Image.new("CMYK", (16, 16), (0, 255, 255, 0))
    assert near(read(encoded(ink, "JPEG"), tmp_path).getpixel((8, 8)), RED)


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_a_16_bit_ramp_stays_a_ramp(kind: str, tmp_path: Path) -> None:
    ramp = np.arange(256, dtype=np.uint16)[None] * 257
    pixels = np.asarray(read(encoded(Image.fromarray(ramp), kind), tmp_path))
    assert (pixels[0] == np.arange(256)[:, None]).all()


def test_a_dark_16_bit_picture_is_not_stretched(tmp_path: Path) -> None:
    dark = np.array([[0, 257, 2570]], dtype=np.uint16)
    assert np.asarray(read(encoded(Image.fromarray(dark), "PNG"), tmp_path))[0, :, 0].tolist() == [
        *(0, 1, 10)
    ]


@pytest.mark.parametrize(("low", "high"), [(0, 1), (-1, 3), (0, 1000), (1e-6, 2e-6), (0, 1e6)])
def test_a_float_picture_goes_from_its_least_to_its_greatest(
    low: float, high: float, tmp_path: Path
) -> None:
    ramp = np.linspace(low, high, 256, dtype=np.float32)[None]
    pixels = np.asarray(read(encoded(Image.fromarray(ramp), "TIFF"), tmp_path)).astype(int)
    assert np.abs(pixels[0] - np.arange(256)[:, None]).max() <= 1


def test_a_float_picture_with_holes_is_still_a_picture(tmp_path: Path) -> None:
    values = np.array([[0.0, 0.5, 1.0, np.nan]], dtype=np.float32)
    pixels = np.asarray(read(encoded(Image.fromarray(values), "TIFF"), tmp_path))[0, :, 0]
    assert pixels.tolist() == [0, 128, 255, 0]


def test_transparency_lies_on_white(tmp_path: Path) -> None:
    palette = Image.new("P", (2, 1))
    palette.putpalette([0, 0, 0, *BLUE])
    palette.putpixel((1, 0), 1)
    made = read(encoded(palette, "PNG", transparency=0), tmp_path)
    assert [made.getpixel((x, 0)) for x in (0, 1)] == [WHITE, BLUE]

    grey = Image.new("LA", (3, 1))
    for x, alpha in enumerate((0, 102, 255)):
        grey.putpixel((x, 0), (50, alpha))
    made = read(encoded(grey, "PNG"), tmp_path)
    assert [made.getpixel((x, 0))[0] for x in range(3)] == [255, round(50 * 0.4 + 255 * 0.6), 50]


@pytest.mark.parametrize("orientation", range(1, 9))
def test_photos_are_turned_upright(orientation: int, tmp_path: Path) -> None:
    upright = Image.new("RGB", (64, 32), WHITE)
    upright.paste(RED, (0, 0, 32, 16))
    upright.paste(BLUE, (32, 0, 64, 16))
    undo = {
        **{2: "FLIP_LEFT_RIGHT", 3: "ROTATE_180", 4: "FLIP_TOP_BOTTOM", 5: "TRANSPOSE"},
        **{6: "ROTATE_90", 7: "TRANSVERSE", 8: "ROTATE_270"},
    }
    turn = undo.get(orientation)
    stored = upright.transpose(Image.Transpose[turn]) if turn else upright
    exif = Image.Exif()
    exif[0x0112] = orientation
    made = read(encoded(stored, "JPEG", exif=exif, quality=95), tmp_path)
    assert made.size == (64, 32)
    assert near(made.getpixel((8, 6)), RED) and near(made.getpixel((56, 6)), BLUE)
    assert near(made.getpixel((8, 26)), WHITE)


def test_an_animation_is_its_first_frame(tmp_path: Path) -> None:
    frames = [Image.new("RGB", (8, 8), colour) for colour in (RED, BLUE)]
    for kind in ("GIF", "WEBP", "PNG"):
        data = encoded(frames[0], kind, save_all=True, append_images=frames[1:])
        assert near(read(data, tmp_path).getpixel((4, 4)), RED)


def test_50_megapixels_are_read_from_jpeg_at_a_fraction(tmp_path: Path) -> None:
    picture = read(encoded(Image.new("L", (10_000, 5_000), 200), "JPEG"), tmp_path)
    assert near(picture.getpixel((5, 5)), (200, 200, 200))
    assert picture.width == 2 * picture.height <= 4096


def test_50_megapixels_of_png_are_refused_naming_them(tmp_path: Path) -> None:
    message = refused(encoded(Image.new("1", (10_000, 5_000)), "PNG"), tmp_path)
    assert "10000 × 5000 = 50 megapixels; at most 24 are accepted as PNG" in message


def test_a_bomb_is_refused(tmp_path: Path) -> None:
    data = bytearray(encoded(Image.new("1", (8, 8)), "BMP"))
    data[18:26] = (60_000).to_bytes(4, "little") * 2
    assert "pixels" in refused(bytes(data), tmp_path)


def test_the_square_is_cut_from_the_middle() -> None:
    wide = Image.new("RGB", (90, 30), RED)
    wide.paste(BLUE, (30, 0, 60, 30))
    for picture in (wide, wide.transpose(Image.Transpose.ROTATE_90)):
        made = square(picture, 10)
        assert made.size == (10, 10)
        assert all(near(made.getpixel((x, y)), BLUE) for x in range(1, 9) for y in range(1, 9))
