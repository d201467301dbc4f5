"""Lanes from settings, and what breaks on purpose."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor

from explorer.diffusion import Denoiser, IdealDenoiser, make_schedule
from explorer.lectures import LECTURES
from explorer.race import pictures, race
from explorer.race.breaks import BREAKS, MISTAKES, SLIPS, broken, lane_from
from explorer.race.lanes import Lane, ddim, ddpm

T = 40
COSINE = make_schedule("cosine", T)
SHAPE = (1, 4, 4)


def ideal(x0: Tensor, clip: bool = True) -> Denoiser:
    exact = IdealDenoiser(x0, COSINE)

    def network(x_t: Tensor, t: Tensor) -> Tensor:
        return torch.cat([exact(x[None], int(u)) for x, u in zip(x_t, t, strict=True)])

    return Denoiser(network, COSINE, "x0", clip)


SQUARES = torch.stack([torch.full(SHAPE, -1.0), torch.full(SHAPE, 1.0)])


@pytest.mark.parametrize(
    ("settings", "lane", "title"),
    [
        ({"sampler": "ddpm"}, ddpm(T), "DDPM"),
        ({"sampler": "ddpm", "variance": "beta"}, ddpm(T, variance="beta"), "DDPM, σ² = β"),
        ({"sampler": "ddim", "steps": 5}, ddim(T, 5), "DDIM, S = 5"),
        (
            {"sampler": "ddim", "steps": 5, "eta": 0.5, "spacing": "quadratic", "breaks": []},
            ddim(T, 5, eta=0.5, spacing="quadratic"),
            "DDIM, S = 5, η = 0.5, quadratic",
        ),
        (
            {"sampler": "ddim", "steps": 5, "eta": 1, "variance": "beta"},
            ddim(T, 5, eta=1, variance="beta"),
            "DDIM, S = 5, η = 1, σ̂",
        ),
    ],
)
def test_settings_describe_a_lane(settings: dict[str, Any], lane: Lane, title: str) -> None:
    assert lane_from(settings, COSINE) == lane
    assert lane_from(settings, COSINE).title == title == lane.title


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"sampler": "euler"},
        {"sampler": "ddpm", "steps": 3},
        {"sampler": "ddim"},
        {"sampler": "ddim", "steps": T + 1},
        {"sampler": "ddim", "steps": 3, "eta": 2},
        {"sampler": "ddim", "steps": 3, "spacing": "even"},
        {"sampler": "ddim", "steps": 3, "variance": "learned"},
        {"sampler": "ddpm", "breaks": ["the bank"]},
        {"sampler": "ddpm", "colour": "red"},
    ],
)
def test_settings_that_fit_no_lane_are_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        lane_from(settings, COSINE)


def test_kinds() -> None:
    assert ddpm(T).sampler == "ddpm" and ddpm(T).evaluations == T
    assert ddim(T, 5, eta=1.0).sampler == "ddim" and ddim(T, T).evaluations == T
    assert not ddim(T, 5).stochastic and ddim(T, 5, eta=0.1).stochastic


def made(*breaks: str, n: int = 40) -> Tensor:
    lane = broken(ddpm(T), COSINE, *breaks)
    return pictures(ideal(SQUARES), lane, SHAPE, seed=3, n=n)


def test_a_sound_lane_makes_the_data() -> None:
    x = made()
    assert (x.abs() - 1).abs().max() < 1e-3 and 10 < (x[:, 0, 0, 0] > 0).sum() < 30


def test_without_noise_ddpm_runs_dry() -> None:
    """Every step's variance is missing, so that x_t is paler than any the denoiser should see."""
    lanes = [ddpm(T), broken(ddpm(T), COSINE, "no noise")]
    stds: dict[int, list[float]] = {0: [], 1: []}
    for entry in race(ideal(SQUARES), lanes, SHAPE, seed=3, n=20):
        if 5 < entry.frame.t < T:
            stds[entry.lane].append(entry.frame.x.var(dim=(1, 2, 3)).mean().item())
            assert (entry.z is None) == (entry.lane == 1)
    assert all(dry < sound for dry, sound in zip(stds[1], stds[0], strict=True))


def test_a_late_start_asks_less_and_begins_below_T() -> None:
    lane = broken(ddim(T, 10), COSINE, "late start")
    assert lane.times == (32, 28, 24, 20, 16, 12, 8, 4, 0)
    assert broken(ddim(T, 1), COSINE, "late start").times == (32, 0)
    assert broken(ddpm(2), make_schedule("cosine", 2), "late start").times == (1, 0)


def test_in_the_wrong_order_the_noise_stays() -> None:
    lane = broken(ddpm(T), COSINE, "wrong order")
    assert lane.steps[0] == (1, 0) and lane.steps[-1] == (T, T - 1)
    told = []
    denoiser = Denoiser(lambda x, t: told.append(int(t[0])) or x, COSINE, "x0")
    list(race(denoiser, [lane], SHAPE, seed=3, n=2))
    assert told == list(range(1, T + 1))
    assert made("wrong order").flatten(1).std(1).min() > 0.3


def test_a_foreign_schedule_is_linear_for_cosine_and_cosine_for_others() -> None:
    assert broken(ddpm(T), COSINE, "wrong schedule").schedule.name == "linear"
    linear = make_schedule("linear", T)
    assert broken(ddpm(T), linear, "wrong schedule").schedule.name == "cosine"
    assert not torch.allclose(made("wrong schedule"), made(), atol=0.01)


def test_former_names_of_mistakes_mean_what_they_meant() -> None:
    former, now = (broken(ddpm(T), COSINE, f"{word} schedule") for word in ("foreign", "wrong"))
    assert (former.schedule.name, former.details) == (now.schedule.name, now.details)


def test_unclipped_beliefs_leave_the_range() -> None:
    beliefs = {}
    for names in ((), ("no clipping",)):
        denoiser = Denoiser(lambda x, t: torch.zeros_like(x), COSINE, "eps")
        lane = broken(ddim(T, 4), COSINE, *names)
        beliefs[names] = [entry.frame.x0 for entry in race(denoiser, [lane], SHAPE, seed=3, n=2)]
    assert max(x0.abs().max() for x0 in beliefs[()][:-1]) <= 1
    assert beliefs[("no clipping",)][0].abs().max() > 1.5


def test_sound_and_broken_lanes_share_calls_and_do_not_disturb_each_other() -> None:
    lanes = [ddpm(T), *(broken(ddpm(T), COSINE, name) for name in MISTAKES)]
    alone = [pictures(ideal(SQUARES), lane, SHAPE, seed=3, n=3) for lane in lanes]
    ends = {}
    for entry in race(ideal(SQUARES), lanes, SHAPE, seed=3, n=3):
        ends[entry.lane] = entry.frame.x
    for i, x in enumerate(alone):
        torch.testing.assert_close(ends[i], x, rtol=0, atol=1e-5)
    assert all(not torch.allclose(alone[0], x, atol=1e-3) for x in alone[2:])


def test_a_title_names_only_the_breaks_that_change_a_lane() -> None:
    names = ("no noise", "no clipping", "no clipping")
    assert broken(ddim(T, 5), COSINE, *names).title == "DDIM, S = 5, no clipping"
    assert broken(ddpm(T), COSINE, *names).title == "DDPM, no noise, no clipping"
    assert broken(ddim(T, 5), COSINE, "no noise") == ddim(T, 5)


def test_every_break_has_a_sentence() -> None:
    for name, entry in BREAKS.items():
        assert entry.sentence.endswith(".") and ". " not in entry.sentence
        assert "_" not in entry.sentence  # it is shown as it is, not as a formula
        assert entry.title and name and (entry.lecture in LECTURES) == (name in SLIPS)
        sound, mark = ddpm(T) if name != "alpha for alpha-bar" else ddim(T, 5), entry.mark or name
        assert broken(sound, COSINE, name).title == f"{sound.title}, {mark}"
