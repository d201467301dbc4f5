"""What the player is given: every frame that it shows, pixel by pixel."""

from __future__ import annotations

import io
import math
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from torch import Tensor

from explorer.data import from_tensor
from explorer.diffusion import Denoiser, make_schedule
from explorer.figures import race_view
from explorer.figures.race_view import LaneView, RaceView, encode, follow, kept, read, write
from explorer.race import Lane, LaneFrame, ddim, ddpm, race

T, N, SIZE = 20, 3, 6
LANES = [ddpm(T), ddim(T, 5)]


def toy_race(channels: int = 1) -> Iterator[LaneFrame]:
    denoiser = Denoiser(lambda x, t: torch.tanh(x.roll(1, -1)), make_schedule("cosine", T), "x0")
    return race(denoiser, LANES, (channels, SIZE, SIZE), seed=1, n=N)


def empty_view() -> RaceView:
    lanes = [LaneView(lane.name, lane.evaluations) for lane in LANES]
    return RaceView(T, N, SIZE, lanes, title="toy")


def decoded(lane: LaneView) -> Iterator[tuple[Tensor, Tensor]]:
    """(x_t, x̂_0) of each frame, uint8 (N, C, H, W), cut from the sheets by hand."""
    for sheet, frames in zip(lane.sheets, lane.counts, strict=True):
        data = sheet.png or Path(sheet.path).read_bytes()
        pixels = torch.from_numpy(np.array(Image.open(io.BytesIO(data))))
        pixels = pixels[..., None] if pixels.dim() == 2 else pixels
        assert pixels.shape[:2] == (frames * SIZE, 2 * N * SIZE)
        for row in pixels.split(SIZE):
            images = torch.stack([part.permute(2, 0, 1) for part in row.split(SIZE, dim=1)])
            yield images[:N], images[N:]


def check(view: RaceView, entries: list[LaneFrame]) -> None:
    """The view holds these frames, all of them, exactly."""
    for i, lane in enumerate(view.lanes):
        frames = [entry for entry in entries if entry.lane == i]
        assert lane.times == [entry.frame.t for entry in frames]
        assert lane.evaluated == [entry.evaluations for entry in frames]
        assert lane.seconds == pytest.approx([entry.seconds for entry in frames], abs=1e-3)
        assert sum(lane.counts) == len(frames)
        for (x, x0), entry in zip(decoded(lane), frames, strict=True):
            assert torch.equal(x, from_tensor(entry.frame.x))
            assert torch.equal(x0, from_tensor(entry.frame.x0))


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[], float]:
    """A clock that goes on by a second whenever it is read."""
    ticks = count()
    now = SimpleNamespace(perf_counter=lambda: float(next(ticks)))
    monkeypatch.setattr(race_view, "time", now)
    return now.perf_counter


@given(st.integers(1, 2000), st.data())
def test_the_first_the_last_and_at_most_121_frames_are_kept(T: int, data: st.DataObject) -> None:
    lane = ddim(T, data.draw(st.integers(1, T)))
    times = kept(lane)
    assert {T, 0} <= times <= set(lane.times)
    assert len(times) == min(len(lane.times), 121)
    positions = [i for i, t in enumerate(lane.times) if t in times]
    gaps = [b - a for a, b in zip(positions, positions[1:], strict=False)]
    assert max(gaps) - min(gaps) <= 1


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("every", [math.inf, 0.0, 4.0])
def test_the_sheets_hold_every_frame_exactly(
    channels: int, every: float, clock: Callable[[], float]
) -> None:
    entries = list(toy_race(channels))
    shown = empty_view()
    views = [
        (view.running, len(view.lanes[0].times))
        for view in follow(entries, LANES, shown, every=every)
    ]
    check(shown, entries)
    assert [running for running, _ in views] == [True] * (len(views) - 1) + [False]
    if every == math.inf:
        assert len(views) == 1 and [lane.counts for lane in shown.lanes] == [[T + 1], [6]]
    else:
        assert 1 < len(views) <= len(entries) + 1
        assert [frames for _, frames in views] == sorted(frames for _, frames in views)


def test_only_what_is_kept_of_a_long_lane_is_shown() -> None:
    lane = Lane("long", tuple(range(500, -1, -1)), 0.0)
    denoiser = Denoiser(lambda x, t: x, make_schedule("cosine", 500), "x0")
    entries = list(race(denoiser, [lane], (1, SIZE, SIZE), seed=1, n=N))
    view = RaceView(500, N, SIZE, [LaneView("long", 500)])
    *_, view = follow(entries, [lane], view, every=math.inf)
    check(view, [entry for entry in entries if entry.frame.t in kept(lane)])
    assert len(view.lanes[0].times) == 121


def test_stopping_keeps_what_there_is(clock: Callable[[], float]) -> None:
    pulled: list[LaneFrame] = []

    def entries() -> Iterator[LaneFrame]:
        for entry in toy_race():
            pulled.append(entry)
            yield entry

    answers = iter([False, False, True])
    *_, view = follow(entries(), LANES, empty_view(), every=2.5, stopped=lambda: next(answers))
    assert 3 <= len(pulled) < len(list(toy_race())) and not view.running
    check(view, pulled)


def test_a_race_without_frames_is_an_empty_view() -> None:
    views = list(follow([], LANES, empty_view()))
    assert len(views) == 1 and not views[0].running
    assert [lane.times for lane in views[0].lanes] == [[], []]


def test_encoding_puts_rows_below_and_pictures_beside_each_other() -> None:
    red, blue = torch.tensor([1.0, -1, -1]), torch.tensor([-1.0, -1, 1])
    rows = [torch.stack([a, b])[:, :, None, None].expand(-1, -1, 2, 2) for a, b in
            ((red, blue), (blue, red))]  # fmt: skip
    picture = Image.open(io.BytesIO(encode(rows)))
    assert (picture.mode, picture.size, picture.format) == ("RGB", (4, 4), "PNG")
    assert [picture.getpixel(at) for at in ((1, 1), (2, 1), (1, 2), (2, 2))] == [
        *((255, 0, 0), (0, 0, 255), (0, 0, 255), (255, 0, 0))
    ]


def test_a_stored_race_is_read_as_it_was_written(
    tmp_path: Path, clock: Callable[[], float]
) -> None:
    entries = list(toy_race(3))
    *_, view = follow(entries, LANES, empty_view(), every=5.0)
    (tmp_path / "race").mkdir()
    (tmp_path / "race" / "7-0.png").write_bytes(b"of an older race")
    write(view, tmp_path / "race")
    again = read(tmp_path / "race")
    check(again, entries)
    assert (again.T, again.pictures, again.size, again.title, again.running) == (
        *(T, N, SIZE, "toy", False),
    )
    assert [(lane.name, lane.evaluations) for lane in again.lanes] == [("DDPM", 20), ("DDIM", 5)]
    stored = {path.name for path in (tmp_path / "race").iterdir()}
    sheets = {Path(sheet.path).name for lane in again.lanes for sheet in lane.sheets}
    assert stored == sheets | {"race.json"} and len(sheets) > 2
