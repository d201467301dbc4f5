"""A trained model as a lecture's page shows it, from its file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from torch import Tensor

from explorer import checkpoints
from explorer.checkpoints import Spec
from explorer.diffusion import Denoiser, Schedule
from explorer.diffusion.schedule import schedule_options
from explorer.lectures.sampling import real_pictures
from explorer.networks import CHOICES, NETWORKS
from explorer.settings.training import TrainConfig

POINTS = 60
"""A curve is kept at about so many steps."""


@dataclass(frozen=True)
class Trained:
    """What a page needs of it."""

    denoiser: Denoiser
    spec: Spec
    config: TrainConfig
    steps: int
    seconds: float
    curve: Sequence[tuple[int, float]]
    """(step, smooth loss)."""
    probe: Sequence[tuple[int, float]]
    """(step, the probe's loss)."""

    @property
    def schedule(self) -> Schedule:
        return self.denoiser.schedule

    @property
    def shape(self) -> tuple[int, int, int]:
        return self.spec.channels, self.spec.size, self.spec.size

    @property
    def network(self) -> str:
        """One of `CHOICES`; the kind of network where it is none of them."""
        kind = self.config.network
        make, own = NETWORKS[kind][0], _tuples(self.config.network_options)
        names = (name for name, (k, options) in CHOICES.items()
                 if k == kind and make(**options) == make(**own))  # fmt: skip
        return next(names, kind)

    def originals(self, n: int) -> Tensor:
        """n real pictures, see `real_pictures`."""
        return real_pictures(self.spec, n)

    def about(self) -> dict[str, Any]:
        """What the page says of it, and its curves."""
        last = len(self.curve) - 1
        every = range(0, last, max(1, last // POINTS))
        shown = [*every, last] if self.curve else []
        return {
            "network": self.network,
            "weights": sum(p.numel() for p in self.spec.make_network().parameters()),
            "seconds": round(self.seconds),
            "steps": [self.curve[i][0] for i in shown],
            "smooth": [float(f"{self.curve[i][1]:.4g}") for i in shown],
            "probe": [[step, float(f"{loss:.4g}")] for step, loss in self.probe],
        }


def _tuples(options: Mapping[str, Any]) -> dict[str, Any]:
    """As a config has them: JSON knows lists only."""
    return {k: tuple(v) if isinstance(v, list) else v for k, v in options.items()}


def from_file(path: Path) -> Trained:
    """Of a checkpoint, whose header has its settings and a dozen points of its curves."""
    denoiser, spec = checkpoints.load(path)
    told, curve = spec.training, spec.training["curve"]
    names = {field.name for field in fields(TrainConfig)} & told.keys()
    usual = schedule_options(spec.schedule)
    own = {k: v for k, v in spec.network_config.items() if k not in ("channels", "classes", "T")}
    config = TrainConfig(
        **{name: told[name] for name in names}
        | {
            "data": spec.data,
            "size": spec.size,
            "conditional": bool(spec.classes),
            "schedule": spec.schedule,
            "schedule_options": {
                k: v for k, v in spec.schedule_options.items() if v != usual.get(k)
            },
            "T": spec.T,
            "target": spec.target,
            "network": spec.network,
            "network_options": own,
            "seconds": None,
        }
    )
    return Trained(
        denoiser,
        spec,
        config,
        told["steps"],
        told["seconds"],
        [(row["step"], row["loss"]) for row in curve if "loss" in row],
        [(row["step"], row["probe"]) for row in curve],
    )
