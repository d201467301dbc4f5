"""Make what the Plane tab shows before anything is computed, as the tab does it."""

from __future__ import annotations

import torch

from explorer.figures.plane_view import write
from explorer.gui.plane_work import learn
from explorer.gui.tabs import plane

STEPS = 2000
"""A budget in steps: the same result on every machine."""


def make_plane(steps: float = STEPS) -> None:
    """Train on the tab's first points and store all ways out of the noise."""
    budget, cpu = {"steps": int(steps)}, torch.device("cpu")
    for learnt in learn(plane.START, None, budget, cpu, lambda: False):
        print(learnt.said)
    write(learnt.view, plane.STORED)
    print(plane.told(learnt.view))


if __name__ == "__main__":
    make_plane()
