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
from xdist.remote import Producer
from xdist.scheduler import LoadFileScheduling

BROWSER = "tests/browser/"


class OneBrowser(LoadFileScheduling):
    """Hands out files, and the folder of the browser tests as if it were one."""

    def _split_scope(self, nodeid: str) -> str:
        file = super()._split_scope(nodeid)
        return BROWSER if file.startswith(BROWSER) else file


settings.register_profile("suite", derandomize=True, deadline=None, max_examples=60)
settings.load_profile("suite")
torch.set_num_threads(1)
if getattr(signal, "SIGHUP", None) and signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
    signal.signal(signal.SIGHUP, signal.SIG_DFL)  # under nohup: what is tested shall hear it


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadFileScheduling:
    """A file stays in one process, and all browser tests in one: two browsers at a time on two
    cores would each wait for the other. (Groups of xdist 3.8 do nothing with pytest 9.2.)"""
    return OneBrowser(config, log)


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
