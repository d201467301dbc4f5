"""Make what the topic on stochastic differential equations shows first."""

from __future__ import annotations

from explorer.gui.lectures.sde.pixels import STORED, write_stored
from explorer.gui.lectures.sde.topic import make_stored


def make_sde() -> None:
    """Paths, errors and a picture, by the code that runs when a visitor asks."""
    write_stored(make_stored())
    print(f"{STORED}: {STORED.stat().st_size / 1000:.0f} kB")
