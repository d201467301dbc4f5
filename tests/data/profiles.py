"""ICC profiles made for the tests (ICC.1:2001-04): a matrix and a gamma, or a gamma of grey."""

from __future__ import annotations

import struct
from collections.abc import Sequence

D50 = (0.9642, 1.0, 0.8249)
SRGB = ((0.4361, 0.2225, 0.0139), (0.3851, 0.7169, 0.0971), (0.1431, 0.0606, 0.7142))
"""X, Y, Z of red, green and blue, seen under D50."""


def _numbers(values: Sequence[float]) -> bytes:
    """As ICC writes them, s15Fixed16."""
    return b"".join(struct.pack(">i", round(65536 * value)) for value in values)


def _profile(space: bytes, kind: bytes, tags: dict[bytes, bytes]) -> bytes:
    table, body = struct.pack(">I", len(tags)), b""
    place = 128 + 4 + 12 * len(tags)
    for name, data in tags.items():
        data += b"\0" * (-len(data) % 4)
        table += name + struct.pack(">2I", place + len(body), len(data))
        body += data
    size = place + len(body)
    header = struct.pack(">I4xI4s4s4s12x4s28x", size, 0x02100000, kind, space, b"XYZ ", b"acsp")
    return (header + _numbers(D50)).ljust(128, b"\0") + table + body


def _text(name: str) -> bytes:
    said = name.encode() + b"\0"
    return b"desc\0\0\0\0" + struct.pack(">I", len(said)) + said + bytes(78)


def _gamma(gamma: float) -> bytes:
    return b"curv\0\0\0\0" + struct.pack(">IH", 1, round(256 * gamma))


def of_primaries(primaries: Sequence[Sequence[float]], gamma: float = 2.2) -> bytes:
    """A profile of RGB with these primaries; `SRGB` turned round swaps red and blue."""
    tags = {b"desc": _text("made for tests"), b"wtpt": b"XYZ \0\0\0\0" + _numbers(D50)}
    for letter, colour in zip(b"rgb", primaries, strict=True):
        tags[bytes([letter]) + b"XYZ"] = b"XYZ \0\0\0\0" + _numbers(colour)
        tags[bytes([letter]) + b"TRC"] = _gamma(gamma)
    return _profile(b"RGB ", b"mntr", tags)


def of_grey(gamma: float) -> bytes:
    """A profile of grey images."""
    tags = {b"desc": _text("grey for tests"), b"wtpt": b"XYZ \0\0\0\0" + _numbers(D50)}
    return _profile(b"GRAY", b"mntr", tags | {b"kTRC": _gamma(gamma)})
