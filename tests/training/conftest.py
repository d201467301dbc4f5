"""Data that several modules train on."""

from __future__ import annotations

import pytest

from explorer.data import ImageSet, load
from explorer.training import record


@pytest.fixture(scope="session")
def small_digits() -> ImageSet:
    """5,000 digits of 8 × 8."""
    return load("mnist-5k", size=8)


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A failed write is tried again at once."""
    monkeypatch.setattr(record, "PAUSE", 0.0)
