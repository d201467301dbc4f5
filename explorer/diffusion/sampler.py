"""Walking back from noise to a picture: one stepper for every sampler and every caller."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor

from explorer.diffusion.process import mixed
from explorer.diffusion.randomness import Generators, randn
from explorer.diffusion.samplers import DDIM, Frame, Sampler, Terms, find_sampler
from explorer.diffusion.samplers.base import Denoise
from explorer.diffusion.schedule import Schedule
from explorer.diffusion.times import checked_times

Memory = tuple[Frame, ...]
"""The last frames of a walk, as many as its sampler looks back at: with x_t and the generators'
states all it takes to go on, to the last bit."""


class Advance(NamedTuple):
    """A step that was taken."""

    x: Tensor
    """x_s."""
    terms: Terms
    """The weights that x_s is the sum of."""
    z: Tensor | None
    """The noise that went into it, if any."""
    change: Tensor | None
    """The sampler's correction that went into it, if any."""
    memory: Memory
    """For the next step."""


def advance(
    schedule: Schedule,
    sampler: Sampler,
    frame: Frame,
    s: int,
    *,
    options: Mapping[str, Any],
    denoise: Denoise,
    memory: Memory = (),
    generator: Generators = None,
    terms: Terms | None = None,
) -> Advance:
    """x_s = Σ weight·picture from a frame at t > s, see `Terms`.

    options : those that the sampler's `terms` takes.
    denoise : (x_t, t) -> x̂_0, asked where a correction needs it; `frame` has been asked already.
    memory : of the step before; () at the first.
    terms : other weights than the sampler's, for a lane that does something else on purpose.
    """
    if terms is None:
        before = memory[-1].t if memory else None
        terms = sampler.terms(schedule, frame.t, s, before, **options)
    x = mixed(schedule, frame.x0, frame.x, frame.t, terms.x0, terms.eps)
    z = change = None
    if terms.change and sampler.correction:
        change = sampler.correction.picture(schedule, frame, s, memory, denoise)
        x = x + terms.change * change
    if terms.z:
        z = randn(x, generator)
        x = x + terms.z * z
    keeps = sampler.correction.keeps if sampler.correction else 0
    return Advance(x, terms, z, change, (*memory, frame)[-keeps:] if keeps else ())


def sample(
    denoise: Callable[[Tensor, int], Tensor],
    schedule: Schedule,
    x: Tensor,
    times: Sequence[int],
    *,
    sampler: str = DDIM.name,
    generator: Generators = None,
    **options: Any,
) -> Iterator[Frame]:
    """x_s from x_t along `times`, step by step: the sampler's sum of terms, see `Terms`.

    With DDIM, eta = 1 along T, T − 1, …, 0 is DDPM (Ho et al. 2020, algorithm 2); eta = 0 is the
    deterministic one (Song et al. 2021, eq. 12). The step to 0 adds no noise.

    Parameters
    ----------
    denoise : (x_t, t) -> x̂_0, a `Denoiser` or anything that is called like one.
    x : the state at times[0], (B, C, H, W) or (B, D): noise if times[0] = T.
    times : strictly decreasing whole numbers from at most T to 0, see `strided_times`.
    sampler : one of `SAMPLERS`.
    generator : one for the batch, or a sequence with one for each picture, see `randn`.
    options : of the sampler's steps: eta (0…1) and variance for DDIM, variance for DDPM.

    Yields
    ------
    Frame
        len(times) of them: the first is x at times[0], the last the picture. The network is
        evaluated as often as `Sampler.evaluations` says: mostly once for each but the last.

    Raises
    ------
    ValueError
        At once, if `times`, the sampler or its options do not fit.
    """
    path, chosen = checked_times(schedule, times), find_sampler(sampler)
    chosen.check_step(**options)
    mixed(schedule, x[:0], x[:0], path[0], 0.0, 0.0)  # says whether x is a picture
    return _walk(denoise, schedule, chosen, x, path, options, generator)


@torch.inference_mode()
def _walk(
    denoise: Denoise,
    schedule: Schedule,
    sampler: Sampler,
    x: Tensor,
    times: Sequence[int],
    options: Mapping[str, Any],
    generator: Generators,
) -> Iterator[Frame]:
    memory: Memory = ()
    for t, s in zip(times, times[1:], strict=False):
        frame = Frame(t, x, denoise(x, t))
        yield frame
        x, *_, memory = advance(
            schedule, sampler, frame, s,
            options=options, denoise=denoise, memory=memory, generator=generator,
        )  # fmt: skip
    yield Frame(0, x, x)
