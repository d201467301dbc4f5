"""Make what the topic on the network's inside shows first."""

from __future__ import annotations

from pathlib import Path

from explorer.gui.lectures.inside.work import STORED, make_stored


def make_inside() -> None:
    """The shipped model of digits at t = 400, by the code that runs when a visitor asks."""
    make_stored(Path("checkpoints/mnist.safetensors"))
    size = sum(file.stat().st_size for file in STORED.iterdir())
    print(f"{STORED}: {size / 1000:.0f} kB")
