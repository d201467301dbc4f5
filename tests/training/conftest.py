"""Data that several modules train on."""

from __future__ import annotations

import pytest

from explorer.data import ImageSet, load


@pytest.fixture(scope="session")
def small_digits() -> ImageSet:
    """5,000 digits of 8 × 8."""
    return load("mnist-5k", size=8)
