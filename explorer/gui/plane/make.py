"""Make what the Plane tab shows before anything is computed, as the tab does it."""

from __future__ import annotations

import torch

from explorer.gui.plane import tab as plane
from explorer.gui.plane.view import write
from explorer.gui.plane.work import learn

STEPS = 2000
"""A budget in steps: the same result on every machine."""


def make_plane(steps: float | str = STEPS) -> None:
    """Train on the tab's first points and store all ways out of the noise."""
    budget, cpu = {"steps": int(steps)}, torch.device("cpu")
    for learnt in learn(plane.START, None, budget, cpu, lambda: False):
        print(learnt.said)
    write(learnt.view, plane.STORED)
    print(plane.training_summary(learnt.view))
