"""What training minimises: the squared error of what the network predicts, weighted over t.

Or, for a classifier of noisy pictures, the cross-entropy of the class.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional as F

from explorer.diffusion.denoiser import regression_target
from explorer.diffusion.names import CLASS, WEIGHTINGS
from explorer.diffusion.process import Time, Variance, forward
from explorer.diffusion.schedule import Schedule


def losses(
    network: Callable[..., Tensor],
    schedule: Schedule,
    x0: Tensor,
    t: Time,
    eps: Tensor,
    label: Tensor | None = None,
    *,
    target: str = "eps",
) -> Tensor:
    """‖network(x_t, t) − target‖² / D for each picture, x_t = √ᾱ_t x_0 + √(1 − ᾱ_t) ε; (B,).

    Ho et al. 2020, eq. 14, for target "eps". x0 and eps are (B, …) of D numbers each, t is an int
    or (B,); the mean over a batch, weighted by `loss_weights`, is the training loss.

    For target "class" it is −log p(label | x_t, t), the network's output being logits (Dhariwal &
    Nichol 2021, section 4); 0 where the label is −1. ValueError for an unknown target, or without
    labels for this one.
    """
    q = forward(schedule, x0, t)
    x_t = q.mean + q.std * eps
    times = torch.as_tensor(t, device=x0.device).expand(len(x0))
    if target == CLASS:
        if label is None:
            raise ValueError("a classifier learns from labels: these images have none")
        logits = network(x_t, times).float()
        return F.cross_entropy(logits, label, ignore_index=-1, reduction="none")
    truth = regression_target(schedule, x0, eps, t, target)
    output = network(x_t, times) if label is None else network(x_t, times, label)
    return (output.float() - truth).square().flatten(1).mean(1)


def bound_weights(schedule: Schedule, variance: Variance = "beta") -> Tensor:
    """β_t² / (2σ_t² α_t (1 − ᾱ_t)): what the variational bound gives ε's squared error at t.

    Ho et al. 2020, eq. 12; σ_t² is β_t ("beta") or β̃_t ("posterior"). float64, (T + 1,): entry t
    belongs to t; NaN at 0, where nothing is predicted, and infinite at t = 1 for β̃_1 = 0.
    ValueError for another variance.
    """
    if variance not in ("beta", "posterior"):
        raise ValueError(f"no variance {variance!r}; there are: posterior, beta")
    beta = schedule.betas
    sigma2 = beta if variance == "beta" else schedule.posterior_variance
    weights = beta**2 / (2 * sigma2 * schedule.alphas * (1 - schedule.alpha_bar[1:]))
    return torch.cat([weights.new_full((1,), torch.nan), weights])


def belief_errors(schedule: Schedule, target: str) -> Tensor:
    """‖x̂_0 − x_0‖² for a squared error of 1 of `target`; float64, (T + 1,), NaN at t = 0.

    ‖ε̂ − ε‖² = SNR ‖x̂_0 − x_0‖² and ‖v̂ − v‖² = ‖x̂_0 − x_0‖² / (1 − ᾱ_t), so that it is
    (1 − ᾱ_t)/ᾱ_t for "eps", 1 for "x0" and 1 − ᾱ_t for "v". ValueError for another target.
    """
    snr, sigma2 = schedule.snr[1:], 1 - schedule.alpha_bar[1:]
    per_target = {"eps": 1 / snr, "x0": torch.ones_like(snr), "v": sigma2}
    if target not in per_target:
        raise ValueError(f"no target {target!r}; there are: {', '.join(per_target)}")
    return torch.cat([snr.new_full((1,), torch.nan), per_target[target]])


def noise_weights(
    schedule: Schedule, target: str, weighting: str = "simple", *, gamma: float = 5.0
) -> Tensor:
    """What the training loss gives the squared error of ε at t; float64, (T + 1,), NaN at t = 0.

    With weighting "simple" it is 1 for target "eps", (1 − ᾱ_t)/ᾱ_t for "x0" and 1/ᾱ_t for "v".
    Arguments and errors as in `loss_weights`, but "class" is no target here.
    """
    belief = belief_errors(schedule, target)  # refuses "class"
    return loss_weights(schedule, target, weighting, gamma=gamma) / (schedule.snr * belief)


def loss_weights(
    schedule: Schedule, target: str, weighting: str = "simple", *, gamma: float = 5.0
) -> Tensor:
    """w_t, the weight of the squared error of `target` at t; float64, (T + 1,), 0 at t = 0.

    "simple":   1 (Ho et al. 2020, eq. 14, for ε; Salimans & Ho 2022 for v)
    "bound":    `bound_weights` with σ² = β, scaled to a mean of 1 so that learning rates keep
                their meaning
    "min-snr":  min(SNR(t), γ) on the squared error of x_0 (Hang et al. 2023, eq. 8)

    The last two are the same whatever the target, see `belief_errors`. The target "class" has no
    squared error: only "simple" is for it. ValueError for an unknown name, or γ not above 0.
    """
    if target == CLASS:
        if weighting != "simple":
            raise ValueError(f"weighting {weighting!r} is for squared errors; class takes simple")
        return torch.cat([torch.zeros(1), torch.ones(schedule.T)]).double()
    snr, per_target = schedule.snr[1:], belief_errors(schedule, target)[1:]
    if weighting == "simple":
        weights = torch.ones_like(snr)
    elif weighting == "bound":
        weights = bound_weights(schedule)[1:] * snr * per_target
        weights = weights / weights.mean()
    elif weighting == "min-snr":
        if not gamma > 0:
            raise ValueError(f"gamma = {gamma!r} is not allowed: it lies above 0")
        weights = snr.clamp(max=gamma) * per_target
    else:
        raise ValueError(f"no weighting {weighting!r}; there are: {', '.join(WEIGHTINGS)}")
    return torch.cat([weights.new_zeros(1), weights])
