"""Ways on from one x_t; there and back again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from explorer import data
from explorer.checkpoints import load
from explorer.diffusion import SAMPLERS, Denoiser, make_schedule
from explorer.race import LaneFrame, ddim, ddpm, lane_from, race
from explorer.race.fork import FIRST, by_scale, fork, from_here, spread, spreads
from explorer.race.round_trip import as_seen, difference, noised, round_trip, ways_back

T = 40
COSINE = make_schedule("cosine", T)
SHAPE = (1, 4, 4)
SHIPPED = Path(__file__).parents[2] / "checkpoints" / "mnist.safetensors"


def toy() -> Denoiser:
    return Denoiser(lambda x, t: torch.tanh(2 * x.roll(1, -1)), COSINE, "x0")


def ends(entries: list[LaneFrame], lanes: int) -> list[Tensor]:
    return [[e.frame.x for e in entries if e.lane == i][-1] for i in range(lanes)]


def test_a_way_on_begins_where_it_is_told() -> None:
    assert from_here(ddim(T, 5), 20).times == (20, 16, 8, 0)
    assert from_here(ddim(T, 5), 16).times == (16, 8, 0)
    assert from_here(ddpm(T), 3).times == (3, 2, 1, 0) and from_here(ddpm(T), 3).sampler == "ddpm"
    for t in (0, -1, T + 1):
        with pytest.raises(ValueError, match="begins in 1"):
            from_here(ddpm(T), t)


def test_ddpm_fans_out_and_ddim_does_not() -> None:
    x = torch.randn(SHAPE, generator=torch.Generator().manual_seed(1))
    lanes, race_on = fork(toy(), [ddpm(T), ddim(T, 5), ddim(T, 5, eta=0.5)], x, 30, seed=2)
    entries = list(race_on)
    assert [lane.times[0] for lane in lanes] == [30, 30, 30]
    assert all(torch.equal(e.frame.x, x.expand(4, *SHAPE)) for e in entries[:3])
    fanned, one, some = (spread(end) for end in ends(entries, 3))
    assert one == 0 and fanned > 0.1 and some > 0.01


def test_a_fork_of_ddim_ends_where_the_race_did() -> None:
    """Deterministic: whoever continues from a frame of the way is on the way."""
    lane = ddim(T, 10)
    whole = list(race(toy(), [lane], SHAPE, seed=5, n=1))
    moment = whole[4].frame
    _, on = fork(toy(), [lane], moment.x[0], moment.t, seed=9)
    torch.testing.assert_close(ends(list(on), 1)[0][2], whole[-1].frame.x[0], rtol=0, atol=1e-6)


def test_spread_is_the_mean_distance_of_pairs() -> None:
    x = torch.stack([torch.full(SHAPE, v) for v in (0.0, 1.0, 3.0)])
    assert spread(x) == pytest.approx((1 + 3 + 2) / 3)
    assert spread(x[:1].expand(4, *SHAPE)) == 0


@pytest.mark.parametrize(
    "settings",
    [
        {"sampler": "ddpm"},
        {"sampler": "ddim", "steps": 10, "eta": 1.0},
        *({"sampler": name, "steps": 10} for name, way in SAMPLERS.items() if way.strided),
        {"sampler": "ddim", "steps": 10, "eta": 0.5, "breaks": ["no clipping"]},
        {"sampler": "dpm-solver", "steps": 10, "breaks": ["no clipping", "wrong schedule"]},
        {"sampler": "heun", "steps": 10, "breaks": ["no clipping", "wrong schedule"]},
        {"sampler": "ddpm", "breaks": ["no noise", "no clipping"], "clamp": True},
    ],
    ids=lambda settings: "-".join(map(str, settings.values())),
)
def test_spreads_are_those_of_forks_one_by_one(settings: dict[str, Any]) -> None:
    lane = lane_from(
        {"spacing": "uniform"} | settings if "steps" in settings else settings, COSINE
    )
    states = list(race(toy(), [lane], SHAPE, seed=5, n=1))
    times = [40, 24, 8]
    x = torch.cat([e.frame.x for e in states if e.frame.t in times])
    found = list(spreads(toy(), lane, x, times, seed=7))
    shares = [fanned.share for fanned in found]
    assert shares == sorted(set(shares)) and shares[-1] == 1
    assert [len(fanned.x0) for fanned in found] == sorted(len(fanned.x0) for fanned in found)
    assert len(found[0].x0) == 1 and len(found[-1].x0) == 3
    for t, x_t, pictures, value in zip(times, x, found[-1].x0, found[-1].spreads, strict=True):
        _, on = fork(toy(), [lane], x_t, t, seed=7)
        (expected,) = ends(list(on), 1)
        torch.testing.assert_close(pictures, expected, rtol=0, atol=1e-6)
        assert spread(expected) == pytest.approx(value, abs=1e-6)


def test_another_trajectory_has_other_noise() -> None:
    x = torch.zeros(1, *SHAPE)

    def ends_of(first: int) -> Tensor:
        *_, fanned = spreads(toy(), ddpm(T), x, [20], seed=7, branches=2, first=first)
        return fanned.x0[0]

    one, same, other = ends_of(FIRST), ends_of(FIRST), ends_of(FIRST + 1)
    assert torch.equal(one, same) and torch.equal(one[1], other[0])
    assert not torch.equal(one, other)


@pytest.mark.parametrize("size", [(8, 8), (10, 7)])
def test_coarse_and_fine_add_up_and_are_orthogonal(size: tuple[int, int]) -> None:
    x = torch.randn(3, 2, *size, generator=torch.Generator().manual_seed(1))
    coarse, fine = by_scale(x)
    torch.testing.assert_close(coarse + fine, x)
    torch.testing.assert_close(coarse[..., 3, 3], x[..., :4, :4].mean((2, 3)))
    assert (coarse * fine).sum((1, 2, 3)).abs().max() < 1e-4
    pair = [part[:2] for part in (x, coarse, fine)]
    whole, large, small = (spread(part) for part in pair)
    assert whole**2 == pytest.approx(large**2 + small**2)


def test_spreads_refuse_at_once() -> None:
    x = torch.zeros(2, *SHAPE)
    for times in ([8, 24], [8, 8], [8], [41, 8], [8, 0]):
        with pytest.raises(ValueError):
            spreads(toy(), ddpm(T), x, times, seed=1)


@pytest.mark.parametrize("t", [1, 2, 3, 17, T])
def test_ways_back_begin_at_t(t: int) -> None:
    full, short = ways_back(T, t, 10)
    assert full.times == tuple(range(t, -1, -1)) and full.sampler == "ddpm"
    assert short.times[0] == t and short.times[-1] == 0 and short.evaluations == min(10, t)


def test_there_is_no_way_back_from_nowhere() -> None:
    for t in (0, T + 1):
        with pytest.raises(ValueError, match="begins in 1"):
            round_trip(toy(), torch.zeros(1, *SHAPE), t, seed=1)


def test_the_noise_of_a_round_trip_is_q() -> None:
    x0 = torch.full((500, *SHAPE), 0.5)
    x_t = noised(toy(), x0, 20, seed=3)
    alpha_bar = COSINE.alpha_bar[20]
    assert x_t.mean().item() == pytest.approx(0.5 * alpha_bar.sqrt().item(), abs=0.02)
    assert x_t.std().item() == pytest.approx((1 - alpha_bar).sqrt().item(), abs=0.02)


def test_the_noise_that_hid_a_picture_is_not_added_again() -> None:
    """The first z of the way back is drawn after ε, from the same generator."""
    x0 = torch.zeros(1, *SHAPE)
    _, x_t, entries = round_trip(toy(), x0, T, seed=3)
    first = next(e for e in entries if e.z is not None)
    eps = x_t / (1 - COSINE.alpha_bar[T]).sqrt().float()
    assert torch.corrcoef(torch.stack([eps.flatten(), first.z.flatten()]))[0, 1].abs() < 0.9
    assert not torch.allclose(eps, first.z, atol=0.1)


def test_a_digit_comes_back_and_a_foreign_picture_does_not() -> None:
    """The shipped network, from t = 300: DDIM-10 both times."""
    denoiser, _ = load(SHIPPED)
    digits = data.to_tensor(data.load("mnist-5k").images[:4])
    x0 = torch.cat([digits, as_seen(data.photo("cat"), 1, 28)[None]])
    x_t = noised(denoiser, x0, 300, seed=1)
    lane = from_here(ddim(1000, 20), 300)
    *_, last = race(denoiser, [lane], (1, 28, 28), seed=1, labels=[-1] * 5, start=x_t)
    change = difference(last.frame.x, x0)
    assert change[:4].max() < 0.3 < 0.4 < change[4]


def test_a_round_trip_in_parts_is_the_whole() -> None:
    x0 = torch.rand(4, *SHAPE, generator=torch.Generator().manual_seed(2))

    def back(first: int, last: int) -> list[Tensor]:
        part = x0[first:last]
        lanes, _, entries = round_trip(toy(), part, 20, seed=3, steps=5, first=first)
        return ends(list(entries), 2)

    for whole, *parts in zip(back(0, 4), back(0, 2), back(2, 4), strict=True):
        torch.testing.assert_close(torch.cat(parts), whole)
