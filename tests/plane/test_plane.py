"""Points that learn: what a small network makes of noise, and what it does not remember."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Generator, Tensor

from explorer.diffusion import (
    SPACINGS,
    GaussianMixture,
    IdealDenoiser,
    forward,
    make_schedule,
    sample,
)
from explorer.plane import (
    POINTS,
    Learner,
    PointConfig,
    PointNetwork,
    denoiser_from,
    exact_flow,
    fit,
    gaussian_means,
    lane_on,
    make_points,
    nearest,
    noise,
    own_points,
    sampled_paths,
    thinned,
    walk,
)
from explorer.plane.points import RANGE, SPREAD
from explorer.race.lanes import Lane, lane_of

T = 200
SCHEDULE = make_schedule("cosine", T, s=0)
DDPM, DDIM = (lane_on(SCHEDULE, name, 20) for name in ("ddpm", "ddim"))


@pytest.fixture(scope="module")
def learnt() -> Learner:
    """400 steps on 200 points of the moons."""
    learner = Learner(make_points("moons", 200, 5), SCHEDULE, seed=3)
    for _ in fit(learner, steps=400):
        pass
    return learner


@pytest.mark.parametrize("name", POINTS)
def test_points_are_standardised_and_belong_to_their_seed(name: str) -> None:
    x = make_points(name, 20_000, 5)
    assert x.shape == (20_000, 2) and x.dtype == torch.float32
    assert x.mean(0).abs().max() < 0.03
    assert x.square().mean().item() == pytest.approx(1, abs=0.02)
    assert x.abs().max() < 2.6
    assert torch.equal(make_points(name, 50, 5), make_points(name, 50, 5))
    assert not torch.equal(make_points(name, 50, 5), make_points(name, 50, 6))


def test_the_eight_gaussians_are_the_exact_mixture() -> None:
    law = GaussianMixture(gaussian_means(), SCHEDULE, std=SPREAD)
    drawn = law.sample(2000, Generator().manual_seed(1))
    assert abs(energy_distance(drawn, make_points("eight Gaussians", 2000, 2))) < 0.005
    with pytest.raises(ValueError, match="no distribution 'moon'; there are: eight Gaussians"):
        make_points("moon", 5, 0)


def test_own_points_are_checked() -> None:
    kept = own_points([[0.5, -1], (2, RANGE)])
    assert torch.equal(kept, torch.tensor([[0.5, -1.0], [2.0, RANGE]]))
    pairs = [[0.0, 0.0]] * 501
    for values, said in (
        (None, "a list of pairs"),
        ("abc", "a list of pairs"),
        ([], "0 points"),
        ([[1, 1]], "1 points"),
        (pairs, "501 points"),
        ([[1, 2], [1]], "pairs of numbers"),
        ([[1, 2], [True, 0]], "pairs of numbers"),
        ([[1, 2], ["1", 0]], "pairs of numbers"),
        ([[1, 2], [3.01, 0]], "lies outside"),
        ([[1, 2], [math.nan, 0]], "lies outside"),
        ([[1, 2], [0, math.inf]], "lies outside"),
        ([[1, 2], [0, 10**400]], "lies outside"),
    ):
        with pytest.raises(ValueError, match=said):
            own_points(values)


def test_training_learns_the_distribution(learnt: Learner) -> None:
    fresh, x_T = make_points("moons", 1000, 9), noise(600, 7)
    before = energy_distance(x_T, fresh)
    for lane in (DDPM, DDIM):
        came = sampled_paths(
            learnt.denoiser, SCHEDULE, lane, x_T, seed=7, role="left", keep=[T, 0]
        ).x[-1]
        assert energy_distance(came, fresh) < before / 5
        assert nearest(came, fresh) < nearest(x_T, fresh) / 3


def test_the_ideal_denoiser_remembers_and_the_network_does_not(learnt: Learner) -> None:
    x_T, points = noise(200, 7), learnt.points
    for lane in (DDPM, DDIM):
        ways = [
            sampled_paths(denoise, SCHEDULE, lane, x_T, seed=7, role="left", keep=[0]).x[-1]
            for denoise in (IdealDenoiser(points, SCHEDULE), learnt.denoiser)
        ]
        assert nearest(ways[0], points) < 0.003
        assert nearest(ways[1], points) > 0.02


def test_a_seed_is_a_run(learnt: Learner) -> None:
    def run(seed: int) -> Learner:
        learner = Learner(learnt.points, SCHEDULE, seed=seed)
        assert [step.step for step in fit(learner, steps=25)] == [10, 20, 25]
        return learner

    first, again, other = run(3), run(3), run(4)
    assert all(torch.equal(value, again.weights[name]) for name, value in first.weights.items())
    assert not torch.equal(first.weights["outlet.bias"], other.weights["outlet.bias"])
    with pytest.raises(ValueError, match="either seconds or steps"):
        fit(first)


def test_a_budget_in_seconds_is_spent() -> None:
    learner = Learner(make_points("moons", 50, 1), SCHEDULE)
    steps = list(fit(learner, seconds=0.05))
    assert steps[-1].share == 1 and steps[-1].step == learner.step > 0
    assert [step.share for step in steps] == sorted(step.share for step in steps)


@pytest.mark.parametrize(
    "budget",
    [{"steps": 0}, {"steps": -1}, {"steps": 2.5}, {"seconds": 0}, {"seconds": math.nan},
     {"seconds": "1"}, {"steps": True}],
)  # fmt: skip
def test_a_budget_that_cannot_be_is_refused_at_once(learnt: Learner, budget: dict) -> None:
    with pytest.raises(ValueError, match="is not allowed"):
        fit(learnt, **budget)


def test_what_cannot_be_walked_or_learnt_is_refused() -> None:
    x = make_points("moons", 5, 1)
    for points in (x[:0], x[:, :1], x[0]):
        with pytest.raises(ValueError, match=r"points are \(N, 2\)"):
            Learner(points, SCHEDULE)
    with pytest.raises(ValueError, match="must be finite"):
        Learner(x * math.nan, SCHEDULE)
    for keep in ([], [T + 1], [-1]):
        with pytest.raises(ValueError, match="times that are visited"):
            walk(SCHEDULE, x, seed=1, keep=keep)
    with pytest.raises(ValueError, match="times that are visited"):
        sampled_paths(
            IdealDenoiser(x, SCHEDULE), SCHEDULE, DDIM, x, seed=1, role="left", keep=[T - 1]
        )
    with pytest.raises(ValueError, match="most = 0"):
        thinned([5, 3, 0], 0)
    with pytest.raises(ValueError, match="n = 0"):
        make_points("moons", 0, 1)


def test_a_loss_that_is_not_finite_is_told() -> None:
    learner = Learner(torch.full((4, 2), 1e30), SCHEDULE)
    with pytest.raises(FloatingPointError, match="the loss became"):
        list(fit(learner, steps=30))


def test_weights_make_the_same_denoiser(learnt: Learner) -> None:
    x = noise(50, 1)
    again = denoiser_from(learnt.weights, SCHEDULE)
    for t in (1, 30, T):
        torch.testing.assert_close(again(x, t), learnt.denoiser(x, t))


def test_ddim_is_its_noise_and_ddpm_its_seed(learnt: Learner) -> None:
    def end(lane: object, seed: int) -> torch.Tensor:
        return sampled_paths(
            learnt.denoiser, SCHEDULE, lane, noise(40, 1), seed=seed, role="left", keep=[0]
        ).x[-1]

    assert torch.equal(end(DDIM, 1), end(DDIM, 2))
    assert torch.equal(end(DDPM, 1), end(DDPM, 1))
    assert not torch.equal(end(DDPM, 1), end(DDPM, 2))


def test_a_lane_has_the_grid_that_ends_nearest_to_the_exact_flow() -> None:
    law = GaussianMixture(gaussian_means(), SCHEDULE, std=SPREAD)
    x_T = noise(128, 7).double()
    truth = exact_flow(law, x_T)

    def error(lane: Lane) -> float:
        *_, last = sample(law, SCHEDULE, x_T, lane.times, sampler=lane.sampler)
        return (last.x - truth).square().sum(1).mean().sqrt().item()

    for name in ("ddim", "dpm-solver", "heun"):
        chosen = lane_on(SCHEDULE, name, 25)
        others = [lane_of(name, SCHEDULE, steps=25, spacing=spacing) for spacing in SPACINGS]
        assert chosen in others and error(chosen) == min(map(error, others))
    assert DDPM.times == tuple(range(T, -1, -1))
    with pytest.raises(ValueError, match="no sampler 'euler'"):
        lane_on(SCHEDULE, "euler", 25)


def test_frames_are_kept_where_they_are_wanted(learnt: Learner) -> None:
    keep = thinned(DDPM.times, 20)
    assert keep[0] == T and keep[-1] == 0 and len(keep) == 21
    x_T = noise(30, 1)
    kept = sampled_paths(learnt.denoiser, SCHEDULE, DDPM, x_T, seed=1, role="left", keep=keep)
    every = sampled_paths(
        learnt.denoiser, SCHEDULE, DDPM, x_T, seed=1, role="left", keep=DDPM.times
    )
    assert (kept.times, kept.evaluations, every.x.shape) == (keep, T, (T + 1, 30, 2))
    assert torch.equal(kept.x, every.x[[T - t for t in keep]]) and torch.equal(kept.x[0], x_T)
    assert thinned([5, 3, 0], 100) == [5, 3, 0]


def test_the_walk_has_the_marginals_of_the_forward_process() -> None:
    x0 = torch.tensor([[1.5, -0.5]]).expand(20_000, 2)
    way = walk(SCHEDULE, x0, seed=1, keep=[0, 10, 30, T])
    assert way.times == [0, 10, 30, T] and torch.equal(way.x[0], x0)
    for t, x in zip(way.times, way.x, strict=True):
        q = forward(SCHEDULE, x0[:1], t)
        torch.testing.assert_close(x.mean(0), q.mean[0], atol=0.03, rtol=0)
        torch.testing.assert_close(x.std(0), q.std.expand(1, 2)[0], atol=0.02, rtol=0)


def energy_distance(a: Tensor, b: Tensor) -> float:
    """2 E‖A − B‖ − E‖A − A'‖ − E‖B − B'‖ ≥ 0, and 0 if both are alike: Székely & Rizzo 2013.

    a is (n, D), b (m, D); pairs of a point with itself are left out, so that it is unbiased (and
    may come out a little below 0).
    """

    def within(x: Tensor) -> Tensor:
        return torch.cdist(x, x).sum() / (len(x) * (len(x) - 1))

    a, b = a.double(), b.double()
    return (2 * torch.cdist(a, b).mean() - within(a) - within(b)).item()


def test_the_energy_distance_is_zero_for_equals() -> None:
    a, b = noise(2000, 1), noise(2000, 2)
    assert abs(energy_distance(a, b)) < 0.005
    assert energy_distance(a, b + 1) > 0.3


def test_the_network_takes_any_size() -> None:
    network = PointNetwork(PointConfig(width=8, depth=3, frequencies=(), T=T))
    assert network(noise(5, 1), torch.arange(5)).shape == (5, 2)
