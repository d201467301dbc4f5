"""What lectures do with a trained network that no sampler of ours does: one-shot looks, slips."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

import torch
from torch import Tensor

from explorer.checkpoints import Spec
from explorer.data import load, to_tensor
from explorer.diffusion import Denoiser, Schedule, forward, picture_generators, randn
from explorer.race.lanes import Lane


class Look(NamedTuple):
    """A one-shot x̂_0."""

    t: int
    """As the lecture counts, from 0."""
    x: Tensor
    """The noised pictures."""
    x0: Tensor
    """x̂_0(x_t, t), in one go, not clipped."""


@torch.inference_mode()
def one_shot(denoiser: Denoiser, x0: Tensor, looks: Sequence[int], *, seed: int) -> Iterator[Look]:
    """x̂_0 = (x_t − √(1 − ᾱ_t) ε̂) / √ᾱ_t from x_t ~ q(x_t | x_0) at each time: eq. 15 of DDPM.

    x0 : (B, C, H, W), real pictures in [−1, 1]. looks : 0…T − 1; ValueError, before the first
    look, for another. The same ε at every time.
    """
    schedule, unclipped = denoiser.schedule, replace(denoiser, clip=False)
    for look in looks:
        if not 0 <= look < schedule.T:
            raise ValueError(f"t = {look}: this model's times, counted from 0, end at "
                             f"{schedule.T - 1}")  # fmt: skip
    eps = randn(x0.cpu(), picture_generators(seed, len(x0))).to(x0.device)
    for look in looks:
        q = forward(schedule, x0, look + 1)
        x_t = q.mean + q.std * eps
        yield Look(look, x_t, unclipped(x_t, look + 1))


class Looks(NamedTuple):
    """One-shot looks at several pictures by several models, as a sheet's tiles."""

    times: tuple[int, ...]
    """The columns."""
    tiles: Tensor
    """Row by row: for each picture its x_t, then x̂_0 by each model; (N, C, H, W) in [−1, 1]."""

    @property
    def caption(self) -> str:
        times = ", ".join(map(str, self.times))
        return f"for each picture x_t, below it x̂₀ in one shot, at t = {times}"


def looks_of(
    denoisers: Sequence[Denoiser], x0: Tensor, looks: Sequence[int], *, seed: int
) -> Looks:
    """`one_shot` by each of the models, of one T; looks beyond it are taken at its last time."""
    times = tuple(dict.fromkeys(min(look, denoisers[0].schedule.T - 1) for look in looks))
    ways = [list(one_shot(each, x0, times, seed=seed)) for each in denoisers]
    rows = [[look.x for look in ways[0]], *([look.x0 for look in way] for way in ways)]
    tiles = [part[i] for i in range(len(x0)) for row in rows for part in row]
    return Looks(times, torch.stack(tiles).clamp(-1, 1))


def real_pictures(spec: Spec, n: int = 3) -> Tensor:
    """Pictures of the model's channels and size that everybody has, in [−1, 1]."""
    data = load("mnist-5k" if spec.channels == 1 else "emoji", size=spec.size)
    step = max(1, len(data) // n)
    return to_tensor(data.images[::step][:n])


def shifted(lane: Lane, schedule: Schedule) -> Lane:
    """The lane with ᾱ one index off against the model's: ᾱ_{t+1} where ᾱ_t belongs.

    `schedule` is the model's, of at least 2 steps; beyond T it goes on with β_T.
    """
    bars = schedule.alpha_bar
    moved = torch.cat([bars[:1], bars[2:], bars[-1:] * schedule.alphas[-1]])
    own = Schedule(f"{schedule.name}, ᾱ shifted", moved)
    return replace(lane, schedule=own, details=(*lane.details, "ᾱ shifted by one index"))


@torch.inference_mode()
def confused_ddim(denoiser: Denoiser, x: Tensor, steps: int) -> Tensor:
    """DDIM with α where ᾱ belongs: x ← √α_t x̂_0 + √(1 − α_t) ε̂, at t = T − T/S, …, 2T/S, T/S.

    Right would be √ᾱ_s and √(1 − ᾱ_s) of the time s that comes next (DDIM, Song et al. 2021,
    eq. 12). x is noise, (B, C, H, W); S = `steps`, 2…T, else ValueError.
    """
    if not 2 <= steps <= denoiser.schedule.T:
        raise ValueError(
            f"steps = {steps} is not allowed: this model takes from 2 to {denoiser.schedule.T}"
        )
    schedule, unclipped = denoiser.schedule, replace(denoiser, clip=False)
    stride = schedule.T // steps
    for t in range(stride * (steps - 1), 0, -stride):
        x0, alpha = unclipped(x, t), schedule.alphas[t - 1].item()
        bar = schedule.alpha_bar[t].item()
        eps = (x - bar**0.5 * x0) / (1 - bar) ** 0.5
        x = alpha**0.5 * x0 + (1 - alpha) ** 0.5 * eps
    return x
