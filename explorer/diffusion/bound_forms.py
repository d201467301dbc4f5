"""Two derivations of one variational bound, for data whose steps back are known exactly.

−ln p(x_0) ≤ E_q[ln q(x_{1:T} | x_0)/p(x_{0:T})], and the fraction can be taken apart in two ways
(Luo 2022, eq. 34–45 and 46–58):

first   L_0 + Σ_{t=1}^{T−1} E ln q(x_t|x_{t−1})/p(x_t|x_{t+1}) + E D_KL(q(x_T|x_{T−1}) ‖ p(x_T))
second  L_0 + Σ_{t=2}^{T} E D_KL(q(x_{t−1}|x_t, x_0) ‖ p(x_{t−1}|x_t)) + D_KL(q(x_T|x_0) ‖ p(x_T))

The first form's consistency terms average over three neighbours x_{t−1}, x_t, x_{t+1} of one
chain. Luo and the lectures print them as a divergence averaged over the pair (x_{t−1}, x_{t+1}),
which draws x_t anew, apart from the x_{t+1} that was made of it: that is another, far larger
number (`printed_consistency`), and no part of this bound.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from explorer.diffusion.pixel_gaussian import LEVEL, PixelGaussian, log_density
from explorer.diffusion.process import Gaussian, forward, forward_step, reverse
from explorer.diffusion.randomness import named_generator
from explorer.diffusion.schedule import Schedule


class Spread(NamedTuple):
    """Of a term, or of several: its mean and the standard deviation of one draw, in nats."""

    mean: Tensor
    std: Tensor


@dataclass(frozen=True, eq=False)
class Form:
    """The parts of the bound in one of the two forms, in nats, summed over the pixels."""

    first: int
    """The t of the first of `terms`: 1 of the consistency, 2 of the denoising matching."""
    prior: Spread
    terms: Spread
    """Over t, (T − 1,)."""
    reconstruction: Spread
    draws: int | None = None
    """What it was estimated from, each term from draws of its own; None for closed forms."""

    @property
    def total(self) -> float:
        """The bound."""
        return float(self.prior.mean + self.terms.mean.sum() + self.reconstruction.mean)

    @property
    def matching_error(self) -> float:
        """The standard error of Σ of the terms; 0 of closed forms."""
        return _error(self.terms.std.square().sum(), self.draws)

    @property
    def total_error(self) -> float:
        """That of the whole: the variances of parts that were drawn apart add up."""
        parts = [self.prior.std, self.terms.std, self.reconstruction.std]
        return _error(sum(part.square().sum() for part in parts), self.draws)

    def term_at(self, t: int) -> tuple[float, float]:
        """Mean and noise of the term at t; ValueError where the form has none."""
        place = t - self.first
        if not 0 <= place < len(self.terms.mean):
            last = self.first + len(self.terms.mean) - 1
            raise ValueError(f"t = {t!r}: this form has terms for t in {self.first}…{last}")
        return self.terms.mean[place].item(), self.terms.std[place].item()


def _error(variance: Tensor | int, draws: int | None) -> float:
    return math.sqrt(float(variance) / draws) if draws else 0.0


def consistency_form(data: PixelGaussian, schedule: Schedule) -> Form:
    """The first form in closed form, for the exact steps back p = q(x_{t−1} | x_t) of the data.

    A term is ½ Σ (ln P/β_t + e²/P − z²) with e = x_t − E[x_t | x_{t+1}] of variance
    P = P_{t+1} = β_{t+1} v_t/v_{t+1} and z the noise of the step to x_t: its mean is ½ Σ ln P/β_t,
    its variance Σ (1 − ρ²) with ρ² = corr(e/√P, z)² = β_t (1 − √α_{t+1} c)²/P and
    c = √α_{t+1} v_t/v_{t+1}.
    """
    v, beta = data.variances(schedule), schedule.betas[:, None]
    alpha = 1 - beta
    P, slope = _steps_back(v, schedule)
    drift = 1 - alpha[1:].sqrt() * slope[1:]
    mean = 0.5 * (P[1:] / beta[:-1]).log().sum(1)
    rho2 = beta[:-1] * drift**2 / P[1:]
    terms = Spread(mean, (1 - rho2).clamp(min=0).sum(1).sqrt())
    last, left = v[-2], schedule.alpha_bar[-2] * data.mean**2  # of x_{T−1}: variance, mean²
    nats = 0.5 * (beta[-1] - 1 - beta[-1].log() + alpha[-1] * (last + left)).sum()
    noise = 0.5 * alpha[-1] * (2 * last**2 + 4 * left * last).sum().sqrt()
    return Form(1, Spread(nats, noise.squeeze()), terms, _reconstruction(data, P[0]))


def matching_form(data: PixelGaussian, schedule: Schedule) -> Form:
    """The second form in closed form, for the same p.

    A term is ½ Σ (β̃/P − 1 − ln β̃/P + d²/P), d = μ_q − μ_p ~ N(0, δ²), P = P_t: its mean has δ² for
    d², its variance is ½ Σ (δ²/P)².
    """
    v, ab = data.variances(schedule), schedule.alpha_bar
    P, slope = (table[1:] for table in _steps_back(v, schedule))
    beta, narrow = schedule.betas[1:, None], schedule.posterior_variance[1:, None]
    before, here = ab[1:-1, None], ab[2:, None]
    from_x0 = before.sqrt() * beta / (1 - here)
    from_xt = (1 - beta).sqrt() * (1 - before) / (1 - here) - slope
    delta = (from_x0 + from_xt * here.sqrt()) ** 2 * data.std**2 + from_xt**2 * (1 - here)
    ratio = narrow / P
    mean = 0.5 * (ratio - 1 - ratio.log() + delta / P).sum(1)
    terms = Spread(mean, (0.5 * (delta / P) ** 2).sum(1).sqrt())
    power = data.std**2 + data.mean**2
    widths = -ab[-1] - torch.log1p(-ab[-1])
    nats = 0.5 * (ab[-1] * power + widths).sum()
    noise = 0.5 * ab[-1] * (2 * data.std**4 + 4 * data.mean**2 * data.std**2).sum().sqrt()
    first = (schedule.betas[:1, None] * v[0] / v[1])[0]
    return Form(2, Spread(nats, noise), terms, _reconstruction(data, first))


def printed_consistency(data: PixelGaussian, schedule: Schedule) -> Spread:
    """E D_KL(q(x_t|x_{t−1}) ‖ p(x_t|x_{t+1})) over pairs (x_{t−1}, x_{t+1}), as it is printed.

    x_t is integrated out as if x_{t+1} had not been made of it: they do not add up to the bound.
    (T − 1,) for t = 1…T − 1, in closed form.
    """
    v, beta = data.variances(schedule), schedule.betas[:, None]
    P, slope = (table[1:] for table in _steps_back(v, schedule))
    now, after = beta[:-1], beta[1:]
    from_before = (1 - now).sqrt() * (1 - slope * (1 - after).sqrt())
    apart = from_before**2 * v[:-2] + slope**2 * ((1 - after) * now + after)
    ratio = now / P
    mean = 0.5 * (ratio - 1 - ratio.log() + apart / P).sum(1)
    return Spread(mean, (0.5 * (apart / P) ** 2).sum(1).sqrt())


def _steps_back(v: Tensor, schedule: Schedule) -> tuple[Tensor, Tensor]:
    """P_t = β_t v_{t−1}/v_t and √α_t v_{t−1}/v_t for t = 1…T: (T, D) each, entry t − 1 is of t."""
    if schedule.T < 2:
        raise ValueError("the two forms differ from T = 2 on: with T = 1 there is one step")
    share = v[:-1] / v[1:]
    return schedule.betas[:, None] * share, schedule.alphas[:, None].sqrt() * share


def _reconstruction(data: PixelGaussian, P: Tensor) -> Spread:
    """L_0 = E −ln p(x_0 | x_1) of grey values, see `PixelGaussian.log_level`; P is P_1, (D,)."""
    P = P[data.std > 0]
    nats = 0.5 * (2 * math.pi * math.e * P).log().sum() - len(P) * math.log(LEVEL)
    return Spread(nats, torch.tensor(len(P) / 2, dtype=torch.float64).sqrt())


FORMS: dict[str, Callable[[PixelGaussian, Schedule], Form]] = {
    "consistency": consistency_form,
    "matching": matching_form,
}
"""The first and the second."""


@torch.no_grad()
def draw_part(
    data: PixelGaussian, schedule: Schedule, form: str, t: int, draws: int, *, seed: int = 0
) -> Tensor:
    """`draws` values of one part of a form, each from images and noise of its own: (draws,), nats.

    form : of `FORMS`.
    t : of a term (1…T − 1 of the first form, 2…T of the second); 0 is L_0, T + 1 the prior's.
    draws : of one term; each seed, form and t has a generator of its own.

    By the general transitions of `process` and `PixelGaussian.reverse`, none of the formulas
    above. ValueError for another form, or a t that it does not have.
    """
    if form not in FORMS:
        raise ValueError(f"no form {form!r}; there are: {', '.join(FORMS)}")
    first, T = 1 if form == "consistency" else 2, schedule.T
    if t not in (0, T + 1) and not first <= t < first + T - 1:
        raise ValueError(f"t = {t!r}: the {form} form has terms for t in {first}…{first + T - 2}")
    generator = named_generator(f"{seed}/{form}/{t}")
    x0 = data.sample(draws, generator)
    if t == 0:
        x1 = forward(schedule, x0, 1).sample(generator)
        return -data.log_level(data.reverse(schedule, x1, 1), x0)
    draw = _draw_consistency if form == "consistency" else _draw_matching
    return draw(data, schedule, x0, t, generator)


def _draw_consistency(
    data: PixelGaussian, schedule: Schedule, x0: Tensor, t: int, generator: torch.Generator
) -> Tensor:
    """ln q(x_t|x_{t−1})/p(x_t|x_{t+1}) along a chain from x_0; at T + 1 the divergence of x_T."""
    here = min(t, schedule.T)
    before = forward(schedule, x0, here - 1).sample(generator)
    step = forward_step(schedule, before, here)
    if t > schedule.T:
        return step.kl(_noise(x0))
    x_t = step.sample(generator)
    after = forward_step(schedule, x_t, t + 1).sample(generator)
    return log_density(step, x_t) - log_density(data.reverse(schedule, after, t + 1), x_t)


def _draw_matching(
    data: PixelGaussian, schedule: Schedule, x0: Tensor, t: int, generator: torch.Generator
) -> Tensor:
    """D_KL(q(x_{t−1}|x_t, x_0) ‖ p(x_{t−1}|x_t)) at a draw of x_t; at T + 1 that of q(x_T|x_0)."""
    marginal = forward(schedule, x0, min(t, schedule.T))
    if t > schedule.T:
        return marginal.kl(_noise(x0))
    x_t = marginal.sample(generator)
    return reverse(schedule, x0, x_t, t, t - 1).kl(data.reverse(schedule, x_t, t))


def _noise(x: Tensor) -> Gaussian:
    return Gaussian(torch.zeros_like(x), torch.ones_like(x[:1]))
