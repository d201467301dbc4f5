"""Guidance against a mixture of Gaussians, of which everything is known."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch
from torch import Tensor

from explorer.diffusion import (
    SCHEDULES,
    TARGETS,
    Denoiser,
    make_schedule,
    picture_generators,
    regression_target,
    reverse,
    sample,
    strided_times,
)
from explorer.diffusion.denoiser import noise_seen
from explorer.diffusion.guidance import (
    ClassifierGuided,
    class_gradient,
    classifier_guided,
    mean_shift,
    noise_shift,
    shifted,
)
from explorer.race import ddim, ddpm, pictures

SCHEDULE = make_schedule("cosine", 100)
MEANS = torch.tensor([[-0.7, 0.1], [0.6, 0.5], [0.2, -0.8]], dtype=torch.float64)
STDS = torch.tensor([0.1, 0.25, 0.4], dtype=torch.float64)
SHARES = torch.tensor([0.5, 0.3, 0.2], dtype=torch.float64)
"""Three classes of points in the plane."""


class Mixture:
    """What a perfect network and a perfect classifier say of x_t; it counts its calls."""

    def __init__(self, target: str = "eps") -> None:
        self.target, self.calls = target, []

    def parts(self, x: Tensor, t: Tensor) -> tuple[Tensor, Tensor]:
        """Each class's ∇_x log p(x_t | k), (B, 3, 2), and log p(x_t, k), (B, 3)."""
        ab = SCHEDULE.alpha_bar[t].view(-1, 1, 1)
        variance = ab * STDS.view(1, -1, 1) ** 2 + 1 - ab
        away = x.double().flatten(1)[:, None] - ab.sqrt() * MEANS
        density = -(away**2 / (2 * variance)).sum(2) - variance[..., 0].log()
        return -away / variance, SHARES.log() + density

    def score(self, x: Tensor, t: Tensor, label: Tensor) -> Tensor:
        """∇_x log p(x_t | y), of the whole mixture where the label is −1."""
        scores, joint = self.parts(x, t)
        mixed = (joint.softmax(1)[..., None] * scores).sum(1)
        own = scores[torch.arange(len(x)), label.clamp(min=0)]
        return torch.where((label < 0)[:, None], mixed, own).view_as(x)

    def __call__(self, x: Tensor, t: Tensor, label: Tensor | None = None) -> Tensor:
        self.calls.append(len(x))
        label = torch.full((len(x),), -1) if label is None else label
        ab = SCHEDULE.alpha_bar[t].view(-1, *[1] * (x.dim() - 1))
        eps = -(1 - ab).sqrt() * self.score(x, t, label)
        x0 = (x.double() - (1 - ab).sqrt() * eps) / ab.sqrt()
        return regression_target(SCHEDULE, x0, eps, t, self.target).to(x)

    def classifier(self, x: Tensor, t: Tensor) -> Tensor:
        return self.parts(x, t)[1]


def states(n: int = 30) -> tuple[Tensor, Tensor, Tensor]:
    """x_t, t and labels, from nearly clean to nearly noise."""
    t = torch.arange(n) * 96 // (n - 1) + 1
    return torch.randn(n, 2, dtype=torch.float64), t, torch.arange(n) % 3


def noise(x0: Tensor, x: Tensor, t: Tensor) -> Tensor:
    a = SCHEDULE.alpha_bar[t].view(-1, 1)
    return (x - a.sqrt() * x0) / (1 - a).sqrt()


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("weight", [0.0, 0.5, 1.0, 3.0, 8.0])
def test_classifier_free_guidance_is_that_of_the_exact_noises(target: str, weight: float) -> None:
    """ε̂ = ε_∅ + w (ε_c − ε_∅), both from one batch; at 0 and 1 one of them is all."""
    x, t, label = states()
    network = Mixture(target)
    guided = Denoiser(network, SCHEDULE, target, clip=False, guidance=weight)
    sigma = (1 - SCHEDULE.alpha_bar[t]).sqrt()[:, None]
    given, free = (-sigma * network.score(x, t, y) for y in (label, label * 0 - 1))
    found = noise(guided(x, t, label), x, t)
    torch.testing.assert_close(found, free + weight * (given - free), rtol=1e-8, atol=1e-8)
    assert network.calls == ([30] if weight in (0, 1) else [60])
    if weight == 0:  # it ignores the label
        assert torch.equal(guided(x, t, label), guided(x, t, label.flip(0)))


@pytest.mark.parametrize("target", TARGETS)
def test_a_classifiers_push_is_bayes_rule(target: str) -> None:
    """∇ log p(x) + ∇ log p(y | x) = ∇ log p(x | y): s = 1 makes the conditional denoiser."""
    x, t, label = states()
    mixture = Mixture(target)
    plain = Denoiser(mixture, SCHEDULE, target, clip=False)
    guided = classifier_guided(replace(plain, guidance=0), mixture.classifier, 1.0)
    found = noise(guided(x, t, label), x, t)
    torch.testing.assert_close(found, noise(plain(x, t, label), x, t), rtol=1e-5, atol=1e-5)
    free = noise(plain(x, t, label * 0 - 1), x, t)
    for scale in (0.0, 2.5):
        found = noise(replace(guided, scale=scale)(x, t, label), x, t)
        push, log_p = noise_shift(SCHEDULE, mixture.classifier, x, t, label)
        torch.testing.assert_close(found, free - scale * push, rtol=1e-5, atol=1e-5)
        assert (log_p <= 0).all()
    torch.testing.assert_close(guided(x, t, label * 0 - 1), plain(x, t, label * 0 - 1))
    torch.testing.assert_close(guided(x, t), plain(x, t))
    assert guided(x, t, label).dtype == x.dtype


@pytest.mark.parametrize("target", TARGETS)
def test_the_noise_that_an_output_stands_for(target: str) -> None:
    x, t, label = states()
    a = SCHEDULE.alpha_bar[t].view(-1, 1)
    output = Mixture(target)(x, t, label)
    truth = -(1 - a).sqrt() * Mixture().score(x, t, label)
    torch.testing.assert_close(noise_seen(SCHEDULE, x, t, output, target), truth)


@pytest.mark.parametrize("variance", ["beta", "posterior"])
@pytest.mark.parametrize("name", SCHEDULES)
def test_ddpms_mean_moves_by_the_mean_shift(name: str, variance: str) -> None:
    """By s β_t/√α_t ∇ log p(y | x_t), whichever variance the steps have, also at t = 1."""
    schedule = make_schedule(name, 1000)
    plain = Denoiser(lambda x, t, label=None: x, schedule, clip=False, guidance=0.0)
    guided = classifier_guided(plain, lambda x, t: torch.cat([x, -x.square()], 1), 3.0)
    x, label = torch.randn(5, 2, dtype=torch.float64), torch.tensor([0, 1, 2, 3, -1])
    for t in (1, 2, 10, 100, 500, 1000):
        before, after = (
            reverse(schedule, denoise(x, t, label), x, t, t - 1, variance=variance)
            for denoise in (plain, guided)
        )
        gradient, _ = class_gradient(guided.classifier, x, t, label)
        moved, size = after.mean - before.mean, mean_shift(schedule)[t - 1]
        beta, alpha_bar = schedule.betas[t - 1], schedule.alpha_bar
        torch.testing.assert_close(size, beta / (1 - beta).sqrt())
        torch.testing.assert_close(moved, 3 * size * gradient, rtol=1e-6, atol=1e-9)
        assert not moved[4].any() and moved[:4].any(1).all()
        # against algorithm 1's s Σ ∇ with the variance of the very step that was taken
        if variance == "beta":
            torch.testing.assert_close(size / after.std.item() ** 2, (1 - beta) ** -0.5)
        elif t == 1:
            assert after.std.item() == 0 < size  # it does not push there
        else:
            ratio = (1 - alpha_bar[t]) / (1 - alpha_bar[t - 1]) / (1 - beta).sqrt()
            torch.testing.assert_close(size / after.std.item() ** 2, ratio)


@pytest.mark.parametrize("variance", ["beta", "posterior"])
def test_with_small_steps_ddpm_is_algorithm_1_itself(variance: str) -> None:
    """s Σ ∇ with Σ = σ_t² I, whichever of the two variances is the step's."""
    schedule = make_schedule("linear", 1000)
    plain = Denoiser(lambda x, t: x, schedule, clip=False)
    guided = classifier_guided(plain, lambda x, t: torch.cat([x, -x.square()], 1), 2.0)
    x, label = torch.randn(5, 2, dtype=torch.float64), torch.tensor([0, 1, 2, 3, -1])
    for t in (100, 500, 1000):
        told = replace(guided, guidance=0.0)  # a network that knows of no labels
        before, after = (
            reverse(schedule, x0, x, t, t - 1, variance=variance)
            for x0 in (plain(x, t), told(x, t, label))
        )
        gradient, _ = class_gradient(guided.classifier, x, t, label)
        moved = after.mean - before.mean
        torch.testing.assert_close(moved, 2 * after.std**2 * gradient, rtol=0.03, atol=1e-9)
        assert not moved[4].any() and moved[:4].any(1).all()


def test_a_classifier_that_does_not_look_does_not_push() -> None:
    x = torch.randn(3, 1, 4, 4)
    gradient, log_p = class_gradient(
        lambda x, t: torch.zeros(3, 10), x, 5, torch.tensor([0, 9, 4])
    )
    assert gradient.shape == x.shape and not gradient.any()
    torch.testing.assert_close(log_p, torch.full((3,), -math.log(10)))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("n", [1, 4])
def test_the_gradient_is_that_of_finite_differences(dtype: torch.dtype, n: int) -> None:
    x, t, label = (each[:n] for each in states())
    classifier = Mixture().classifier
    gradient, log_p = class_gradient(classifier, x.to(dtype), t, label)
    assert gradient.dtype == dtype
    for i in range(2):
        step = 1e-6 * torch.eye(2, dtype=torch.float64)[i]
        ends = [class_gradient(classifier, x + way * step, t, label)[1] for way in (1, -1)]
        slope = ((ends[0] - ends[1]) / 2e-6).to(dtype)
        torch.testing.assert_close(gradient[:, i], slope, rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(
        log_p, classifier(x, t).softmax(1)[torch.arange(n), label].log(), rtol=1e-4, atol=1e-4
    )


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"label": torch.tensor([0, 1, 3])}, "classes are 0 to 2, or −1"),
        ({"label": torch.tensor([0, -2, 1])}, "classes are 0 to 2, or −1"),
        ({"label": torch.tensor([0, 1])}, r"label must be .* each of the 3 images"),
        ({"label": torch.tensor([1])}, "label must be"),
        ({"label": torch.tensor([0.0, 1.0, 2.0])}, "label must be whole numbers"),
        ({"t": torch.tensor([1, 2])}, "t must be whole numbers"),
        ({"t": 2.5}, "t must be whole numbers"),
        ({"x_t": torch.zeros(3, 2, dtype=torch.long)}, "floating point"),
    ],
)
def test_what_does_not_belong_together_is_refused(changes: dict, says: str) -> None:
    label = torch.tensor([0, 1, 2])
    asked = {"x_t": torch.randn(3, 2), "t": 5, "label": label} | changes
    with pytest.raises(ValueError, match=says):
        class_gradient(Mixture().classifier, **asked)
    with pytest.raises(ValueError, match="t = 101"):
        noise_shift(SCHEDULE, Mixture().classifier, torch.randn(3, 2), 101, label)
    with pytest.raises(ValueError, match="no target 'class'"):
        shifted(SCHEDULE, label.double(), 5, label, "class", label)


def test_both_samplers_reach_the_class_that_was_asked_for() -> None:
    """Inside inference mode, where gradients need care, and through the race's front door."""
    mixture = Mixture("v")
    plain = Denoiser(mixture, SCHEDULE, "v", clip=False, guidance=0.0)
    labels = [1] * 150

    def reached(denoiser: Denoiser, ways: int = 100) -> tuple[Tensor, float]:
        lane = ddim(100, 50) if ways == 50 else ddpm(100)
        x = pictures(denoiser, lane, (1, 1, 2), seed=3, labels=labels, batch=150)
        said = mixture.classifier(x, torch.zeros(150, dtype=torch.long)).argmax(1)
        return x.flatten(1).mean(0), (said == 1).float().mean().item()

    for ways in (50, 100):
        _, before = reached(plain, ways)
        mean, after = reached(classifier_guided(plain, mixture.classifier, 1.0), ways)
        assert before < 0.45 and after > 0.85
        torch.testing.assert_close(mean.double(), MEANS[1], rtol=0, atol=0.1)


def test_sample_and_replace_take_it_as_any_denoiser() -> None:
    mixture = Mixture()
    guided = classifier_guided(Denoiser(mixture, SCHEDULE, guidance=0.0), mixture.classifier, 2.0)
    assert isinstance(guided, Denoiser)
    other = replace(guided, clip=False, schedule=make_schedule("linear", 100))
    assert isinstance(other, ClassifierGuided) and (other.scale, other.clip) == (2.0, False)
    label = torch.tensor([0, 2])
    x = torch.randn(2, 2)
    walk = sample(
        lambda x, t: guided(x, t, label),
        SCHEDULE,
        x,
        strided_times(100, 10),
        eta=1.0,
        generator=picture_generators(1, 2),
    )
    *_, last = walk
    assert last.x.dtype == torch.float32 and last.x.isfinite().all()
    assert not last.x.requires_grad


@pytest.mark.parametrize("scale", [-0.1, math.nan, math.inf, "2", None, True])
def test_a_scale_that_cannot_be_is_refused(scale: object) -> None:
    with pytest.raises(ValueError, match="scale"):
        classifier_guided(Denoiser(Mixture(), SCHEDULE), Mixture().classifier, scale)
