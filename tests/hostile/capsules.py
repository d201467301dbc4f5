"""Capsules, and the tables of quality that lie beside models: JSON that means harm."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator
from typing import Any

from tests.export.capsules import PACKED, described, entries, zipped
from tests.hostile.case import Case, Fate
from tests.hostile.texts import NAMES, NO_NAMES

JSONS = {
    "nothing": b"",
    "null": b"null",
    "open": b"{",
    "deep": b"[" * 500_000,
    "deep-tables": b'{"a":' * 100_000,
    "long-number": b"9" * 200_000,
    "infinity": b'{"T": Infinity}',
    "not-utf-8": b"\xff\xfe\x00",
    "half-a-sign": b'{"model": "\\ud800"}',
    "wide": b"[" + b"0," * 500_000 + b"0]",
    "twice": b'{"T": 1, "T": 2}',
    "marked": b'\xef\xbb\xbf{"T": 1}',
}


def named(text: str) -> bytes:
    """A capsule that calls everything so that may be called anything."""

    def change(race: dict[str, Any]) -> None:
        race["title"] = text
        race["settings"]["model"] = text
        for lane in race["lanes"]:
            lane["name"] = text

    return described(change)


def capsules() -> Iterator[Case]:
    """All of them."""
    for fate, name, data in _capsules():
        yield Case("capsules", fate, f"{name}.race.zip", data)
    for name, data in JSONS.items():
        yield Case("tables", "refused", f"{name}.quality.json", data)
    yield Case("tables", "refused", "large.quality.json", json.dumps({"a": "b" * 10**7}).encode())


def _capsules() -> Iterator[tuple[Fate, str, bytes]]:
    yield "taken", "whole", PACKED
    for name, text in NAMES.items():
        yield "taken", f"called-{name}", named(text)
    for name, text in NO_NAMES.items():
        yield "refused", f"no-name-{name}", named(text)
    for name, text in JSONS.items():
        yield "refused", f"json-{name}", zipped(entries() | {"race.json": text})
    zeros = bytes(60 * 2**20)
    for name, changed in {
        "bomb": {"0-0.bin": zlib.compress(zeros, 9)},
        "zeros": {"0-0.bin": zeros},
        "description-bomb": {"race.json": b" " * (60 * 2**20)},
        "one-more": {"2-0.bin": b"x"},
        "up": {"../up.bin": b"x"},
        "root": {"/etc/passwd": b"x"},
        "no-zlib": {"0-0.bin": b"x" * 50},
        "many": {f"{k}.txt": b"" for k in range(3000)},
    }.items():
        yield "refused", name, zipped(entries() | changed)
    for k in (0, 4, 22, 100, len(PACKED) // 2, len(PACKED) - 1):
        yield "refused", f"cut-to-{k}", PACKED[:k]
    for key, value in {
        "T": 10**30,
        "pictures": 10**9,
        "size": 10**9,
        "channels": 10**9,
        "lanes": [],
        "settings": {"model": "x", "__class__": 1},
    }.items():
        yield "refused", f"says-{key}", described(lambda race, k=key, v=value: race.update({k: v}))
