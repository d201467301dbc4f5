"""What the tabs are built with: the device, the limits and the models there are."""

from __future__ import annotations

import secrets
import shutil
from dataclasses import dataclass, field
from pathlib import Path

from explorer.checkpoints import Spec, catalogue
from explorer.data import DATASETS
from explorer.devices import best_device
from explorer.gui.device import Device
from explorer.gui.limits import Limits, detect

HOME = Path(__file__).parents[2]
"""The folder of app.py."""


@dataclass(frozen=True)
class Context:
    """Frozen: visitors share it, so it holds nothing of theirs."""

    device: Device
    limits: Limits
    checkpoints: Path = HOME / "checkpoints"
    root: Path | None = None
    """Of downloaded data sets; None is the user's cache."""
    datasets: tuple[str, ...] = field(default=tuple(DATASETS))

    @classmethod
    def detect(cls) -> Context:
        """For the machine it runs on; a hosted app offers only bundled data."""
        limits = detect()
        offered = [n for n, source in DATASETS.items() if source.bundled or not limits.hosted]
        device = Device(best_device(), wait=limits.wait)
        return cls(device, limits, datasets=tuple(offered))

    def runs(self, visitor: str) -> Path:
        """Where this visitor's models go: a folder of their own when hosted."""
        runs = self.checkpoints / "runs"
        return runs / visitor if self.limits.hosted else runs

    def models(self, visitor: str) -> dict[str, tuple[Path, Spec]]:
        """name -> file and description: the shipped models, then this visitor's, newest first."""
        shipped = catalogue(self.checkpoints)
        own = catalogue(self.runs(visitor)) if visitor else {}
        newest = sorted(own, key=lambda path: path.stat().st_mtime, reverse=True)
        found = [*shipped.items(), *((path, own[path]) for path in newest)]
        return {path.stem: (path, spec) for path, spec in found}

    def forget(self, visitor: str) -> None:
        """Delete a leaving visitor's models, if hosted."""
        if self.limits.hosted and visitor:
            shutil.rmtree(self.runs(visitor), ignore_errors=True)


def new_visitor() -> str:
    """A name nobody can guess, for a session's folder."""
    return secrets.token_hex(8)
