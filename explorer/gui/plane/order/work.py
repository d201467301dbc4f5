"""How far samplers end from the exact flow, with few steps and with many."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from explorer.diffusion import (
    SAMPLERS,
    SCHEDULES,
    SPACINGS,
    GaussianMixture,
    Sampler,
    make_schedule,
    sample,
)
from explorer.plane import exact_flow, gaussian_means, noise
from explorer.plane.points import SPREAD
from explorer.race.lanes import lane_of

STORED = Path(__file__).with_name("stored") / "order.json"
STEPS = (10, 20, 40, 80, 160)
T, SEED = 1000, 7
AGAINST = ("steps S", "evaluations of the network")
MINUS = "\u2212"


@dataclass(frozen=True)
class Curve:
    """A sampler's errors."""

    sampler: str
    steps: list[int]
    evaluations: list[int]
    """Of the network, for each S."""
    errors: list[float]
    """√(mean ‖x_0 − x̃(0)‖²) over the points, x̃(0) being where the exact flow ends."""

    @property
    def way(self) -> Sampler:
        """Its entry in the registry."""
        return SAMPLERS[self.sampler]

    def costs(self, against: str) -> list[int]:
        """What the errors stand against: one of `AGAINST`."""
        return self.steps if against == AGAINST[0] else self.evaluations

    def slope(self, against: str) -> float:
        """Of ln error over ln cost, fitted to all points: minus the order of the sampler."""
        return float(np.polyfit(np.log(self.costs(against)), np.log(self.errors), 1)[0])

    def error_at(self, cost: float, against: str) -> float:
        """Where the line through the points stands; both axes are logarithmic."""
        costs, errors = np.log(self.costs(against)), np.log(self.errors)
        return float(np.exp(np.interp(np.log(cost), costs, errors)))


@dataclass(frozen=True)
class Order:
    """What the picture shows."""

    schedule: str
    grid: str
    points: int
    """n"""
    curves: list[Curve]


def checked(schedule: Any, grid: Any) -> tuple[str, str]:
    """Both, from what the page sent; ValueError for what is none of the choices."""
    for value, choices, what in ((schedule, SCHEDULES, "schedule"), (grid, SPACINGS, "grid")):
        if not isinstance(value, str) or value not in choices:
            raise ValueError(f"no {what} {value!r}; there are: {', '.join(choices)}")
    return schedule, grid


CPU = torch.device("cpu")


def measure(
    schedule: str,
    grid: str,
    points: int,
    device: torch.device = CPU,
    stopped: Callable[[], bool] = lambda: False,
) -> Iterator[Order]:
    """Walk n points from the noise by the exact distribution, with every sampler that adds none;
    in float64, which not every device has: on the CPU."""
    table = make_schedule(schedule, T)
    law = GaussianMixture(gaussian_means(), table, std=SPREAD)
    x_T = noise(points, SEED, "order").double()
    ends, curves = exact_flow(law, x_T), []
    for name, sampler in SAMPLERS.items():
        if sampler.stochastic() or not sampler.strided:
            continue
        if stopped():  # another one is wanted by now
            return
        lanes = [lane_of(name, table, steps=S, spacing=grid) for S in STEPS]
        errors = []
        for lane in lanes:
            *_, last = sample(law, table, x_T, lane.times, sampler=name)
            errors.append((last.x - ends).square().sum(1).mean().sqrt().item())
        curves.append(Curve(name, list(STEPS), [lane.evaluations for lane in lanes], errors))
    yield Order(schedule, grid, points, curves)


def sentence_of(order: Order, against: str) -> str:
    """Who ends nearest with few and with many steps or evaluations, and all slopes."""
    costs = [curve.costs(against) for curve in order.curves]
    few, many = max(each[0] for each in costs), min(each[-1] for each in costs)
    (first, near), (last, nearest) = (_nearest(order.curves, at, against) for at in (few, many))
    unit = "steps" if against == AGAINST[0] else "evaluations"
    if first == last:
        found = f"{first} ends nearest to the exact flow with {few} {unit} (error {near}) and "
        found += f"with {many} ({nearest})"
    else:
        found = f"with {few} {unit} {first} ends nearest to the exact flow (error {near}), "
        found += f"with {many} {last} does ({nearest})"
    slopes = ", ".join(f"{each.way.title} {slope_text(each, against)}" for each in order.curves)
    return (
        f"Computed from the exact distribution, {order.schedule} schedule with T = {T}, "
        f"{order.grid} grid, "
        f"{order.points} points: {found}. Fitted slopes: {slopes}."
    )


def slope_text(curve: Curve, against: str) -> str:
    """With one decimal."""
    return f"{curve.slope(against):.1f}".replace("-", MINUS)


def _nearest(curves: Sequence[Curve], cost: float, against: str) -> tuple[str, str]:
    """The title and the error of the sampler with the smallest."""
    error, title = min((curve.error_at(cost, against), curve.way.title) for curve in curves)
    return title, np.format_float_positional(error, precision=2, fractional=False, trim="-")


def read() -> Order:
    """What the page opens with."""
    values = json.loads(STORED.read_text(encoding="utf-8"))
    return Order(**values | {"curves": [Curve(**curve) for curve in values["curves"]]})


def write(order: Order) -> None:
    """Store it."""
    STORED.parent.mkdir(exist_ok=True)
    STORED.write_text(json.dumps(asdict(order)) + "\n", encoding="utf-8")
