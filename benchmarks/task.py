"""What the contestants of `benchmarks.sampling` are to do."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from explorer.diffusion import Schedule
from explorer.race import Lane


class Task(NamedTuple):
    """One batch of pictures by one lane."""

    lane: Lane
    schedule: Schedule
    target: str
    shape: tuple[int, int, int, int]
    labels: Tensor
    """(B,), on the device."""
    device: torch.device
