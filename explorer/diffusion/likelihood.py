"""The terms of the variational bound on −ln p(x_0): L_T, L_{t−1} and the decoder of L_0."""

from __future__ import annotations

import torch
from torch import Tensor

from explorer.diffusion.process import Gaussian, Time, Variance, reverse, whole_times
from explorer.diffusion.schedule import Schedule

VARIANCES: tuple[Variance, ...] = ("beta", "posterior")
LEVELS = 256
"""Pictures are x = 2u/255 − 1 with u = 0…255."""


def prior_term(schedule: Schedule, x0: Tensor) -> Tensor:
    """L_T = D_KL(q(x_T | x_0) ‖ N(0, I)) = ½ Σ (ᾱ_T x_0² − ᾱ_T − ln(1 − ᾱ_T)) in nats.

    How far x_T is from noise; nothing of it is learnt. (B,), float64, for x0 of (B, …) in [−1, 1];
    errors as in `exact`. Written in ᾱ_T: in 1 − ᾱ_T, which `Gaussian.kl` has, what is small of it
    drowns.
    """
    ab = schedule.alpha_bar[-1]
    widths = (-ab - torch.log1p(-ab)).clamp(min=0)  # below 0 by rounding only
    return 0.5 * (ab * exact(x0) ** 2 + widths).flatten(1).sum(1)


def denoising_term(
    schedule: Schedule,
    x0: Tensor,
    x_t: Tensor,
    t: Time,
    guess: Tensor,
    variance: Variance = "posterior",
) -> Tensor:
    """L_{t−1} = D_KL(q(x_{t−1} | x_t, x_0) ‖ p(x_{t−1} | x_t)) in nats at one x_t; (B,), float64.

    p is q with the denoiser's guess x̂_0 in place of x_0, its variance σ_t² = β̃_t ("posterior") or
    β_t ("beta"): then the two differ in variance too and ln(σ_t/√β̃_t) + β̃_t/(2σ_t²) − ½ for each
    coordinate comes on top of the squared error. t is an int or (B,) in 2…T: at t = 1 the
    posterior is a point, see `decoder`. ValueError for other times, and as in `exact` and
    `reverse`.
    """
    times = whole_times(t, x_t)
    if not (times >= 2).all():
        raise ValueError(f"t = {t}: L_{{t−1}} is a divergence for t in 2…{schedule.T}; L_0 is not")
    x0, x_t, guess = exact(x0), exact(x_t), exact(guess)
    posterior = reverse(schedule, x0, x_t, times, times - 1)
    return posterior.kl(reverse(schedule, guess, x_t, times, times - 1, variance=variance))


def decoder(
    schedule: Schedule, x_1: Tensor, guess: Tensor, variance: Variance = "posterior"
) -> Gaussian:
    """p(x_0 | x_1) = N(x̂_0, σ_1²) before it is cut into bins; float64.

    σ_1² is β_1 for "beta", as in eq. 13 of Ho et al. 2020; their code has β̃_2 there. β̃_1 = 0 is
    no variance: "posterior" takes β̃_2, as their code and that of Nichol & Dhariwal 2021 do (and
    β_1 where T = 1). ValueError for another variance, and as in `exact`.
    """
    if variance not in VARIANCES:
        raise ValueError(f"no variance {variance!r}; there are: {', '.join(VARIANCES)}")
    p = reverse(schedule, exact(guess), exact(x_1), 1, 0, variance="beta")
    if variance == "posterior" and schedule.T > 1:
        return Gaussian(p.mean, schedule.posterior_variance[1].sqrt().expand_as(p.std))
    return p


def discrete_log_likelihood(p: Gaussian, x0: Tensor) -> Tensor:
    """ln P(x_0) for x_0 in 256 steps, each the mass of p within ±1/255: Ho et al. 2020, eq. 13.

    The lowest and the highest bin are open, so that the 256 probabilities sum to 1. Nats, summed
    over everything but the batch; (B,), float64. The difference of the two normal cdfs is taken
    of their logarithms, on the side where they are small: finite however far off the mean is, as
    long as float64 holds the square of the distance.

    ValueError if x0 is not in 256 steps, see `levels`, or p has another shape or no width.
    """
    u, half = levels(x0), (LEVELS - 1) / 2
    mean, std = exact(p.mean), p.std.detach().cpu().double()
    if mean.shape != u.shape:
        raise ValueError(f"p {tuple(mean.shape)} and x0 {tuple(u.shape)} differ in shape")
    if not ((std > 0) & std.isfinite()).all():
        raise ValueError("p has no width to spread over bins: its std must be finite and above 0")
    low = (((u - 0.5) / half - 1) - mean) / std
    high = (((u + 0.5) / half - 1) - mean) / std
    low = low.masked_fill(u == 0, -torch.inf)
    high = high.masked_fill(u == LEVELS - 1, torch.inf)
    upper = low + high > 0  # Φ(b) − Φ(a) = Φ(−a) − Φ(−b)
    low, high = torch.where(upper, -high, low), torch.where(upper, -low, high)
    below, above = torch.special.log_ndtr(low), torch.special.log_ndtr(high)
    mass: Tensor = above + (-torch.expm1(below - above)).log()
    return mass.where(above > -torch.inf, -torch.inf).flatten(1).sum(1)


def levels(x0: Tensor) -> Tensor:
    """u = 0…255 of x_0 = 2u/255 − 1, float64; ValueError if x0 has values in between or beyond."""
    level = (exact(x0) + 1) * ((LEVELS - 1) / 2)
    u = level.round()
    if not ((level - u).abs() < 1e-3).all() or ((u < 0) | (u > LEVELS - 1)).any():
        raise ValueError("L_0 is for images in 256 steps from −1 to 1: x0 has other values")
    return u


def exact(x: Tensor) -> Tensor:
    """On the CPU in float64, where divergences of nearly equal Gaussians do not drown.

    ValueError unless x is floating point, (B, …) with more than the batch, and finite.
    """
    if not x.dtype.is_floating_point or x.dim() < 2:
        raise ValueError(
            "images are floating point, (B, C, H, W) or (B, D), in [−1, 1]; not "
            f"{x.dtype} of shape {tuple(x.shape)}"
        )
    x = x.detach().cpu().double()
    if not x.isfinite().all():
        raise ValueError("an image, or what a model makes of it, is NaN or infinite")
    return x
