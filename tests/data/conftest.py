"""Nothing of these tests lands in the data root of whoever runs them."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def own_root(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data root of the test's own, which is not in its folder."""
    root = tmp_path_factory.mktemp("root")
    monkeypatch.setenv("DIFFUSION_EXPLORER_DATA", str(root))
    return root
