"""Make the round trip that the panel opens with: the cat, by the shipped model of digits."""

from __future__ import annotations

from pathlib import Path

import torch

from explorer.gui.reverse.round_trip import work as round_trip
from explorer.gui.reverse.round_trip.trip import verdict, write


def make_trip() -> None:
    """By the code that runs when a visitor asks."""
    cat = round_trip.samples()[round_trip.START]
    *_, trip = round_trip.run_trip(
        Path("checkpoints/mnist.safetensors"),
        (round_trip.START, cat),
        10 * round_trip.SHARE,
        round_trip.SEED,
        torch.device("cpu"),
        lambda: False,
    )
    write(trip, round_trip.STORED)
    print(verdict(trip))
