"""The same noise denoised again and again while a model learns: what the film shows."""

from __future__ import annotations

import io
import json
import secrets
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from math import isfinite
from pathlib import Path

import torch
from PIL import Image
from torch import Tensor

from explorer.data import from_tensor
from explorer.diffusion import Frame


@dataclass
class Snapshot:
    """How one x_T is denoised by the model as it was after `step` steps."""

    step: int
    png: bytes
    """A sheet: a row for each time: the states x_t left, the beliefs x̂_0 right of them."""


@dataclass
class Growth:
    """Snapshots of one run from one noise; pictures are size × size."""

    T: int
    size: int
    pictures: int
    """How many pictures a snapshot follows."""
    times: list[int]
    """t of each row of a sheet, decreasing from T to 0; the same for all snapshots."""
    snapshots: list[Snapshot] = field(default_factory=list)
    """In the order of their steps."""
    caption: str = ""
    expected: int = 0
    """How many snapshots there will be: room is kept for those that are still to come."""
    id: str = field(default_factory=lambda: secrets.token_hex(8))
    """Tells one run from the next."""

    def __post_init__(self) -> None:
        check_times(self.times, self.T)


def check_times(times: Sequence[int], T: int) -> None:
    """ValueError unless `times` decrease from T to 0."""
    falls = all(s < t for t, s in zip(times, times[1:], strict=False))
    if len(times) < 2 or times[0] != T or times[-1] != 0 or not falls:
        raise ValueError(f"times must decrease from T = {T} to 0, not {list(times)}")


def add(growth: Growth, step: int, frames: Iterable[Frame]) -> None:
    """Keep a trajectory of the model after `step` steps: its first pictures at `growth.times`.

    Takes the place of a snapshot of the same step. ValueError if a time is missing or the
    pictures are not those that `growth` announces.
    """
    wanted = set(growth.times)
    kept = [frame for frame in frames if frame.t in wanted]
    if [frame.t for frame in kept] != growth.times:
        raise ValueError(f"the frames' times {[f.t for f in kept]} are not {growth.times}")
    n, size = growth.pictures, growth.size
    if len(kept[0].x) < n or kept[0].x.shape[2:] != (size, size):
        raise ValueError(
            f"frames of shape {tuple(kept[0].x.shape)} do not hold {n} images of {size} × {size}"
        )
    png = encode([torch.cat([frame.x[:n], frame.x0[:n]]) for frame in kept])
    others = [snapshot for snapshot in growth.snapshots if snapshot.step != step]
    growth.snapshots = sorted([*others, Snapshot(step, png)], key=lambda each: each.step)


def thin(growth: Growth, count: int, level: Callable[[int], float]) -> None:
    """Keep at most `count` snapshots, as evenly spaced in their levels as those at hand allow.

    The first and the last stay; of the others the one whose neighbours are closest to each other
    goes first. `level` says of a step how far training was; where that is not known (NaN) a
    snapshot goes first.
    """
    kept = list(growth.snapshots)
    while len(kept) > max(2, count):
        levels = [level(snapshot.step) for snapshot in kept]
        spans = [abs(levels[i + 1] - levels[i - 1]) for i in range(1, len(kept) - 1)]
        spans = [span if isfinite(span) else 0.0 for span in spans]
        del kept[1 + spans.index(min(spans))]
    growth.snapshots = kept


def write(growth: Growth, folder: Path) -> None:
    """Store the snapshots that there are: `growth.json` and a PNG for each."""
    folder.mkdir(parents=True, exist_ok=True)
    names = {f"{snapshot.step}.png" for snapshot in growth.snapshots}
    for snapshot in growth.snapshots:
        (folder / f"{snapshot.step}.png").write_bytes(snapshot.png)
    stored = {
        "T": growth.T,
        "size": growth.size,
        "pictures": growth.pictures,
        "times": list(growth.times),
        "steps": [snapshot.step for snapshot in growth.snapshots],
        "caption": growth.caption,
        "id": growth.id,
    }
    (folder / "growth.json").write_text(json.dumps(stored) + "\n", encoding="utf-8")
    for old in folder.glob("*.png"):
        if old.name not in names:
            old.unlink()


def read(folder: Path) -> Growth:
    """What `write` stored; a snapshot whose PNG is missing or of another size is left out.

    ValueError says that a folder holds no such record, or one that cannot be understood.
    """
    try:
        stored = json.loads((folder / "growth.json").read_text(encoding="utf-8"))
        growth = Growth(
            T=int(stored["T"]),
            size=int(stored["size"]),
            pictures=int(stored["pictures"]),
            times=[int(t) for t in stored["times"]],
            caption=str(stored["caption"]),
            id=str(stored["id"]),
        )
        steps = sorted({int(step) for step in stored["steps"]})
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{folder}: no snapshots can be read here ({error})") from error
    size = (2 * growth.pictures * growth.size, len(growth.times) * growth.size)
    for step in steps:
        try:
            png = (folder / f"{step}.png").read_bytes()
            with Image.open(io.BytesIO(png)) as picture:
                if picture.size == size:
                    growth.snapshots.append(Snapshot(step, png))
        except OSError:
            continue
    growth.expected = len(growth.snapshots)
    return growth


def encode(rows: Sequence[Tensor]) -> bytes:
    """Rows of pictures (n, C, H, W) in [−1, 1] -> one PNG, grey or RGB, without gaps."""
    strips = [from_tensor(row).permute(2, 0, 3, 1).flatten(1, 2) for row in rows]  # (H, n·W, C)
    pixels = torch.cat(strips).cpu().numpy()
    picture = Image.fromarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels)
    buffer = io.BytesIO()
    picture.save(buffer, "PNG", compress_level=3)
    return buffer.getvalue()
