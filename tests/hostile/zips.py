"""Zips: bombs, ways out of a folder, lists that lie; each with pictures enough to be a set."""

from __future__ import annotations

import io
import stat
import struct
import warnings
import zipfile
from collections.abc import Callable, Iterator

from tests.hostile.case import Case, Fate
from tests.hostile.pictures import HTML, png, saved, sketch

GOOD = {f"good/{k}.png": saved(sketch(side=16 + k), "PNG") for k in range(8)}
Entry = tuple[str | zipfile.ZipInfo, bytes]


def zipped(*entries: Entry, method: int = zipfile.ZIP_DEFLATED, good: bool = True) -> bytes:
    """The entries after eight good pictures; the same ones give the same bytes."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as file, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # two of one name
        for name, data in [*(GOOD.items() if good else ()), *entries]:
            info = name if isinstance(name, zipfile.ZipInfo) else zipfile.ZipInfo(name)
            info.compress_type = method
            file.writestr(info, data)
    return buffer.getvalue()


def marked(name: str, mode: int) -> zipfile.ZipInfo:
    """An entry that says it is a link, a pipe, a device …"""
    info = zipfile.ZipInfo(name)
    info.create_system, info.external_attr = 3, mode << 16
    return info


def zips() -> Iterator[Case]:
    """All of them."""
    for parts in (_names(), _entries(), _bombs(), _lies()):
        for fate, name, data in parts:
            yield Case("zips", fate, name, data)


def _names() -> Iterator[tuple[Fate, str, bytes]]:
    picture = saved(sketch(), "PNG")
    for name, path in {
        "up": "../../up.png",
        "up-inside": "a/../../up.png",
        "root": "/etc/cron.d/root.png",
        "drive": "C:\\Windows\\a.png",
        "drive-relative": "C:a.png",
        "share": "\\\\host\\share\\a.png",
        "backslashes": "..\\..\\a.png",
        "device": "CON.png",
        "stream": "a.png:hidden.png",
        "markup": "<img src=x onerror=alert(1)>.txt",
        "markdown": "![x](http://hostile.invalid/a.png).txt",
        "turned": "\u202egnp.exe",
        "escape": "\x1b[2J\x07.png",
        "endless": "x" * 60_000 + ".png",
        "deep": "d/" * 5_000 + "a.png",
        "surrogate": "\u00ff\u00fe.png",
        "spaces": "   .png",
        "dots": "....//....//a.png",
        "hidden": "__MACOSX/._a.png",
    }.items():
        yield "taken", f"{name}.zip", zipped((path, picture))
        yield "taken", f"{name}-unread.zip", zipped((path, HTML))


def _entries() -> Iterator[tuple[Fate, str, bytes]]:
    picture = saved(sketch(), "PNG")
    for name, mode in {
        "link": stat.S_IFLNK | 0o777,
        "pipe": stat.S_IFIFO | 0o666,
        "disk": stat.S_IFBLK | 0o666,
        "socket": stat.S_IFSOCK | 0o666,
        "root-bit": stat.S_IFREG | 0o4777,
    }.items():
        yield "taken", f"{name}.zip", zipped((marked(f"{name}.png", mode), b"/etc/passwd"))
    yield "taken", "twice.zip", zipped(("good/0.png", picture), ("good/0.png", HTML))
    yield "taken", "folder-and-file.zip", zipped(("good", picture), ("good/0.png/", b""))
    yield "taken", "nested.zip", zipped(("inner.zip", zipped()))
    yield "taken", "nested-as-png.zip", zipped(("inner.png", zipped()))
    yield "taken", "html-as-png.zip", zipped(("page.png", HTML))
    yield "taken", "bzip2.zip", zipped(("a.png", picture), method=zipfile.ZIP_STORED)
    yield "refused", "all-bzip2.zip", zipped(method=zipfile.ZIP_BZIP2)
    yield "refused", "all-lzma.zip", zipped(method=zipfile.ZIP_LZMA)
    yield "refused", "nothing.zip", zipped(good=False)
    yield "refused", "no-pictures.zip", zipped(("a.txt", HTML), good=False)


def _bombs() -> Iterator[tuple[Fate, str, bytes]]:
    zeros = bytes(50 * 2**20)
    yield "taken", "bomb.zip", zipped(("zeros.png", zeros))
    inner = zipped(("zeros.bin", zeros), good=False)
    yield "taken", "bomb-in-bomb.zip", zipped(*((f"{k}.zip", inner) for k in range(20)))
    yield "taken", "pixels.zip", zipped(("big.png", png(13_300, 13_300, depth=1)))
    flat = png(4_600, 4_600)
    yield "refused", "pixels-in-all.zip", zipped(*((f"{k:02}.png", flat) for k in range(50)))
    names: list[Entry] = [(f"{k}.png", b"") for k in range(2_500)]
    yield "refused", "many.zip", zipped(*names)
    yield "refused", "many-hidden.zip", zipped(*((f"{k:05}/" * 8, b"") for k in range(12_000)))
    yield "either", "overlapping.zip", _overlapping(zipped(("zeros.png", zeros[: 2**20])))


def _overlapping(data: bytes) -> bytes:
    """Every entry of the list is the last one's data: a flat bomb."""
    end = data.rindex(b"PK\x05\x06")
    begin = struct.unpack("<L", data[end + 16 : end + 20])[0]
    listed, at = bytearray(data), begin
    last = data.rindex(b"PK\x01\x02")
    while at < last:
        lengths = struct.unpack("<HHH", data[at + 28 : at + 34])
        listed[at + 10 : at + 28] = data[last + 10 : last + 28]
        listed[at + 42 : at + 46] = data[last + 42 : last + 46]
        at += 46 + sum(lengths)
    return bytes(listed)


def _lies() -> Iterator[tuple[Fate, str, bytes]]:
    whole = zipped(("zeros.png", bytes(2**20)))
    end = whole.rindex(b"PK\x05\x06")
    central = whole.index(b"PK\x01\x02")
    last = whole.rindex(b"PK\x01\x02")

    def changed(at: int, data: bytes) -> bytes:
        return whole[:at] + data + whole[at + len(data) :]

    lies: dict[str, Callable[[], tuple[Fate, bytes]]] = {
        "empty": lambda: ("refused", b""),
        "signature": lambda: ("refused", b"PK\x03\x04"),
        "half": lambda: ("refused", whole[: len(whole) // 2]),
        "no-end": lambda: ("refused", whole[:end]),
        "text": lambda: ("refused", HTML),
        "rar": lambda: ("refused", b"Rar!\x1a\x07\x00" + bytes(100)),
        "encrypted": lambda: ("taken", changed(last + 8, b"\x01\x00")),
        "strongly-encrypted": lambda: ("taken", changed(last + 8, b"\x41\x00")),
        "method-99": lambda: ("taken", changed(last + 10, b"\x63\x00")),
        "wrong-crc": lambda: ("taken", changed(last + 16, b"\x00\x00\x00\x01")),
        "says-small": lambda: ("taken", changed(last + 24, struct.pack("<L", 10))),
        "says-huge": lambda: ("taken", changed(last + 24, b"\xfe\xff\xff\xff")),
        "far-away": lambda: ("taken", changed(last + 42, b"\xfe\xff\xff\x7f")),
        "long-list": lambda: ("refused", changed(end + 12, b"\xff\xff\xff\x7f")),
        "list-far-away": lambda: ("refused", changed(end + 16, b"\xff\xff\xff\x7f")),
        "long-comment": lambda: ("taken", changed(end + 20, b"\xff\xff")),
        "long-name": lambda: ("either", changed(central + 28, b"\xff\xff")),
        "version": lambda: ("either", changed(last + 6, b"\xff\x00")),
        "program-before": lambda: ("taken", b"#!/bin/sh\nexit\n" + whole),
        "picture-before": lambda: ("taken", saved(sketch(), "PNG") + whole),
    }
    for name, make in lies.items():
        fate, data = make()
        yield fate, f"lie-{name}.zip", data
