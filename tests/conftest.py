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
from xdist.workermanage import WorkerController

BROWSER = "tests/browser/"


class FewBrowsers(LoadFileScheduling):
    """Hands out files, those that drive a browser to one process for as long as the others have
    anything else to do: two browsers at a time on two cores wait for each other.

    (Groups of xdist 3.8 would not do: with pytest 9.2 they are silently ignored.)
    """

    def _assign_work_unit(self, node: WorkerController) -> None:
        is_driven = any(
            scope.startswith(BROWSER) and not all(done.values())
            for other, scopes in self.assigned_work.items()
            for scope, done in scopes.items()
            if other is not node
        )
        for scope in self.workqueue:
            if scope.startswith(BROWSER) != is_driven:
                self.workqueue.move_to_end(scope, last=False)
                break
        super()._assign_work_unit(node)


settings.register_profile("suite", derandomize=True, deadline=None, max_examples=60)
settings.load_profile("suite")
torch.set_num_threads(1)
if getattr(signal, "SIGHUP", None) and signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
    signal.signal(signal.SIGHUP, signal.SIG_DFL)  # under nohup: what is tested shall hear it


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadFileScheduling:
    return FewBrowsers(config, log)


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
