"""Samplers against an analytic model, diffusers, and the exact denoiser of a data set."""

from __future__ import annotations

import math
from collections.abc import Callable

import diffusers
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from explorer.diffusion import (
    SCHEDULES,
    Denoiser,
    IdealDenoiser,
    Schedule,
    make_schedule,
    picture_generators,
    sample,
    strided_times,
)


def gaussian_denoiser(
    schedule: Schedule, mean: float, std: float
) -> Callable[[Tensor, int], Tensor]:
    """E[x_0 | x_t] for x_0 ~ N(mean, std²): the exact denoiser of a Gaussian."""

    def denoise(x_t: Tensor, t: int) -> Tensor:
        ab = schedule.alpha_bar[t].item()
        gain = ab**0.5 * std**2 / (ab * std**2 + 1 - ab)
        return mean + gain * (x_t - ab**0.5 * mean)

    return denoise


def propagate(
    schedule: Schedule, times: list[int], eta: float, mean: float, std: float
) -> tuple[float, float]:
    """Mean and variance of what `sample` ends on, exactly: every step is affine in x."""
    m, v = 0.0, 1.0
    for t, s in zip(times, times[1:], strict=False):
        ab_t, ab_s = schedule.alpha_bar[t].item(), schedule.alpha_bar[s].item()
        gain = ab_t**0.5 * std**2 / (ab_t * std**2 + 1 - ab_t)
        sigma2 = eta**2 * (1 - ab_s) / (1 - ab_t) * (1 - ab_t / ab_s)
        b = ((1 - ab_s - sigma2) / (1 - ab_t)) ** 0.5
        a = ab_s**0.5 - b * ab_t**0.5
        slope, shift = a * gain + b, a * mean * (1 - gain * ab_t**0.5)
        m, v = slope * m + shift, slope**2 * v + sigma2
    return m, v


@given(
    st.integers(1, 300),
    st.data(),
    st.sampled_from(["uniform", "quadratic"]),
)
def test_strided_times_keep_their_promises(T: int, data: st.DataObject, spacing: str) -> None:
    steps = data.draw(st.integers(1, T))
    times = strided_times(T, steps, spacing)
    assert (times[0], times[-1], len(times)) == (T, 0, steps + 1)
    assert all(a > b for a, b in zip(times, times[1:], strict=False))
    if spacing == "uniform":
        assert all(abs(t - T * (steps - i) / steps) <= 0.5 for i, t in enumerate(times))


def test_times_are_plain_ints_whatever_they_are_made_of() -> None:
    times = strided_times(np.uint8(200), np.int64(10))
    assert times == list(range(200, -1, -20)) and {type(t) for t in times} == {int}


def test_quadratic_times_crowd_near_the_data() -> None:
    assert strided_times(1000, 10, "quadratic") == [
        *(1000, 810, 640, 490, 360, 250, 160, 90, 40, 10, 0)
    ]
    assert strided_times(10, 10, "quadratic") == list(range(10, -1, -1))


@pytest.mark.parametrize(
    ("T", "steps", "spacing"),
    [(10, 0, "uniform"), (10, 11, "uniform"), (10, 2.5, "uniform"), (0, 1, "uniform"),
     (10, -1, "quadratic"), (10, True, "uniform"), (10, 5, "cubic")],
)  # fmt: skip
def test_strided_times_refuse(T: int, steps: int, spacing: str) -> None:
    with pytest.raises(ValueError):
        strided_times(T, steps, spacing)


@pytest.mark.parametrize("eta", [0.0, 0.4, 1.0])
@pytest.mark.parametrize("name", ["linear", "cosine"])
def test_exact_denoiser_of_a_gaussian_reaches_its_mean_and_variance(name: str, eta: float) -> None:
    schedule, mean, std = make_schedule(name), 0.3, 0.5
    g = torch.Generator().manual_seed(0)
    x = torch.randn(20_000, 2, generator=g, dtype=torch.float64)
    times = list(range(1000, -1, -1))
    *_, last = sample(
        gaussian_denoiser(schedule, mean, std), schedule, x, times, eta=eta, generator=g
    )
    m, v = propagate(schedule, times, eta, mean, std)
    assert m == pytest.approx(mean, abs=0.01) and v == pytest.approx(std**2, rel=0.03)
    error = 4 / len(x) ** 0.5
    assert abs(last.x.mean() - m) < error * std
    assert abs(last.x.var() / v - 1) < 1.5 * error


def test_ddim_of_a_gaussian_is_the_affine_map_to_float_precision() -> None:
    schedule = make_schedule("cosine", 1000)
    denoise, times = gaussian_denoiser(schedule, -0.2, 0.7), strided_times(1000, 37)
    x = torch.tensor([[0.0], [1.0]], dtype=torch.float64)
    *_, last = sample(denoise, schedule, x, times)
    m, v = propagate(schedule, times, 0, -0.2, 0.7)
    assert last.x[0].item() == pytest.approx(m, abs=1e-9)
    assert (last.x[1] - last.x[0]).item() == pytest.approx(v**0.5, rel=1e-9)


@given(
    st.sampled_from(list(SCHEDULES)),
    st.integers(1, 60),
    st.data(),
    st.floats(0, 1),
    st.sampled_from(["posterior", "beta"]),
)
def test_frames(name: str, T: int, data: st.DataObject, eta: float, variance: str) -> None:
    schedule, x = make_schedule(name, T), torch.randn(2, 3)
    times = strided_times(T, data.draw(st.integers(1, T)))
    asked: list[int] = []

    def denoise(x_t: Tensor, t: int) -> Tensor:
        asked.append(t)
        return x_t.clamp(-1, 1)

    frames = list(sample(denoise, schedule, x, times, eta=eta, variance=variance))
    assert [frame.t for frame in frames] == times and asked == times[:-1]
    assert torch.equal(frames[0].x, x)
    assert all(torch.equal(f.x0, f.x.clamp(-1, 1)) for f in frames[:-1])
    assert torch.equal(frames[-1].x0, frames[-1].x)
    torch.testing.assert_close(frames[-1].x, frames[-2].x0)  # the last step ends on the belief


def test_a_generator_makes_it_repeatable_and_pictures_independent_of_their_batch() -> None:
    schedule, times = make_schedule("linear", 50, beta_end=0.2), list(range(50, -1, -1))
    denoise = gaussian_denoiser(schedule, 0.0, 0.5)

    def last(n: int) -> Tensor:
        generators = picture_generators(11, n)
        x = torch.stack([torch.randn(3, generator=g) for g in generators])
        *_, frame = sample(denoise, schedule, x, times, eta=1.0, generator=generators)
        return frame.x

    assert torch.equal(last(4), last(4))
    torch.testing.assert_close(last(4)[:2], last(2))
    assert len({g.initial_seed() for s in range(20) for g in picture_generators(s, 50)}) == 1000


def test_no_gradients_and_no_leaked_mode() -> None:
    schedule, weight = make_schedule("linear", 5), torch.ones(1, requires_grad=True)
    steps = sample(lambda x, t: x * weight, schedule, torch.randn(1, 2), [5, 2, 0])
    frame = next(steps)
    assert not frame.x0.requires_grad
    assert torch.is_grad_enabled() and not torch.is_inference_mode_enabled()


@pytest.mark.parametrize(
    "times",
    [[10], [], [10, 10, 0], [5, 7, 0], [10, 5], [11, 0], [10, 0, -1], [9.5, 0], [math.inf, 0]],
)
def test_grids_that_make_no_sense_are_refused_at_once(times: list[int]) -> None:
    with pytest.raises(ValueError, match="times"):
        sample(lambda x, t: x, make_schedule("linear", 10), torch.zeros(1, 1), times)
    with pytest.raises(ValueError, match="eta"):
        sample(lambda x, t: x, make_schedule("linear", 10), torch.zeros(1, 1), [10, 0], eta=2)


# ---- diffusers: its index is our t − 1 -------------------------------------------------------


def network(x: Tensor, t: Tensor, label: Tensor | None = None) -> Tensor:
    """Near the best ε̂ for pictures ~ N(0.1, 0.5²), with something nonlinear on top."""
    ab = make_schedule("linear").alpha_bar[t].to(x)[:, None, None, None]
    best = (1 - ab).sqrt() * (x - 0.1 * ab.sqrt()) / (0.25 * ab + 1 - ab)
    return best + 0.05 * torch.tanh(3 * x + x.roll(1, -1))


def peers_network(x: Tensor, index: int) -> Tensor:
    return network(x, torch.full((len(x),), index + 1))


def peers_ddpm(T: int, kind: str, clip: bool) -> diffusers.DDPMScheduler:
    """With its tables in float64: in float32 they alone move x by 1.0e-5."""
    peer = diffusers.DDPMScheduler(
        T, beta_start=1e-4, beta_end=0.02, variance_type=kind, clip_sample=clip
    )
    peer.betas = torch.linspace(1e-4, 0.02, T, dtype=torch.float64)
    peer.alphas = 1 - peer.betas
    peer.alphas_cumprod = peer.alphas.cumprod(0)
    peer.set_timesteps(T)
    return peer


@pytest.mark.parametrize(
    ("dtype", "clip", "tolerance"),
    [
        (torch.float32, True, 1e-5),
        # without clipping x reaches 1e3, where float32 itself is coarser than 1e-5
        (torch.float64, True, 1e-9),
        (torch.float64, False, 1e-9),
    ],
)
@pytest.mark.parametrize(
    ("kind", "variance"), [("fixed_small", "posterior"), ("fixed_large", "beta")]
)
def test_ddpm_agrees_with_diffusers_at_every_step(
    kind: str, variance: str, dtype: torch.dtype, clip: bool, tolerance: float
) -> None:
    T, schedule = 1000, make_schedule("linear")
    peer = peers_ddpm(T, kind, clip)
    x = torch.randn(2, 1, 4, 4, dtype=dtype)
    ours = sample(
        Denoiser(network, schedule, clip=clip),
        schedule,
        x,
        list(range(T, -1, -1)),
        eta=1.0,
        variance=variance,
        generator=torch.Generator().manual_seed(5),
    )
    g = torch.Generator().manual_seed(5)

    def step(out: Tensor, i: int, x: Tensor) -> object:
        return peer.step(out, i, x, generator=g)

    compare(ours, x, step, peer.timesteps, tolerance)


@pytest.mark.parametrize("eta", [0.0, 0.5])
@pytest.mark.parametrize("spacing", ["leading", "trailing"])
@pytest.mark.parametrize("steps", [50, 20])
def test_ddim_agrees_with_diffusers_at_every_step(steps: int, spacing: str, eta: float) -> None:
    T, schedule = 1000, make_schedule("linear")
    peer = diffusers.DDIMScheduler(
        T, beta_start=1e-4, beta_end=0.02, timestep_spacing=spacing, clip_sample=True,
        set_alpha_to_one=True,
    )  # fmt: skip
    peer.set_timesteps(steps)
    times = [int(i) + 1 for i in peer.timesteps] + [0]
    x = torch.randn(2, 1, 4, 4)
    ours = sample(
        Denoiser(network, schedule), schedule, x, times, eta=eta,
        generator=torch.Generator().manual_seed(5),
    )  # fmt: skip
    g = torch.Generator().manual_seed(5)

    def step(out: Tensor, i: int, x: Tensor) -> object:
        # ε derived from the clipped x_0, as ours
        return peer.step(out, i, x, eta=eta, use_clipped_model_output=True, generator=g)

    compare(ours, x, step, peer.timesteps, 1e-5)


def compare(ours: object, x: Tensor, step: Callable, times: Tensor, tolerance: float) -> None:
    frames = list(ours)
    assert len(frames) == len(times) + 1
    for frame, i in zip(frames, times.tolist(), strict=False):
        torch.testing.assert_close(frame.x, x, rtol=0, atol=tolerance)
        result = step(peers_network(x, i), i, x)
        if x.dtype == torch.float64:  # theirs divides float32 tables by √ᾱ_t, 1/157 at T
            torch.testing.assert_close(frame.x0, result.pred_original_sample, rtol=0, atol=1e-9)
        x = result.prev_sample
    torch.testing.assert_close(frames[-1].x, x, rtol=0, atol=tolerance)


# ---- the exact denoiser of a data set ---------------------------------------------------------


def test_ideal_denoiser_by_hand() -> None:
    schedule = make_schedule("constant", 2, beta=0.5)
    data = torch.tensor([[-1.0], [1.0]], dtype=torch.float64)
    x = torch.tensor([[0.3]], dtype=torch.float64)
    # weights ∝ exp(−(x ∓ √½)² / (2·½)), so E = tanh(x √½ / ½)
    ours = IdealDenoiser(data, schedule)(x, 1)
    assert ours.item() == pytest.approx(torch.tanh(x * 0.5**0.5 / 0.5).item(), rel=1e-12)
    assert torch.equal(IdealDenoiser(data, schedule)(x, 0), x)


def test_ideal_denoiser_does_not_depend_on_its_chunks() -> None:
    data, x = torch.randn(50, 1, 3, 3), torch.randn(4, 1, 3, 3)
    schedule, t = make_schedule("cosine", 100), torch.tensor([0, 1, 40, 100])
    whole = IdealDenoiser(data, schedule)(x, t)
    for chunk in (1, 7, 50, 1000):
        torch.testing.assert_close(IdealDenoiser(data, schedule, chunk=chunk)(x, t), whole)
    torch.testing.assert_close(whole[0], x[0])
    assert whole.shape == x.shape and whole.dtype == x.dtype


@pytest.mark.parametrize("name", ["linear", "cosine"])
def test_ideal_denoisers_ddim_ends_on_points_of_the_data(name: str) -> None:
    schedule, data = make_schedule(name), torch.rand(30, 1, 4, 4) * 2 - 1
    g = torch.Generator().manual_seed(2)
    x = torch.randn(12, 1, 4, 4, generator=g)
    *_, last = sample(IdealDenoiser(data, schedule), schedule, x, strided_times(1000, 100))
    apart = last.x.flatten(1)[:, None] - data.flatten(1)
    nearest = apart.norm(dim=-1).min(1).values
    assert nearest.max() < 1e-3


def test_ideal_denoiser_refuses() -> None:
    schedule = make_schedule("linear", 10)
    for data in (torch.zeros(0, 2), torch.zeros(3), torch.zeros(2, 2, dtype=torch.uint8)):
        with pytest.raises(ValueError, match="data"):
            IdealDenoiser(data, schedule)
    with pytest.raises(ValueError, match="shape"):
        IdealDenoiser(torch.zeros(3, 2), schedule)(torch.zeros(1, 3), 5)
    with pytest.raises(ValueError, match="classes"):
        IdealDenoiser(torch.zeros(3, 2), schedule)(torch.zeros(1, 2), 5, torch.tensor([1]))
