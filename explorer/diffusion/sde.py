"""Stochastic differential equations whose solution is known, the forward process among them.

Steps and errors are in `sde_steps`. Time is real here: a schedule's step t of T is s = t/T, so
that the forward process runs over 0 ≤ s ≤ 1 (Song et al. 2021, "Score-based generative modeling
through SDEs").
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import NamedTuple

import torch
from torch import Tensor

from explorer.diffusion.options import is_number
from explorer.diffusion.schedule import Schedule, make_schedule
from explorer.diffusion.sde_beta import Beta, smooth_beta_of, steep_from
from explorer.diffusion.sde_steps import SDE, normal_quantile

# ---- dx = (λx + c) dt + σ dW ------------------------------------------------------------------


def _integral(rate: float, t: Tensor) -> Tensor:
    """∫_0^t e^{rate·u} du."""
    return torch.expm1(rate * t) / rate if rate else t


def _linear_step(
    rate: float, source: float, sigma: float, x: Tensor, h: float, dW: Tensor, z: Tensor
) -> Tensor:
    """x(t + h) = e^{λh} x + c ∫_0^h e^{λu} du + σI with I = ∫_t^{t+h} e^{λ(t+h−u)} dW(u), exactly.

    I and dW are Gaussian together: Var I = ∫_0^h e^{2λu} du, Cov(I, dW) = ∫_0^h e^{λu} du.
    """
    one = torch.tensor(h, dtype=torch.float64)
    covariance, variance = _integral(rate, one).item(), _integral(2 * rate, one).item()
    rest = math.sqrt(max(0.0, variance - covariance**2 / h))
    noise = covariance / h * dW + rest * z
    return math.exp(rate * h) * x + source * covariance + sigma * noise


def _linear(name: str, rate: float, source: float, sigma: float, x0: float) -> SDE:
    """E x(t) = e^{λt} x(0) + c ∫_0^t e^{λu} du,  Var x(t) = σ² ∫_0^t e^{2λu} du."""
    return SDE(
        name,
        lambda x, t: rate * x + source,
        lambda x, t: sigma,
        lambda t: x0 * torch.exp(rate * t) + source * _integral(rate, t),
        lambda t: sigma * _integral(2 * rate, t).sqrt(),
        lambda x, t, h, dW, z: _linear_step(rate, source, sigma, x, h, dW, z),
        x0,
        speed=lambda t: abs(rate),
    )


def _brownian(*, sigma: float, x0: float) -> SDE:
    """dx = σ dW: x(t) ~ N(x(0), σ²t)."""
    return _linear("Brownian motion", 0.0, 0.0, sigma, x0)


def _drift(*, k: float, sigma: float, x0: float) -> SDE:
    """dx = kx dt + σ dW; without noise x(0) e^{kt}."""
    return _linear("linear drift", k, 0.0, sigma, x0)


def _ornstein_uhlenbeck(*, theta: float, mu: float, sigma: float, x0: float) -> SDE:
    """dx = θ(μ − x) dt + σ dW: pulled to μ, and in the end N(μ, σ²/2θ)."""
    return _linear("Ornstein–Uhlenbeck", -theta, theta * mu, sigma, x0)


def _geometric(*, mu: float, sigma: float, x0: float) -> SDE:
    """dx = μx dt + σx dW: x(t) = x(0) exp((μ − σ²/2) t + σW(t)), log-normal."""
    return SDE(
        "geometric Brownian motion",
        lambda x, t: mu * x,
        lambda x, t: sigma * x,
        lambda t: x0 * torch.exp(mu * t),
        lambda t: abs(x0) * torch.exp(mu * t) * torch.expm1(sigma**2 * t).sqrt(),
        lambda x, t, h, dW, z: x * torch.exp((mu - sigma**2 / 2) * h + sigma * dW),
        x0,
        speed=lambda t: max(abs(mu), sigma**2),
        skewed=lambda p, t: (
            x0 * torch.exp((mu - sigma**2 / 2) * t + sigma * t.sqrt() * normal_quantile(p))
        ),
    )


# ---- the forward process ----------------------------------------------------------------------


_NODES = (0.5 - math.sqrt(0.15), 0.5, 0.5 + math.sqrt(0.15))
_WEIGHTS = (5 / 18, 8 / 18, 5 / 18)
"""Of Gauss and Legendre, on 0…1: exact up to degree 5."""


def variance_preserving(beta: Beta, x0: float = 0.0, end: float = 1.0) -> SDE:
    """dx = −½β(t)x dt + √β(t) dW: Song et al. 2021, eq. 11; x(t) ~ N(√ᾱ(t) x(0), 1 − ᾱ(t)).

    Drift and diffusion also work on pictures. In `step` the noise ∫ √β(u) e^{−½∫_u β} dW(u) has
    the exact variance; its covariance with dW is integrated by three nodes within the step.
    """

    def step(x: Tensor, t: float, h: float, dW: Tensor, z: Tensor) -> Tensor:
        nodes = [t + h * node for node in _NODES]
        before, *within, after = beta.integral(
            torch.tensor([t, *nodes, t + h], dtype=torch.float64)
        ).tolist()
        pulls = [
            weight * math.sqrt(beta.rate(node)) * math.exp((reached - after) / 2)
            for weight, node, reached in zip(_WEIGHTS, nodes, within, strict=True)
        ]
        pull, variance = sum(pulls), -math.expm1(before - after)
        rest = math.sqrt(max(0.0, variance - pull**2 * h))
        return math.exp((before - after) / 2) * x + pull * dW + rest * z

    return SDE(
        "the variance-preserving SDE",
        lambda x, t: -0.5 * beta.rate(t) * x,
        lambda x, t: math.sqrt(beta.rate(t)),
        lambda t: x0 * torch.exp(-0.5 * beta.integral(t)),
        lambda t: (-torch.expm1(-beta.integral(t))).sqrt(),
        step,
        x0,
        end,
        speed=beta.rate,
    )


# ---- the registry -----------------------------------------------------------------------------


class Parameter(NamedTuple):
    """A number of an SDE: what it begins with, and what is allowed."""

    default: float
    low: float
    high: float


@dataclass(frozen=True)
class Family:
    """SDEs that differ in their parameters, with a dt and a horizon at which to look first."""

    title: str
    make: Callable[..., SDE]
    parameters: Mapping[str, Parameter]
    dt: float
    horizon: float


def _forward_process(*, x0: float, schedule: Schedule | None = None) -> SDE:
    schedule = schedule or make_schedule("linear")
    return variance_preserving(smooth_beta_of(schedule), x0, steep_from(schedule))


_SIGMA, _X0 = Parameter(1.0, 0.0, 5.0), Parameter(0.0, -10.0, 10.0)
SDES: Mapping[str, Family] = MappingProxyType(
    {
        "brownian": Family("Brownian motion", _brownian, {"sigma": _SIGMA, "x0": _X0}, 0.01, 2.0),
        "drift": Family(
            "Drift",
            _drift,
            {"k": Parameter(0.1, -1, 1), "sigma": _SIGMA, "x0": Parameter(10.0, -20, 20)},
            0.05,
            10.0,
        ),
        "geometric": Family(
            "Geometric Brownian",
            _geometric,
            {
                "mu": Parameter(0.5, -1.0, 1.0),
                "sigma": Parameter(0.5, 0.0, 1.5),
                "x0": Parameter(1.0, 0.1, 10.0),
            },
            0.01,
            2.0,
        ),
        "ornstein-uhlenbeck": Family(
            "Ornstein–Uhlenbeck",
            _ornstein_uhlenbeck,
            {
                "theta": Parameter(1.0, 0.05, 10.0),
                "mu": Parameter(0.0, -5.0, 5.0),
                "sigma": _SIGMA,
                "x0": Parameter(4.0, -10.0, 10.0),
            },
            0.02,
            5.0,
        ),
        "variance-preserving": Family(
            "Variance preserving", _forward_process, {"x0": Parameter(0.8, -1, 1)}, 0.005, 1.0
        ),
    }
)
"""Name -> family."""


def make_sde(name: str, *, schedule: Schedule | None = None, **parameters: float) -> SDE:
    """The SDE called `name`; parameters that are not given take their defaults.

    `schedule` is the variance-preserving SDE's (linear with T = 1000 if none is given).
    ValueError with the value and what is allowed if a name or a number cannot be used.
    """
    if name not in SDES:
        raise ValueError(f"no SDE {name!r}; there are: {', '.join(SDES)}")
    family = SDES[name]
    settings = {key: parameter.default for key, parameter in family.parameters.items()}
    for key, value in parameters.items():
        if key not in settings:
            raise ValueError(f"SDE '{name}' has no '{key}'; it takes: {', '.join(settings)}")
        _, low, high = family.parameters[key]
        if not is_number(value) or not low <= value <= high:
            raise ValueError(
                f"SDE '{name}': {key} = {value!r} is not allowed: give {low:g} to {high:g}"
            )
        settings[key] = float(value)
    if schedule is not None and name != "variance-preserving":
        raise ValueError(f"SDE '{name}' has no schedule; 'variance-preserving' takes one")
    return (
        family.make(**settings) if schedule is None else family.make(**settings, schedule=schedule)
    )
