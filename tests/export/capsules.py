"""Capsules to be opened: whole ones, forged ones, and what is said of them."""

from __future__ import annotations

import io
import json
import tracemalloc
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from explorer.export import capsule
from explorer.export.capsule import CapsuleError, pack, unpack
from explorer.race.lanes import ddim
from explorer.race.view import RaceView
from tests.race.toy_race import Toy

TOY = Toy(size=8, n=2, lanes=[ddim(20, 4), ddim(20, 3, eta=1.0)])
PACKED = pack(TOY.view)
NOWHERE = Path("/nowhere")


def entries(data: bytes = PACKED) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as file:
        return {name: file.read(name) for name in file.namelist()}


def zipped(contents: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as file:
        for name, data in contents.items():
            file.writestr(name, data)
    return buffer.getvalue()


def described(change: Callable[[Any], Any]) -> bytes:
    """A capsule whose description was changed; `change` returns another one or None."""
    stored = json.loads(entries()["race.json"])
    result = change(stored)
    text = json.dumps(stored if result is None else result)
    return zipped(entries() | {"race.json": text.encode()})


def facts(view: RaceView) -> dict[str, Any]:
    """All that a race is, its sheets as bytes."""
    found = asdict(view)
    del found["id"]
    for lane in found["lanes"]:
        lane["sheets"] = [
            sheet["data"] or Path(sheet["path"]).read_bytes() for sheet in lane["sheets"]
        ]
    return found


def opened(data: bytes) -> dict[str, Any] | None:
    """What a capsule holds; None if it was refused with a sentence."""
    try:
        return facts(capsule._opened(capsule._bytes(data)))
    except CapsuleError as error:
        said = str(error)
        assert said.endswith(".") and "\n" not in said and len(said) < 400
        return None


@contextmanager
def at_most(megabytes: float) -> Iterator[None]:
    tracemalloc.start()
    try:
        yield
        assert tracemalloc.get_traced_memory()[1] < megabytes * 2**20
    finally:
        tracemalloc.stop()


def refused(data: bytes | str | Path, said: str) -> None:
    with pytest.raises(CapsuleError, match=said):
        unpack(data, NOWHERE)
