"""What a run remembers of its losses."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, NamedTuple

from explorer.training.floor import Floor
from explorer.training.probe import ProbeLoss

POINTS = 2000
"""At most this many losses are kept; a longer run keeps every second, fourth, … of them."""


class ProbePoint(NamedTuple):
    """The probe's loss after some steps."""

    step: int
    loss: float
    buckets: tuple[float, ...]


@dataclass
class History:
    """Losses of a run: single batches, their moving average, and the probe."""

    steps: list[int] = field(default_factory=list)
    losses: list[float] = field(default_factory=list)
    smooth: list[float] = field(default_factory=list)
    probes: list[ProbePoint] = field(default_factory=list)
    stride: int = 1
    """Of the steps, every so many are kept."""
    errors: list[float] = field(default_factory=list)
    """Standard errors of the newest probe's buckets."""
    rates: list[tuple[int, float]] = field(default_factory=list)
    """(step, learning rate that its schedule scales from then on), wherever it was changed."""
    floor: Floor | None = None
    """What the ideal denoiser reaches, once that was computed."""

    @property
    def end(self) -> int:
        """The last step that is known of."""
        return max([*self.steps[-1:], *(point.step for point in self.probes[-1:])], default=0)

    def add(self, step: int, loss: float, smooth: float) -> None:
        """Note a step's loss."""
        if step % self.stride:
            return
        self.steps.append(step)
        self.losses.append(loss)
        self.smooth.append(smooth)
        if len(self.steps) > POINTS:
            self.stride *= 2
            kept = [i for i, step in enumerate(self.steps) if step % self.stride == 0]
            series: tuple[list[Any], ...] = (self.steps, self.losses, self.smooth)
            for values in series:
                values[:] = [values[i] for i in kept]

    def add_probe(self, step: int, probe: ProbeLoss) -> None:
        """Note the probe's loss after `step` steps."""
        self.probes.append(ProbePoint(step, probe.loss, probe.buckets))
        self.errors = list(probe.errors)

    @property
    def probe_error(self) -> float:
        """Standard error of the newest probe's loss; NaN if it is not known."""
        n = len(self.errors)
        return math.hypot(*self.errors) / n if n else math.nan

    def add_rate(self, step: int, rate: float) -> None:
        """Note another learning rate from here on; of several at one step the last counts."""
        self.rates = [*(mark for mark in self.rates if mark[0] != step), (step, rate)]

    def learnt(self, step: int) -> float:
        """ln of the lowest finite probe loss up to a step: how much was learnt by then.

        NaN if the probe was not looked at by then, or never was above 0.
        """
        seen = [p.loss for p in self.probes if p.step <= step and 0 < p.loss < math.inf]
        return math.log(min(seen)) if seen else math.nan

    def digest(self, points: int = 12) -> list[dict[str, Any]]:
        """A dozen points of the curve, evenly spread, for a checkpoint's header."""
        chosen = spread(self.probes, points)
        smooth = dict(zip(self.steps, self.smooth, strict=True))
        rows = []
        for point in chosen:
            row = {"step": point.step, "probe": _short(point.loss)}
            row["buckets"] = [_short(value) for value in point.buckets]
            if point.step in smooth:
                row["loss"] = _short(smooth[point.step])
            rows.append(row)
        return rows

    def to_json(self) -> dict[str, Any]:
        """Plain lists, numbers and dictionaries."""
        return asdict(self) | {"probes": [list(point) for point in self.probes]}

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> History:
        """What `to_json` made; TypeError, KeyError or ValueError for anything else."""
        probes = [
            ProbePoint(int(s), float(p), tuple(map(float, b))) for s, p, b in values["probes"]
        ]
        steps = [int(step) for step in values["steps"]]
        losses, smooth = ([float(v) for v in values[name]] for name in ("losses", "smooth"))
        if not len(losses) == len(smooth) == len(steps):
            raise ValueError("its curves differ in length")
        stride = int(values["stride"])
        if stride < 1:
            raise ValueError(f"stride = {stride} is not allowed: at least 1")
        errors = [float(value) for value in values.get("errors", [])]
        rates = [(int(step), float(rate)) for step, rate in values.get("rates", [])]
        floor = values.get("floor")
        floor = None if floor is None else Floor.from_json(floor)
        return cls(steps, losses, smooth, probes, stride, errors, rates, floor)


def spread(values: Sequence[Any], count: int) -> list[Any]:
    """At most `count` of the values, evenly spread, the first and the last among them."""
    if len(values) <= count:
        return list(values)
    last = len(values) - 1
    return [values[round(i * last / (count - 1))] for i in range(count)]


def _short(value: float) -> float:
    """4 significant digits."""
    return float(f"{value:.4g}") if math.isfinite(value) else value
