"""Walking back from noise to a picture."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from numbers import Integral

import torch
from torch import Tensor

from explorer.diffusion.process import Variance, reverse
from explorer.diffusion.randomness import Generators, randn
from explorer.diffusion.schedule import Schedule


@dataclass(frozen=True, eq=False)
class Frame:
    """One moment of a reverse trajectory."""

    t: int
    """The time, T…0."""
    x: Tensor
    """x_t, the state at t; (B, …)."""
    x0: Tensor
    """x̂_0(x_t, t), the picture the model believes x_t came from; at t = 0 the picture itself."""


def strided_times(T: int, steps: int, spacing: str = "uniform") -> list[int]:
    """τ_S = T > … > τ_1 > τ_0 = 0: the times a sampler of S = `steps` steps visits.

    "uniform" spaces them evenly, τ_i ≈ T i/S; "quadratic" crowds them near the data,
    τ_i ≈ T (i/S)², moved up where two would coincide (Song et al. 2021, appendix D.2).
    Strictly decreasing, `steps + 1` entries, for every 1 ≤ steps ≤ T; else ValueError.
    """
    for name, value in (("T", T), ("steps", steps)):
        if isinstance(value, bool) or not isinstance(value, Integral) or value < 1:
            raise ValueError(f"{name} = {value!r} is not allowed: it must be a whole number >= 1")
    if steps > T:
        raise ValueError(f"steps = {steps} is not allowed: with T = {T} there are at most {T}")
    if spacing not in ("uniform", "quadratic"):
        raise ValueError(f"no spacing {spacing!r}; there are: uniform, quadratic")
    T, steps, times = int(T), int(steps), [0]
    for i in range(1, steps + 1):
        top, bottom = (i, steps) if spacing == "uniform" else (i * i, steps * steps)
        nearest = (2 * T * top + bottom) // (2 * bottom)  # T top/bottom, halves rounded up
        times.append(max(nearest, times[-1] + 1))
    return times[::-1]


def sample(
    denoise: Callable[[Tensor, int], Tensor],
    schedule: Schedule,
    x: Tensor,
    times: Sequence[int],
    *,
    eta: float = 0.0,
    variance: Variance = "posterior",
    generator: Generators = None,
) -> Iterator[Frame]:
    """x_s ~ q(x_s | x_t, x̂_0(x_t, t)) along `times`: DDIM (Song et al. 2021), eq. 12.

    eta = 1 along T, T − 1, …, 0 is DDPM (Ho et al. 2020, algorithm 2); eta = 0 is DDIM. The last
    step ends on the mean: the picture carries no noise of its own, whatever `variance` says.

    Parameters
    ----------
    denoise : (x_t, t) -> x̂_0, a `Denoiser` or anything that is called like one.
    x : the state at times[0], (B, C, H, W) or (B, D): noise if times[0] = T.
    times : strictly decreasing whole numbers from at most T to 0, see `strided_times`.
    eta, variance : as in `reverse`.
    generator : one for the batch, or a sequence with one for each picture, see `randn`.

    Yields
    ------
    Frame
        len(times) of them: the first is x at times[0], the last the picture. The network is
        evaluated once for each but the last.

    Raises
    ------
    ValueError
        At once, if `times`, `eta` or `variance` do not fit.
    """
    path = checked_times(schedule, times)
    reverse(schedule, x[:0], x[:0], path[0], path[1], eta=eta, variance=variance)  # checks both
    return _walk(denoise, schedule, x, path, eta, variance, generator)


def checked_times(schedule: Schedule, times: Sequence[int]) -> list[int]:
    """`times` as ints; ValueError unless they fall strictly from at most T to 0."""
    try:
        path = [int(t) for t in times]
    except (OverflowError, TypeError, ValueError):
        path = []
    if path != list(times) or len(path) < 2 or path[0] > schedule.T or path[-1] != 0:
        raise ValueError(
            f"times are at least two whole numbers from at most T = {schedule.T} down to 0, not "
            f"{_shorten(times)}"
        )
    if any(s >= t for t, s in zip(path, path[1:], strict=False)):
        raise ValueError(f"times must decrease strictly, not {_shorten(times)}")
    return path


def advance(
    schedule: Schedule,
    frame: Frame,
    s: int,
    *,
    eta: float = 0.0,
    variance: Variance = "posterior",
    generator: Generators = None,
    noisy: bool = True,
) -> tuple[Tensor, Tensor | None]:
    """x_s ~ q(x_s | x_t, x̂_0) from a frame at t > s, and the z that went into it, if any.

    Arguments as in `sample`. The step to s = 0 ends on the mean; with `noisy` False every step
    does, which is no sampler but shows what the noise is for.
    """
    q = reverse(schedule, frame.x0, frame.x, frame.t, s, eta=eta, variance=variance)
    if s == 0 or eta == 0 or not noisy:
        return q.mean, None
    z = randn(q.mean, generator)
    return q.mean + q.std * z, z


@torch.inference_mode()
def _walk(
    denoise: Callable[[Tensor, int], Tensor],
    schedule: Schedule,
    x: Tensor,
    times: list[int],
    eta: float,
    variance: Variance,
    generator: Generators,
) -> Iterator[Frame]:
    for t, s in zip(times, times[1:], strict=False):
        frame = Frame(t, x, denoise(x, t))
        yield frame
        x, _ = advance(schedule, frame, s, eta=eta, variance=variance, generator=generator)
    yield Frame(0, x, x)


def _shorten(times: Sequence[int]) -> str:
    shown = ", ".join(str(t) for t in list(times)[:6])
    return f"[{shown}{', …' if len(times) > 6 else ''}]"
