"""Tiny models with random weights, and small references for them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from explorer import checkpoints
from explorer.checkpoints import Spec
from explorer.diffusion import Denoiser
from explorer.evaluation import Reference, load_reference

DIGITS = Spec(
    name="tiny", data="mnist-5k", licence="-", size=8, channels=1, classes=tuple("0123456789"),
    network="unet", network_config={"channels": 1, "classes": 10, "T": 40, "width": 8},
    schedule="cosine", T=40, target="x0",
)  # fmt: skip
FREE = replace(
    DIGITS, name="free", classes=(), network_config={**DIGITS.network_config, "classes": 0}
)


def made(path: Path, spec: Spec, seed: int = 1) -> Path:
    """A checkpoint with random weights."""
    g = torch.Generator().manual_seed(seed)
    weights = {
        name: 0.3 * torch.randn(value.shape, generator=g)
        for name, value in spec.make_network().state_dict().items()
    }
    return checkpoints.save(path, weights, spec)


@pytest.fixture(scope="session")
def digits(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made(tmp_path_factory.mktemp("models") / "tiny.safetensors", DIGITS)


@pytest.fixture(scope="session")
def free(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made(tmp_path_factory.mktemp("models") / "free.safetensors", FREE)


@pytest.fixture
def model(digits: Path) -> tuple[Denoiser, Spec]:
    return checkpoints.load(digits)


@pytest.fixture(scope="session")
def reference() -> Reference:
    """300 digits, and 20 others for the floor."""
    return load_reference(DIGITS, n=20, most=300)
