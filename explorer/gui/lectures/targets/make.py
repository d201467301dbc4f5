"""Make what the topic on ε, x_0 and v opens with."""

from __future__ import annotations

from explorer.gui.lectures.targets.words import conclusions
from explorer.gui.lectures.targets.work import SEED, STORED, N, make, write


def make_targets(n: int | str = N, seed: int | str = SEED) -> None:
    """About a minute and a half for the three on two cores, of n = 256 held-out pictures."""
    stored = make(int(n), int(seed))
    write(stored)
    print(*conclusions(stored), sep="\n")
    print(f"{STORED}: {STORED.stat().st_size / 1000:.0f} kB")
