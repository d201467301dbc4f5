"""The pictures that loading is measured with are read as what they say they are."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.data import archive, fullest
from explorer.data import load


@pytest.mark.parametrize(("kind", "channels"), [("JPEG", 3), ("PNG", 1), ("npz", 3)])
def test_what_is_measured_is_whole(kind: str, channels: int, tmp_path: Path) -> None:
    name = "a.npz" if kind == "npz" else "a.zip"
    data = load(archive(tmp_path / name, kind, 260, 16), size=16, root=tmp_path)
    assert data.images.shape == (260, channels, 16, 16)
    assert data.classes == (() if kind == "npz" else ("a", "b"))
    assert len(data.images[:, 0, 5, 5].unique()) > 50


def test_memory_that_is_used_is_counted() -> None:
    before = fullest()
    used = bytearray(b"x") * int(before * 2**20)  # all at once, beyond what was ever in use
    assert fullest() > before + 50 and len(used) > 0
