"""The lectures' slips, each against the lecture's loop, written down once more with its tables."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest
import torch
from torch import Tensor

from explorer.diffusion import Denoiser, IdealDenoiser, make_schedule, picture_generators, randn
from explorer.diffusion.process import noise_in
from explorer.race import pictures, race
from explorer.race.breaks import BREAKS, SLIPS, broken, lane_from, repaired
from explorer.race.fork import fork
from explorer.race.lanes import Lane, ddim, ddpm
from explorer.race.slips import alpha_ahead, last_std
from explorer.race.view import gather, view_of

T, SHAPE, N, SEED = 40, (1, 3, 3), 5, 4
SCHEDULE = make_schedule("linear", T)
DATA = torch.rand(6, *SHAPE, generator=torch.Generator().manual_seed(1)) * 1.8 - 0.9
BETAS = SCHEDULE.betas
"""As the lectures' own tables have them: entry 0 is β_1."""
Network = Callable[[Tensor, int], Tensor]


def network(x: Tensor, t: Tensor) -> Tensor:
    """The exact ε̂ of six pictures; at t = 0, which nobody trains, that of t = 1."""
    at = t.clamp(min=1)
    return noise_in(SCHEDULE, IdealDenoiser(DATA, SCHEDULE)(x, at), x, at)


def eps_of(x: Tensor, t: int) -> Tensor:
    return network(x, torch.full((len(x),), t))


def made(lane: Lane) -> Tensor:
    return pictures(Denoiser(network, SCHEDULE, "eps"), lane, SHAPE, seed=SEED, n=N)


@contextmanager
def noise() -> Iterator[Callable[[], Tensor]]:
    """The race's draws, one after the other: x_T first, then the z of every step that adds one."""
    generators = picture_generators(SEED, N)
    yield lambda: randn(torch.empty(N, *SHAPE), generators)


def same(lane: Lane, truth: Tensor) -> None:
    torch.testing.assert_close(made(lane), truth, rtol=0, atol=2e-4)


def told_by(lane: Lane) -> list[int]:
    told = []

    def asked(x: Tensor, t: Tensor) -> Tensor:
        told.append(int(t[0]))
        return network(x, t)

    pictures(Denoiser(asked, SCHEDULE, "eps"), lane, SHAPE, seed=SEED, n=N)
    return told


def test_the_step_of_jax_has_alpha_and_beta_of_one_step_more() -> None:
    """Its tables: ᾱ begins with 1 and loses its last entry, α and β keep theirs."""
    alpha = 1 - BETAS
    bar = torch.cat([torch.ones(1).double(), alpha.cumprod(0)[:-1]])
    with noise() as draw:
        x = draw()
        for i in range(T - 1):
            t = T - i - 1
            gain = (1 - alpha[t]) / (1 - bar[t]).sqrt()
            x = (x - gain.item() * eps_of(x, t)) / alpha[t].sqrt().item()
            x = x + BETAS[t].sqrt().item() * draw()
    names = ("no clipping", "alpha ahead", "z in every step")
    lane = broken(ddpm(T, variance="beta"), SCHEDULE, *names)
    same(lane, x)
    assert lane.evaluations == T - 1 and told_by(lane) == list(range(T - 1, 0, -1))
    assert lane.title == "DDPM, σ² = β, no clipping, α, β ahead, z in every step"


@pytest.mark.parametrize("steps", [2, 4, 6, 10, T])
def test_ddim_of_jax_takes_alpha_for_alpha_bar_with_its_grid_and_last_index(steps: int) -> None:
    alpha = 1 - BETAS
    bar = torch.cat([torch.ones(1).double(), alpha.cumprod(0)[:-1]])
    grid = range(0, T, T // steps)
    with noise() as draw:
        x = draw()
    for i in reversed(range(steps)):
        t, eps = grid[i], eps_of(x, grid[i])
        x0 = (x - (1 - bar[t]).sqrt().item() * eps) / bar[t].sqrt().item()
        other = alpha[t - 1].item()  # of index −1 at t = 0
        x = other**0.5 * x0 + (1 - other) ** 0.5 * eps
    lane = broken(ddim(T, steps), SCHEDULE, "no clipping", "alpha for alpha-bar")
    same(lane, x)
    assert told_by(lane) == [grid[i] for i in reversed(range(steps))]
    assert lane.evaluations == steps and not lane.stochastic


def test_a_lane_that_has_no_alpha_bar_to_mistake_stays_as_it_is() -> None:
    for lane in (ddpm(T), ddim(T, 1)):
        assert broken(lane, SCHEDULE, "alpha for alpha-bar") == lane
    assert broken(ddim(T, 5), SCHEDULE, "alpha ahead", "z in every step") == ddim(T, 5)
    single = make_schedule("linear", 1)
    assert broken(ddpm(1), single, "alpha ahead") == ddpm(1)
    fed = broken(ddpm(T), SCHEDULE, "x0 fed back")
    assert broken(fed, SCHEDULE, "alpha ahead") == fed


def test_sutd_hands_on_its_guess_un_noised() -> None:
    bar = (1 - BETAS).cumprod(0)
    looks = (39, 31, 23, 15, 7, 0)
    with noise() as draw:
        x = draw()
    for t in looks:
        x = (x - (1 - bar[t]).sqrt().item() * eps_of(x, t + 1)) / bar[t].sqrt().item()
        x = x.clamp(-1, 1)
    grid = replace(ddim(T, 5), times=(*(t + 1 for t in looks), 0))
    lane = broken(grid, SCHEDULE, "x0 fed back")
    same(lane, x)
    assert lane.evaluations == 6 and not broken(ddpm(T), SCHEDULE, "x0 fed back").stochastic


def test_cars_clamps_what_it_hands_on() -> None:
    alpha, bar = 1 - BETAS, (1 - BETAS).cumprod(0)
    before = torch.cat([torch.ones(1).double(), bar[:-1]])
    variance = BETAS * (1 - before) / (1 - bar)
    with noise() as draw:
        x = draw()
        for i in reversed(range(T)):
            gain = (BETAS[i] / (1 - bar[i]).sqrt()).item()
            x = (x - gain * eps_of(x, i + 1)) / alpha[i].sqrt().item()
            x = x + variance[i].sqrt().item() * draw() if i else x
            x = x.clamp(-1, 1)
    names = ["x_s clamped", "no clipping"]
    same(lane_from({"sampler": "ddpm", "breaks": names}, SCHEDULE), x)
    former = {"sampler": "ddpm", "clamp": True, "breaks": names[1:]}
    assert lane_from(former, SCHEDULE).title == "DDPM, x_s clamped, no clipping"
    assert lane_from(former, SCHEDULE) == lane_from({"sampler": "ddpm", "breaks": names}, SCHEDULE)


def test_scinet_runs_once_more_at_index_0() -> None:
    """Its tables have an entry 0 before the others, with the first β."""
    beta = torch.cat([BETAS[:1], BETAS])
    bar = torch.cat([1 - BETAS[:1], (1 - BETAS).cumprod(0)])
    with noise() as draw:
        x = draw()
        for i in range(T, -1, -1):
            z = draw() if i > 0 else 0
            gain = (beta[i] / (1 - bar[i]).sqrt()).item()
            x = (x - gain * eps_of(x, i)) / (1 - beta[i]).sqrt().item()
            x = x + beta[i].sqrt().item() * z
    names = ("no clipping", "one step more")
    lane = broken(ddpm(T, variance="beta"), SCHEDULE, *names)
    same(lane, x)
    assert lane.evaluations == T + 1 and told_by(lane) == list(range(T, -1, -1))


def test_z_in_every_step_makes_the_last_one_a_draw() -> None:
    for lane, std in (
        (ddpm(T), BETAS[0].sqrt()),
        (ddim(T, 4, eta=0.5), 0.5 * (1 - SCHEDULE.alpha_bar[10]).sqrt()),
    ):
        noisy = broken(lane, SCHEDULE, "z in every step")
        *_, last = (
            entry
            for entry in race(Denoiser(network, SCHEDULE, "eps"), [noisy], SHAPE, seed=SEED, n=N)
            if entry.step
        )
        assert last.step[1] == 0 and last.z is not None and last.terms.z == pytest.approx(std)
        added = made(noisy) - made(lane)
        torch.testing.assert_close(added, std.item() * last.z, rtol=0, atol=1e-5)


def test_counted_from_0_the_networks_clock_is_one_behind() -> None:
    lane = broken(ddim(T, 5), SCHEDULE, "t from 0")
    assert told_by(lane) == [39, 31, 23, 15, 7] and told_by(ddim(T, 5)) == [40, 32, 24, 16, 8]
    with noise() as draw:
        x = draw()
    bars = [*SCHEDULE.values]
    for t, s in ((40, 32), (32, 24), (24, 16), (16, 8), (8, 0)):
        eps = eps_of(x, t - 1)
        x0 = ((x - (1 - bars[t]) ** 0.5 * eps) / bars[t] ** 0.5).clamp(-1, 1)
        own = (x - bars[t] ** 0.5 * x0) / (1 - bars[t]) ** 0.5
        x = bars[s] ** 0.5 * x0 + (1 - bars[s]) ** 0.5 * own
    same(lane, x)
    assert told_by(broken(ddpm(T), SCHEDULE, "t from 0", "one step more"))[-2:] == [0, 0]


def test_a_corrections_question_is_one_behind_too() -> None:
    heun = lane_from({"sampler": "heun", "steps": 4, "spacing": "uniform"}, SCHEDULE)
    told = told_by(heun)
    assert told_by(broken(heun, SCHEDULE, "t from 0")) == [t - 1 for t in told]
    fed = broken(heun, SCHEDULE, "x0 fed back")
    assert told_by(fed) == [40, 30, 20, 10] and fed.evaluations == 4


@pytest.mark.parametrize("target", ["eps", "x0", "v"])
@pytest.mark.parametrize("name", SLIPS)
def test_every_slip_runs_with_every_target_and_goes_on_where_it_stopped(
    name: str, target: str
) -> None:
    def output(x: Tensor, t: Tensor) -> Tensor:
        at = t.clamp(min=1)
        x0, eps = IdealDenoiser(DATA, SCHEDULE)(x, at), network(x, t)
        bar = SCHEDULE.alpha_bar[at].float().view(-1, 1, 1, 1)
        return {"eps": eps, "x0": x0, "v": bar.sqrt() * eps - (1 - bar).sqrt() * x0}[target]

    denoiser = Denoiser(output, SCHEDULE, target)
    sound = [ddpm(T, variance="beta"), ddim(T, 5)]
    lanes = [lane for lane in sound if broken(lane, SCHEDULE, name) != lane]
    lanes = [*lanes, *(broken(lane, SCHEDULE, name) for lane in lanes)]
    whole = race(denoiser, lanes, SHAPE, seed=SEED, n=N)
    ends, ways = {}, [[] for _ in lanes]
    for entry in whole:
        ends[entry.lane] = entry
        ways[entry.lane].append(entry.frame.x)
    assert len(ends) == len(lanes) and whole.finished
    for i, lane in enumerate(lanes):
        assert ends[i].frame.t == 0 and ends[i].frame.x.isfinite().all()
        assert ends[i].evaluations == lane.evaluations
    half = len(lanes) // 2
    for a, b in zip(range(half), range(half, 2 * half), strict=True):
        alike = zip(ways[a], ways[b], strict=False)
        changes = not all(torch.equal(*pair) for pair in alike)
        assert changes or (name, target) == ("one step more", "x0")  # which it knows exactly
    first = race(denoiser, lanes, SHAPE, seed=SEED, n=N)
    for entry in first:
        if entry.frame.t <= 2:
            break
    racers, last = first.racers, {}
    for entry in race(denoiser, lanes, SHAPE, seed=SEED, n=N, resume=racers):
        last[entry.lane] = entry
    for i, entry in last.items():
        torch.testing.assert_close(entry.frame.x, ends[i].frame.x, rtol=0, atol=1e-6)
        assert entry.evaluations == ends[i].evaluations


@pytest.mark.parametrize("name", BREAKS)
def test_the_player_gets_every_lane_as_it_is(name: str) -> None:
    lanes = [broken(lane, SCHEDULE, name) for lane in (ddpm(T, variance="beta"), ddim(T, 5))]
    entries = race(Denoiser(network, SCHEDULE, "eps"), lanes, SHAPE, seed=SEED, n=N)
    (view,) = gather(entries, lanes, SCHEDULE, view_of(lanes, T, N, SHAPE), every=math.inf)
    for shown, lane in zip(view.lanes, lanes, strict=True):
        assert shown.times == list(lane.times) and shown.evaluated[-1] == lane.evaluations
        assert shown.wide == (not lane.clip or lane.rule is not None)


def test_a_slip_can_be_forked_below_its_first_time() -> None:
    lane = broken(ddim(T, 4), SCHEDULE, "alpha for alpha-bar")
    denoiser = Denoiser(network, SCHEDULE, "eps")
    _, ways = fork(denoiser, [lane], torch.zeros(SHAPE), lane.times[1], seed=1)
    *_, last = ways
    assert last.frame.t == 0 and last.evaluations == 3


def test_repairing_takes_the_slips_and_leaves_the_mistakes() -> None:
    settings = {"sampler": "ddpm", "variance": "beta", "breaks": ["no clipping", "alpha ahead"]}
    assert repaired(settings) == settings | {"breaks": ["no clipping"]}
    assert repaired({"sampler": "ddpm", "clamp": True, "breaks": ["foreign schedule"]}) == {
        "sampler": "ddpm",
        "breaks": ["foreign schedule"],
    }
    assert repaired({"sampler": "ddim", "steps": 5, "breaks": ["x0 fed back"]}) == {
        "sampler": "ddim",
        "steps": 5,
    }
    for name in SLIPS:
        lane = lane_from(repaired({"sampler": "ddpm", "breaks": [name]}), SCHEDULE)
        assert lane == ddpm(T)


def test_the_weights_without_the_shift_are_the_samplers_own() -> None:
    """With one β for all steps being ahead changes nothing."""
    bars = torch.tensor([0.9**t for t in range(T + 1)], dtype=torch.float64)
    even = replace(SCHEDULE, alpha_bar=bars)
    for variance in ("posterior", "beta"):
        lane = ddpm(T, variance=variance)
        for t in (2, 17, T - 1):
            ahead = alpha_ahead(even, t, t - 1, lane.options)
            assert ahead == pytest.approx(lane.terms(even, (t, t - 1)), abs=1e-9)
    assert last_std(even, 1, {}) == pytest.approx(0.1**0.5)
