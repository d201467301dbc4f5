"""Noise schedules: how much of the picture is left at each time."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from explorer.diffusion.later import torch
from explorer.diffusion.options import Option, is_whole
from explorer.diffusion.style import Style

if TYPE_CHECKING:
    from torch import Tensor

MOST_STEPS = 10_000_000


@dataclass(frozen=True, eq=False)
class Schedule:
    """ᾱ_t = Π_{u ≤ t} (1 − β_u), the share of the signal's variance left at time t.

    `alpha_bar` is float64 of shape (T + 1,), begins with exactly 1 (t = 0 is the data) and
    decreases strictly; every table below is float64 on the CPU. `options` are the numbers that
    `make_schedule` was given, defaults included.
    """

    name: str
    alpha_bar: Tensor
    options: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        table = self.alpha_bar
        if table.dtype != torch.float64 or table.dim() != 1 or len(table) < 2:
            raise ValueError(
                f"schedule '{self.name}': alpha_bar must be a float64 tensor of shape (T + 1,) "
                f"with T >= 1, not {table.dtype} of shape {tuple(table.shape)}"
            )
        if table[0] != 1 or not (table[1:] < table[:-1]).all() or not table[-1] > 0:
            raise ValueError(
                f"schedule '{self.name}': alpha_bar must begin with 1, decrease strictly and stay "
                f"above 0; it goes from {table[0]:g} to {table[-1]:g}"
            )

    @property
    def T(self) -> int:
        """The number of steps from data to noise."""
        return len(self.alpha_bar) - 1

    @cached_property
    def values(self) -> list[float]:
        """`alpha_bar` as Python numbers, which a single step is quickest with."""
        return self.alpha_bar.tolist()

    @cached_property
    def alphas(self) -> Tensor:
        """α_t = 1 − β_t = ᾱ_t / ᾱ_{t−1} for t = 1…T; shape (T,), entry t − 1 belongs to t."""
        return 1 - self.betas

    @cached_property
    def betas(self) -> Tensor:
        """β_t = 1 − α_t for t = 1…T, the variance that step t adds; shape (T,), in (0, 1)."""
        return (self.alpha_bar[:-1] - self.alpha_bar[1:]) / self.alpha_bar[:-1]

    @cached_property
    def snr(self) -> Tensor:
        """SNR(t) = ᾱ_t / (1 − ᾱ_t), the signal-to-noise ratio; shape (T + 1,), infinite at 0."""
        return self.alpha_bar / (1 - self.alpha_bar)

    @cached_property
    def log_snr(self) -> Tensor:
        """ln SNR(t), in nats (multiply by 10 / ln 10 for dB); shape (T + 1,), infinite at 0."""
        return self.alpha_bar.log() - torch.log1p(-self.alpha_bar)

    @cached_property
    def posterior_variance(self) -> Tensor:
        """β̃_t = β_t (1 − ᾱ_{t−1}) / (1 − ᾱ_t), the variance of q(x_{t−1} | x_t, x_0).

        Ho et al. 2020, eq. 7. Shape (T,), entry t − 1 belongs to t; zero at t = 1.
        """
        return self.betas * (1 - self.alpha_bar[:-1]) / (1 - self.alpha_bar[1:])

    def amplitudes_on(self, device: torch.device, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
        """√ᾱ_t and √(1 − ᾱ_t) for t = 0…T on a device, kept for later.

        For x of float64 in float64, for any other x in float32.
        """
        exact = torch.float64 if dtype == torch.float64 else torch.float32
        if (device, exact) not in self._on_devices:
            signal, sigma = self.alpha_bar.sqrt(), (1 - self.alpha_bar).sqrt()
            tables = signal.to(exact).to(device), sigma.to(exact).to(device)
            self._on_devices[device, exact] = tables
        return self._on_devices[device, exact]

    @cached_property
    def _on_devices(self) -> dict[tuple[torch.device, torch.dtype], tuple[Tensor, Tensor]]:
        return {}


def _linear(T: int, *, beta_start: float, beta_end: float) -> Tensor:
    """β_t rises linearly from beta_start to beta_end (Ho et al. 2020, section 4)."""
    return torch.linspace(beta_start, beta_end, T, dtype=torch.float64)


def _quadratic(T: int, *, beta_start: float, beta_end: float) -> Tensor:
    """√β_t rises linearly from √beta_start to √beta_end (Song et al. 2021, DDIM's code)."""
    return torch.linspace(beta_start**0.5, beta_end**0.5, T, dtype=torch.float64) ** 2


def _sigmoid(T: int, *, beta_start: float, beta_end: float, start: float, end: float) -> Tensor:
    """β_t = beta_start + (beta_end − beta_start) σ(u), u = start…end.

    u = −6…6 in GeoDiff (Xu et al. 2022).
    """
    if start >= end:
        raise ValueError(f"start = {start:g} must be below end = {end:g}")
    u = torch.linspace(start, end, T, dtype=torch.float64)
    return beta_start + (beta_end - beta_start) * u.sigmoid()


def _constant(T: int, *, beta: float) -> Tensor:
    """β_t = beta; the default leaves as much signal after 1000 steps as the linear schedule."""
    return torch.full((T,), beta, dtype=torch.float64)


def _cosine(T: int, *, s: float) -> Tensor:
    """ᾱ_t = f(t) / f(0), f(t) = cos²((t/T + s)/(1 + s) · π/2), β_t ≤ 0.999.

    Nichol & Dhariwal 2021, eq. 17.
    """
    u = torch.linspace(0, 1, T + 1, dtype=torch.float64)
    f = torch.cos((u + s) / (1 + s) * (math.pi / 2)) ** 2
    return (1 - f[1:] / f[:-1]).clamp(max=0.999)


def _cosine_clipped(T: int, *, s: float, beta_min: float, beta_max: float) -> Tensor:
    """The cosine curve with every β_t clipped to [beta_min, beta_max], as one lecture codes it."""
    if beta_min > beta_max:
        raise ValueError(f"beta_min = {beta_min:g} must not be above beta_max = {beta_max:g}")
    return _cosine(T, s=s).clamp(beta_min, beta_max)


@dataclass(frozen=True)
class Family:
    """The schedules of one formula."""

    betas: Callable[..., Tensor]
    """(T, **options) -> β_t for t = 1…T, in float64; ValueError if options do not go together."""
    options: Mapping[str, Option[float]]
    style: Style


def _beta(default: float) -> Option[float]:
    return Option(default, 0, 1, open=True)


ENDS = {"beta_start": _beta(1e-4), "beta_end": _beta(0.02)}
OFFSET = {"s": Option(0.008, 0)}

SCHEDULES: dict[str, Family] = {
    "linear": Family(_linear, ENDS, Style("#0072B2", "#4BA3E0", "solid")),
    "cosine": Family(_cosine, OFFSET, Style("#D55E00", "#FF8A3D", "dash")),
    "cosine-clipped": Family(
        _cosine_clipped,
        OFFSET | {"beta_min": _beta(1e-5), "beta_max": _beta(0.02)},
        Style("#8C510A", "#D19A5B", "dashdot"),
    ),
    "quadratic": Family(_quadratic, ENDS, Style("#E69F00", "#FFC04D", "dot")),
    "sigmoid": Family(
        _sigmoid,
        ENDS | {"start": Option(-6.0, -100, 100), "end": Option(6.0, -100, 100)},
        Style("#56B4E9", "#8ED1F7", "longdash"),
    ),
    "constant": Family(
        _constant, {"beta": _beta(0.01)}, Style("#6B7280", "#A3AAB8", "longdashdot")
    ),
}
"""A schedule is a function of T and its options, and a line here."""


def schedule_options(name: str) -> dict[str, float]:
    """The options a schedule takes, with their defaults; ValueError for an unknown name."""
    return {option: known.default for option, known in _family(name).options.items()}


def make_schedule(name: str, T: int = 1000, **options: float) -> Schedule:
    """The schedule called `name` over T steps.

    Parameters
    ----------
    name : one of `SCHEDULES`.
    T : the number of steps, at least 1.
    options : the schedule's own numbers (`beta_start`, `beta_end`, `s`, …): see its function.

    Raises
    ------
    ValueError
        With the option, its value and what is allowed, if a name, T or an option cannot be used.
    """
    family = _family(name)
    steps = _whole_number("T", T)
    settings = schedule_options(name)
    for option, value in options.items():
        if option not in settings:
            raise ValueError(
                f"schedule '{name}' has no option '{option}' (given {value!r}); "
                f"it takes: {', '.join(settings)}"
            )
        settings[option] = family.options[option].check(f"schedule '{name}': {option}", value)
    try:
        betas = family.betas(steps, **settings)
    except ValueError as error:
        raise ValueError(f"schedule '{name}': {error}") from error
    alpha_bar = torch.cat([torch.ones(1, dtype=torch.float64), torch.cumprod(1 - betas, 0)])
    _check_result(name, steps, settings, betas, alpha_bar)
    schedule = Schedule(name, alpha_bar, settings)
    schedule.__dict__["betas"] = (
        betas  # as made: divided back out of ᾱ the last digit would differ
    )
    return schedule


def _family(name: str) -> Family:
    if not isinstance(name, str) or name not in SCHEDULES:
        raise ValueError(f"no schedule {name!r}; there are: {', '.join(SCHEDULES)}")
    return SCHEDULES[name]


def _whole_number(name: str, value: int) -> int:
    if not is_whole(value) or not 1 <= value <= MOST_STEPS:
        raise ValueError(
            f"{name} = {value!r} is not allowed: it must be a whole number >= 1 "
            f"(and at most {MOST_STEPS:,})"
        )
    return int(value)


def _check_result(
    name: str, T: int, settings: Mapping[str, float], betas: Tensor, alpha_bar: Tensor
) -> None:
    """Options that pass one by one can still leave float64 together."""
    given = ", ".join(f"{option} = {value:g}" for option, value in settings.items())
    if not ((betas > 0) & (betas < 1)).all() or not (alpha_bar[1:] < alpha_bar[:-1]).all():
        if alpha_bar[-1] <= 0:
            raise ValueError(
                f"schedule '{name}' with {given} and T = {T}: no signal is left long before T "
                "(alpha_bar falls below what float64 holds); use fewer steps or smaller betas"
            )
        raise ValueError(
            f"schedule '{name}' with {given} and T = {T}: every beta must lie between 0 and 1 and "
            f"be large enough to lower alpha_bar; here they go from {betas.min():g} to "
            f"{betas.max():g}"
        )
    if alpha_bar[-1] <= 0:
        raise ValueError(
            f"schedule '{name}' with {given} and T = {T}: alpha_bar reaches 0; use fewer steps or "
            "smaller betas"
        )
