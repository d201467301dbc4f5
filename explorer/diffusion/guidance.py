"""Classifier guidance: the gradient of a classifier of noisy pictures turns the denoiser."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field, fields

import torch
from torch import Tensor

from explorer.diffusion.denoiser import Denoiser, check_target
from explorer.diffusion.options import is_number
from explorer.diffusion.process import Time, amplitudes, whole_times
from explorer.diffusion.schedule import Schedule

Classifier = Callable[[Tensor, Tensor], Tensor]
"""(x_t, t) -> logits of p(y | x_t, t), (B, classes); t is a (B,) tensor of ints."""


def class_gradient(
    classifier: Classifier, x_t: Tensor, t: Time, label: Tensor
) -> tuple[Tensor, Tensor]:
    """∇_x log p(y | x_t, t) and log p(y | x_t, t); (B, …) and (B,).

    x_t is (B, …), t an int or (B,) ints, label (B,) ints: where it is −1, no class is asked for
    and both are 0. It may be called anywhere, also under `torch.inference_mode`, where samplers
    run. ValueError for other shapes or dtypes, or a class that the classifier does not have
    (labels on an accelerator are taken as they are: looking would wait for it).
    """
    times, label = whole_times(t, x_t), torch.as_tensor(label)
    _check_batch(x_t, label)
    with torch.inference_mode(False), torch.enable_grad():
        x = x_t.detach().clone().requires_grad_()  # autograd keeps no tensor of inference mode
        given = label.to(x.device, torch.long, copy=True)
        logits = classifier(x, times.expand(len(x)).to(x.device, copy=True))
        if label.device.type == "cpu" and not ((-1 <= label) & (label < logits.shape[1])).all():
            last = logits.shape[1] - 1
            raise ValueError(f"label = {label.tolist()}: classes are 0 to {last}, or −1 for none")
        log_p = logits.log_softmax(1).gather(1, given.clamp(min=0)[:, None])[:, 0]
        chosen = log_p.where(given >= 0, 0.0)
        (gradient,) = torch.autograd.grad(chosen.sum() + 0 * x.sum(), x)  # it may not look at x
    return gradient.to(x_t.dtype), chosen.detach()


def _check_batch(x_t: Tensor, label: Tensor) -> None:
    """ValueError unless they belong together."""
    if not x_t.dtype.is_floating_point:
        raise ValueError(f"x_t must be floating point, not {x_t.dtype}")
    whole = not label.dtype.is_floating_point and label.dtype != torch.bool
    if not whole or label.shape != x_t.shape[:1]:
        raise ValueError(
            f"label must be whole numbers, one for each of the {len(x_t)} images, not "
            f"{label.dtype} of shape {tuple(label.shape)}"
        )


def noise_shift(
    schedule: Schedule, classifier: Classifier, x_t: Tensor, t: Time, label: Tensor
) -> tuple[Tensor, Tensor]:
    """√(1 − ᾱ_t) ∇_x log p(y | x_t, t), what the scale s multiplies, and log p(y | x_t, t).

    Dhariwal & Nichol 2021, algorithm 2: ε̂ ← ε̂ − s √(1 − ᾱ_t) ∇. Arguments and errors as above;
    t lies in 0…T.
    """
    _, sigma = amplitudes(schedule, x_t, t)
    gradient, log_p = class_gradient(classifier, x_t, t, label)
    return sigma * gradient, log_p


def mean_shift(schedule: Schedule) -> Tensor:
    """β_t/√α_t for t = 1…T, float64: what ε̂ − √(1 − ᾱ_t) ∇ moves the mean of q(x_{t−1} | x_t) by,
    for each unit of ∇ and with nothing clipped.

    Algorithm 1 of Dhariwal & Nichol 2021 has the step's variance instead. With β_t this is
    1/√α_t times as much; with β̃_t it is (1 − ᾱ_t)/((1 − ᾱ_{t−1}) √α_t) times as much, and
    infinitely more at t = 1, where β̃_1 = 0.
    """
    return schedule.betas / schedule.alphas.sqrt()


def shifted(
    schedule: Schedule, x_t: Tensor, t: Time, output: Tensor, target: str, shift: Tensor
) -> Tensor:
    """A network's output for x_t once `shift` is taken from the ε̂ that it stands for.

    ε̂ − δ is x̂_0 + √(1 − ᾱ_t)/√ᾱ_t · δ and v̂ − δ/√ᾱ_t: x̂_0 and v̂ are affine in ε̂. ValueError for
    an unknown target.
    """
    check_target(target)
    if target == "eps":
        return output - shift
    signal, sigma = amplitudes(schedule, x_t, t)
    return output + sigma / signal * shift if target == "x0" else output - shift / signal


@dataclass(frozen=True, eq=False)
class ClassifierGuided(Denoiser):
    """x̂_0 + s (1 − ᾱ_t)/√ᾱ_t ∇_x log p(y | x_t, t), which is ε̂ − s √(1 − ᾱ_t) ∇_x log p.

    Dhariwal & Nichol 2021, algorithm 2; Song et al. 2021 (score SDE), eq. 14: by Bayes' rule
    ∇ log p(x_t) + ∇ log p(y | x_t) = ∇ log p(x_t | y), so that s = 1 turns a denoiser that knows
    no classes (w = 0) into the one of class y; s > 1 sharpens. It holds at every x_t, for every
    sampler. DDPM's mean moves by s · `mean_shift` ∇, where their algorithm 1 has s Σ ∇.

    A `Denoiser` in all else, `guidance` w among it: with w = 1 a network that is told the class is
    pushed on top; with w = 0 it is asked without any label, so that it need not know of classes.
    x̂_0 is clipped after the push. Where the label is −1, nothing is pushed.
    """

    classifier: Classifier = field(kw_only=True)
    scale: float = field(default=1.0, kw_only=True)

    def __post_init__(self) -> None:
        super().__post_init__()
        if not is_number(self.scale) or not 0 <= self.scale < math.inf:
            raise ValueError(f"classifier scale = {self.scale!r} is not allowed: it is 0 or more")

    def ask(self, x_t: Tensor, t: Time, label: Tensor | None = None) -> Tensor:
        """What the network puts out, pushed; arguments as in `Denoiser.ask`."""
        output = super().ask(x_t, t, label if self.guidance else None)
        if label is None or self.scale == 0:
            return output
        shift, _ = noise_shift(self.schedule, self.classifier, x_t, t, label)
        return shifted(self.schedule, x_t, t, output, self.target, self.scale * shift)


def classifier_guided(
    denoiser: Denoiser, classifier: Classifier, scale: float
) -> ClassifierGuided:
    """The same denoiser, pushed by a classifier with the scale s; ValueError for s below 0."""
    values = {f.name: getattr(denoiser, f.name) for f in fields(Denoiser)}
    return ClassifierGuided(**values, classifier=classifier, scale=scale)
