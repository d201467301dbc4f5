"""There and back: what the page is told of it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from explorer.data import from_tensor
from explorer.diffusion import Denoiser, make_schedule
from explorer.gui.reverse.round_trip.trip import (
    COLUMNS,
    Trip,
    Way,
    read,
    set_out,
    there_and_back,
    verdict,
    write,
)
from explorer.race.round_trip import difference, noised, round_trip

T = 60
COSINE = make_schedule("cosine", T)
NAMES = ("mine", "a real picture of toys")
TRIP = Trip("toy", "toys", T, 55, 3, 1.0, NAMES, apart=0.8)


def toy() -> Denoiser:
    return Denoiser(lambda x, t: torch.tanh(2 * x.roll(1, -1)), COSINE, "x0")


def originals(channels: int = 1) -> torch.Tensor:
    return torch.rand(2, channels, 4, 4, generator=torch.Generator().manual_seed(1)) * 2 - 1


def test_both_ways_end_where_the_round_trip_ends() -> None:
    x0 = originals()
    found = list(there_and_back(toy(), x0, TRIP, every=0))
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
    found = list(there_and_back(toy(), originals(), TRIP, every=0))
    assert list(found[0].pixels) == ["original", "noisy", "shot", "ddim"]
    done = [(trip.ways["ddim"].done, trip.ways["ddpm"].done) for trip in found]
    assert done == sorted(done) and done[0] == (1, 0) and done[-1] == (50, 55)
    assert all(short == 50 for short, full in done if full)
    assert [verdict(trip) for trip in found[:-1]] == [""] * (len(found) - 1)


def test_a_stop_ends_it_and_keeps_what_there_is() -> None:
    asked = iter([False, False, True])
    found = list(there_and_back(toy(), originals(), TRIP, every=0, stopped=lambda: next(asked)))
    assert [trip.running for trip in found] == [True, True, True, False]
    assert found[-1].ways["ddim"].done == 3 and not found[-1].finished
    assert verdict(found[-1]) == ""


def test_what_needs_no_network_comes_without_one() -> None:
    x0 = originals()
    trip = set_out(COSINE, x0, TRIP)
    assert list(trip.pixels) == ["original", "noisy"] and not trip.finished
    assert torch.equal(trip.pixels["noisy"], from_tensor(noised(toy(), x0, 55, 3)))


def finished(ours: float, theirs: float, apart: float | None = 0.8) -> str:
    ways = {name: Way(10, 10) for name in ("ddpm", "ddim")}
    changes = {name: (ours, theirs) for name in ("ddpm", "ddim")}
    return verdict(replace(TRIP, ways=ways, changes=changes, apart=apart, signal=0.5))


def test_the_sentence_there_and_backs_the_numbers() -> None:
    foreign, alike = "only ever seen toys", "nothing unusual"
    unlike = finished(0.8, 0.2)
    assert foreign in unlike and "4.0 times" in unlike and "0.80 (DDPM)" in unlike
    assert "smaller t₀ more of it" in unlike and alike not in unlike
    like = finished(0.21, 0.2)
    assert alike in like and foreign not in like and "larger t₀ another" in like
    assert "as another picture" in finished(0.7, 0.6) and "0.80" in finished(0.7, 0.6)
    assert "anything comes back" in finished(0.05, 0.04)
    assert "as another picture" not in finished(0.7, 0.6, apart=None)


@pytest.mark.parametrize("channels", [1, 3])
def test_what_is_stored_is_read_again(tmp_path: Path, channels: int) -> None:
    *_, trip = there_and_back(toy(), originals(channels), TRIP)
    write(trip, tmp_path)
    again = read(tmp_path)
    assert {k: v for k, v in vars(again).items() if k != "pixels"} == {
        k: v for k, v in vars(trip).items() if k != "pixels"
    }
    assert list(again.pixels) == list(COLUMNS)
    assert all(torch.equal(again.pixels[c], trip.pixels[c]) for c in COLUMNS)
