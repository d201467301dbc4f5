"""Settings of the whole suite: seeded, one thread, no wall-clock limits."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")

import pytest
import torch
from hypothesis import settings

settings.register_profile("suite", derandomize=True, deadline=None, max_examples=60)
settings.load_profile("suite")
torch.set_num_threads(1)
if getattr(signal, "SIGHUP", None) and signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
    signal.signal(signal.SIGHUP, signal.SIG_DFL)  # under nohup: what is tested shall hear it


@pytest.hookimpl(tryfirst=True)  # before xdist reads the groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A file stays in one process. So do all browser tests: two browsers at a time on two cores
    would each wait for the other."""
    for item in items:
        group = "browser" if item.get_closest_marker("browser") else item.nodeid.split("::")[0]
        item.add_marker(pytest.mark.xdist_group(group))


@pytest.fixture(scope="session", autouse=True)
def data_root(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Nothing lands in the data root of whoever runs the tests."""
    with pytest.MonkeyPatch.context() as patch:
        root = tmp_path_factory.mktemp("data-root")
        patch.setenv("DIFFUSION_EXPLORER_DATA", str(root))
        yield root


@pytest.fixture(autouse=True)
def seed() -> None:
    """Every test starts from the same global random state."""
    torch.manual_seed(0)
