"""What the topic on stochastic differential equations computes, and what it says about it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from explorer.diffusion.randomness import picture_generators
from explorer.diffusion.schedule import SCHEDULES, make_schedule
from explorer.diffusion.sde import SDES, make_sde
from explorer.diffusion.sde_steps import SDE, Errors, errors, euler_maruyama, order, without_noise
from explorer.gui.frame.limits import SEEDS, Limits, number, whole

DRAWN, POINTS = 40, 150
"""So many paths are drawn, through so many points."""
T = 1000
"""Steps of the variance-preserving SDE's schedule."""
VP = "variance-preserving"


class Walk(NamedTuple):
    """What is drawn of many paths; arrays over the same times."""

    times: np.ndarray
    paths: np.ndarray
    """(drawn, times), float32."""
    mean: np.ndarray
    std: np.ndarray
    """Of all the paths."""
    exact_mean: np.ndarray
    exact_std: np.ndarray
    quiet: np.ndarray
    """The same steps without noise."""
    count: int  # type: ignore[assignment]  # a tuple's own method is not missed
    """How many paths there are in all."""


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
    horizon = number("Horizon", horizon, (0.01, 1 if name == VP else 100))
    dt = number("dt", dt, (1e-5, horizon))
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
    states = torch.stack(list(euler_maruyama(sde, x0, dt, steps, increments=increments)))[shown]
    quiet = torch.stack(list(without_noise(sde, x0[:1], dt, steps)))[shown, 0]
    if not states.isfinite().all() or states.abs().max() > 1e30:
        raise FloatingPointError(
            f"the steps blow up: dt = {dt:g} is too large for this drift; make dt smaller"
        )
    times = shown * dt
    return Walk(
        times.numpy(),
        states[:, :DRAWN].T.float().numpy(),
        states.mean(1).numpy(),
        states.std(1).numpy(),
        _at(sde.mean, times),
        _at(sde.std, times),
        quiet.numpy(),
        n,
    )


def _at(values: Callable[[Tensor], Tensor], times: Tensor) -> np.ndarray:
    return values(times.double()).numpy()


def measure(
    settings: Settings, device: torch.device, stopped: Callable[[], bool]
) -> Iterator[Errors]:
    """The errors against dt at the horizon, better with every batch of paths; on the CPU."""
    generator = torch.Generator().manual_seed(settings.seed)
    finest, levels = (2000, 5) if settings.name == VP else (1024, 6)  # whole steps of T = 1000
    grids = {"finest": finest, "levels": levels}
    for found in errors(settings.sde, settings.horizon, generator, paths=1000, batch=100, **grids):
        yield found
        if stopped():
            return


# ---- words ------------------------------------------------------------------------------------


def _n(x: float) -> str:
    return f"{x + 0.0:.3g}"


def _tex(x: float) -> str:
    """The same in LaTeX, where 1e-05 would read as a difference."""
    mantissa, _, exponent = _n(x).partition("e")
    return rf"{mantissa}\cdot 10^{{{int(exponent)}}}" if exponent else mantissa


def _formulas(s: Settings) -> tuple[str, str, str, str]:
    """a(x, t), b(x, t), E x(t) and the standard deviation, with their numbers, in LaTeX."""
    p = {key: _tex(value) for key, value in s.parameters.items()}
    sigma, x0 = p.get("sigma", ""), p["x0"]
    if s.name == "brownian":
        return "0", sigma, x0, rf"{sigma}\sqrt t"
    if s.name == "drift":
        k = s.parameters["k"]
        inner = rf"\tfrac{{e^{{{_tex(2 * k)}t}}-1}}{{{_tex(2 * k)}}}" if k else "t"
        return rf"{p['k']}\,x", sigma, rf"{x0}\,e^{{{p['k']}t}}", rf"{sigma}\sqrt{{{inner}}}"
    if s.name == "geometric":
        mean = rf"{x0}\,e^{{{p['mu']}t}}"
        square = _tex(s.parameters["sigma"] ** 2)
        return rf"{p['mu']}\,x", rf"{sigma}\,x", mean, rf"{mean}\sqrt{{e^{{{square}t}}-1}}"
    if s.name == VP:
        root = r"\sqrt{\bar\alpha(t)}"
        return (
            r"-\tfrac12\beta(t)\,x",
            r"\sqrt{\beta(t)}",
            rf"{x0}{root}",
            r"\sqrt{1-\bar\alpha(t)}",
        )
    theta, mu = s.parameters["theta"], s.parameters["mu"]
    away = s.parameters["x0"] - mu
    mean = rf"{p['mu']} {'+' if away >= 0 else '-'} {_tex(abs(away))}\,e^{{-{p['theta']}t}}"
    std = rf"{sigma}\sqrt{{\tfrac{{1-e^{{-{_tex(2 * theta)}t}}}}{{{_tex(2 * theta)}}}}}"
    return rf"{p['theta']}\,({p['mu']}-x)", sigma, mean, std


def equations(s: Settings) -> str:
    """The SDE, its step and what is known of x(t), with their numbers, in Markdown."""
    a, b, mean, std = _formulas(s)
    plus = a if a.startswith("-") else f"+ {a}"
    a_n, b_n = (part.replace("x", "x_n").replace("(t)", "(t_n)") for part in (plus, b))
    lines = (
        rf"dx = {a}\,dt + {b}\,dW,\quad x(0) = {_tex(s.parameters['x0'])}",
        rf"x_{{n+1}} = x_n {a_n}\cdot {_tex(s.dt)} + {b_n}\cdot\sqrt{{{_tex(s.dt)}}}\;z_n",
        rf"\mathbb E\,x(t) = {mean}",
        rf"\mathrm{{std}}\,x(t) = {std}",
    )
    return "\n\n".join(f"${line}$" for line in lines)


def table(s: Settings, w: Walk) -> list[list[str]]:
    """Drift, diffusion, and mean and std, analytic and measured, at both ends of the paths."""
    sde, ends, times = s.sde, (0, -1), (0.0, (s.steps - 1) * s.dt)
    at = [(torch.tensor(w.exact_mean[i]), t) for i, t in zip(ends, times, strict=True)]
    error = 2 * w.std / math.sqrt(w.count)
    rows = [
        ["", "t = 0", f"t = {_n(s.horizon)}"],
        ["drift a at the mean", *(_n(float(sde.drift(x, t))) for x, t in at)],
        ["diffusion b at the mean", *(_n(float(sde.diffusion(x, t))) for x, t in at)],
        ["mean, analytic", *(_n(w.exact_mean[i]) for i in ends)],
        ["mean, measured", _n(w.mean[0]), f"{_n(w.mean[-1])} ± {error[-1]:.2g}"],
        ["std, analytic", *(_n(w.exact_std[i]) for i in ends)],
        ["std, measured", *(_n(w.std[i]) for i in ends)],
    ]
    return [[cell.replace("-", "−") for cell in row] for row in rows]


def describe_errors(found: Errors) -> str:
    """The fitted orders, in words."""
    strong, weak = order(found.dt, found.strong), order(found.dt, found.weak)
    if not math.isfinite(strong):
        if found.strong.max() <= 1e-9:
            return "**No error but rounding:** here Euler–Maruyama is exact, whatever dt."
        return "The steps leave what numbers can hold; no order can be fitted."
    lines = [rf"$\mathbb E\,|x(T) - x_T^{{dt}}| \propto dt^{{\,{strong:.2f}}}$, strong"]
    if math.isfinite(weak):
        lines.append(
            rf"$|\mathbb E\,x(T) - \mathbb E\,x_T^{{dt}}| \propto dt^{{\,{weak:.2f}}}$, weak"
        )
    lines.append(f"Fitted to {found.paths} paths; bars are ± 2 standard errors.")
    return "\n\n".join(lines)


def named(s: Settings) -> str:
    """Which SDE this is, in a few words."""
    p = s.parameters
    marks = {"sigma": "σ", "mu": "μ", "theta": "θ", "k": "k", "x0": "x(0)"}
    values = ", ".join(f"{marks[key]} = {_n(value)}" for key, value in p.items())
    return f"{SDES[s.name].title}, {values}" + (f", {s.schedule} β" if s.name == VP else "")
