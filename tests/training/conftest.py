"""Data that several modules train on."""

from __future__ import annotations

from pathlib import Path

import pytest

from explorer.data import ImageSet, load
from explorer.training import Record
from explorer.training import record as recording


@pytest.fixture(scope="session")
def small_digits() -> ImageSet:
    """5,000 digits of 8 × 8."""
    return load("mnist-5k", size=8)


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A failed write is tried again at once."""
    monkeypatch.setattr(recording, "PAUSE", 0.0)


@pytest.fixture
def record(tmp_path: Path) -> Record:
    """A place that nothing was written to."""
    return Record(tmp_path / "digits.safetensors")
