"""Zips from strangers: what is good is read, what is bad is named, nothing leaves memory."""

from __future__ import annotations

import io
import stat
import struct
import time
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from explorer.data import HOSTED, DataError, OwnLimits, load
from tests.data.made import picture, read, zipped


def test_a_zip_of_folders_has_classes_and_no_mac_litter(tmp_path: Path) -> None:
    entries = {f"set/{kind}/{i}.png": picture(i) for kind in ("b", "a") for i in range(5)}
    litter = {"__MACOSX/set/a/._0.png": b"x", "set/.DS_Store": b"x", "set/a/": b""}
    data, note = read(zipped(tmp_path / "x.zip", entries | litter))
    assert data.classes == ("a", "b") and data.labels.tolist() == [0] * 5 + [1] * 5
    assert "2 skipped: 2 are hidden, or are kept by the system" in note
    assert "__MACOSX/set/a/._0.png" in note and "set/.DS_Store" in note


@pytest.mark.parametrize("name", ["../evil.png", "/etc/evil.png", "a/../../evil.png"])
@pytest.mark.parametrize("slash", ["/", "\\"])
def test_paths_that_lead_outside_are_skipped(name: str, slash: str, tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    path = zipped(folder / "x.zip", {name.replace("/", slash): picture()}, 8)
    data, note = read(path)
    assert len(data) == 8 and "1 has a path that leads outside the zip" in note
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [path]


def test_drives_links_and_devices_are_skipped(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as file:
        for i in range(8):
            file.writestr(f"{i}.png", picture(i))
        file.writestr("C:\\evil.png", picture())
        for name, kind in (("link.png", stat.S_IFLNK), ("device.png", stat.S_IFCHR)):
            info = zipfile.ZipInfo(name)
            info.external_attr = (kind | 0o777) << 16
            file.writestr(info, "/etc/passwd")
    data, note = read(tmp_path / "x.zip")
    assert len(data) == 8 and "3 skipped" in note
    assert "1 is a link (link.png)" in note and "1 is not a regular file (device.png)" in note


def test_encrypted_nested_and_oddly_packed_entries_are_skipped(tmp_path: Path) -> None:
    inner = zipped(tmp_path / "inner.zip", {}, 8).read_bytes()
    path = zipped(tmp_path / "x.zip", {"inner.zip": inner, "disguised.png": inner}, 8)
    with zipfile.ZipFile(path, "a") as file:
        file.writestr("lzma.png", picture(), zipfile.ZIP_LZMA)
        file.writestr("locked.png", picture())
        file.filelist[-1].flag_bits |= 1  # in the list of entries, as encrypting programs do
    data, note = read(path)
    assert len(data) == 8 and "4 skipped" in note
    assert "2 are zips inside" in note
    assert "1 is encrypted (locked.png)" in note
    assert "1 uses a compression other than deflate (lzma.png)" in note


def test_bombs_are_skipped_and_the_rest_is_read(tmp_path: Path) -> None:
    path = zipped(tmp_path / "x.zip", {"bomb.png": bytes(5 * 2**20)}, 8)
    assert "1 unpacks to more than 200 times its size (bomb.png)" in read(path)[1]
    assert "1 is larger than 4 MB" in read(path, limits=OwnLimits(file_bytes=4 * 2**20))[1]


@pytest.mark.parametrize("declared", [1, 10**6, 2**32 - 2])
def test_declared_sizes_are_not_believed(declared: int, tmp_path: Path) -> None:
    """An entry that says it is smaller or larger than it is."""
    path = zipped(tmp_path / "x.zip", {"bomb.png": bytes(40 * 2**20)}, 8)
    data = bytearray(path.read_bytes())
    place = data.index(b"PK\x01\x02")
    data[place + 24 : place + 28] = struct.pack("<I", declared)
    path.write_bytes(data)
    limits = OwnLimits(bytes=2**21)
    assert "bomb.png" in read(path, limits=limits)[1]


def test_overlapping_entries_are_counted_as_often_as_they_are_unpacked(tmp_path: Path) -> None:
    """Hundreds of entries that share one body: they are counted, or refused by newer Pythons."""
    body = picture(size=(900, 900), kind="BMP")
    path = tmp_path / "x.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("000.bmp", body)
        first = file.filelist[0]
        for _ in range(300):
            file.filelist.append(first)
    started = time.monotonic()
    with pytest.raises(DataError, match="more than 16 MB|at least 8"):
        read(path, limits=OwnLimits(bytes=16 * 2**20, ratio=10**6))
    assert time.monotonic() - started < 5


def test_all_entries_together_have_a_limit(tmp_path: Path) -> None:
    entries = {f"{i}.bin": bytes([i]) * 2**19 for i in range(10)}
    path = zipped(tmp_path / "x.zip", entries, 8)
    with pytest.raises(DataError, match="unpacks to more than 4 MB"):
        read(path, limits=OwnLimits(bytes=2**22))
    with pytest.raises(DataError, match="unpacks to more than 8 MB"):  # two share one budget
        read(path, path, limits=OwnLimits(bytes=2**23))


def test_a_hundred_thousand_entries_are_refused_before_they_are_listed(tmp_path: Path) -> None:
    path = tmp_path / "x.zip"
    entry = struct.pack("<4s4B4HL2L5H2L", b"PK\x01\x02", *[0] * 18)
    entry = entry[:28] + struct.pack("<H", 5) + entry[30:] + b"a.png"
    listing = entry * 100_000
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 8, 8, len(listing), 0, 0)
    path.write_bytes(listing + end)
    started = time.monotonic()
    with pytest.raises(DataError, match="'x.zip' lists far more than the 2,000 files"):
        read(path, limits=HOSTED)
    assert time.monotonic() - started < 0.5


def test_one_more_file_than_allowed_is_refused(tmp_path: Path) -> None:
    path = zipped(tmp_path / "x.zip", {}, 9)
    assert len(read(path, limits=OwnLimits(entries=9))[0]) == 9
    with pytest.raises(DataError, match="more than 8 files in 'x.zip'"):
        read(path, limits=OwnLimits(entries=8))


def test_names_that_are_not_utf_8(tmp_path: Path) -> None:
    entries = {f"K_tzchen/{i}.png": picture(i) for i in range(4)}
    entries |= {f"c_t/{i}.png": picture(i) for i in range(4)}
    path = zipped(tmp_path / "x.zip", entries)
    data = path.read_bytes()
    path.write_bytes(data.replace(b"K_t", b"K\x84t").replace(b"c_t", b"c\xfft"))
    assert read(path)[0].classes[0] == "Kätzchen"  # code page 437, as old programs wrote
    unmarked = {f"K__tzchen/{i}.png": picture(i) for i in range(4)} | {
        f"b/{i}.png": picture(i) for i in range(4)
    }
    path = zipped(path, unmarked)
    path.write_bytes(path.read_bytes().replace(b"K__t", "Kät".encode()))
    assert read(path)[0].classes == ("Kätzchen", "b")
    assert read(zipped(path, {f"猫/{i}.png": picture() for i in range(8)}))[1]


def test_a_name_that_lies_about_its_encoding_ends_in_a_sentence(tmp_path: Path) -> None:
    path = zipped(tmp_path / "x.zip", {"ä.png": picture()}, 8)
    path.write_bytes(path.read_bytes().replace("ä".encode(), b"\xff\xfe"))
    with pytest.raises(DataError, match="1 is a damaged zip"):
        load(path)


@pytest.mark.parametrize("n", [0, 7])
def test_a_zip_with_too_few_pictures(n: int, tmp_path: Path) -> None:
    path = zipped(tmp_path / "x.zip", {"notes.txt": b"text"} if n else {}, n)
    with pytest.raises(DataError, match=f"{n} could be read"):
        load(path)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"not a zip", b"PK\x05\x06" + bytes(9)])
def test_what_is_no_zip_is_named(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "x.zip").write_bytes(content)
    with pytest.raises(DataError, match=r"1 is a damaged zip, or not one \(x.zip\)"):
        load(tmp_path / "x.zip")


def test_a_damaged_entry_does_not_spoil_the_others(tmp_path: Path) -> None:
    path = zipped(tmp_path / "x.zip", {"bad.png": picture(200)}, 8)
    data = bytearray(path.read_bytes())
    data[60:70] = bytes(10)
    path.write_bytes(data)
    made, note = read(path)
    assert len(made) == 8 and "1 is damaged or incomplete (bad.png)" in note


def _good() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as file:
        for i in range(9):
            file.writestr(f"{i}.png", picture(i))
    return buffer.getvalue()


GOOD = _good()


@given(st.lists(st.tuples(st.integers(0, len(GOOD) - 1), st.integers(0, 255)), max_size=6))
def test_damage_of_any_kind_ends_in_a_set_or_a_sentence(
    tmp_path_factory: pytest.TempPathFactory, changes: list[tuple[int, int]]
) -> None:
    data = bytearray(GOOD)
    for place, value in changes:
        data[place] = value
    path = tmp_path_factory.getbasetemp() / "damaged.zip"
    path.write_bytes(data)
    try:
        assert len(read(path)[0]) >= 8
    except DataError as error:
        assert "\n" not in str(error)
