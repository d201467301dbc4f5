"""Tables of classes: for pictures that are not there, endless, or in no format at all."""

from __future__ import annotations

import json
from collections.abc import Iterator

from tests.hostile.case import Case, Fate
from tests.hostile.texts import NAMES, NO_NAMES

FILES = [f"good-{k}.png" for k in range(8)]


def labels() -> Iterator[Case]:
    """All of them; good-0.png … good-7.png lie beside them."""
    for fate, name, data in (*_names(), *_damaged()):
        yield Case("labels", fate, name, data)


def _names() -> Iterator[tuple[Fate, str, bytes]]:
    for name, text in (NAMES | NO_NAMES).items():
        rows = {file: text if k % 2 else "b" for k, file in enumerate(FILES)}
        yield "taken", f"class-{name}.json", json.dumps(rows).encode()
        rows = {file: "ab"[k % 2] for k, file in enumerate(FILES)} | {text: "c"}
        yield "taken", f"file-{name}.json", json.dumps(rows).encode()


def _damaged() -> Iterator[tuple[Fate, str, bytes]]:
    good = b"file,label\n" + b"".join(b"good-%d.png,%d\n" % (k, k % 2) for k in range(8))
    yield "taken", "good.csv", good
    yield "taken", "more.csv", good + b"../../etc/passwd,root\n/etc/passwd,root\n\n,,,,\n"
    yield "taken", "ragged.csv", good + b"a\n" + b"," * 10_000 + b"\n"
    for name, data in {
        "empty.csv": b"",
        "zeros.csv": bytes(10_000),
        "half.csv": good[:30],
        "quote.csv": b'file,label\n"' + good * 1000,
        "columns.csv": b"," * 900_000,
        "endless.csv": good * 20_000,
        "utf-16.csv": good.decode().encode("utf-16"),
        "deep.json": b"[" * 900_000,
        "deep-tables.json": b'{"a":' * 150_000,
        "lists.json": b"[" + b"[]," * 300_000 + b"[]]",
        "tables.json": b"[" + b"{}," * 300_000 + b"{}]",
        "digits.json": b"[" + b"9" * 900_000 + b"]",
        "numbers.json": b"[NaN, Infinity, 1e999]",
        "keys.json": json.dumps({file: {"label": 1} for file in FILES}).encode(),
        "lines.jsonl": b"{}\n" * 300_000,
        "picture.json": b"\x89PNG\r\n\x1a\n",
    }.items():
        yield "refused", name, data
