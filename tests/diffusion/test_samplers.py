"""The samplers against the papers' formulas, a peer library and the exact flow."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch
from diffusers import DPMSolverMultistepScheduler
from scipy.integrate import solve_ivp
from torch import Tensor

from explorer.diffusion import (
    SAMPLERS,
    SPACINGS,
    GaussianMixture,
    Schedule,
    make_schedule,
    sample,
    strided_times,
)
from explorer.diffusion.options import Option
from explorer.diffusion.samplers import OPTIONS, TITLED, find_sampler
from explorer.figures.palette import PALETTE

MEANS = torch.tensor([[-1.0, 0.5], [1.0, 0.0], [0.0, -1.0]], dtype=torch.float64)
SCHEDULES = {name: make_schedule(name, 1000) for name in ("linear", "cosine", "sigmoid")}


def mixture(schedule: Schedule, std: float = 0.5) -> GaussianMixture:
    return GaussianMixture(MEANS, schedule, std=std)


def noise(n: int = 16) -> Tensor:
    return torch.randn(n, 2, generator=torch.Generator().manual_seed(3), dtype=torch.float64)


def dpm_solver_2m(
    denoise: Callable[[Tensor, int], Tensor], schedule: Schedule, x: Tensor, times: list[int]
) -> Tensor:
    """Lu et al. 2022 (DPM-Solver++), algorithm 2, written down from the paper with λ_0 = ∞."""
    alpha = [math.sqrt(a) for a in schedule.alpha_bar.tolist()]
    sigma = [math.sqrt(1 - a) for a in schedule.alpha_bar.tolist()]
    lam = [math.inf if s == 0 else math.log(a / s) for a, s in zip(alpha, sigma, strict=True)]
    before = None
    for i in range(1, len(times)):
        s, t = times[i - 1], times[i]  # the paper's: from s to t
        h, x0 = lam[t] - lam[s], denoise(x, s)
        D = x0
        if i > 1 and t > 0:
            r = (lam[s] - lam[times[i - 2]]) / h
            D = (1 + 1 / (2 * r)) * x0 - 1 / (2 * r) * before
        x, before = sigma[t] / sigma[s] * x - alpha[t] * math.expm1(-h) * D, x0
    return x


def heun_edm(
    denoise: Callable[[Tensor, int], Tensor], schedule: Schedule, x: Tensor, times: list[int]
) -> Tensor:
    """Karras et al. 2022, algorithm 1 with σ(t) = t, s(t) = 1, of x/√ᾱ at σ = √(1 − ᾱ)/√ᾱ."""
    a = schedule.alpha_bar.tolist()
    sigma = [math.sqrt((1 - v) / v) for v in a]
    y = x / math.sqrt(a[times[0]])

    def D(y: Tensor, t: int) -> Tensor:
        return denoise(y * math.sqrt(a[t]), t)

    for t, s in zip(times, times[1:], strict=False):
        d = (y - D(y, t)) / sigma[t]
        euler = y + (sigma[s] - sigma[t]) * d
        if s == 0:
            y = euler
        else:
            d2 = (euler - D(euler, s)) / sigma[s]
            y = y + (sigma[s] - sigma[t]) * (d + d2) / 2
    return y


@pytest.mark.parametrize("spacing", SPACINGS)
@pytest.mark.parametrize("schedule", SCHEDULES.values(), ids=SCHEDULES)
@pytest.mark.parametrize(("name", "paper"), [("dpm-solver", dpm_solver_2m), ("heun", heun_edm)])
def test_they_are_the_papers(
    name: str, paper: Callable[..., Tensor], schedule: Schedule, spacing: str
) -> None:
    for steps in (1, 2, 7, 30):
        times, denoise, x = strided_times(schedule, steps, spacing), mixture(schedule), noise()
        frames = list(sample(denoise, schedule, x, times, sampler=name))
        assert [frame.t for frame in frames] == times
        expected = paper(denoise, schedule, x, times)
        torch.testing.assert_close(frames[-1].x, expected, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("steps", [5, 20])  # below and above the 15 of lower_order_final
@pytest.mark.parametrize("spacing", SPACINGS)
def test_dpm_solver_is_diffusers(spacing: str, steps: int) -> None:
    """On our grids, handed to it as timesteps (its t counts from 0); its last step goes to σ = 0,
    of first order, as ours does."""
    schedule = SCHEDULES["linear"]
    times, denoise = strided_times(schedule, steps, spacing), mixture(schedule)
    peer = DPMSolverMultistepScheduler(
        trained_betas=schedule.betas.numpy(), algorithm_type="dpmsolver++", solver_order=2,
        solver_type="midpoint", lower_order_final=True, final_sigmas_type="zero",
        prediction_type="sample",
    )  # fmt: skip
    peer.set_timesteps(timesteps=[t - 1 for t in times[:-1]])
    exact = [math.sqrt(1 / schedule.values[t] - 1) for t in times]
    np.testing.assert_allclose(peer.sigmas.numpy(), exact, rtol=1e-4, atol=1e-12)
    peer.sigmas = torch.tensor(exact, dtype=torch.float64)  # its own tables are float32
    x = noise()
    for t, at in zip(times, peer.timesteps, strict=False):
        x = peer.step(denoise(x, t), at, x).prev_sample
    *_, ours = sample(denoise, schedule, noise(), times, sampler="dpm-solver")
    torch.testing.assert_close(ours.x, x, rtol=1e-6, atol=1e-6)  # it steps in float32


def exact_flow(denoise: GaussianMixture, schedule: Schedule, x: Tensor) -> Tensor:
    """dx̃/dσ = (x̃ − x̂_0(x̃; σ))/σ from σ_T to 0 for x̃ = x/√ᾱ, whatever the schedule.

    Integrated in ln σ, down to 1e-6, where x̂_0 is where it ends.
    """
    means, std = denoise.means, denoise.std

    def belief(y: Tensor, sigma: float) -> Tensor:
        total = std**2 + sigma**2
        shares = (-((y[:, None] - means) ** 2).sum(-1) / (2 * total)).softmax(1)
        return std**2 / total * y + sigma**2 / total * shares @ means

    def slope(log_sigma: float, flat: np.ndarray) -> np.ndarray:
        y = torch.from_numpy(flat).reshape(-1, 2)
        return (y - belief(y, math.exp(log_sigma))).numpy().ravel()

    a = schedule.values[schedule.T]
    begin, end = math.log(math.sqrt(1 / a - 1)), math.log(1e-6)
    start = (x / math.sqrt(a)).numpy().ravel()
    found = solve_ivp(slope, (begin, end), start, method="DOP853", rtol=1e-10, atol=1e-12)
    return belief(torch.from_numpy(found.y[:, -1]).reshape(-1, 2), 1e-6)


@pytest.mark.parametrize("schedule", ["linear", "sigmoid"])
def test_the_error_to_the_exact_flow_falls_with_the_order(schedule: str) -> None:
    """Slopes of ln(error) over ln S, on Karras' grid: −1 for DDIM, −2 for the others."""
    law, x = mixture(SCHEDULES[schedule]), noise(64)
    truth, counts = exact_flow(law, law.schedule, x), (10, 20, 40, 80, 160)
    for name, slope in (("ddim", -1), ("dpm-solver", -2), ("heun", -2)):
        errors = []
        for S in counts:
            times = strided_times(law.schedule, S, "karras")
            *_, last = sample(law, law.schedule, x, times, sampler=name)
            errors.append((last.x - truth).square().sum(1).mean().sqrt().item())
        fitted = np.polyfit(np.log(counts), np.log(errors), 1)[0]
        assert fitted == pytest.approx(slope, abs=0.25), (name, errors)


@pytest.mark.parametrize("name", SAMPLERS)
def test_evaluations_are_counted_as_they_are_asked(name: str) -> None:
    schedule = make_schedule("cosine", 20)
    sampler, asked = find_sampler(name), []

    def denoise(x: Tensor, t: int) -> Tensor:
        asked.append(t)
        return torch.tanh(x)

    times = sampler.times(
        schedule, sampler.settings(20, **({"steps": 7} if sampler.strided else {}))
    )
    frames = list(sample(denoise, schedule, noise(), times, sampler=name))
    assert len(frames) == len(times)
    assert len(asked) == sampler.evaluations(times)
    assert len(asked) == {"heun": 13, "ddpm": 20}.get(name, 7)


@pytest.mark.parametrize("name", SAMPLERS)
def test_a_registry_entry_is_whole(name: str) -> None:
    sampler = SAMPLERS[name]
    assert sampler.name == name and sampler.title and sampler.source[-4:].isdigit()
    assert name.replace("-", "").isalnum()
    values = sampler.settings(10)
    assert values.keys() == sampler.options.keys()
    assert sampler.times(make_schedule("linear", 10), values)[0] == 10
    for option, entry in sampler.options.items():
        assert entry.label and (entry.mark or option == "steps")
        with pytest.raises(ValueError, match=option):
            sampler.settings(10, **{option: "nothing like it"})
    with pytest.raises(ValueError, match="no option 'colour'"):
        sampler.settings(10, colour=3)


def test_options_that_a_sampler_does_not_have_are_refused() -> None:
    schedule = SCHEDULES["linear"]
    for options in ({"sampler": "euler"}, {"sampler": "heun", "eta": 0.5}, {"eta": 2}):
        with pytest.raises(ValueError, match="sampler|option|eta"):
            sample(mixture(schedule), schedule, noise(), [10, 0], **options)


def test_karras_times_space_the_noise_as_the_paper_does() -> None:
    """Eq. 5 with ρ = 7, to the nearest of the schedule's σ: none of the others is nearer."""
    schedule = SCHEDULES["linear"]
    times = strided_times(schedule, 12, "karras")
    sigma = np.sqrt(1 / np.array(schedule.values[1:]) - 1)
    i = np.arange(12)
    low, high = sigma[0] ** (1 / 7), sigma[-1] ** (1 / 7)
    wished = (high + i / 11 * (low - high)) ** 7
    nearest = [int(np.abs(sigma - value).argmin()) + 1 for value in wished]
    assert times == [*nearest, 0]
    assert times[0] == 1000 and times[-2] == 1
    with pytest.raises(ValueError, match="depends on the schedule"):
        strided_times(1000, 12, "karras")
    for steps in (1, 2, 999, 1000):
        crowded = strided_times(SCHEDULES["cosine"], steps, "karras")
        assert len(crowded) == steps + 1 and crowded[0] == 1000
        assert all(s < t for t, s in zip(crowded, crowded[1:], strict=False))


@pytest.mark.parametrize("options", [{"steps": 5}, {"spacing": "karras"}])
@pytest.mark.parametrize("name", [name for name, way in SAMPLERS.items() if way.strided])
def test_a_grid_is_no_option_of_a_step(name: str, options: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="give the times"):
        sample(mixture(SCHEDULES["linear"]), SCHEDULES["linear"], noise(), [10, 0],
               sampler=name, **options)  # fmt: skip


@pytest.mark.parametrize("times", [None, 5, [], [5], [10, 10, 0], [10.5, 0], ["x", 0], [10, 1]])
def test_times_that_are_none_are_refused_at_once(times: object) -> None:
    with pytest.raises(ValueError, match="times"):
        sample(mixture(SCHEDULES["linear"]), SCHEDULES["linear"], noise(), times)


def test_a_sampler_that_is_added_is_found_by_its_titles_and_options(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    options = {"kick": Option(0.5, 0, 1), "order": Option(2, 1, whole=True)}
    toy = replace(SAMPLERS["ddim"], name="toy", title="Toy", options=options)
    monkeypatch.setitem(SAMPLERS, "toy", toy)
    assert TITLED["Toy"] is toy and {"kick", "order"} <= OPTIONS.keys()
    assert PALETTE["toy"] == toy.style
    assert OPTIONS["kick"].called("kick") == "kick"
    assert toy.details({"kick": 0.7, "order": 2}) == ("kick = 0.7",)
