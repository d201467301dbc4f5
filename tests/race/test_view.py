"""What the player is given: every frame that it shows, pixel by pixel."""

from __future__ import annotations

import math
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import count
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from explorer.data import from_tensor
from explorer.diffusion import SAMPLERS, SPACINGS, Denoiser, Frame, make_schedule
from explorer.race import Lane, LaneFrame, ddim, ddpm, lane_from, lane_of, race
from explorer.race import view as race_view
from explorer.race.view import (
    LaneView,
    RaceView,
    decode,
    encode,
    gather,
    kept,
    read,
    view_of,
    write,
)

T, N, SIZE = 20, 3, 6
SHAPE = (1, SIZE, SIZE)
LANES = [ddpm(T), ddim(T, 5)]
SCHEDULE = make_schedule("cosine", T)


def toy_race(channels: int = 1) -> Iterator[LaneFrame]:
    """Of a network whose guess leaves [−1, 1] here and there."""
    denoiser = Denoiser(lambda x, t: 1.2 * torch.tanh(x.roll(1, -1)), SCHEDULE, "x0")
    return race(denoiser, LANES, (channels, SIZE, SIZE), seed=1, n=N)


def empty_view(channels: int = 1, lanes: Sequence[Lane] = LANES) -> RaceView:
    return view_of(lanes, T, N, (channels, SIZE, SIZE), title="toy", settings={"seed": 1})


def sent(view: RaceView, lane: LaneView) -> Iterator[list[Tensor]]:
    """x_t, x̂_0, what was clipped (and z) of each frame, (N, C, H, W), cut from the sheets by hand.

    As integers, those of what was clipped the upper halves of float32s.
    """
    shape = (N, SIZE, SIZE, view.channels)
    types = ["<i2", "<i2", "<i2", *(["i1"] if lane.stochastic else [])]
    for sheet, frames in zip(lane.sheets, lane.counts, strict=True):
        data = zlib.decompress(sheet.data or Path(sheet.path).read_bytes())
        for _ in range(frames):
            parts = []
            for kind in types:
                size = math.prod(shape) * np.dtype(kind).itemsize
                values = np.frombuffer(data[:size], kind).astype(np.int32).reshape(shape)
                parts.append(torch.from_numpy(values).permute(0, 3, 1, 2))
                data = data[size:]
            yield parts
        assert data == b""


def check(view: RaceView, entries: list[LaneFrame]) -> None:
    """The view holds these frames, all of them, and their pixels exactly."""
    for i, lane in enumerate(view.lanes):
        frames = [entry for entry in entries if entry.lane == i]
        assert lane.times == [entry.frame.t for entry in frames]
        assert lane.evaluated == [entry.evaluations for entry in frames]
        assert lane.seconds == pytest.approx([entry.seconds for entry in frames], abs=1e-3)
        assert sum(lane.counts) == len(frames)
        for (x, x0, clipped, *z), entry in zip(sent(view, lane), frames, strict=True):
            for integers, values in ((x, entry.frame.x), (x0, entry.frame.x0)):
                assert torch.equal(((integers + 4096) >> 5).clamp(0, 255), from_tensor(values))
                assert ((integers + 0.5) / 4080 - values).abs().max() <= 0.501 / 4080
            taken = (clipped << 16).view(torch.float32)
            raw = entry.frame.x0 if entry.unclipped is None else entry.unclipped
            assert torch.equal(raw.clamp(-1, 1) if entry.step else raw, entry.frame.x0)
            torch.testing.assert_close(taken, raw - entry.frame.x0, rtol=2**-8, atol=0)
            if z and entry.z is not None:
                assert (z[0] / 32 - entry.z).abs().max() <= 0.501 / 32


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[], float]:
    """A clock that goes on by a second whenever it is read."""
    ticks = count()
    now = SimpleNamespace(perf_counter=lambda: float(next(ticks)))
    monkeypatch.setattr(race_view, "time", now)
    return now.perf_counter


@given(st.integers(1, 2000), st.sampled_from(["uniform", "quadratic"]), st.data())
def test_the_first_the_last_and_about_120_even_frames_are_kept(
    T: int, spacing: str, data: st.DataObject
) -> None:
    lane = ddim(T, data.draw(st.integers(1, T)), spacing=spacing)
    times = sorted(kept(lane))
    assert {T, 0} <= set(times) <= set(lane.times)
    if lane.evaluations <= 120:
        assert times == sorted(lane.times)
        return
    assert len(times) <= 121
    gaps = [b - a for a, b in zip(lane.times[::-1], lane.times[-2::-1], strict=False)]
    for wanted in (T * i / 120 for i in range(121)):  # the nearest that the lane has
        assert min(abs(t - wanted) for t in times) == min(abs(t - wanted) for t in lane.times)
    assert max(b - a for a, b in zip(times, times[1:], strict=False)) <= T / 120 + max(gaps)


def test_of_many_large_pictures_fewer_frames_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(race_view, "LANE_BYTES", 7 * N * SIZE**2 * 7)
    *_, view = gather(toy_race(), LANES, SCHEDULE, empty_view(), every=math.inf)
    assert view.lanes[0].times[0] == T and view.lanes[0].times[-1] == 0
    assert len(view.lanes[0].times) == 8 and len(view.lanes[1].times) == 6


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("every", [math.inf, 0.0, 4.0])
def test_the_sheets_hold_every_frame_exactly(
    channels: int, every: float, clock: Callable[[], float]
) -> None:
    entries = list(toy_race(channels))
    shown = empty_view(channels)
    views = [
        (view.running, len(view.lanes[0].times))
        for view in gather(entries, LANES, SCHEDULE, shown, every=every)
    ]
    check(shown, entries)
    assert [running for running, _ in views] == [True] * (len(views) - 1) + [False]
    if every == math.inf:
        assert len(views) == 1 and [lane.counts for lane in shown.lanes] == [[T + 1], [6]]
    else:
        assert 1 < len(views) <= len(entries) + 1
        assert [frames for _, frames in views] == sorted(frames for _, frames in views)


def test_only_what_is_kept_of_a_long_lane_is_shown() -> None:
    schedule, lane = make_schedule("cosine", 500), Lane("ddim", tuple(range(500, -1, -1)))
    entries = list(race(Denoiser(lambda x, t: x, schedule, "x0"), [lane], SHAPE, seed=1, n=N))
    view = view_of([lane], 500, N, SHAPE)
    *_, view = gather(entries, [lane], schedule, view, every=math.inf)
    check(view, [entry for entry in entries if entry.frame.t in kept(lane)])
    assert len(view.lanes[0].times) == 121


@pytest.mark.parametrize("channels", [1, 3])
def test_a_step_can_be_added_up_from_what_is_sent(channels: int) -> None:
    """The sum of the step's terms with ε̂ from x_t and x̂_0, as the player does it."""
    lanes = [ddpm(T), ddim(T, 5), ddim(T, 5, eta=0.5), ddpm(T, variance="beta")]
    lanes += [
        lane_of(name, SCHEDULE, steps=6, spacing=spacing)
        for name, sampler in SAMPLERS.items()
        if sampler.correction
        for spacing in SPACINGS
    ]
    denoiser = Denoiser(lambda x, t: torch.tanh(x.roll(1, -1)), SCHEDULE, "x0")
    entries = race(denoiser, lanes, (channels, SIZE, SIZE), seed=1, n=N)
    *_, view = gather(entries, lanes, SCHEDULE, empty_view(channels, lanes), every=math.inf)
    assert any(shown.corrected for shown in view.lanes)
    for shown, (times, x, x0, z, change, _) in zip(view.lanes, decode(view), strict=True):
        assert shown.steps == [*map(list, zip(times, times[1:], strict=False)), [0, 0]]
        for i in range(len(times) - 1):
            signal, sigma, signal_s, direction, std, *_ = shown.coefficients[i]
            eps = (x[i] - signal * x0[i]) / sigma
            parts = signal_s * x0[i] + direction * eps + (std * z[i] if std else 0)
            if change is not None:
                parts = parts + change[i]
            # the quantised x_t, x̂_0 and correction, and the 8-bit z: below half a grey level
            torch.testing.assert_close(parts, x[i + 1], rtol=0, atol=3e-3 + std / 60)
            assert (std == 0) == (times[i + 1] == 0 or not shown.stochastic)


def test_a_step_without_clipping_adds_up_however_far_its_belief_strays() -> None:
    """A network that predicts ε, and not well: 1/√ᾱ_t makes hundreds of its first x̂_0."""
    schedule = make_schedule("cosine", 1000)
    denoiser = Denoiser(lambda x, t: torch.tanh(x.roll(1, -1)), schedule, "eps")
    breaks = (["no clipping"], ["no clipping", "wrong order"], ["no clipping", "wrong schedule"])
    settings = {"sampler": "ddim", "steps": 10, "eta": 0.5}
    lanes = [lane_from(settings | {"breaks": names}, schedule) for names in breaks]
    entries = list(race(denoiser, lanes, SHAPE, seed=1, n=N))
    *_, view = gather(entries, lanes, schedule, view_of(lanes, 1000, N, SHAPE), every=math.inf)
    assert all(lane.wide and not lane.clipped for lane in view.lanes)
    for i, (shown, (_, x, x0, z, _, _)) in enumerate(zip(view.lanes, decode(view), strict=True)):
        frames = [entry.frame for entry in entries if entry.lane == i]
        assert max(frame.x0.abs().max() for frame in frames) > 10
        for k, frame in enumerate(frames):
            torch.testing.assert_close(x0[k], frame.x0, rtol=1e-6, atol=2e-4)
        for k in range(10):
            signal, sigma, signal_s, direction, std = shown.coefficients[k]
            eps = (x[k] - signal * x0[k]) / sigma
            parts = signal_s * x0[k] + direction * eps + (std * z[k] if std else 0)
            torch.testing.assert_close(parts, x[k + 1], rtol=1e-5, atol=3e-3 + std / 60)


def test_what_overflows_is_cut() -> None:
    x = torch.tensor([-math.inf, -1e6, 1e6, math.inf]).reshape(1, 1, 2, 2)
    entry = LaneFrame(0, Frame(0, x, x), 0, 0.0)
    for wide, kind, largest in ((False, "<i2", 2**15 - 1), (True, "<i4", 2**31 - 128)):
        data = zlib.decompress(encode([entry], LaneView("a", "ddim", 1, wide=wide)))
        assert np.frombuffer(data, kind).tolist() == 2 * ([-largest] * 2 + [largest] * 2)


def test_what_clipping_took_off_gives_the_raw_noise_back() -> None:
    """ε̂ of a network that predicts ε is its output; −√ᾱ_t/√(1 − ᾱ_t) turns the rest into it."""
    schedule, network = make_schedule("cosine", 1000), lambda x, t: torch.tanh(x.roll(1, -1))
    lanes = [ddim(1000, 12)]
    entries = list(race(Denoiser(network, schedule, "eps"), lanes, SHAPE, seed=1, n=N))
    *_, view = gather(entries, lanes, schedule, view_of(lanes, 1000, N, SHAPE), every=math.inf)
    ((_, x, x0, _, _, excess),) = decode(view)
    for k, entry in enumerate(entries[:-1]):
        signal, sigma = view.lanes[0].coefficients[k][:2]
        clipped = (x[k].double() - signal * x0[k].double()) / sigma
        raw, change = network(entry.frame.x, 0).double(), -signal / sigma * excess[k].double()
        step = (1 + signal) / sigma / 4080
        assert (clipped + change - raw).abs().max() <= step + 2**-8 * change.abs().max()
        assert change.abs().max() > 0.1 or k > 6
    assert not excess[-1].any()


def test_stopping_keeps_what_there_is(clock: Callable[[], float]) -> None:
    pulled: list[LaneFrame] = []

    def entries() -> Iterator[LaneFrame]:
        for entry in toy_race():
            pulled.append(entry)
            yield entry

    answers = iter([False, False, True])
    *_, view = gather(
        entries(), LANES, SCHEDULE, empty_view(), every=2.5, stopped=lambda: next(answers)
    )
    assert 3 <= len(pulled) < len(list(toy_race())) and not view.running
    check(view, pulled)


def test_a_race_without_frames_is_an_empty_view() -> None:
    views = list(gather([], LANES, SCHEDULE, empty_view()))
    assert len(views) == 1 and not views[0].running
    assert [lane.times for lane in views[0].lanes] == [[], []]


def test_a_stored_race_is_read_as_it_was_written(
    tmp_path: Path, clock: Callable[[], float]
) -> None:
    entries = list(toy_race(3))
    *_, view = gather(entries, LANES, SCHEDULE, empty_view(3), every=5.0)
    (tmp_path / "race").mkdir()
    (tmp_path / "race" / "7-0.bin").write_bytes(b"of an older race")
    write(view, tmp_path / "race")
    again = read(tmp_path / "race")
    check(again, entries)
    assert replace(again, lanes=[]) == replace(view, lanes=[]) and again.settings == {"seed": 1}
    assert [(lane.name, lane.kind, lane.evaluations) for lane in again.lanes] == [
        ("DDPM", "ddpm", 20),
        ("DDIM, S = 5", "ddim", 5),
    ]
    stored = {path.name for path in (tmp_path / "race").iterdir()}
    sheets = {Path(sheet.path).name for lane in again.lanes for sheet in lane.sheets}
    assert stored == sheets | {"race.json"} and len(sheets) > 2
