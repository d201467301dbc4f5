"""What a measurement will take, and how exact it will be, before it starts."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence
from functools import cache

import torch
from torch.utils.flop_counter import FlopCounterMode

from explorer.checkpoints import Spec
from explorer.evaluation import Quality, Setting
from explorer.evaluation.classifier import SIDE, Classifier
from explorer.evaluation.errors import DRAWS
from explorer.evaluation.floor import DRAWS as REAL_DRAWS
from explorer.gui.frame.context import Context
from explorer.gui.frame.shared import plain

DRAW_SECONDS = 0.005
"""A Fréchet distance of 64 features, mostly an eigenvalue problem, on a CPU core."""


def evaluations(spec: Spec, settings: Iterable[Setting], n: int) -> int:
    """Of the network, each of one picture."""
    schedule = spec.make_schedule()
    return n * sum(setting.lane(schedule).evaluations for setting in settings)


def seconds(
    context: Context, spec: Spec, settings: Sequence[Setting], n: int, reference: int
) -> float:
    """What measuring takes here: the samples, the classifier's look at these and at the real
    pictures, and the errors."""
    seen = reference + REAL_DRAWS * n + len(settings) * n
    speed = context.device.speed
    looks = seen * classifier_flops() / speed if speed else seen / 1000
    errors = DRAW_SECONDS * (DRAWS * len(settings) + REAL_DRAWS)
    return context.expected(spec, evaluations(spec, settings, n)) + looks + errors


@cache
def classifier_flops() -> int:
    """Of the feature network, for one picture."""
    counter = FlopCounterMode(display=False)
    with torch.device("meta"), counter:
        Classifier().eval()(torch.empty(1, 3, SIDE, SIDE))
    return counter.get_total_flops()


def expected_errors(tables: Sequence[Quality], n: int, classes: bool) -> str:
    """The errors that n pictures a cell will have, by the first of the tables that has errors.

    A standard error is taken to fall as 1/√n, and this is said.
    """
    known = next((table for table in tables if table.rows and table.has_errors), None)
    accuracy = f" and at most ± {50 / n**0.5:.1f} % in class accuracy (½/√n)" if classes else ""
    if known is None:
        return (
            "The error of the distance is not known in advance: no table here has errors yet"
            + (f". Expect a standard error of{accuracy.removeprefix(' and')}" if classes else "")
            + "."
        )
    there = statistics.median((row.frechet_error or 0.0) / row.frechet for row in known.rows)
    here = there * (known.n / n) ** 0.5
    return (
        f"Expect a standard error of about {here:.0%} of a distance ({there:.0%} is the median of "
        f"{plain(known.model)} with {known.n:,} images, scaled by 1/√n){accuracy}."
    )
