"""docs/conventions.md, line by line: what others call the same, and where they differ."""

from __future__ import annotations

import math
from pathlib import Path

import diffusers
import numpy as np
import pytest
import torch
from torch import Tensor

from explorer.diffusion import (
    Denoiser,
    Schedule,
    decoder,
    make_schedule,
    regression_target,
    reverse,
    sample,
    strided_times,
)
from explorer.lectures.catalogue import LECTURES

PAGE = Path(__file__).parents[2] / "docs" / "conventions.md"
T = 1000
LINEAR = make_schedule("linear", T)
SETTINGS = {"num_train_timesteps": T, "beta_start": 1e-4, "beta_end": 0.02}


def network(x: Tensor, t: Tensor) -> Tensor:
    """An ε̂ whose x̂_0 leaves [−1, 1] here and there."""
    ab = LINEAR.alpha_bar[t].to(x)[:, None, None, None]
    return (1 - ab).sqrt() * x + 0.2 * torch.tanh(3 * x.roll(1, -1))


def noise(n: int = 2, seed: int = 0) -> Tensor:
    g = torch.Generator().manual_seed(seed)
    return torch.randn(n, 1, 4, 4, generator=g, dtype=torch.float64)


def peer(**changes: object) -> diffusers.DDIMScheduler:
    """With its tables in float64."""
    found = diffusers.DDIMScheduler(**SETTINGS | changes)
    found.alphas_cumprod = LINEAR.alpha_bar[1:].clone()
    found.final_alpha_cumprod = (
        torch.tensor(1.0).double() if found.config.set_alpha_to_one else found.alphas_cumprod[0]
    )
    return found


def follow(scheduler: diffusers.DDIMScheduler, steps: int, x: Tensor, **options: object) -> Tensor:
    scheduler.set_timesteps(steps)
    for i in scheduler.timesteps.tolist():
        out = network(x, torch.full((len(x),), i + 1))
        x = scheduler.step(out, i, x, **options).prev_sample
    return x


def ours(times: list[int], x: Tensor, clip: bool = True, eta: float = 0.0) -> Tensor:
    g = torch.Generator().manual_seed(3)
    denoiser = Denoiser(network, LINEAR, clip=clip)
    *_, last = sample(denoiser, LINEAR, x, times, eta=eta, generator=g)
    return last.x


# ---- the ε̂ of a step ---------------------------------------------------------------------------


def test_eps_is_that_of_use_clipped_model_output_and_not_of_the_default() -> None:
    x, times = noise(), [*range(951, 0, -50), 0]
    clipped = follow(peer(clip_sample=True), 20, x, use_clipped_model_output=True)
    torch.testing.assert_close(ours(times, x), clipped, rtol=0, atol=1e-9)
    default = follow(peer(clip_sample=True), 20, x)
    assert (default - clipped).abs().max() > 0.01
    free = follow(peer(clip_sample=False), 20, x)
    torch.testing.assert_close(ours(times, x, clip=False), free, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("target", ["eps", "x0", "v"])
@pytest.mark.parametrize("t", [1, 300, 1000])
def test_raw_eps_less_ours_is_what_clipping_took_off(target: str, t: int) -> None:
    x_t, out = noise(), noise(seed=1)
    free = Denoiser(lambda x, t: out, LINEAR, target, clip=False)
    a, s = LINEAR.alpha_bar[t].sqrt(), (1 - LINEAR.alpha_bar[t]).sqrt()
    raw = free(x_t, t)
    before, after = ((x_t - a * x0) / s for x0 in (raw, raw.clamp(-1, 1)))
    if target == "eps":
        torch.testing.assert_close(before, out, rtol=1e-6, atol=1e-6)
    torch.testing.assert_close(before - after, -a / s * (raw - raw.clamp(-1, 1)))
    assert (before - after).abs().max() > 0 or t == 1


def test_the_ddim_repositorys_step_is_the_one_without_clipping() -> None:
    """Its `generalized_steps` on both of its grids, in its own index."""
    ab = torch.cat([torch.ones(1).double(), LINEAR.alpha_bar[1:]])  # its index −1 comes first
    for seq in (list(range(0, T, T // 20)), quadratic(20)):
        for eta in (0.0, 0.7):
            x, g = noise(), torch.Generator().manual_seed(3)
            for i, j in zip(seq[::-1], [-1, *seq[:-1]][::-1], strict=True):
                at, after = ab[i + 1], ab[j + 1]
                et = network(x, torch.full((2,), i + 1))
                x0 = (x - et * (1 - at).sqrt()) / at.sqrt()
                c1 = eta * ((1 - at / after) * (1 - after) / (1 - at)).sqrt()
                c2 = ((1 - after) - c1**2).sqrt()
                z = torch.randn(x.shape, generator=g, dtype=x.dtype) if eta and j >= 0 else 0
                x = after.sqrt() * x0 + c1 * z + c2 * et
            times = [i + 1 for i in seq[::-1]] + [0]
            mine = ours(times, noise(), clip=False, eta=eta)
            torch.testing.assert_close(mine, x, rtol=1e-9, atol=1e-9)


def quadratic(steps: int) -> list[int]:
    """The DDIM repository's, in its index."""
    return [int(u) for u in np.linspace(0, np.sqrt(T * 0.8), steps) ** 2]


# ---- diffusers ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "theirs"), [("linear", "linear"), ("cosine", "squaredcos_cap_v2")]
)
def test_schedules_are_one_index_apart(name: str, theirs: str) -> None:
    schedule = make_schedule(name, T)
    found = diffusers.DDPMScheduler(**SETTINGS, beta_schedule=theirs)
    cosine_t = slice(None) if name == "linear" else slice(20, None)  # theirs is float32
    np.testing.assert_allclose(
        found.alphas_cumprod[cosine_t], schedule.alpha_bar[1:][cosine_t], rtol=2e-3
    )
    assert schedule.alpha_bar[0] == 1 and len(schedule.alpha_bar) == len(found.alphas_cumprod) + 1


def test_the_last_step_ends_where_set_alpha_to_one_says() -> None:
    x, times = noise(), [*range(951, 0, -50), 0]
    options = {"use_clipped_model_output": True}
    at_one = follow(peer(clip_sample=True, set_alpha_to_one=True), 20, x, **options)
    torch.testing.assert_close(ours(times, x), at_one, rtol=0, atol=1e-9)
    *_, before, _ = sample(Denoiser(network, LINEAR), LINEAR, x, times)
    held = follow(peer(clip_sample=True, set_alpha_to_one=False), 20, x, **options)
    torch.testing.assert_close(before.x, held, rtol=0, atol=1e-9)  # from t = 1 to t = 1
    assert before.t == 1


@pytest.mark.parametrize(
    ("target", "prediction"), [("eps", "epsilon"), ("x0", "sample"), ("v", "v_prediction")]
)
def test_targets_are_prediction_types(target: str, prediction: str) -> None:
    x0, eps, t = noise().clamp(-1, 1), noise(seed=1), 400
    out = regression_target(LINEAR, x0, eps, t, target)
    a, s = LINEAR.alpha_bar[t].sqrt(), (1 - LINEAR.alpha_bar[t]).sqrt()
    x_t = a * x0 + s * eps
    scheduler = peer(clip_sample=True, prediction_type=prediction)
    scheduler.set_timesteps(T)
    found = scheduler.step(out, t - 1, x_t)
    torch.testing.assert_close(found.pred_original_sample, x0, rtol=0, atol=1e-9)
    mine = Denoiser(lambda x, t: out, LINEAR, target)(x_t, t)
    torch.testing.assert_close(mine, x0, rtol=0, atol=1e-9)


def grid(spacing: str, steps: int, **changes: object) -> list[int]:
    """Theirs, as our times, T to 0."""
    found = diffusers.DDIMScheduler(**SETTINGS, timestep_spacing=spacing, **changes)
    found.set_timesteps(steps)
    return [i + 1 for i in found.timesteps.tolist()] + [0]


@pytest.mark.parametrize("steps", [1, 2, 10, 50, 125, 1000])
def test_our_uniform_times_are_trailing_ones(steps: int) -> None:
    assert grid("trailing", steps) == strided_times(T, steps)


@pytest.mark.parametrize("steps", [10, 30, 50, 1000])
def test_leading_times(steps: int) -> None:
    c = T // steps
    assert grid("leading", steps) == [c * k + 1 - c for k in range(steps, 0, -1)] + [0]
    later = [c * k + 2 - c for k in range(steps, 0, -1)]
    assert grid("leading", steps, steps_offset=1) == [*later, 0]
    assert steps == T or grid("leading", steps)[0] < T


@pytest.mark.parametrize(("spacing", "steps"), [("linspace", 20), ("trailing", 30)])
def test_where_their_step_ends_beside_the_next_ones_beginning(spacing: str, steps: int) -> None:
    times = grid(spacing, steps)
    ends = [t - T // steps for t in times[:-1]]
    assert any(end != s for end, s in zip(ends[:-1], times[1:-1], strict=True))
    assert not spacing == "linspace" or (times[0], times[-2]) == (T, 1)


def test_variance_types_are_ours() -> None:
    for kind, variance in (("fixed_small", "posterior"), ("fixed_large", "beta")):
        found = diffusers.DDPMScheduler(**SETTINGS, variance_type=kind)
        x0, x_t = torch.zeros(1, 1), torch.zeros(1, 1)
        for t in (2, 500, T):
            std = reverse(LINEAR, x0, x_t, t, t - 1, variance=variance).std.item()
            assert found._get_variance(t - 1).item() == pytest.approx(std**2, rel=1e-3)


# ---- the DDIM repository, Ho et al., Nichol & Dhariwal ------------------------------------------


def test_the_ddim_repositorys_grids() -> None:
    for steps in (10, 50):
        seq = [i + 1 for i in range(0, T, T // steps)]
        assert [*seq[::-1], 0] == grid("leading", steps) and seq[0] == 1
        assert seq[-1] == T + 1 - T // steps
        assert quadratic(steps)[-1] + 1 == 801 and quadratic(steps)[0] + 1 == 1
        assert strided_times(T, steps, "quadratic")[0] == T
    assert len(range(0, T, T // 30)) == 31


def test_sigma_hat_is_eta_one_with_beta() -> None:
    x0, x_t = torch.zeros(1, 1).double(), torch.zeros(1, 1).double()
    t, s = 500, 480
    std = reverse(LINEAR, x0, x_t, t, s, variance="beta").std.item()
    ratio = (LINEAR.alpha_bar[t] / LINEAR.alpha_bar[s]).item()
    assert std == pytest.approx(math.sqrt(1 - ratio))


def test_the_width_at_t_1() -> None:
    """posterior_log_variance_clipped: β̃_2 in β̃_1's place; and β_1 as in eq. 13."""
    x = torch.zeros(1, 1).double()
    tilde = LINEAR.betas * (1 - LINEAR.alpha_bar[:-1]) / (1 - LINEAR.alpha_bar[1:])
    assert tilde[0] == 0 and torch.equal(LINEAR.posterior_variance, tilde)
    assert decoder(LINEAR, x, x, "posterior").std.item() == pytest.approx(tilde[1].sqrt().item())
    assert decoder(LINEAR, x, x, "beta").std.item() == pytest.approx(LINEAR.betas[0].sqrt().item())


# ---- EDM, k-diffusion --------------------------------------------------------------------------


def sigma(schedule: Schedule, t: int) -> Tensor:
    return ((1 - schedule.alpha_bar[t]) / schedule.alpha_bar[t]).sqrt()


def test_sigmas_are_those_of_diffusers_euler() -> None:
    found = diffusers.EulerDiscreteScheduler(**SETTINGS, timestep_spacing="linspace")
    found.set_timesteps(T)
    truth = torch.stack([sigma(LINEAR, t) for t in range(T, 0, -1)])
    np.testing.assert_allclose(found.sigmas[:-1], truth, rtol=1e-4)


@pytest.mark.parametrize("t", [1, 400, 1000])
def test_preconditioning(t: int) -> None:
    """With σ_data = 1: x = x_t/√ᾱ, D = c_skip·x + c_out·F(c_in·x)."""
    x_t, out, s = noise(), noise(seed=1), sigma(LINEAR, t)
    x = x_t / LINEAR.alpha_bar[t].sqrt()
    assert (1 + s**2).rsqrt().item() == pytest.approx(LINEAR.alpha_bar[t].sqrt().item())
    torch.testing.assert_close((1 + s**2).rsqrt() * x, x_t)
    v = Denoiser(lambda x, t: out, LINEAR, "v", clip=False)(x_t, t)
    torch.testing.assert_close(x / (1 + s**2) + s / (1 + s**2).sqrt() * -out, v)
    eps = Denoiser(lambda x, t: out, LINEAR, "eps", clip=False)(x_t, t)
    torch.testing.assert_close(x - s * out, eps)


def test_ddim_is_eulers_method_in_sigma() -> None:
    x_t, t, s = noise(), 700, 650
    a, b = LINEAR.alpha_bar[t].sqrt(), LINEAR.alpha_bar[s].sqrt()
    x0 = Denoiser(network, LINEAR)(x_t, t)
    eps = (x_t - a * x0) / (1 - a**2).sqrt()
    euler = x_t / a + (sigma(LINEAR, s) - sigma(LINEAR, t)) * eps
    torch.testing.assert_close(reverse(LINEAR, x0, x_t, t, s, eta=0.0).mean / b, euler)


def test_karras_times_are_the_nearest_to_karras_sigmas() -> None:
    found = diffusers.EulerDiscreteScheduler(**SETTINGS, use_karras_sigmas=True)
    found.set_timesteps(12)
    every = torch.stack([sigma(LINEAR, t) for t in range(1, T + 1)])
    times = strided_times(LINEAR, 12, "karras")[:-1]
    low, high = every[0] ** (1 / 7), every[-1] ** (1 / 7)
    wanted = torch.tensor([(high + k / 11 * (low - high)) ** 7 for k in range(12)])
    np.testing.assert_allclose(found.sigmas[:-1], wanted, rtol=1e-3)
    for t, value in zip(times, wanted, strict=True):
        nearest = (every - value).abs().argmin().item() + 1
        assert t == nearest or t <= 12  # where two would coincide they move apart


def test_guidance_is_theirs_by_one_formula_each() -> None:
    """diffusers' guidance_scale is w; Ho & Salimans' w is one less; any target can be guided."""

    def classy(x: Tensor, t: Tensor, label: Tensor) -> Tensor:
        return network(x, t) + 0.1 * (label + 1)[:, None, None, None]

    x, t, label = noise(), 400, torch.tensor([0, 2])
    times = torch.full((2,), t)
    free, given = classy(x, times, torch.full_like(label, -1)), classy(x, times, label)
    for w in (0.0, 1.0, 1.5, 7.5):
        denoiser = Denoiser(classy, LINEAR, clip=False, guidance=w)
        ours = denoiser.ask(x, t, label)
        scaled = free + w * (given - free)  # StableDiffusionPipeline: guidance_scale
        salimans = (1 + (w - 1)) * given - (w - 1) * free
        torch.testing.assert_close(ours, scaled)
        torch.testing.assert_close(ours, salimans)
        beliefs = [denoiser.unclipped(x, t, eps) for eps in (free, given, ours)]
        torch.testing.assert_close(beliefs[2], beliefs[0] + w * (beliefs[1] - beliefs[0]))


def test_the_variances_bound_what_a_step_can_have() -> None:
    """Ho et al. 2020, 3.2: β̃ for one known point, β for data of unit variance; σ̂ when strided."""
    t, s = 400, 380
    ab_t, ab_s = LINEAR.alpha_bar[t], LINEAR.alpha_bar[s]
    kept = ab_t / ab_s  # x_t = √kept x_s + √(1 − kept) z
    for data, variance in ((0.0, "posterior"), (1.0, "beta")):
        before = ab_s * data + 1 - ab_s  # the variance of x_s
        bayes = 1 / (1 / before + kept / (1 - kept))  # that of x_s given x_t, both Gaussian
        step = reverse(LINEAR, noise(), noise(seed=1), t, s, eta=1.0, variance=variance)
        if variance == "posterior":
            assert step.std**2 == pytest.approx(bayes.item(), rel=1e-9)
        else:
            assert step.std**2 == pytest.approx((1 - kept).item(), rel=1e-9)
            assert bayes == pytest.approx((1 - kept).item(), rel=1e-9)


def test_lambda_is_half_the_log_snr() -> None:
    theirs = diffusers.DPMSolverMultistepScheduler(**SETTINGS).lambda_t
    ours = 0.5 * (LINEAR.alpha_bar / (1 - LINEAR.alpha_bar)).log()[1:]
    torch.testing.assert_close(theirs.double(), ours, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("name", LECTURES)
def test_the_lectures_are_as_the_page_says(name: str) -> None:
    """T, schedule, variance and steps of each, from the catalogue."""
    lecture, page = LECTURES[name], PAGE.read_text(encoding="utf-8")
    (row,) = [line for line in page.splitlines() if line.endswith(f"| `{name}` |")]
    title, T, schedule, variance, _, _ = [cell.strip() for cell in row.strip("|").split("|")]
    assert (title, T, schedule) == (lecture.title, str(lecture.T), f"`{lecture.schedule}`")
    if lecture.looks:
        assert not lecture.lanes and "x̂_0 is fed back" in variance
    else:
        first, *others = lecture.lanes
        beta = first.get("variance") == "beta"
        slips = first.get("breaks", [])
        start = "β of t + 1" if "alpha ahead" in slips else "β_t" if beta else "β̃_t"
        assert variance.startswith(start) and first["sampler"] == "ddpm"
        for slip, word in (("x_s clamped", "clamped"), ("z in every step", "z in every step")):
            assert (slip in slips) == (word in variance)
        assert all(str(lane["steps"]) in variance for lane in others)


def test_the_page_names_what_is_tested() -> None:
    page = PAGE.read_text(encoding="utf-8")
    for name in (
        "use_clipped_model_output=True", "set_alpha_to_one", "timestep_spacing", "prediction_type",
        "fixed_small", "quad", "posterior_log_variance_clipped", "EulerDiscreteScheduler",
        "guidance_scale", "DPMSolverMultistepScheduler", *LECTURES,
    ):  # fmt: skip
        assert name in page
    assert page.count("✓") >= 25
