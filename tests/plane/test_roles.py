"""Seeds by role: nothing that is drawn for one thing is drawn for another."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import explorer.gui.plane
import explorer.plane
from explorer.diffusion import IdealDenoiser, make_schedule, picture_generators
from explorer.gui.frame.limits import SEEDS
from explorer.plane import (
    ROLES,
    Learner,
    lane_on,
    make_points,
    noise,
    role_generator,
    sampled_paths,
    walk,
)
from explorer.plane.points import POINTS

SCHEDULE = make_schedule("cosine", 20, s=0)


@given(seed=st.integers(*SEEDS))
def test_every_role_of_every_seed_begins_differently(seed: int) -> None:
    generators = [role_generator(seed, role) for role in ROLES]
    generators += [role_generator(seed + 1, role) for role in ROLES]
    generators += [torch.Generator().manual_seed(seed), *picture_generators(seed, 3)]
    first = [torch.randn(8, generator=generator) for generator in generators]
    assert all(not torch.equal(a, b) for a, b in combinations(first, 2))
    again = torch.randn(8, generator=role_generator(seed, ROLES[0]))
    assert torch.equal(again, first[0])


@pytest.mark.parametrize("seed", [0, 1, 6, 7, 8, 107, 2**32 - 1])
def test_what_a_seed_draws_is_drawn_once(seed: int) -> None:
    """The normal draws of all roles, as they are really used: no two of them are alike."""
    x0 = make_points("moons", 30, seed)
    ideal, ddpm = IdealDenoiser(x0, SCHEDULE), lane_on(SCHEDULE, "ddpm", 5)
    start = noise(30, seed)
    learner = Learner(x0, SCHEDULE, seed=seed)

    def steps(side: str) -> torch.Tensor:
        """What is added in the first step from x_T."""
        way = sampled_paths(ideal, SCHEDULE, ddpm, start, seed=seed, role=side, keep=[20, 19])
        again = sampled_paths(ideal, SCHEDULE, ddpm, start, seed=seed, role=side, keep=[20, 19])
        assert torch.equal(way.x, again.x) and torch.equal(way.x[0], start)
        return way.x[1]

    into = walk(SCHEDULE, x0, seed=seed, keep=[1])
    beta = SCHEDULE.betas[0].item()
    drawn = {
        "start": start,
        "forward": noise(30, seed, "forward"),
        "order": noise(30, seed, "order"),
        "walk": (into.x[1] - (1 - beta) ** 0.5 * x0) / beta**0.5,
        "training": torch.randn(30, 2, generator=learner.generator),
    }
    for (one, a), (other, b) in combinations(drawn.items(), 2):
        alike = torch.corrcoef(torch.stack([a.flatten(), b.flatten()]))[0, 1]
        assert abs(alike) < 0.55, f"{one} and {other}"  # 4.3 standard errors of 60 numbers
    assert not torch.equal(steps("left"), steps("right"))
    for name in POINTS:
        assert not torch.equal(
            make_points(name, 9, seed), make_points(name, 9, seed, "new points")
        )


def test_a_role_must_be_known() -> None:
    with pytest.raises(ValueError, match="no role 'probe'; there are: training points"):
        role_generator(7, "probe")


def test_the_plane_makes_no_generator_of_its_own() -> None:
    folders = [Path(package.__path__[0]) for package in (explorer.plane, explorer.gui.plane)]
    files = [file for folder in folders for file in folder.rglob("*.py")]
    assert len(files) > 12
    for file in files:
        text = file.read_text(encoding="utf-8")
        assert "Generator()" not in text, file
        assert text.count("manual_seed(") == text.count(
            'manual_seed(role_generator(seed, "weights")'
        ), file
