"""The forward process and its reversal when x_0 is known: every transition is a Gaussian."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

from explorer.diffusion.later import torch
from explorer.diffusion.options import SHOWN
from explorer.diffusion.randomness import Generators, randn
from explorer.diffusion.schedule import Schedule

if TYPE_CHECKING:
    from torch import Tensor

Variance = Literal["posterior", "beta"]
Time: TypeAlias = "int | Tensor"


class Gaussian(NamedTuple):
    """N(mean, std² I), one for each member of a batch.

    `mean` has the shape of x, (B, …); `std` broadcasts against it: (B, 1, …) or (1, …).
    """

    mean: Tensor
    std: Tensor

    def sample(self, generator: Generators = None) -> Tensor:
        """mean + std · z with z ~ N(0, I); see `randn` for `generator`."""
        return self.mean + self.std * randn(self.mean, generator)

    def kl(self, other: Gaussian) -> Tensor:
        """D_KL(self ‖ other) in nats, summed over everything but the batch; shape (B,).

        ln(σ₂/σ₁) + (σ₁² + (μ₁ − μ₂)²) / (2σ₂²) − ½ for each coordinate. Two point masses are at
        distance 0 if they coincide and infinitely far apart otherwise.
        """
        a, b = self.std, other.std
        wider = (a - b) / b  # nearly equal widths keep their digits in it
        ratio = torch.where(wider.abs() < 0.5, wider.log1p(), (a / b).log())
        terms = wider**2 / 2 + wider - ratio + ((self.mean - other.mean) / b) ** 2 / 2
        same = torch.where(self.mean == other.mean, 0.0, torch.inf).to(terms)
        terms = torch.where(b > 0, terms, torch.where(a > 0, torch.inf, same).to(terms))
        return terms.flatten(1).sum(1)


def forward(schedule: Schedule, x0: Tensor, t: Time) -> Gaussian:
    """q(x_t | x_0) = N(√ᾱ_t x_0, (1 − ᾱ_t) I): Ho et al. 2020, eq. 4.

    x0 is (B, C, H, W) or (B, D); t is an int or a (B,) tensor of ints in 0…T (at t = 0 nothing is
    noised). ValueError if a time lies outside.
    """
    signal, sigma = amplitudes(schedule, x0, t)
    return Gaussian(signal * x0, sigma)


def amplitudes(schedule: Schedule, x: Tensor, t: Time) -> tuple[Tensor, Tensor]:
    """√ᾱ_t and √(1 − ᾱ_t), the shares of picture and noise, shaped to multiply x; t as above.

    Times that already lie on an accelerator are taken as they are: checking would wait for it.
    """
    if isinstance(t, torch.Tensor) and t.device.type != "cpu":
        times = whole_times(t, x)
        signal, sigma = schedule.amplitudes_on(t.device, x.dtype)
        return _cast(signal[times], x), _cast(sigma[times], x)
    alpha_bar = _alpha_bar(schedule, t, x, lowest=0)
    return _cast(alpha_bar**0.5, x), _cast((1 - alpha_bar) ** 0.5, x)


def forward_step(schedule: Schedule, x_prev: Tensor, t: Time) -> Gaussian:
    """q(x_t | x_{t−1}) = N(√(1 − β_t) x_{t−1}, β_t I): Ho et al. 2020, eq. 2.

    Shapes as in `forward`; t lies in 1…T.
    """
    beta = schedule.betas[_times(schedule, t, x_prev, lowest=1) - 1]
    return Gaussian(_cast((1 - beta).sqrt(), x_prev) * x_prev, _cast(beta.sqrt(), x_prev))


class Step(NamedTuple):
    """The coefficients of a reverse step, x_s = signal·x̂_0 + direction·ε̂ + std·z.

    signal = √ᾱ_s, direction = √(1 − ᾱ_s − η²β̃), std = σ: numbers if both times are ints, else
    float64 tensors, (1,) or (B,) like the times.
    """

    signal: float | Tensor
    direction: float | Tensor
    std: float | Tensor


def reverse_step(
    schedule: Schedule, t: Time, s: Time, *, eta: float = 1.0, variance: Variance = "posterior"
) -> Step:
    """The coefficients of q(x_s | x_t, x_0) for s < t: DDIM (Song et al. 2021), eq. 12 and 16.

    Arguments and errors as in `reverse`.
    """
    return _step(schedule, t, s, None, eta, variance)[1]


def _step(
    schedule: Schedule, t: Time, s: Time, x: Tensor | None, eta: float, variance: Variance
) -> tuple[float | Tensor, Step]:
    """ᾱ_t and the coefficients; the same arithmetic for numbers and for tables."""
    if not 0 <= eta <= 1:
        raise ValueError(f"eta = {eta!r} is not allowed: it lies between 0 (DDIM) and 1 (DDPM)")
    if variance not in ("posterior", "beta"):
        raise ValueError(f"no variance {variance!r}; there are: posterior, beta")
    if type(t) is int and type(s) is int:
        earlier = s < t
    else:
        t, s = _times(schedule, t, x, lowest=1), _times(schedule, s, x, lowest=0)
        if len(t) != len(s) and 1 not in (len(t), len(s)):
            raise ValueError(f"{len(t)} times t and {len(s)} times s: give as many of both")
        earlier = bool((s < t).all())
    if not earlier:
        raise ValueError(f"a reverse step goes to an earlier time: s = {_show(s)}, t = {_show(t)}")
    ab_t = _alpha_bar(schedule, t, x, lowest=1)
    ab_s = _alpha_bar(schedule, s, x, lowest=0)
    beta = (ab_s - ab_t) / ab_s
    posterior = (1 - ab_s) / (1 - ab_t) * beta
    left = 1 - ab_s - eta**2 * posterior
    left = left.abs() if isinstance(left, torch.Tensor) else abs(left)  # below 0 by rounding only
    std = eta * (posterior if variance == "posterior" else beta) ** 0.5
    return ab_t, Step(ab_s**0.5, left**0.5, std)


def reverse(
    schedule: Schedule,
    x0: Tensor,
    x_t: Tensor,
    t: Time,
    s: Time,
    *,
    eta: float = 1.0,
    variance: Variance = "posterior",
) -> Gaussian:
    """q(x_s | x_t, x_0) for s < t: DDIM (Song et al. 2021), eq. 7 and 16.

    mean = √ᾱ_s x_0 + √(1 − ᾱ_s − η²β̃) ε  with  ε = (x_t − √ᾱ_t x_0) / √(1 − ᾱ_t)
    and  β̃ = (1 − ᾱ_s)/(1 − ᾱ_t) · (1 − ᾱ_t/ᾱ_s).

    eta = 1 with s = t − 1 is the DDPM posterior (Ho et al. 2020, eq. 6–7), eta = 0 is DDIM, where
    std = 0. The std is η√β̃ for variance="posterior" and η√(1 − ᾱ_t/ᾱ_s) for "beta" (√β_t for
    single steps, σ̂ in the DDIM paper); the mean is the same for both.

    x0 and x_t have the same shape, (B, C, H, W) or (B, D); t and s are ints or (B,) tensors of
    ints with 0 ≤ s < t ≤ T. ValueError if a time, eta (0…1) or the variance's name does not fit.
    """
    _, (signal, direction, std) = _step(schedule, t, s, x_t, eta, variance)
    return Gaussian(mixed(schedule, x0, x_t, t, signal, direction), _cast(std, x_t))


def mixed(
    schedule: Schedule,
    x0: Tensor,
    x_t: Tensor,
    t: Time,
    signal: float | Tensor,
    direction: float | Tensor,
) -> Tensor:
    """signal·x_0 + direction·ε with ε = (x_t − √ᾱ_t x_0)/√(1 − ᾱ_t), as one mix of x_0 and x_t.

    Shapes and errors as in `reverse`; signal and direction as in `Step`.
    """
    if x0.shape != x_t.shape:
        raise ValueError(f"x0 {tuple(x0.shape)} and x_t {tuple(x_t.shape)} differ in shape")
    ab_t = _alpha_bar(schedule, t, x_t, lowest=1)
    from_x_t = direction / (1 - ab_t) ** 0.5
    from_x0 = signal - from_x_t * ab_t**0.5
    return _cast(from_x0, x_t) * x0 + _cast(from_x_t, x_t) * x_t


def noise_in(schedule: Schedule, x0: Tensor, x_t: Tensor, t: Time) -> Tensor:
    """ε = (x_t − √ᾱ_t x_0)/√(1 − ᾱ_t), the noise that x_t holds if x_0 is behind it.

    Shapes as in `reverse`; t lies in 1…T.
    """
    signal, sigma = amplitudes(schedule, x_t, t)
    return (x_t - signal * x0) / sigma


def _alpha_bar(schedule: Schedule, t: Time, x: Tensor | None, *, lowest: int) -> float | Tensor:
    """ᾱ_t, a number for an int; checked as in `_times`."""
    if type(t) is int and lowest <= t <= schedule.T:
        return schedule.values[t]
    return schedule.alpha_bar[_times(schedule, t, x, lowest=lowest)]


def whole_times(t: Time, x: Tensor | None) -> Tensor:
    """t as a tensor of ints where it is, (), (1,) or (B,) like x; ValueError for anything else.

    Whether they lie in 0…T is not looked at. Without an x the batch may have any size.
    """
    try:
        times = torch.as_tensor(t)
        whole = not (times.is_floating_point() or times.is_complex() or times.dtype == torch.bool)
        shown = f"{times.dtype} of shape {tuple(times.shape)}"
    except (TypeError, ValueError, OverflowError, RuntimeError):
        whole, shown = False, repr(t)[:SHOWN]
    if not whole or times.dim() > 1 or x is not None and times.numel() not in (1, len(x)):
        each = "image" if x is None else f"of the {len(x)} images"
        raise ValueError(f"t must be whole numbers, one for all or for each {each}, not {shown}")
    return times


def _times(schedule: Schedule, t: Time, x: Tensor | None, *, lowest: int) -> Tensor:
    """t as a CPU tensor of ints, (1,) or (B,), checked: an index beyond the table would wrap."""
    times = whole_times(t, x).cpu().reshape(-1).long()
    if len(times) and not (lowest <= int(times.min()) and int(times.max()) <= schedule.T):
        raise ValueError(f"t = {_show(times)} is not allowed: it lies in {lowest}…{schedule.T}")
    return times


def _cast(coefficient: float | Tensor, x: Tensor) -> Tensor:
    """A float64 coefficient for each picture, cast once to x and shaped to multiply it."""
    if not x.dtype.is_floating_point:
        raise ValueError(f"x must be floating point (images lie in [−1, 1]), not {x.dtype}")
    if isinstance(coefficient, float):
        return x.new_full((1,) * x.dim(), coefficient)  # where x is, without waiting for it
    return coefficient.to(dtype=x.dtype).to(x.device).reshape(-1, *[1] * (x.dim() - 1))


def _show(times: Time) -> str:
    if isinstance(times, int):
        return str(times)
    return str(times.item() if times.numel() == 1 else times.tolist())
