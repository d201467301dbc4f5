"""Arrays of pictures: pickles, bombs, headers that lie, labels that are none."""

from __future__ import annotations

import io
import pickle
import struct
import zipfile
from collections.abc import Iterator

import numpy as np
from numpy.lib import format as npy

from tests.hostile.case import Case, Fate
from tests.hostile.texts import NAMES, NO_NAMES
from tests.hostile.zips import zipped

PICTURES = (np.arange(8 * 16 * 16 * 3) % 251).astype(np.uint8).reshape(8, 16, 16, 3)
GREY = PICTURES[..., 0].copy()
Cases = Iterator[tuple[Fate, str, bytes]]


def array(values: object) -> bytes:
    """As numpy writes it; what is no array is pickled."""
    buffer = io.BytesIO()
    npy.write_array(buffer, np.asarray(values), allow_pickle=True)
    return buffer.getvalue()


def npz(**entries: bytes) -> bytes:
    """The entries NAME.npy, packed; the same ones give the same bytes."""
    named = ((f"{name}.npy", data) for name, data in entries.items())
    return zipped(*named, good=False)


def headed(text: str | bytes, data: bytes = b"", version: tuple[int, int] = (1, 0)) -> bytes:
    """An array from its header, which may lie."""
    head = text if isinstance(text, bytes) else text.encode() + b"\n"
    length = struct.pack("<H" if version == (1, 0) else "<I", len(head))
    return npy.MAGIC_PREFIX + bytes(version) + length + head + data


def about(shape: object, kind: str = "|u1", order: bool = False) -> str:
    return repr({"descr": kind, "fortran_order": order, "shape": shape})


def arrays() -> Iterator[Case]:
    """All of them."""
    for parts in (_whole(), _headers(), _labels(), _bombs()):
        for fate, name, data in parts:
            yield Case("arrays", fate, f"{name}.npz", data)


def _whole() -> Cases:
    yield "taken", "colour", npz(images=array(PICTURES))
    yield "taken", "grey", npz(images=array(GREY), other=b"x" * 99)
    yield "taken", "line", npz(images=array(np.zeros((8, 1, 4000), np.uint8)))
    yield "refused", "none", npz()
    yield "refused", "zip", zipped()
    yield "refused", "empty", b""
    yield "refused", "text", b"<html>"
    whole = npz(images=array(PICTURES))
    yield "refused", "half", whole[: len(whole) // 2]
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_LZMA) as file:
        file.writestr(zipfile.ZipInfo("images.npy"), array(PICTURES), zipfile.ZIP_LZMA)
    yield "refused", "lzma", buffer.getvalue()


def _headers() -> Cases:
    pickled = pickle.dumps(["x"] * 8)
    for name, text in {
        "object": about((8,), "|O"),
        "float": about((8, 16, 16), "<f4"),
        "record": repr({"descr": [("a", "|O")], "fortran_order": False, "shape": (8,)}),
        "columns": about((8, 16, 16), order=True),
        "short": about((9, 16, 16)),
        "long": about((8, 16, 15)),
        "huge": about((2**62, 16, 16)),
        "endless": about((10**3000, 16, 16)),
        "wide": about((8, 2**31, 2**31)),
        "many": about((8,) * 3000),
        "nothing": about((8, 0, 16)),
        "negative": about((8, -16, -16)),
        "scalar": about(()),
        "text": about("8, 16, 16"),
        "truth": about((True, True, True)),
        "program": "__import__('os').abort()",
        "deep": "(" * 9000,
        "deep-list": "[" * 90 + "]" * 90,
        "no-table": "8",
        "other-keys": repr({"shape": (8, 16, 16)}),
        "long-kind": about((8, 16, 16), "|u1" + "x" * 5000),
        "spaces": about((8, 16, 16)) + " " * 40_000,
    }.items():
        yield "refused", f"header-{name}", npz(images=headed(text, pickled))
    good = about((8, 16, 16))
    yield "taken", "header-good", npz(images=headed(good, GREY.tobytes()))
    for version in ((2, 0), (3, 0), (255, 255)):
        data = headed(good, GREY.tobytes(), version)
        yield "refused", f"version-{version[0]}", npz(images=data)
    lies = npy.MAGIC_PREFIX + b"\2\0" + b"\xff\xff\xff\x7f" + bytes(50 * 2**20)
    yield "refused", "header-of-gigabytes", npz(images=lies)


def _labels() -> Cases:
    images = array(GREY)
    for name, values in {
        "few": [1, 2],
        "parts": [0.5] * 8,
        "objects": [None] * 8,
        "rows": [[1]] * 8,
    }.items():
        yield "refused", f"labels-{name}", npz(images=images, labels=array(values))
    none = array(np.full(8, -1))
    hostile = ["<img src=x onerror=alert(1)>", "\u202e", "=1+1", ""] * 2
    yield "taken", "labels-text", npz(images=images, labels=array(hostile))
    yield "taken", "labels-none", npz(images=images, labels=none)
    large = np.array([2**64 - 1, 0] * 4, np.uint64)
    yield "taken", "labels-large", npz(images=images, labels=array(large))
    labels = array(np.array([0, 1] * 4))
    for name, text in (NAMES | NO_NAMES).items():
        classes = array(np.array([text, "b"]))
        fate: Fate = "refused" if len(text) > 300 else "taken"
        yield fate, f"class-{name}", npz(images=images, labels=labels, classes=classes)
    no_text = headed(about((2,), "<U1"), b"\xff" * 8)
    yield "refused", "class-no-text", npz(images=images, labels=labels, classes=no_text)
    wide = headed(about((2,), "<U0"))
    yield "refused", "class-empty", npz(images=images, labels=labels, classes=wide)
    far = headed(about((2**40,), "<U9"))
    yield "refused", "classes-endless", npz(images=images, labels=labels, classes=far)


def _bombs() -> Cases:
    side = 4_000
    flat = headed(about((8, side, side)), bytes(8 * side * side))
    yield "refused", "bomb", npz(images=flat)
    yield "refused", "bomb-of-many", npz(images=headed(about((3_000, 64, 64)), bytes(2**20)))
    rest = headed(about((8, 16, 16)), bytes(60 * 2**20))
    yield "refused", "bomb-behind", npz(images=rest)
