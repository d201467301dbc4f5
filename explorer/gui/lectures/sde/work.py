"""What the topic on stochastic differential equations computes, and what it says about it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from explorer.diffusion.randomness import picture_generators
from explorer.diffusion.schedule import SCHEDULES, make_schedule
from explorer.diffusion.sde import SDES, make_sde
from explorer.diffusion.sde_beta import STEEPEST, steep_from
from explorer.diffusion.sde_steps import (
    SDE,
    Errors,
    errors,
    euler_maruyama,
    orders,
    without_noise,
)
from explorer.gui.frame.limits import SEEDS, Limits, number, whole
from explorer.gui.parts.numbers import short

DRAWN, POINTS = 40, 150
"""So many paths are drawn, through so many points."""
T = 1000
"""Steps of the variance-preserving SDE's schedule."""
BAND = (0.025, 0.975)
"""The quantiles that a band lies between."""
VP = "variance-preserving"


class Walk(NamedTuple):
    """What is drawn of many paths; arrays over the same times."""

    times: np.ndarray
    paths: np.ndarray
    """(drawn, times), float32."""
    mean: np.ndarray
    std: np.ndarray
    """Of all the paths."""
    low: np.ndarray
    high: np.ndarray
    """Between them lies the middle 95 % of all the paths."""
    exact_mean: np.ndarray
    exact_std: np.ndarray
    exact_low: np.ndarray
    exact_high: np.ndarray
    quiet: np.ndarray
    """The same steps without noise."""
    std_error: float
    """One standard error of the last `std`."""
    count: int  # type: ignore[assignment]  # a tuple's own method is not missed
    """How many paths there are in all."""
    crossed: int
    """So many of them went below 0 at some time."""


@dataclass(frozen=True)
class Settings:
    """An SDE and how it is followed, checked."""

    name: str
    parameters: Mapping[str, float]
    schedule: str
    dt: float
    steps: int
    paths: int
    seed: int

    @property
    def horizon(self) -> float:
        return self.steps * self.dt

    @property
    def sde(self) -> SDE:
        schedule = make_schedule(self.schedule, T) if self.name == VP else None
        return make_sde(self.name, schedule=schedule, **self.parameters)


def first_settings(name: str) -> Settings:
    """What the page shows of an SDE at first."""
    family = SDES[name]
    parameters = {key: parameter.default for key, parameter in family.parameters.items()}
    steps = round(family.horizon / family.dt)
    return Settings(name, parameters, "linear", family.dt, steps, 200, 7)


SMALLEST_DT = 1e-5


def horizons(name: str) -> tuple[float, float]:
    """Bounds of the time at which an SDE ends."""
    return 0.01, 1 if name == VP else 100


def read_settings(
    name: Any,
    parameters: Mapping[str, Any],
    schedule: Any,
    dt: Any,
    horizon: Any,
    paths: Any,
    seed: Any,
    limits: Limits,
) -> Settings:
    """`Settings`, with as many whole steps as fit; ValueError says what is not allowed."""
    if name not in SDES:
        raise ValueError(f"no SDE {name!r}; there are: {', '.join(SDES)}")
    known = SDES[name].parameters
    values = {key: number(key, parameters.get(key), known[key][1:]) for key in known}
    if name == VP and schedule not in SCHEDULES:
        raise ValueError(f"no schedule {schedule!r}; there are: {', '.join(SCHEDULES)}")
    horizon = number("Horizon", horizon, horizons(name))
    if name == VP:
        horizon = min(horizon, steep_from(make_schedule(schedule, T)))
    dt = number("dt", dt, (SMALLEST_DT, horizon))
    steps = math.floor(horizon / dt + 1e-9)
    most = limits.sde_steps
    if steps > most:
        raise ValueError(
            f"dt: {dt:g} would take {steps:,} steps to t = {horizon:g}; {most} are allowed here, "
            f"so give at least {horizon / most:.2g}"
        )
    count = whole("Paths", paths, limits.sde_paths)
    return Settings(name, values, str(schedule), dt, steps, count, whole("Seed", seed, SEEDS))


def walk(settings: Settings) -> Walk:
    """All paths by Euler–Maruyama; path i of a seed does not change with the number of paths.

    FloatingPointError if the steps blow up, which too large a dt makes them do.
    """
    sde, n, steps, dt = settings.sde, settings.paths, settings.steps, settings.dt
    noise = [torch.randn(steps, generator=g) for g in picture_generators(settings.seed, n)]
    increments = (math.sqrt(dt) * torch.stack(noise).double()).T.contiguous().unbind()
    x0 = torch.full((n,), sde.start, dtype=torch.float64)
    shown = torch.linspace(0, steps, min(steps, POINTS) + 1).round().long()
    states = torch.stack(list(euler_maruyama(sde, x0, dt, steps, increments=increments)))
    crossed = int((states < 0).any(0).sum())
    states = states[shown]
    quiet = torch.stack(list(without_noise(sde, x0[:1], dt, steps)))[shown, 0]
    if not states.isfinite().all() or states.abs().max() > 1e30:
        raise FloatingPointError(
            f"the steps diverge: dt = {dt:g} is too large for this drift; make dt smaller"
        )
    times = shown * dt
    low, high = torch.quantile(states, torch.tensor(BAND, dtype=torch.float64), dim=1)
    exact_low, exact_high = (_at(partial(sde.quantile, p), times) for p in BAND)
    last = states[-1] - states[-1].mean()
    return Walk(
        times.numpy(),
        states[:, :DRAWN].T.float().numpy(),
        states.mean(1).numpy(),
        states.std(1).numpy(),
        low.numpy(),
        high.numpy(),
        _at(sde.mean, times),
        _at(sde.std, times),
        exact_low,
        exact_high,
        quiet.numpy(),
        _error_of_std(last),
        n,
        crossed,
    )


def _error_of_std(centred: Tensor) -> float:
    """One standard error of the standard deviation: √((m₄ − m₂²)/n)/(2√m₂), whatever the law."""
    square, fourth = (centred**2).mean().item(), (centred**4).mean().item()
    spread = max(0.0, fourth - square**2)
    return math.sqrt(spread / len(centred)) / (2 * math.sqrt(square)) if square else 0.0


def _at(values: Callable[[Tensor], Tensor], times: Tensor) -> np.ndarray:
    return values(times.double()).numpy()


def measure(
    settings: Settings, device: torch.device, stopped: Callable[[], bool]
) -> Iterator[Errors]:
    """The errors against dt at the horizon, better with every batch of paths; on the CPU."""
    generator = torch.Generator().manual_seed(settings.seed)
    for found in errors(settings.sde, settings.horizon, generator, paths=1000, batch=100):
        yield found
        if stopped():
            return


# ---- words ------------------------------------------------------------------------------------


def table(s: Settings, w: Walk) -> list[list[str]]:
    """Drift, diffusion, and mean and std, analytic and measured, at both ends of the paths.

    What was measured stands with two standard errors.
    """
    sde, ends = s.sde, (0, -1)
    at = [(torch.tensor(w.exact_mean[i]), t) for i, t in zip(ends, (0.0, s.horizon), strict=True)]
    error = short(2 * float(w.std[-1]) / math.sqrt(w.count), 2)
    return [
        ["", "t = 0", f"t = {short(s.horizon)}"],
        ["drift a at the mean", *(short(float(sde.drift(x, t))) for x, t in at)],
        ["diffusion b at the mean", *(short(float(sde.diffusion(x, t))) for x, t in at)],
        ["mean, analytic", *(short(float(w.exact_mean[i])) for i in ends)],
        ["mean, measured", short(float(w.mean[0])), f"{short(float(w.mean[-1]))} ± {error}"],
        ["std, analytic", *(short(float(w.exact_std[i])) for i in ends)],
        [
            "std, measured",
            short(float(w.std[0])),
            f"{short(float(w.std[-1]))} ± {short(2 * w.std_error, 2)}",
        ],
    ]


def remarks(s: Settings, w: Walk) -> str:
    """What must be known of these paths: where they end, and prices below 0; "" if nothing."""
    said = []
    if s.name == VP and s.sde.end < 1 and s.horizon > s.sde.end - s.dt:
        said.append(
            f"The paths end at t = {short(s.horizon)}: from t = {short(s.sde.end)} on β(t) is "
            f"above {STEEPEST:g} and keeps growing, and soon none of the available dt is small."
        )
    if s.name == "geometric" and w.crossed:
        said.append(
            f"{w.crossed} of {w.count} paths went below 0, which an exact path never does: dt is "
            "too large."
        )
    return " ".join(said)


def describe_errors(found: Errors) -> str:
    """The fitted orders, with two standard errors, and what they were fitted to."""
    if found.strong.isfinite().all() and found.strong.max() <= 1e-9:
        return "**No error but rounding:** here Euler–Maruyama is exact for every dt."
    fit = orders(found)
    left_out = [short(dt, 2) for dt in found.dt[~fit.used].tolist()]
    reach = short(found.reach.max().item(), 2)
    large = f"steps of dt = {', '.join(left_out)} are not small (rate · dt up to {reach}, above 1)"
    if not math.isfinite(fit.strong):
        why = large if left_out else "the errors exceed what floating-point numbers can hold"
        return f"No order can be fitted: {why}."
    spread = rf"dt^{{\,{fit.strong:.2f} \pm {2 * fit.strong_se:.2f}}}"
    lines = [rf"$\mathbb E\,|x(T) - x_T^{{dt}}| \propto {spread}$, strong"]
    if math.isfinite(fit.weak):
        lines.append(
            rf"$|\mathbb E\,x(T) - \mathbb E\,x_T^{{dt}}| \propto dt^{{\,{fit.weak:.2f}}}$, weak"
        )
    lines.append(
        f"Fitted to {found.paths} paths at T = {short(found.horizon)}; bars and ± are 2 standard "
        "errors. The weak error needs no paths."
    )
    if left_out:
        lines.append(f"Left out of the fit: {large}.")
    return "\n\n".join(lines)


def named(s: Settings) -> str:
    """Which SDE this is, in a few words."""
    marks = {"sigma": "σ", "mu": "μ", "theta": "θ", "k": "k", "x0": "x(0)"}
    values = ", ".join(f"{marks[key]} = {short(value)}" for key, value in s.parameters.items())
    return f"{SDES[s.name].title}, {values}" + (f", {s.schedule} β" if s.name == VP else "")
