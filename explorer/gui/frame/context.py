"""What the tabs are built with: the device, the limits and the models there are."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, field
from pathlib import Path

import gradio as gr

from explorer.checkpoints import Spec, catalogue
from explorer.data import DATASETS
from explorer.devices import best_device, choose_threads
from explorer.gui.frame.device import Device
from explorer.gui.frame.limits import Limits, detect
from explorer.gui.frame.manager import Manager
from explorer.gui.frame.memory import limit_arenas
from explorer.gui.frame.room import Room, newest
from explorer.gui.frame.runs_folder import runs_folder
from explorer.gui.frame.sweep import sweep_runs
from explorer.gui.frame.visitors import OWNER, visitor_of
from explorer.training.estimate import forward_flops, measure_speed

HOME = Path(__file__).parents[3]
"""The folder of app.py."""
LECTURES = "lectures"
"""The folder of the lectures' networks, among the models."""


@dataclass(frozen=True)
class Context:
    """Frozen: visitors share it, so it holds nothing of theirs."""

    device: Device
    limits: Limits
    checkpoints: Path = Path(os.environ.get("EXPLORER_CHECKPOINTS") or HOME / "checkpoints")
    root: Path | None = None
    """Of downloaded data sets; None is the user's cache."""
    datasets: tuple[str, ...] = field(default=tuple(DATASETS))
    runs_at: Path | None = None
    """The folder of runs, or of all visitors' folders; None for `checkpoints`/runs."""
    told: str = ""
    """What is to be said of it, a sentence; it names places on this machine."""
    jobs: Manager = field(init=False)
    """All visitors'."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "jobs", Manager(self.limits))

    @classmethod
    def detect(cls, runs: Path | None = None) -> Context:
        """For the machine it runs on; a hosted app offers only bundled data.

        runs : the folder of runs that is asked for, see `runs_folder`; ValueError as there.
        """
        runs_at, told = runs_folder(cls.checkpoints, runs)
        limit_arenas()
        limits = detect()
        offered = [n for n, source in DATASETS.items() if source.bundled or not limits.hosted]
        device = Device(best_device(), wait=limits.wait)
        if device.device.type == "cpu":
            choose_threads(spare=1)  # a core for the page
            device.speed = measure_speed()
        return cls(device, limits, datasets=tuple(offered), runs_at=runs_at, told=told)

    @property
    def all_runs(self) -> Path:
        """The folder of runs at home, of visitors' folders when hosted."""
        return self.runs_at or self.checkpoints / "runs"

    @property
    def runs_name(self) -> str:
        """What that is called at home: seen from the Explorer's folder, or its whole path."""
        folder = self.all_runs
        return place_of(folder) if folder.is_relative_to(HOME) else str(folder)

    def visitor(self, request: gr.Request | None) -> str:
        """Who asks; "" for a hosted page that cannot be told from others."""
        return visitor_of(request) if self.limits.hosted else OWNER

    def runs(self, visitor: str) -> Path:
        """Where this visitor's models go: a folder of their own when hosted.

        ValueError for a hosted visitor without a session.
        """
        if self.limits.hosted and not visitor:
            raise ValueError("this page has no session; please reload it")
        return self.all_runs / visitor if self.limits.hosted else self.all_runs

    def room(self, visitor: str) -> Room:
        """What this visitor may still write to `runs`; ValueError as there."""
        return Room(self.runs(visitor), self.all_runs, self.limits)

    def models(self, visitor: str) -> dict[str, tuple[Path, Spec]]:
        """name -> file and description: the shipped models, digits first, those of the lectures,
        then this visitor's."""
        shipped = dict(sorted(catalogue(self.checkpoints).items(), key=_first))
        shipped |= catalogue(self.checkpoints / LECTURES)
        own = catalogue(self.runs(visitor)) if visitor else {}
        newest_first = sorted(own, key=newest, reverse=True)
        found = [*shipped.items(), *((path, own[path]) for path in newest_first)]
        return {path.stem: (path, spec) for path, spec in found}

    def expected(self, spec: Spec, calls: float) -> float:
        """Seconds that so many evaluations of a model, each of one picture, will take here."""
        if self.device.speed is None:
            return calls / 1000
        return calls * forward_flops(spec) / self.device.speed

    def prune(self) -> None:
        """Delete the models of hosted visitors that have not been written to for long.

        By age and not when a page closes: a phone that sleeps closes its page too.
        """
        sweep_runs(self.all_runs, self.limits, time.time())


def place_of(path: Path) -> str:
    """Where a file is, seen from the Explorer's folder; its name alone where it is elsewhere."""
    return path.relative_to(HOME).as_posix() if path.is_relative_to(HOME) else path.name


def _first(item: tuple[Path, Spec]) -> bool:
    """Sorts the model of the stored race before the others."""
    return item[0].stem != "mnist"
