"""Capsules from strangers: each wrong field, name, size and bomb is refused and named."""

from __future__ import annotations

import bz2
import io
import struct
import zipfile
import zlib
from pathlib import Path
from typing import Any

import pytest

from explorer.export.capsule import CapsuleError, unpack
from tests.export.capsules import (
    PACKED,
    at_most,
    described,
    entries,
    refused,
    zipped,
)
from tests.race.toy_race import SETTINGS

WRONG: list[tuple[str, Any, str]] = [
    ("T", 0, "T = 0"),
    ("T", 20.0, "T = 20.0"),
    ("T", 19, "begins above T = 19"),
    ("T", 10**30, "T = 1000"),
    ("pictures", 17, "pictures = 17"),
    ("pictures", True, "pictures = True"),
    ("size", 129, "size = 129"),
    ("channels", 2, "channels"),
    ("title", "x" * 401, "at most 400"),
    ("title", "a\nb", "not text"),
    ("title", "\ud800", "some of it is not"),
    ("settings", {"command": "x"}, "no 'model'"),
    ("settings", SETTINGS | {"command": "x"}, "unknown entry 'command'"),
    ("settings", SETTINGS, "another number of images"),
    ("settings", SETTINGS | {"lanes": [{"sampler": "ddim", "steps": 3.0}]}, "steps = 3.0"),
    ("settings", [], "settings = .. should be a table"),
    ("lanes", [], "at least 1"),
    ("extra", 1, "unknown entry 'extra'"),
    ("format", "other", "not that of a race"),
    ("version", 2, "another version"),
    ("version", True, "another version"),
]
WRONG_LANE: list[tuple[str, Any, str]] = [
    ("name", 7, "name = 7"),
    ("kind", "euler", "kind = 'euler'"),
    ("kind", "heun", "corrected or it is not"),
    ("corrected", True, "corrected or it is not"),
    ("stochastic", 1, "= 1 should be true or false"),
    ("wide", 1, "= 1 should be true or false"),
    ("wide", True, "not 2 frames"),
    ("times", [20, 15, 15, 5, 0], "decrease"),
    ("times", [20, 15, 10, 5], "steps"),
    ("times", list(range(300, 0, -1)), "at most 256"),
    ("steps", [[20, 15]] * 4 + [[0]], "steps should have at least 2"),
    ("coefficients", [[1.0, 0.0, 1.0, 0.0, float("nan")]] * 5, "damaged"),
    ("coefficients", [[1.0, 0.0, 1.0, 0.0, 1e30]] * 5, "coefficients = 1e.30"),
    ("evaluated", [1, 2, 3, 4, "5"], "evaluated = '5'"),
    ("seconds", [-1, 0, 0, 0, 0], "seconds = -1"),
    ("counts", [2, 2], "count 4 frames"),
    ("counts", [2, 0, 3], "counts = 0"),
    ("counts", [1, 4], "not 1 frames"),
    ("counts", [5], "files that do not belong"),
    ("sheets", ["../0-0.bin"], "unknown entry 'sheets'"),
]


@pytest.mark.parametrize(("key", "value", "said"), WRONG)
def test_a_wrong_field_is_named(key: str, value: Any, said: str) -> None:
    refused(described(lambda race: race.__setitem__(key, value)), said)


@pytest.mark.parametrize(("key", "value", "said"), WRONG_LANE)
def test_a_wrong_field_of_a_lane_is_named(key: str, value: Any, said: str) -> None:
    refused(described(lambda race: race["lanes"][0].__setitem__(key, value)), said)


@pytest.mark.parametrize(
    "text",
    [b"", b"[]", b"null", b"{", b"\xff\xfe", b"[" * 200_000, b"9" * 5000, b'{"T": Infinity}'],
)
def test_json_that_describes_nothing_is_refused(text: bytes) -> None:
    with at_most(32):
        refused(zipped(entries() | {"race.json": text}), "its description")


@pytest.mark.parametrize(
    "name",
    ["../0-0.bin", "/etc/passwd", "C:\\race.json", "race.json/", "0-2.bin"],
)
def test_only_expected_names_are_read(name: str) -> None:
    refused(zipped(entries() | {name: b"x"}), "files that do not belong")


def test_missing_doubled_and_renamed_entries_are_refused() -> None:
    contents = entries()
    missing = {name: data for name, data in contents.items() if name != "1-0.bin"}
    refused(zipped(missing), "files that do not belong")
    refused(zipped(missing | {"../1-0.bin": contents["1-0.bin"]}), "files that do not belong")
    refused(zipped({"0-0.bin": contents["0-0.bin"]}), "race.json is missing")
    buffer = io.BytesIO(PACKED)
    with zipfile.ZipFile(buffer, "a") as file, pytest.warns(UserWarning, match="Duplicate"):
        file.writestr("race.json", contents["race.json"])
    refused(buffer.getvalue(), "files that do not belong")


def test_sheets_hold_exactly_their_frames() -> None:
    sheet = entries()["0-0.bin"]
    plain = zlib.decompress(sheet)
    for other in (
        *(b"", b"\x78", sheet[:-1], sheet + b"x", zlib.compress(plain[:-1]), plain),
        *(zlib.compress(plain + b"x"), bz2.compress(plain), sheet[:-4] + b"abcd", sheet * 2),
    ):
        refused(zipped(entries() | {"0-0.bin": other}), "sheet 1 of lane 1|0-0.bin unpacks")


def test_bombs_take_no_memory() -> None:
    zeros = bytes(100 * 2**20)
    bomb, waste = (
        zlib.compress(zeros[: 3 * 2**19], 9),
        b"\x78\x9c" + b"\0\0\0\xff\xff" * (6 * 2**20),
    )
    big_json = zipped(entries() | {"race.json": b" " * 50 * 2**20})
    lying = big_json.replace(struct.pack("<L", 50 * 2**20), struct.pack("<L", 1000))
    inner, twice = zipped(entries() | {"0-0.bin": bomb}), zipped(entries() | {"0-0.bin": zeros})
    empty = zipped(entries() | {"0-0.bin": waste})
    del zeros, bomb, waste
    with at_most(4):
        refused(inner, "sheet 1 of lane 1")
        refused(twice, "0-0.bin unpacks to more")
        refused(big_json, "race.json unpacks to more")
        refused(lying, "race.json is damaged")
        refused(empty, "0-0.bin unpacks to more")


def test_endless_lists_are_refused_before_they_are_read() -> None:
    many = zipped(entries() | {f"{k}.txt": b"" for k in range(3000)})
    with at_most(4):
        refused(many, "list of contents")
    end = bytearray(PACKED)
    end[-14:-10] = b"\xff\xff\xff\xff"  # two counts of entries
    refused(bytes(end), "list of contents|damaged")
    zip64 = PACKED[:-22] + b"PK\x06\x07" + bytes(16) + PACKED[-22:]
    refused(zip64, "list of contents")


def test_unusual_entries_are_refused() -> None:
    refused(zipped(entries(), zipfile.ZIP_BZIP2), "packed in an unsupported way")
    encrypted = PACKED.replace(
        b"PK\x01\x02\x14\x03\x14\x00\x00\x00", b"PK\x01\x02\x14\x03\x14\x00\x01\x00"
    )
    assert encrypted != PACKED
    refused(encrypted, "damaged")


def test_files_that_are_no_capsule_are_refused(tmp_path: Path) -> None:
    refused(b"", "not a complete")
    refused(b"PNG", "not a complete")
    refused(tmp_path / "none", "did not arrive")
    refused(tmp_path, "did not arrive")
    refused("a\0b", "did not arrive")


def test_nothing_is_written_unless_all_is_well(tmp_path: Path) -> None:
    bad = zipped(entries() | {"1-0.bin": b"x"})
    with pytest.raises(CapsuleError):
        unpack(bad, tmp_path / "race")
    assert not (tmp_path / "race").exists()
