"""Noise and denoise: what the page is told of it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from explorer.data import from_tensor
from explorer.diffusion import Denoiser, make_schedule
from explorer.gui.reverse.round_trip.company import DRAWS, assemble, companies
from explorer.gui.reverse.round_trip.trip import (
    COLUMNS,
    Trip,
    read,
    set_out,
    there_and_back,
    write,
)
from explorer.gui.reverse.round_trip.verdict import verdict
from explorer.race.round_trip import difference, noised, round_trip

T = 60
COSINE = make_schedule("cosine", T)
NAMES = ("mine", "a real image of toys")
TRIP = Trip("toy", "toys", T, 55, 3, 1.0, NAMES, "real images of toys")


def toy() -> Denoiser:
    return Denoiser(lambda x, t: torch.tanh(2 * x.roll(1, -1)), COSINE, "x0")


def originals(channels: int = 1, n: int = 2) -> torch.Tensor:
    """The visitor's picture and one or more of the model's kind."""
    return torch.rand(n, channels, 4, 4, generator=torch.Generator().manual_seed(1)) * 2 - 1


def test_both_ways_end_where_the_round_trip_ends() -> None:
    x0 = originals()
    found = list(there_and_back(toy(), x0[:1], x0[1:], TRIP, every=0))
    lanes, x_t, entries = round_trip(toy(), x0, 55, seed=3)
    entries = list(entries)
    last = found[-1]
    assert last.finished and not last.running and all(trip.running for trip in found[:-1])
    assert [lane.evaluations for lane in lanes] == [55, 50]
    assert torch.equal(last.pixels["noisy"], from_tensor(x_t))
    assert torch.equal(last.pixels["shot"], from_tensor(entries[0].frame.x0))
    for index, column in enumerate(("ddpm", "ddim")):
        end = [e.frame.x for e in entries if e.lane == index][-1]
        assert torch.equal(last.pixels[column], from_tensor(end))
        expected = difference(end, x0).tolist()
        assert last.changes[column] == pytest.approx(expected, abs=1e-4)
        assert last.ways[column].done == lanes[index].evaluations and last.ways[column].t == 0
    assert last.signal == pytest.approx(COSINE.alpha_bar[55].sqrt().item())


def test_columns_come_one_after_the_other_and_the_short_way_first() -> None:
    x0 = originals()
    found = list(there_and_back(toy(), x0[:1], x0[1:], TRIP, every=0))
    assert list(found[0].pixels) == ["original", "noisy", "shot", "ddim"]
    done = [(trip.ways["ddim"].done, trip.ways["ddpm"].done) for trip in found]
    assert done == sorted(done) and done[0] == (1, 0) and done[-1] == (50, 55)
    assert all(short == 50 for short, full in done if full)
    assert [verdict(trip) for trip in found[:-1]] == [""] * (len(found) - 1)


def test_a_stop_ends_it_and_keeps_what_there_is() -> None:
    asked, x0 = iter([False, False, True]), originals()
    ways = there_and_back(toy(), x0[:1], x0[1:], TRIP, every=0, stopped=lambda: next(asked))
    found = list(ways)
    assert [trip.running for trip in found] == [True, True, True, False]
    assert found[-1].ways["ddim"].done == 3 and not found[-1].finished
    assert verdict(found[-1]) == ""


def test_what_needs_no_network_comes_without_one() -> None:
    x0 = originals()
    trip = set_out(COSINE, x0, TRIP)
    assert list(trip.pixels) == ["original", "noisy"] and not trip.finished
    assert torch.equal(trip.pixels["noisy"], from_tensor(noised(toy(), x0, 55, 3)))


def test_the_company_is_what_ddim_alone_would_make_of_it() -> None:
    """Three noises of the picture, all real ones, flat ones and noise, from the same t_0."""
    x0 = originals(n=4)
    *_, trip = there_and_back(toy(), x0[:1], x0[1:], TRIP)
    everybody = assemble(x0[:1], x0[1:], DRAWS, 3)
    lanes, _, entries = round_trip(toy(), everybody, 55, seed=3)
    back = [e.frame.x for e in entries if e.lane == 1][-1]
    (expected,) = companies(everybody, back, 1, 3, DRAWS)
    assert trip.company == expected
    assert trip.company.own.changes[0] == pytest.approx(trip.changes["ddim"][0], abs=1e-4)
    assert trip.company.real.changes[0] == pytest.approx(trip.changes["ddim"][1], abs=1e-4)
    assert verdict(trip)


def test_a_picture_goes_alone_where_there_is_no_other() -> None:
    alone = replace(TRIP, names=NAMES[:1])
    *_, trip = there_and_back(toy(), originals()[:1], None, alone)
    assert len(trip.pixels["ddpm"]) == 1 and trip.company.judgement == "alone" and verdict(trip)


@pytest.mark.parametrize("channels", [1, 3])
def test_what_is_stored_is_read_again(tmp_path: Path, channels: int) -> None:
    x0 = originals(channels)
    *_, trip = there_and_back(toy(), x0[:1], x0[1:], TRIP)
    write(trip, tmp_path)
    again = read(tmp_path)
    assert {k: v for k, v in vars(again).items() if k != "pixels"} == {
        k: v for k, v in vars(trip).items() if k != "pixels"
    }
    assert list(again.pixels) == list(COLUMNS)
    assert all(torch.equal(again.pixels[c], trip.pixels[c]) for c in COLUMNS)


def test_what_was_stored_without_company_is_read_too(tmp_path: Path) -> None:
    x0 = originals()
    *_, trip = there_and_back(toy(), x0[:1], x0[1:], TRIP)
    write(replace(trip, company=None), tmp_path)
    assert read(tmp_path).company is None and verdict(read(tmp_path)) == ""
