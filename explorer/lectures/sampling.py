"""What lectures show of a trained network besides samples: one-shot looks, guesses fed back."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

import torch
from torch import Tensor

from explorer.checkpoints import Spec
from explorer.data import load, to_tensor
from explorer.diffusion import Denoiser, Schedule, forward, picture_generators, randn
from explorer.diffusion.samplers import DDIM
from explorer.race.breaks import broken
from explorer.race.lanes import Lane
from explorer.race.run import race


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
        return f"for each image x_t, below it x̂₀ in one shot, at t = {times}"


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


class Walk(NamedTuple):
    """Progressive denoising, as a lecture shows it."""

    times: tuple[int, ...]
    """When the network was asked, as the lecture counts, from 0."""
    x: Tensor
    """What it began with, then what was handed on from each time; (1 + times, B, C, H, W)."""


def look_lane(schedule: Schedule, looks: Sequence[int], *, repair: bool = False) -> Lane:
    """A step from each of these times, counted from 0, with x̂_0 fed back as the next x_t.

    With `repair` DDIM's steps on the same grid. Times beyond the model's are taken at its last.
    """
    times = dict.fromkeys(min(look + 1, schedule.T) for look in looks)
    lane = Lane(DDIM.name, (*times, 0), details=("its six t",)).checked(schedule)
    return lane if repair else broken(lane, schedule, "x0 fed back")


def progressive(
    denoiser: Denoiser, start: Tensor, looks: Sequence[int], *, repair: bool = False
) -> Walk:
    """x ← x̂_0(x, t), clamped to [−1, 1], at each of the times; start: (B, C, H, W), in [−∞, ∞]."""
    lane = look_lane(denoiser.schedule, looks, repair=repair)
    device = start.device
    entries = race(
        denoiser, [lane], tuple(start.shape[1:]), seed=0, n=len(start), start=start, device=device
    )
    x = torch.stack([entry.frame.x.cpu() for entry in entries])
    return Walk(tuple(t - 1 for t in lane.times[:-1]), x)


class Demonstration(NamedTuple):
    """What SUTD's lecture shows of one model; pictures are (…, n, C, H, W) on the CPU."""

    times: tuple[int, ...]
    """As the lecture counts, from 0."""
    original: Tensor
    """As many pictures as times."""
    noisy: Tensor
    """Each of them at its own time."""
    reconstructed: Tensor
    """x̂_0 from that in one shot, clamped."""
    digits: Tensor
    """Of the first `WALKED` of them: the start at the first time, then what each time gave."""
    noise: Tensor
    """The same from pure noise."""
    digits_repaired: Tensor
    """From the same starts with the noise of each time put back, as DDIM does."""
    noise_repaired: Tensor


WALKED = 3


@torch.inference_mode()
def demonstrate(
    denoiser: Denoiser, x0: Tensor, looks: Sequence[int], *, seed: int
) -> Demonstration:
    """SUTD's rows and its two walks, and the walks repaired. x0: a picture for each look, or more.

    ε of picture i is the same in all of them. ValueError if there are fewer pictures.
    """
    if len(x0) < len(looks):
        raise ValueError(f"{len(x0)} images for {len(looks)} times: give one for each")
    lane = look_lane(denoiser.schedule, looks)
    times, pictures = lane.times[:-1], x0[: len(lane.times) - 1]
    eps = randn(pictures.cpu(), picture_generators(seed, len(pictures))).to(pictures.device)
    t = torch.tensor(times)
    q = forward(denoiser.schedule, pictures, t.to(pictures.device))
    noisy = q.mean + q.std * eps
    guesses = torch.cat([denoiser(noisy[i : i + 1], each) for i, each in enumerate(times)])
    first = forward(denoiser.schedule, pictures[:WALKED], times[0])
    starts = (first.mean + first.std * eps[:WALKED], eps[:WALKED])
    walks = [
        progressive(denoiser, start, looks, repair=repair).x
        for repair in (False, True)
        for start in starts
    ]
    parts = [part.cpu() for part in (pictures, noisy, guesses.clamp(-1, 1), *walks)]
    return Demonstration(tuple(each - 1 for each in times), *parts)
