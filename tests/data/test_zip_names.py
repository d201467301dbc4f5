"""Names in zips from all over the world: read as they were written, and no image lost by them."""

from __future__ import annotations

import struct
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from explorer.data.zip_names import entry_names, guess
from tests.data.made import picture, read

SHIFT_JIS = ("表", "十", "ソ", "能", "予", "貼", "構", "申")
"""The last byte of each is that of a backslash."""


def written(path: Path, entries: Mapping[bytes, bytes], extra: Mapping[bytes, bytes]) -> Path:
    """A zip as old archivers wrote it: names are bytes, and nothing says in which encoding."""
    body, listing = b"", b""
    for name, data in entries.items():
        more = extra.get(name, b"")
        about = struct.pack(
            *("<4H3L2H", 0, 0, 0, 0x21, zlib.crc32(data), len(data), len(data)),
            *(len(name), len(more)),
        )
        listing += b"PK\x01\x02" + struct.pack("<2H", 20, 20) + about
        listing += struct.pack("<3H2L", 0, 0, 0, 0, len(body)) + name + more
        body += b"PK\x03\x04" + struct.pack("<H", 20) + about + name + more + data
    end = struct.pack("<4H2LH", 0, 0, len(entries), len(entries), len(listing), len(body), 0)
    path.write_bytes(body + listing + b"PK\x05\x06" + end)
    return path


def in_code_page(path: Path, names: Sequence[str], encoding: str) -> Path:
    return written(path, {n.encode(encoding): picture(i) for i, n in enumerate(names)}, {})


def test_no_image_is_lost_to_a_character_that_ends_in_a_backslash(tmp_path: Path) -> None:
    names = [f"{c}.png" for c in (*SHIFT_JIS, "犬", "猫", "鳥", "魚")]
    data, note = read(in_code_page(tmp_path / "x.zip", names, "cp932"))
    assert len(data) == 12 and "nothing was skipped" in note


@pytest.mark.parametrize(
    ("encoding", "classes"),
    [
        ("cp932", ("十", "表")),
        ("cp932", ("ネコ", "犬の写真")),
        ("gb18030", ("小狗", "小猫")),
        ("gb18030", ("汽车", "火车", "飞机")),
        ("cp950", ("功能", "許可")),  # with the byte of a backslash
        ("cp949", ("강아지", "고양이")),
        ("euc_jp", ("いぬ", "ねこ")),
        ("cp866", ("кошки", "собаки")),
        ("cp1251", ("кошки", "собаки")),
        ("cp850", ("Kätzchen", "Vögel")),
        ("cp852", ("książka", "łódka")),
        ("cp737", ("γάτα", "σκύλος")),
        ("cp1252", ("Mädchen", "Süßes")),
        ("utf-8", ("Kätzchen", "猫")),
    ],
)
def test_class_folders_are_called_as_they_were(
    encoding: str, classes: tuple[str, ...], tmp_path: Path
) -> None:
    names = [f"set/{kind}/{i}.png" for kind in classes for i in range(5)]
    data, note = read(in_code_page(tmp_path / "x.zip", names, encoding))
    assert data.classes == classes and len(data) == len(names) and "nothing was skipped" in note


@pytest.mark.parametrize(
    ("encoding", "classes"),
    [
        *[
            ("cp949", each)
            for each in ("정상 불량", "사과 배", "서울 부산", "꽃 나무", "개 새", "바다 산")
        ],
        *[("cp949", each) for each in ("사람 동물", "개 고양이", "양성 음성", "호랑이 사자 토끼")],
        *[
            ("gb18030", each)
            for each in ("猫 狗", "大 花", "北京 上海", "男 女", "合格 不合格", "白 红")
        ],
        *[("gb18030", each) for each in ("花 草", "苹果 香蕉 西瓜 葡萄 草莓 菠萝", "报纸 书本")],
    ],
)
def test_few_short_names_of_korea_and_china(encoding: str, classes: str) -> None:
    """The bytes of each could be the other's."""
    assert guess(name.encode(encoding) for name in classes.split()) == encoding


def test_separators_of_windows_are_still_separators(tmp_path: Path) -> None:
    names = [f"set\\{kind}\\{i}.png" for kind in ("表示", "犬") for i in range(4)]
    assert read(in_code_page(tmp_path / "x.zip", names, "cp932"))[0].classes == ("犬", "表示")


def unicode_path(name: str, raw: bytes) -> bytes:
    """The extra field of Info-ZIP's with the name in UTF-8."""
    part = struct.pack("<BL", 1, zlib.crc32(raw)) + name.encode()
    return struct.pack("<HH", 0x7075, len(part)) + part


def test_a_name_that_stands_in_the_extra_field_counts_if_it_is_of_that_name(
    tmp_path: Path,
) -> None:
    names = [f"{kind}_{i}.png" for kind in ("ねこ", "いぬ") for i in range(4)]
    lost = {n: f"{i}_?.png".encode("cp850") + b"\xff" for i, n in enumerate(names)}
    entries = {raw: picture(i) for i, raw in enumerate(lost.values())}
    extra = {raw: unicode_path(name, raw) for name, raw in lost.items()}
    assert read(written(tmp_path / "x.zip", entries, extra))[0].classes == ("いぬ", "ねこ")
    stale = {raw: unicode_path(name, b"another") for name, raw in lost.items()}
    data, _ = read(written(tmp_path / "x.zip", entries, stale))
    assert len(data) == 8 and data.classes == ()


def test_hidden_entries_are_counted(tmp_path: Path) -> None:
    entries = {f"{i}.png".encode(): picture(i) for i in range(9)}
    hidden = {f"__MACOSX/._{i}.png".encode(): b"x" for i in range(9)} | {b".DS_Store": b"x"}
    data, note = read(written(tmp_path / "x.zip", entries | hidden, {}))
    assert len(data) == 9 and "10 skipped: 10 are hidden" in note


@given(st.lists(st.binary(min_size=1, max_size=12), max_size=6))
def test_any_bytes_are_some_name(names: list[bytes]) -> None:
    encoding = guess(names)
    infos = []
    for raw in names:
        info = zipfile.ZipInfo(raw.decode("cp437"))
        infos.append(info)
    found = [name for _, name in entry_names(infos)]
    assert len(found) == len(names) and all("\\" not in name for name in found)
    assert encoding == guess(names)


def test_however_many_names_a_zip_has_all_can_be_read() -> None:
    """Some are looked at; the one that rules an encoding out may be any of them."""
    many = [f"写真{i}十.png".encode("cp932") for i in range(5000)]
    assert guess(many) == guess(many[:50]) == "cp932"
    odd = [*many[:1777], b"\x81 .png", *many[1777:]]
    chosen = guess(odd)
    assert chosen != "cp932" and all(name.decode(chosen) for name in odd)
