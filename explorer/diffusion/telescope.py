"""The factors of ln q(x_{1:T} | x_0)/p(x_{0:T}) for Gaussian data, of one chain and on average.

What the derivations of the bound (`bound_forms`) take apart and put together: each is a sum of
these, with signs.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import NamedTuple

import torch
from torch import Tensor

from explorer.diffusion.pixel_gaussian import LEVEL, PixelGaussian, log_density
from explorer.diffusion.process import Gaussian, forward, forward_step, reverse
from explorer.diffusion.schedule import Schedule


class Factor(NamedTuple):
    """A factor by its name and the t that it is of."""

    kind: str
    """ "step" q(x_t|x_{t−1}), "marginal" q(x_t|x_0), "posterior" q(x_{t−1}|x_t, x_0), "back"
    p(x_{t−1}|x_t), of grey values at t = 1, or "prior" p(x_T)."""
    t: int


Logs = Mapping[Factor, float]
"""ln of each factor in nats, the sum over the pixels."""


def strided(schedule: Schedule, steps: int) -> Schedule:
    """The same process looked at `steps` times only, evenly: ᾱ at t = 0, T/steps, …, T.

    ValueError unless T is a multiple of steps.
    """
    if steps < 1 or schedule.T % steps:
        raise ValueError(f"{schedule.T} steps are no multiple of {steps}")
    return Schedule(schedule.name, schedule.alpha_bar[:: schedule.T // steps], schedule.options)


def draw_chain(
    data: PixelGaussian, schedule: Schedule, generator: torch.Generator | None = None
) -> list[Tensor]:
    """x_0, x_1, …, x_T by q(x_t | x_{t−1}); (1, D) each."""
    chain = [data.sample(1, generator)]
    for t in range(1, schedule.T + 1):
        chain.append(forward_step(schedule, chain[-1], t).sample(generator))
    return chain


def chain_logs(data: PixelGaussian, schedule: Schedule, chain: list[Tensor]) -> Logs:
    """ln of every factor at this chain, x_0…x_T."""
    x0, last = chain[0], chain[-1]
    found = {Factor("prior", schedule.T): _log(_noise(last), last)}
    for t in range(1, schedule.T + 1):
        before, here = chain[t - 1], chain[t]
        found[Factor("step", t)] = _log(forward_step(schedule, before, t), here)
        found[Factor("marginal", t)] = _log(forward(schedule, x0, t), here)
        back = data.reverse(schedule, here, t)
        if t == 1:
            found[Factor("back", t)] = data.log_level(back, x0).item()
            continue
        found[Factor("back", t)] = _log(back, before)
        found[Factor("posterior", t)] = _log(reverse(schedule, x0, here, t, t - 1), before)
    return found


def expected_logs(data: PixelGaussian, schedule: Schedule) -> Logs:
    """E ln of every factor over all chains, in closed form.

    −½ ln 2πeσ² a pixel where x is of the Gaussian itself, of variance σ²: so it is for all of them
    but p(x_T) = N(0, I), which the data's own x_T is not quite of.
    """
    v, T, dims = data.variances(schedule), schedule.T, data.dims
    power = v[-1] + schedule.alpha_bar[-1] * data.mean**2
    found = {Factor("prior", T): -0.5 * (math.log(2 * math.pi) + power).sum().item()}
    for t in range(1, T + 1):
        P = schedule.betas[t - 1] * v[t - 1] / v[t]
        found[Factor("step", t)] = _entropy(schedule.betas[t - 1].expand(dims))
        found[Factor("marginal", t)] = _entropy((1 - schedule.alpha_bar[t]).expand(dims))
        if t == 1:
            P = P[data.std > 0]
            found[Factor("back", t)] = _entropy(P) + len(P) * math.log(LEVEL)
            continue
        found[Factor("back", t)] = _entropy(P)
        found[Factor("posterior", t)] = _entropy(schedule.posterior_variance[t - 1].expand(dims))
    return found


def _entropy(variance: Tensor) -> float:
    return -0.5 * (2 * math.pi * math.e * variance).log().sum().item()


def _log(p: Gaussian, x: Tensor) -> float:
    return log_density(p, x).item()


def _noise(x: Tensor) -> Gaussian:
    return Gaussian(torch.zeros_like(x), torch.ones_like(x))
