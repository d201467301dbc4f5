"""The variational bound as an estimate: how many bits a model needs for a picture.

−ln p(x_0) ≤ L_T + Σ_{t=2}^T L_{t−1} + L_0: Ho et al. 2020, eq. 5. Read as a hierarchical
autoencoder whose encoder is fixed, L_T is the prior matching, Σ L_{t−1} the denoising matching and
L_0 the reconstruction (Luo 2022, whose consistency terms are those of another, noisier form).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import torch
from torch import Tensor

from explorer.diffusion.likelihood import (
    VARIANCES,
    decoder,
    denoising_term,
    discrete_log_likelihood,
    exact,
    levels,
    prior_term,
)
from explorer.diffusion.options import is_whole
from explorer.diffusion.process import Variance, forward
from explorer.diffusion.randomness import Generators
from explorer.diffusion.schedule import Schedule
from explorer.diffusion.times import strided_times


class Mean(NamedTuple):
    """A mean over pictures."""

    value: float
    error: float
    """Its standard error; NaN of a single picture."""


@dataclass(frozen=True, eq=False)
class Term:
    """L_{t−1} for t = first…last, each picture asked at one t of these; t = 1 is L_0."""

    first: int
    last: int
    nats: Mapping[Variance, Tensor]
    """L_{t−1} of each picture, (B,), for each variance."""
    times: Tensor
    """The t that each picture was asked at, (B,)."""
    belief: Tensor
    """‖x_0 − x̂_0‖² / D of each picture before x̂_0 was clipped, (B,)."""
    error: Tensor
    """‖ε − ε̂‖² / D of the same, (B,): what L_simple adds up."""

    @property
    def count(self) -> int:
        """How many terms of the bound it stands for."""
        return self.last - self.first + 1


@dataclass(frozen=True, eq=False)
class Bound:
    """The bound so far: L_T, then the terms from T down to L_0; finished when L_0 is there."""

    T: int
    dims: int
    """D = C·H·W."""
    prior: Tensor
    """L_T in nats, (B,)."""
    share: float = 0.0
    """Of the terms that will be evaluated."""
    terms: tuple[Term, ...] = field(default=())

    @property
    def finished(self) -> bool:
        return bool(self.terms) and self.terms[-1].first == 1

    def matching(self, variance: Variance) -> Tensor:
        """Σ L_{t−1} over the t > 1 that are there, in nats; (B,), unbiased for each picture."""
        parts = [term.count * term.nats[variance] for term in self.terms if term.last > 1]
        return torch.stack([torch.zeros_like(self.prior), *parts]).sum(0)

    def reconstruction(self, variance: Variance) -> Tensor:
        """L_0 in nats, (B,). ValueError if it is not there yet."""
        if not self.finished:
            raise ValueError("the bound has not come to L_0")
        return self.terms[-1].nats[variance]

    def total(self, variance: Variance) -> Tensor:
        """L_T + Σ L_{t−1} + L_0 in nats, (B,). ValueError if it is not finished."""
        return self.prior + self.matching(variance) + self.reconstruction(variance)

    def bits(self, nats: Tensor) -> Mean:
        """The mean over pictures in bits per dimension, nats/(D ln 2), and its standard error."""
        bits = nats / (self.dims * math.log(2))
        error = bits.std().item() / math.sqrt(len(bits)) if len(bits) > 1 else math.nan
        return Mean(bits.mean().item(), error)


def ranges(T: int, count: int) -> list[tuple[int, int]]:
    """t = 2…T cut into at most `count` ranges (first, last), short where t is low.

    Low t, where the terms are large, are alone; there the quadratic times of `strided_times` lie
    as close as they can. With count ≥ T − 1 every t is alone. ValueError if T or count is not a
    whole number from 1.
    """
    for name, value in (("T", T), ("count", count)):
        if not is_whole(value) or value < 1:
            raise ValueError(f"{name} = {value!r} is not allowed: it is a whole number from 1")
    if T == 1:
        return []
    edges = strided_times(T - 1, min(count, T - 1), "quadratic")[::-1]
    return [(a + 2, b + 1) for a, b in zip(edges, edges[1:], strict=False)]


def bound(
    denoise: Callable[[Tensor, Tensor], Tensor],
    schedule: Schedule,
    x0: Tensor,
    *,
    count: int | None = None,
    variances: Sequence[Variance] = VARIANCES,
    generator: Generators = None,
    clip: bool = False,
) -> Iterator[Bound]:
    """L_T, L_{T−1}, …, L_0 of Ho et al. 2020, eq. 5, from the noise down to the picture.

    Σ L_{t−1} is estimated from `count` ranges of t (see `ranges`; all t by default): every
    picture is asked at one t of each, drawn evenly, and the term counts as often as the range is
    long. That is unbiased for each picture, so that their spread is the standard error of all:
    pictures, noise and times. The variances share x_t and x̂_0.

    Parameters
    ----------
    denoise : (x_t, t) -> x̂_0 with t a (B,) tensor of ints, such as a `Denoiser`.
    x0 : (B, C, H, W) or (B, D) in 256 steps, x = 2u/255 − 1.
    generator : one for the batch, or a sequence with one for each picture, see `randn`.
    clip : clamp x̂_0 to [−1, 1] for the bound, as samplers do; errors are of what `denoise` gave.

    Yields
    ------
    Bound
        At first with L_T alone, then after each evaluation of `denoise` on the batch; the last
        is finished.

    Raises
    ------
    ValueError
        At once, if count is not a whole number from 1, a variance is unknown, x0 is empty or not
        in 256 steps, or there is not a generator for each picture; later, if x̂_0 is not finite.
    """
    unknown = [name for name in variances if name not in VARIANCES]
    if unknown or not variances:
        raise ValueError(f"variances {list(variances)!r}; there are: {', '.join(VARIANCES)}")
    if len(x0) == 0:
        raise ValueError("the bound of no images: x0 is empty")
    levels(x0)  # refuses what L_0 would refuse in the end
    if isinstance(generator, Sequence) and len(generator) != len(x0):
        raise ValueError(f"{len(generator)} generators for {len(x0)} images: give one each")
    parts = [(1, 1), *ranges(schedule.T, schedule.T if count is None else count)]
    return _walk(denoise, schedule, x0, parts[::-1], tuple(variances), generator, clip)


@torch.no_grad()
def _walk(
    denoise: Callable[[Tensor, Tensor], Tensor],
    schedule: Schedule,
    x0: Tensor,
    parts: Sequence[tuple[int, int]],
    variances: Sequence[Variance],
    generator: Generators,
    clip: bool,
) -> Iterator[Bound]:
    prior = prior_term(schedule, x0)
    terms: tuple[Term, ...] = ()
    yield Bound(schedule.T, x0[0].numel(), prior)
    for first, last in parts:
        t = _draw_times(first, last, len(x0), generator)
        x_t = forward(schedule, x0, t).sample(generator)
        raw = denoise(x_t, t.to(x0.device))
        guess = raw.clamp(-1, 1) if clip else raw
        if first == 1:
            nats = {
                name: -discrete_log_likelihood(decoder(schedule, x_t, guess, name), x0)
                for name in variances
            }
        else:
            nats = {name: denoising_term(schedule, x0, x_t, t, guess, name) for name in variances}
        belief = (exact(raw) - exact(x0)).square().flatten(1).mean(1)
        error = schedule.snr[t] * belief  # see `belief_errors`
        terms += (Term(first, last, nats, t, belief, error),)
        yield Bound(schedule.T, x0[0].numel(), prior, len(terms) / len(parts), terms)


def _draw_times(first: int, last: int, n: int, generator: Generators) -> Tensor:
    """A t for each of n pictures from first…last, each as likely; (n,) on the CPU."""
    if first == last:
        return torch.full((n,), first)
    if generator is None or isinstance(generator, torch.Generator):
        where = generator.device if generator else "cpu"
        return torch.randint(first, last + 1, (n,), generator=generator, device=where).cpu()
    return torch.cat([_draw_times(first, last, 1, each) for each in generator])
