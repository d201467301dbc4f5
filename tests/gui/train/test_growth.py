"""Snapshots of a run: every pixel that is shown, and what is stored."""

from __future__ import annotations

import io
import json
import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from explorer.data import from_tensor
from explorer.diffusion import Frame
from explorer.gui.train.growth import Growth, Snapshot, add, read, thin, write

T, SIZE, N = 20, 5, 3
TIMES = [20, 15, 10, 5, 0]


def trajectory(seed: int, channels: int = 1) -> list[Frame]:
    """Frames at every t, of two pictures more than are kept."""
    generator = torch.Generator().manual_seed(seed)
    shape = (2, N + 2, channels, SIZE, SIZE)
    return [Frame(t, *torch.randn(shape, generator=generator)) for t in range(T, -1, -1)]


def cells(snapshot: Snapshot) -> Iterator[tuple[Tensor, Tensor]]:
    """(x_t, x̂_0) of each row, uint8 (N, C, H, W), cut out by hand."""
    pixels = torch.from_numpy(np.array(Image.open(io.BytesIO(snapshot.png))))
    pixels = pixels[..., None] if pixels.dim() == 2 else pixels
    assert pixels.shape[:2] == (len(TIMES) * SIZE, 2 * N * SIZE)
    for row in pixels.split(SIZE):
        images = torch.stack([part.permute(2, 0, 1) for part in row.split(SIZE, dim=1)])
        yield images[:N], images[N:]


@pytest.mark.parametrize("channels", [1, 3])
def test_a_snapshot_holds_its_frames_exactly(channels: int) -> None:
    growth, frames = Growth(T, SIZE, N, TIMES), trajectory(1, channels)
    add(growth, 7, iter(frames))
    kept = [frame for frame in frames if frame.t in TIMES]
    for (x, x0), frame in zip(cells(growth.snapshots[0]), kept, strict=True):
        assert torch.equal(x, from_tensor(frame.x[:N]))
        assert torch.equal(x0, from_tensor(frame.x0[:N]))


def test_snapshots_stand_in_the_order_of_their_steps_and_replace_their_like() -> None:
    growth = Growth(T, SIZE, N, TIMES)
    for seed, step in enumerate([9, 2, 400, 2]):
        add(growth, step, trajectory(seed))
    assert [snapshot.step for snapshot in growth.snapshots] == [2, 9, 400]
    assert torch.equal(next(cells(growth.snapshots[0]))[0], from_tensor(trajectory(3)[0].x[:N]))


def test_frames_that_do_not_fit_are_refused() -> None:
    growth, frames = Growth(T, SIZE, N, TIMES), trajectory(1)
    with pytest.raises(ValueError, match="times"):
        add(growth, 1, frames[:-1])
    small = [Frame(frame.t, frame.x[:1], frame.x0[:1]) for frame in frames]
    with pytest.raises(ValueError, match="3 images of 5 × 5"):
        add(growth, 1, small)
    for times in ([20, 0, 5], [19, 0], [20, 10], [20]):
        with pytest.raises(ValueError, match="must decrease"):
            Growth(T, SIZE, N, times)


def test_thinning_keeps_both_ends_and_spreads_the_rest_by_level() -> None:
    growth, frames = Growth(T, SIZE, N, TIMES), trajectory(1)
    step = 1
    while step < 10_000:
        add(growth, step, frames)
        thin(growth, 8, math.log)
        last, step = step, max(step + 1, round(1.25 * step))
    steps = [snapshot.step for snapshot in growth.snapshots]
    assert len(steps) == 8 and (steps[0], steps[-1]) == (1, last)
    ratios = [b / a for a, b in zip(steps, steps[1:], strict=False)]
    assert max(ratios[:-1]) < 12  # 10 000^(1/7) = 3.7


def test_a_snapshot_whose_level_nobody_knows_goes_first() -> None:
    growth, frames = Growth(T, SIZE, N, TIMES), trajectory(1)
    for step in (0, 1, 2, 3, 4):
        add(growth, step, frames)
    thin(growth, 3, lambda step: math.nan if step in (1, 2) else -float(step))
    assert [snapshot.step for snapshot in growth.snapshots][::2] == [0, 4]
    thin(growth, 1, lambda _: math.nan)
    assert [snapshot.step for snapshot in growth.snapshots] == [0, 4]


def test_what_is_stored_is_read_as_it_was(tmp_path: Path) -> None:
    growth = Growth(T, SIZE, N, TIMES, caption="a <run>", expected=8)
    for seed, step in enumerate([1, 10, 100]):
        add(growth, step, trajectory(seed, 3))
    (tmp_path / "55.png").write_bytes(b"of an older run")
    write(growth, tmp_path)
    again = read(tmp_path)
    assert again.snapshots == growth.snapshots and again.expected == 3
    for name in ("T", "size", "pictures", "times", "caption", "id"):
        assert getattr(again, name) == getattr(growth, name)
    assert {path.name for path in tmp_path.iterdir()} == {
        *("1.png", "10.png", "100.png", "growth.json")
    }


def test_reading_leaves_out_what_is_broken_and_says_when_nothing_is_there(tmp_path: Path) -> None:
    growth = Growth(T, SIZE, N, TIMES)
    for step in (1, 10, 100):
        add(growth, step, trajectory(step))
    write(growth, tmp_path)
    (tmp_path / "1.png").write_bytes(b"no image")
    Image.new("L", (4, 4)).save(tmp_path / "10.png")
    assert [snapshot.step for snapshot in read(tmp_path).snapshots] == [100]
    stored = json.loads((tmp_path / "growth.json").read_text())
    for bad in ("{", "[]", json.dumps(stored | {"times": [3, 5]}), json.dumps({"T": 3})):
        (tmp_path / "growth.json").write_text(bad)
        with pytest.raises(ValueError, match="no snapshots can be read"):
            read(tmp_path)
    with pytest.raises(ValueError, match="no snapshots can be read"):
        read(tmp_path / "nowhere")
