"""A race's frames as they travel to the browser: sheets of integers.

A sheet is zlib-compressed. It holds frame after frame; of each the values of x_t, of x̂_0 and,
where the sampler corrects its steps, of the correction, in the order picture, row, column,
channel, as 16-bit integers, little endian; where the lane clips x̂_0 what that took off, as
bfloat16, the upper half of a float32 (8 bits of precision at any size, and 0 only where nothing
was taken); and where the lane adds noise those of z as 8-bit integers. A 16-bit q stands for (q +
½)/4080, cut at ±8: then (q + 4096) >> 5 is exactly the pixel that Python would show of [−1, 1]. A
wide lane, one that does not clip x̂_0 or corrects its steps, has 32-bit integers in their place:
1/√ᾱ_t makes hundreds of its x̂_0, and ε̂ follows from it. An 8-bit q stands for q/32, cut at ±4.
The correction stands there as it is added, with its weight.
"""

from __future__ import annotations

import secrets
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from explorer.race.run import LaneFrame

STEPS, NOISE_STEPS = 4080, 32
"""Integers for a unit: of x_t and x̂_0 (32 for each of 255 grey values to two units), and of z."""
LARGEST = {torch.int16: 2**15 - 1, torch.int32: 2**31 - 128}
"""What is beyond is cut; float32 knows these numbers."""


@dataclass
class Sheet:
    """Some frames of a lane."""

    data: bytes = b""
    path: str | None = None
    """Where it can be fetched, once it is published."""


@dataclass
class LaneView:
    """What the player knows of a lane."""

    name: str
    kind: str
    """The sampler's name: its colour."""
    evaluations: int
    """Network evaluations of the whole lane."""
    stochastic: bool = False
    """Whether its frames have a z."""
    times: list[int] = field(default_factory=list)
    """t of each frame so far, decreasing."""
    steps: list[list[int]] = field(default_factory=list)
    """[t, s] of the step taken from each frame; [0, 0] at the end."""
    coefficients: list[list[float]] = field(default_factory=list)
    """[√ᾱ_t, √(1 − ᾱ_t), weights of x̂_0, ε̂ and z] of that step, [1, 0, 1, 0, 0] at the end; and,
    where the sampler corrects its steps, the weight of the correction."""
    evaluated: list[int] = field(default_factory=list)
    """Evaluations spent when each frame was there."""
    seconds: list[float] = field(default_factory=list)
    """Seconds spent when each frame was there."""
    counts: list[int] = field(default_factory=list)
    """Frames in each sheet."""
    sheets: list[Sheet] = field(default_factory=list)
    wide: bool = False
    """Whether x_t, x̂_0 and the correction are 32-bit integers."""
    corrected: bool = False
    """Whether its frames have a correction."""
    clipped: bool | None = None
    """Whether x̂_0 is clipped, and its frames have what that took off; None in races of before,
    which do not."""

    def frame_bytes(self, values: int) -> int:
        """Of one frame of so many values, before compression."""
        words = (4 if self.wide else 2) * (2 + self.corrected)
        return values * (words + 2 * bool(self.clipped) + self.stochastic)


@dataclass
class RaceView:
    """What the player shows; pictures are size × size with so many channels."""

    T: int
    pictures: int
    size: int
    channels: int
    lanes: list[LaneView]
    title: str = ""
    running: bool = False
    settings: dict[str, Any] = field(default_factory=dict)
    """All it takes to repeat the race, as JSON."""
    classes: list[str] = field(default_factory=list)
    """What each picture was asked to be; none where no class is given."""
    id: str = field(default_factory=lambda: secrets.token_hex(8))
    """Tells one race from the next."""

    @property
    def values(self) -> int:
        """Numbers in a picture times pictures."""
        return self.pictures * self.size**2 * self.channels


class LaneFrames(NamedTuple):
    """The frames of a lane as they were sent; pictures are (frames, n, C, H, W), float32."""

    times: list[int]
    x: Tensor
    x0: Tensor
    z: Tensor | None
    change: Tensor | None = None
    """What the sampler's correction adds: its weight times its picture."""
    excess: Tensor | None = None
    """What clipping took off x̂_0."""


def encode(entries: Sequence[LaneFrame], lane: LaneView) -> bytes:
    """A sheet of these frames of a lane."""
    parts, dtype = [], torch.int32 if lane.wide else torch.int16
    for entry in entries:
        parts += [_integers(entry.frame.x, dtype), _integers(entry.frame.x0, dtype)]
        if lane.corrected:
            nothing = torch.zeros_like(entry.frame.x)
            added = nothing if entry.change is None else entry.terms.change * entry.change
            parts.append(_integers(added, dtype))
        if lane.clipped:
            x0 = entry.frame.x0
            excess = (x0 if entry.unclipped is None else entry.unclipped) - x0
            parts.append(excess.bfloat16().view(torch.int16))
        if lane.stochastic:
            z = torch.zeros_like(entry.frame.x) if entry.z is None else entry.z
            parts.append((z * NOISE_STEPS).round().clamp(-127, 127).to(torch.int8))
    data = b"".join(part.permute(0, 2, 3, 1).cpu().numpy().tobytes() for part in parts)
    return zlib.compress(data, 1)


def _integers(x: Tensor, dtype: torch.dtype) -> Tensor:
    pixels = (x.float() + 1) * 127.5  # as in `from_tensor`, so that rounding agrees
    return ((pixels * 32).floor() - STEPS).clamp(-LARGEST[dtype], LARGEST[dtype]).to(dtype)


def decode(view: RaceView) -> list[LaneFrames]:
    """The frames of each lane in their own units: x_t and x̂_0 to 1/8160, z to 1/64."""
    return [_decoded(view, lane) for lane in view.lanes]


def _published(sheet: Sheet) -> bytes:
    try:
        return Path(sheet.path or "").read_bytes()
    except OSError as error:
        raise ValueError(
            "The frames of this race are no longer available; run it again."
        ) from error


def _decoded(view: RaceView, lane: LaneView) -> LaneFrames:
    data = b"".join(zlib.decompress(sheet.data or _published(sheet)) for sheet in lane.sheets)
    bytes_of_frame = lane.frame_bytes(view.values)
    frames = np.frombuffer(data, np.uint8).reshape(len(lane.times), bytes_of_frame)

    def pictures(begin: int, end: int, dtype: str, scale: float, middle: float) -> Tensor:
        values = np.ascontiguousarray(frames[:, begin:end]).view(dtype).astype(np.float32)
        shape = (len(frames), view.pictures, view.size, view.size, view.channels)
        return torch.from_numpy((values + middle) / scale).reshape(shape).permute(0, 1, 4, 2, 3)

    W, dtype = (4 * view.values, "<i4") if lane.wide else (2 * view.values, "<i2")
    x, x0, *change = (
        pictures(at, at + W, dtype, STEPS, 0.5) for at in range(0, (2 + lane.corrected) * W, W)
    )
    begin, excess = (2 + lane.corrected) * W, None
    if lane.clipped:
        end = begin + 2 * view.values
        halves = pictures(begin, end, "<i2", 1, 0.0).to(torch.int16)
        begin, excess = end, halves.view(torch.bfloat16).float()
    z = pictures(begin, bytes_of_frame, "i1", NOISE_STEPS, 0.0) if lane.stochastic else None
    return LaneFrames(lane.times, x, x0, z, change[0] if change else None, excess)
