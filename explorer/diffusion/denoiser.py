"""From what a network puts out to x̂_0, the one currency of the samplers."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from explorer.diffusion.names import TARGETS
from explorer.diffusion.options import is_number
from explorer.diffusion.process import Time, amplitudes, noise_in, whole_times
from explorer.diffusion.schedule import MOST_STEPS, Schedule


class Network(Protocol):
    """What a denoiser asks: a module, or one that is called by CUDA graphs."""

    @property
    def device(self) -> torch.device:
        """Where its weights are, and x_t must be."""

    def __call__(self, x_t: Tensor, t: Tensor, label: Tensor | None = None, /) -> Tensor:
        """What it puts out, shaped like x_t (B, …); t is (B,) ints, label (B,) ints or none."""


def regression_target(schedule: Schedule, x0: Tensor, eps: Tensor, t: Time, target: str) -> Tensor:
    """What a network trained for `target` should put out for x_t = √ᾱ_t x_0 + √(1 − ᾱ_t) ε.

    ε itself (Ho et al. 2020), x_0, or v = √ᾱ_t ε − √(1 − ᾱ_t) x_0 (Salimans & Ho 2022, eq. 12).
    """
    check_target(target)
    if target == "eps":
        return eps
    if target == "x0":
        return x0
    signal, sigma = amplitudes(schedule, x0, t)
    return signal * eps - sigma * x0


def noise_seen(schedule: Schedule, x_t: Tensor, t: Time, output: Tensor, target: str) -> Tensor:
    """ε̂, the noise that an output for x_t stands for, with nothing clipped.

    ε̂ itself, (x_t − √ᾱ_t x̂_0) / √(1 − ᾱ_t), or √ᾱ_t v̂ + √(1 − ᾱ_t) x_t (Salimans & Ho 2022,
    appendix D). t lies in 1…T.
    """
    check_target(target)
    if target == "eps":
        return output
    if target == "x0":
        return noise_in(schedule, output, x_t, t)
    signal, sigma = amplitudes(schedule, x_t, t)
    return signal * output + sigma * x_t


@dataclass(frozen=True, eq=False)
class Denoiser:
    """x̂_0(x_t, t), the network's belief about the picture behind x_t.

    target "eps":  x̂_0 = (x_t − √(1 − ᾱ_t) ε̂) / √ᾱ_t   (Ho et al. 2020, eq. 15)
    target "x0":   x̂_0 = the network's output
    target "v":    x̂_0 = √ᾱ_t x_t − √(1 − ᾱ_t) v̂        (Salimans & Ho 2022)

    With a label and guidance w ≠ 1 the network is asked with and without it, in one batch, and
    x̂_0 = x̂_0(∅) + w (x̂_0(label) − x̂_0(∅)), which is ε̂ = ε̂_∅ + w (ε̂_label − ε̂_∅): w = 1 is plain
    conditional sampling, w = 0 ignores the label (Ho & Salimans 2022, eq. 6, whose w is w − 1
    here). It takes a network that has learnt without labels too (label dropout). At w = 0 and
    w = 1 one of the two has no weight, and the network is asked once.

    With `clip`, x̂_0 is clamped to [−1, 1], the range of pictures; samplers derive ε̂ from the
    clamped value. The network is called as `network(x_t, t)` or `network(x_t, t, label)` with t a
    (B,) tensor of ints on x_t's device. ValueError for an unknown target or guidance below 0.
    """

    network: Network
    schedule: Schedule
    target: str = "eps"
    clip: bool = True
    guidance: float = 1.0

    def __post_init__(self) -> None:
        check_target(self.target)
        if not is_number(self.guidance) or not 0 <= self.guidance < math.inf:
            raise ValueError(f"guidance = {self.guidance!r} is not allowed: it is 0 or more")

    def __call__(self, x_t: Tensor, t: Time, label: Tensor | None = None) -> Tensor:
        """x̂_0 for x_t of shape (B, …) at t, an int or a (B,) tensor of ints in 0…T.

        ValueError for other times.
        """
        return self.read(x_t, t, self.ask(x_t, t, label))

    def ask(self, x_t: Tensor, t: Time, label: Tensor | None = None) -> Tensor:
        """What the network puts out, guided; arguments as above."""
        if label is None or self.guidance in (0, 1):
            times = _each(x_t, t)
            if label is None:
                return self.network(x_t, times).to(x_t.dtype)
            told = label if self.guidance else torch.full_like(label, -1)
            return self.network(x_t, times, told).to(x_t.dtype)
        given, free = self.both(x_t, t, label)
        return free + self.guidance * (given - free)  # x̂_0 is affine in the output

    def both(self, x_t: Tensor, t: Time, label: Tensor) -> tuple[Tensor, Tensor]:
        """The network's outputs with the label and without it, from one batch of 2B."""
        times = _each(x_t, t)
        labels = torch.cat([label, torch.full_like(label, -1)])
        output = self.network(torch.cat([x_t, x_t]), times.repeat(2), labels).to(x_t.dtype)
        given, free = output.chunk(2)
        return given, free

    def read(self, x_t: Tensor, t: Time, output: Tensor) -> Tensor:
        """x̂_0 from the network's output for x_t."""
        return self.clipped(self.unclipped(x_t, t, output))

    def unclipped(self, x_t: Tensor, t: Time, output: Tensor) -> Tensor:
        """x̂_0 as the output has it, whatever `clip` says."""
        signal, sigma = amplitudes(self.schedule, x_t, t)
        if self.target == "eps":
            output = (x_t - sigma * output) / signal
        elif self.target == "v":
            output = signal * x_t - sigma * output
        return output

    def clipped(self, x0: Tensor) -> Tensor:
        """Clamped to [−1, 1] with `clip`, else as it is."""
        return x0.clamp(-1, 1) if self.clip else x0


def _each(x_t: Tensor, t: Time) -> Tensor:
    """t for each picture, where x_t is: a fill, since moving a number to a GPU would wait."""
    if type(t) is int and 0 <= t <= MOST_STEPS:
        return torch.full((len(x_t),), t, device=x_t.device)
    return whole_times(t, x_t).to(x_t.device).expand(len(x_t))


def check_target(target: str) -> None:
    """ValueError for what is none of `TARGETS`."""
    if target not in TARGETS:
        raise ValueError(f"no target {target!r}; there are: {', '.join(TARGETS)}")
