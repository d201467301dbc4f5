"""Which formats are read, and what is said of HEIC where it cannot be."""

from __future__ import annotations

import struct
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
from PIL import Image, ImageFile

from explorer.data import DataError, PictureError, read_picture
from explorer.data.uploads import formats_named, is_heic, readable_formats
from tests.data.made import fill, read

BRANDS = [(b"heic", b"mif1"), (b"mif1", b"heic"), (b"msf1", b"hevc"), (b"heix", b"")]


def heic(major: bytes = b"heic", minor: bytes = b"mif1") -> bytes:
    """The first box of a HEIC file, and nothing that could be decoded."""
    box = b"ftyp" + major + bytes(4) + minor
    return struct.pack(">I", 4 + len(box)) + box + bytes(200)


@pytest.mark.parametrize("brands", BRANDS)
def test_heic_is_known_by_its_bytes_whatever_it_is_called(
    brands: tuple[bytes, bytes], tmp_path: Path
) -> None:
    (tmp_path / "photo.jpg").write_bytes(heic(*brands))
    for source in (heic(*brands), tmp_path / "photo.jpg"):
        with pytest.raises(PictureError, match="is HEIC: save it as JPEG") as error:
            read_picture(source)
        assert error.value.kind == "heic"
    fill(tmp_path, 8)
    assert "1 is HEIC: save it as JPEG first (photo.jpg)" in read(tmp_path)[1]


def test_heic_is_known_by_its_name(tmp_path: Path) -> None:
    (tmp_path / "photo.HEIC").write_bytes(b"something new")
    with pytest.raises(PictureError, match="is HEIC: save it as JPEG"):
        read_picture(tmp_path / "photo.HEIC")


def test_what_is_not_heic_is_not_called_so() -> None:
    assert not is_heic(heic(b"avif", b"mif1")) and not is_heic(heic(b"mif1", b"avif"))
    assert not is_heic(heic(b"isom", b"mp42")) and not is_heic(b"") and not is_heic(b"ftypheic")
    with pytest.raises(PictureError, match="not an image that can be read"):
        read_picture(heic(b"isom", b"mp42"))


def test_the_formats_are_those_that_are_read(tmp_path: Path) -> None:
    assert ("AVIF" in formats_named()) == ("AVIF" in Image.OPEN)
    with pytest.raises(PictureError) as error:
        read_picture(b"text, not an image")
    assert f"{formats_named()} work." in str(error.value)
    (tmp_path / "notes.txt").write_text("text")
    with pytest.raises(DataError) as few:
        read(tmp_path)
    assert f"{formats_named()} work" in str(few.value)


@pytest.fixture
def pillow_heif(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Stands in for the package: a reader of HEIC whose images are all green."""

    class Heif(ImageFile.ImageFile):
        format = "HEIF"

        def _open(self) -> None:
            assert self.fp is not None
            if self.fp.read(12)[4:] != b"ftypheic":
                raise SyntaxError
            self._mode, self._size = "RGB", (8, 8)

        def load(self) -> Image.core.PixelAccess | None:
            self.im = Image.new("RGB", (8, 8), (0, 200, 0)).im
            return self.im.pixel_access(self.readonly)

    module = ModuleType("pillow_heif")
    module.register_heif_opener = lambda: Image.register_open("HEIF", Heif)  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "pillow_heif", module)
    readable_formats.cache_clear()
    yield
    Image.OPEN.pop("HEIF", None)
    if "HEIF" in Image.ID:
        Image.ID.remove("HEIF")
    readable_formats.cache_clear()


@pytest.mark.usefixtures("pillow_heif")
def test_heic_is_read_where_its_reader_is_installed(tmp_path: Path) -> None:
    assert read_picture(heic()).getpixel((3, 3)) == (0, 200, 0)
    assert "and HEIC" in formats_named()
    fill(tmp_path, 8)
    (tmp_path / "phone.heic").write_bytes(heic())
    data, note = read(tmp_path)
    assert len(data) == 9 and "nothing was skipped" in note
