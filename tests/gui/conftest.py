"""Handlers are asked without a browser: what they answer is looked at as it is."""

from __future__ import annotations

import pickle
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any
from weakref import WeakKeyDictionary

import pytest

from explorer.gui.frame import follow, job
from explorer.gui.frame.call import Call
from explorer.gui.frame.job import Job


@pytest.fixture(autouse=True)
def quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without pauses between answers, and with values as they are before a browser's part."""
    monkeypatch.setattr(follow, "PAUSE", 0.0)
    monkeypatch.setattr(follow, "BEAT", 0.002)
    monkeypatch.setattr(job, "_prepared", lambda block, value: value)


@pytest.fixture(autouse=True)
def in_step(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """A job goes on only when who follows it asks for more, or has gone: all that it shows is
    seen, one after the other. Not where a test is marked `freely`."""
    if request.node.get_closest_marker("freely"):
        return
    show, since, asked = Job.show, Job.since, WeakKeyDictionary[Job, int]()

    def shown(self: Job, changes: Any) -> None:
        show(self, changes)
        mine = self._version
        while threading.current_thread() is self.thread and asked.get(self, 0) < mine:
            if self in asked and not self.pages:
                return
            time.sleep(0.001)

    def seen(self: Job, version: int) -> Any:
        asked[self] = max(asked.get(self, 0), version)
        return since(self, version)

    monkeypatch.setattr(Job, "show", shown)
    monkeypatch.setattr(Job, "since", seen)


@pytest.fixture(autouse=True)
def pickled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every job's worker, what it is given and what it yields can go to another process and back,
    as on ZeroGPU."""
    plain = Call.run

    def run(call: Call, job: Callable[..., Iterator[Any]], *arguments: Any, **how: Any) -> Any:
        return plain(call, abroad, job, *arguments, **how)

    monkeypatch.setattr(Call, "run", run)


def abroad(job: Callable[..., Iterator[Any]], *arguments: Any) -> Iterator[Any]:
    job, arguments = pickle.loads(pickle.dumps((job, arguments)))
    for result in job(*arguments):
        yield pickle.loads(pickle.dumps(result))
