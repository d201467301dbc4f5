"""Names in zips: a zip seldom says in which encoding its names are, so it is found from them.

Entries marked as UTF-8 are (APPNOTE.TXT 4.4.4, bit 11), and so is a name in the extra field 0x7075
(4.6.9). All others are in whatever the archiver's system wrote: the code page of DOS or Windows in
its country, or UTF-8 without the mark (macOS). Those of one zip are taken to be in one encoding:
the one that makes the most of their characters what that encoding's writers write most.
"""

from __future__ import annotations

import struct
import unicodedata
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType

MARKED = 0x800
"""Flag: the name is in UTF-8."""
UNICODE_PATH = 0x7075
PLAUSIBLE = 0.5
"""A lesser share of common characters is no evidence: then it is code page 437, as marked."""
SYLLABLES = frozenset(
    "가각간갈감갑강같개거건걸것게격견결경계고곡곰공과관광교구국군귤그극근글금급기길김까깨꽃나날남내"
    "너네년노녹농누눈능니늘다단달닭담당대덕데도독돌동돼되된두드든들등디딸때라락란람랑래량러레려력"
    "련로록론료루류르른를름리린림마만말망매머먹면명모목무문물미민바박반발밤방배백버번벌벽변별병보복"
    "본볼봉부북분불비빛빵사산살상새색생서석선설성세소속손송쇠수술쉬스승시식신실심쌀쓰아악안알암압애"
    "야약양어억언얼업에여역연열영예오옥온올와완외요용우운울원월위유육윤은을음의이인일임입자작잔장재"
    "저적전절점정제조족종주죽중즈지직진질집차참창책천철청체초총추축출치친침카코콩크타탁탄태터토통"
    "트특티파판팔포표풀품프피필하학한할함합항해행향허현형호혼홍화환활황회효후훈휴흑희흰스럭택컵접웃슬픔레벨센"
)
"""Those that Korean writes most. Chinese that is read as Korean has one of them in seven."""

Ranges = tuple[tuple[int, int, float], ...]
PAIRS: Mapping[str, Ranges] = MappingProxyType(
    {
        # Japanese, Windows: kana; kanji of JIS level 1, and 2
        "cp932": ((0x829F, 0x8396, 1), (0x889F, 0x9872, 1), (0x989F, 0xEAA4, 0.5)),
        # Korean, Windows: the syllables of KS X 1001, and what Windows added; Chinese characters
        "cp949": ((0xB0A1, 0xC8FE, 1), (0x8141, 0xC5FE, 0.4), (0xCAA1, 0xFDFE, 0.3)),
        # Chinese, simplified: GB 2312 level 1, and 2
        "gb18030": ((0xB0A1, 0xD7F9, 1), (0xD8A1, 0xF7FE, 0.5)),
        # Japanese, Unix: kana; kanji of JIS level 1, and 2
        "euc_jp": ((0xA4A1, 0xA5F6, 1), (0xB0A1, 0xCFD3, 1), (0xD0A1, 0xF4A6, 0.5)),
        # Chinese, traditional: Big5 level 1, and 2
        "cp950": ((0xA440, 0xC67E, 1), (0xC940, 0xF9D5, 0.5)),
    }
)
"""Encoding -> its pairs of bytes, lead and trail, from, to and how common they are, 0…1."""
COMMON = 0.7
"""Where more of the different ones than this are `SYLLABLES`, it is Korean."""
LETTERS = (
    *("cp850", "cp866", "cp852", "cp737", "cp857"),  # DOS, by country
    *("cp1252", "cp1251", "cp1250", "cp1253", "cp1254", "cp1255", "cp1256", "cp874", "koi8_r"),
)
"""Of single bytes: the first of those that fit equally well is chosen."""
LOOKED_AT = 500
"""Names, at most about twice as many, by which an encoding is chosen."""
SELDOM = frozenset("ƒªºµþðÞÐ")
"""Letters that one language writes, or none."""


def entry_names(entries: Iterable[zipfile.ZipInfo]) -> Iterator[tuple[zipfile.ZipInfo, str]]:
    """Every entry with its path, as people know it, with "/"."""
    entries = list(entries)
    names = [_told(info) for info in entries]
    encoding = guess(name for name in names if isinstance(name, bytes))
    for info, told in zip(entries, names, strict=True):
        name = told if isinstance(told, str) else told.decode(encoding)
        # only now: in Japanese and Chinese a character may end in the byte of a backslash
        yield info, name.replace("\\", "/")


def guess(names: Iterable[bytes]) -> str:
    """The encoding of these names: UTF-8 if all can be, cp437 if they could be in any.

    Not name by name: "小猫" in GB 18030 happens to be UTF-8 too.
    """
    names = [name for name in names if not name.isascii()]
    if _decodable(names, "utf-8"):
        return "utf-8"
    possible = [each for each in (*PAIRS, *LETTERS) if _decodable(names, each)]
    some = names[:: 1 + len(names) // LOOKED_AT]  # from all over the zip, however many there are
    found = [(_share(some, encoding), encoding) for encoding in possible]
    best = max((share for share, _ in found), default=0.0)
    if best < PLAUSIBLE:
        return "cp437"
    return next(encoding for share, encoding in found if share >= best - 1e-9)


def _told(info: zipfile.ZipInfo) -> str | bytes:
    """The name, or its bytes where it is not known what they mean."""
    name = info.orig_filename.partition("\0")[0]
    if info.flag_bits & MARKED or name.isascii():
        return name
    raw = name.encode("cp437")
    return _unicode_path(info.extra, raw) or raw


def _decodable(names: list[bytes], encoding: str) -> bool:
    """Whether all of them could be in this encoding."""
    try:
        for name in names:
            name.decode(encoding)
        return True
    except UnicodeDecodeError:
        return False


def _unicode_path(extra: bytes, raw: bytes) -> str | None:
    """The name in UTF-8 that an archiver put beside one in its code page, if it is of that one."""
    while len(extra) >= 4:
        kind, size = struct.unpack_from("<HH", extra)
        part, extra = extra[4 : 4 + size], extra[4 + size :]
        if kind == UNICODE_PATH and len(part) > 5 and part[0] == 1:
            if int.from_bytes(part[1:5], "little") == zlib.crc32(raw):
                try:
                    return part[5:].decode("utf-8")
                except UnicodeDecodeError:
                    return None
    return None


def _share(names: list[bytes], encoding: str) -> float:
    """How much of what is not ASCII is common in this encoding, 0…1."""
    scores: list[float] = []
    for name in names:
        text = name.decode(encoding)
        weigh = _pair if encoding in PAIRS else _letter
        scores += [weigh(text, i, encoding) for i, c in enumerate(text) if not c.isascii()]
    if not scores:
        return 0.0
    share = sum(scores) / len(scores)
    if encoding == "cp949":  # every Korean syllable lies where Chinese has its commonest
        found = {c for name in names for c in name.decode(encoding) if not c.isascii()}
        common = len(found & SYLLABLES) / len(found)
        return share if common > COMMON else share - 0.1
    return share


def _pair(text: str, i: int, encoding: str) -> float:
    """How common a character of two bytes is; less where it could be an accented letter between
    two others."""
    both = text[i].encode(encoding)
    number, before = int.from_bytes(both, "big"), text[i - 1 : i]
    score = next((s for low, high, s in PAIRS[encoding] if low <= number <= high), 0.1)
    amid = before.isascii() and before.isalpha() and both[-1:].isalpha()
    return score * (0.4 if amid else 1)


def _letter(text: str, i: int, encoding: str) -> float:
    """How common a letter of one byte is: beside letters of its script, small after small ones."""
    c, before, after = text[i], text[i - 1 : i], text[i + 1 : i + 2]
    if not (c.isalpha() or unicodedata.category(c) == "Mn"):
        return 0.0
    beside = [each for each in (before, after) if each.isalpha()]
    if c in SELDOM or not any(_script(each) == _script(c) for each in beside):
        return 0.4
    if _script(c) == "LATIN" and not any(each.isascii() for each in beside):
        return 0.4
    if any(_script(each) != _script(c) for each in beside):
        return 0.2
    return 0.3 if (before.islower() and c.isupper()) or (c.islower() and after.isupper()) else 1


def _script(c: str) -> str:
    """The first word of a letter's name: LATIN, CYRILLIC, …; "" for what has none."""
    return unicodedata.name(c, "").partition(" ")[0]
